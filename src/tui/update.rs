//! What actions do to the state: one line each; what is more has a file of its own.

use std::path::PathBuf;

use tui_input::Input;

use super::{
    copying::Copied,
    exits, journeys, keeping,
    keymap::Action,
    lanes, lens, methods, moves,
    panel::Panel,
    question, runs,
    settings::{Field, Settings},
    state::{CELL_WIDTHS, State, TextToken, View},
    typing,
    view::help,
    walk,
};
use crate::session::{
    reading::Reading,
    trace::{ContrastTrace, ExitId, Method, Pair, StepTrace},
};

/// What an action asks of the program around the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    None,
    /// Write the session into a file; then the program may end.
    Save {
        path: PathBuf,
        quit: bool,
    },
    /// Put a saved session in the place of this one.
    OpenFile(PathBuf),
    /// Open a model for the session that is shown.
    OpenModel(String),
    /// Opens the present model on other devices.
    MoveTo(String),
    Copy(Copied),
    Redraw,
    Suspend,
    Quit,
}

/// The steps of α.
pub(super) const LADDER: [f32; 11] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0];
/// Most tokens that a key makes plausible.
pub(super) const MOST_CANDIDATES: usize = 50;

/// Does what the user asks for.
pub(crate) fn act(state: &mut State, action: Action) -> Effect {
    state.notice = None;
    let last_row = state.card.as_ref().map_or(0, |card| card.exits.len().saturating_sub(1));
    if let Some(refusal) = keeping::refusal(state, action) {
        state.notice = Some(refusal);
        return Effect::None;
    }
    lanes::are_meant(state, action);
    match action {
        Action::Quit | Action::Save | Action::OpenFile | Action::Copy | Action::Title => {
            return question::ask(state, action);
        }
        Action::Redraw => return Effect::Redraw,
        Action::Suspend => {
            stop_run(state, "paused: r goes on");
            return Effect::Suspend;
        }
        Action::Help => {
            let (width, height) = (usize::from(state.window.0), usize::from(state.window.1));
            let pages = help::pages(state, width, height.saturating_sub(2));
            state.help = (state.help + 1) % (pages + 1);
        }
        Action::Back if state.help > 0 => state.help = 0,
        Action::Left | Action::Right | Action::Up | Action::Down => walk::step(state, action),
        Action::CursorLeft => go_to(state, state.position.saturating_sub(1)),
        Action::CursorRight => go_to(state, state.position + 1),
        Action::CursorUp => state.row = state.row.saturating_sub(1),
        Action::CursorDown => state.row = (state.row + 1).min(last_row),
        Action::PageBack => go_to(state, state.position.saturating_sub(walk::PAGE)),
        Action::PageOn => go_to(state, state.position + walk::PAGE),
        Action::NextDisagreement => walk::seek(state, true, walk::disagrees),
        Action::PreviousDisagreement => walk::seek(state, false, walk::disagrees),
        Action::NextChange => walk::seek(state, true, walk::is_changed),
        Action::PreviousChange => walk::seek(state, false, walk::is_changed),
        Action::NextTried if state.view == View::Lanes => lanes::turn_by(state, 1),
        Action::PreviousTried if state.view == View::Lanes => lanes::turn_by(state, -1),
        Action::AddLane => lanes::add(state),
        Action::NextTried => moves::neighbour(state, state.position, 1),
        Action::PreviousTried => moves::neighbour(state, state.position, -1),
        Action::Back | Action::Run | Action::RunSome | Action::Slower | Action::Faster | Action::Stop => {
            return runs::act(state, action);
        }
        Action::Cut => cut(state),
        Action::Again => moves::again(state, false),
        Action::Replay => moves::again(state, true),
        Action::Undo => moves::undo(state, true),
        Action::Redo => moves::undo(state, false),
        Action::Open => walk::open(state),
        Action::Find => typing::open_picker(state, true),
        Action::Edit => typing::open_editor(state),
        Action::Decoding => state.panel = Some(Panel::Settings(Settings::new(state, 0))),
        Action::Sampling => state.panel = Some(Panel::Settings(Settings::new(state, Field::sampling(state)))),
        Action::Palette => typing::open_palette(state),
        Action::Search => state.panel = Some(Panel::Search(Input::default())),
        Action::NextHit => typing::next_hit(state, true),
        Action::PreviousHit => typing::next_hit(state, false),
        Action::Remove => walk::remove(state),
        Action::View(view) => state.view = view,
        Action::NextView => walk::turn(state, 1),
        Action::PreviousView => walk::turn(state, View::ALL.len() - 1),
        Action::Measure => walk::measure(state),
        Action::Wider => state.heatmap.width = (state.heatmap.width + 1).min(CELL_WIDTHS.len() - 1),
        Action::Narrower => state.heatmap.width = state.heatmap.width.saturating_sub(1),
        Action::Repeats => state.heatmap.all = !state.heatmap.all,
        Action::Pin | Action::DefaultPins | Action::Versus | Action::OverPositions => journeys::act(state, action),
        Action::Lens => lens::turn(state),
        Action::Agreement => exits::turn(state),
        Action::Ids => state.display.ids = !state.display.ids,
        Action::Mouse => mouse(state),
        Action::First => go_to(state, 0),
        Action::OpenSlot => go_to(state, usize::MAX),
        Action::Original => state.row = 0,
        Action::Lowest => state.row = last_row,
        Action::Deciding => to_deciding(state),
        Action::Take => ask_to_take(state),
        Action::StepBack if state.view == View::Lanes && state.lanes.count() > 1 => lanes::step_back(state),
        Action::StepBack => step_back(state),
        Action::SetExpert => with_exit(state, |pair, exit| pair.expert = exit),
        Action::SetAmateur => with_exit(state, |pair, exit| pair.amateur = exit),
        Action::SetOutput => {
            if let Some(exit) = state.exit() {
                methods::decode_by(state, Method::Exit(exit));
            }
        }
        Action::Contrast => methods::toggle(state),
        Action::LessAlpha | Action::MoreAlpha => change_alpha(state, action),
        Action::FewerCandidates => {
            let min_candidates = state.pair.min_candidates.saturating_sub(1).max(1);
            set_pair(state, Pair { min_candidates, ..state.pair });
        }
        Action::MoreCandidates => {
            let min_candidates = (state.pair.min_candidates + 1).min(MOST_CANDIDATES);
            set_pair(state, Pair { min_candidates, ..state.pair });
        }
    }
    walk::scroll_strip(state);
    Effect::None
}

fn mouse(state: &mut State) {
    state.display.mouse = !state.display.mouse;
    let (on, off) = ("mouse on: a click is the cursor, a second one Enter", "mouse off: the terminal selects text");
    state.notice = Some(if state.display.mouse { on } else { off }.into());
}

fn change_alpha(state: &mut State, action: Action) {
    if exits::has_keys(state) {
        return exits::threshold(state, action);
    }
    let (alpha, less) = (state.pair.alpha, action == Action::LessAlpha);
    let next =
        if less { LADDER.into_iter().rev().find(|a| *a < alpha) } else { LADDER.into_iter().find(|a| *a > alpha) };
    let end = if less { LADDER[0] } else { 1.0 };
    set_pair(state, Pair { alpha: next.unwrap_or(end), ..state.pair });
}

fn cut(state: &mut State) {
    if state.position == 0 {
        state.notice = Some("a text needs one token: nothing is predicted before it".into());
    } else {
        moves::cut(state, state.position);
    }
}

pub(super) fn go_to(state: &mut State, position: usize) {
    state.following = false;
    state.position = position.min(state.open_slot());
}

fn to_deciding(state: &mut State) {
    let decided = state.current().map(|(_, reading)| reading.decided);
    let row = state.card.as_ref().and_then(|card| card.exits.iter().position(|exit| Some(*exit) == decided));
    state.row = row.unwrap_or(state.row);
}

fn with_exit(state: &mut State, change: impl FnOnce(&mut Pair, ExitId)) {
    if let Some(exit) = state.exit() {
        let mut pair = state.pair;
        change(&mut pair, exit);
        set_pair(state, pair);
    }
}

pub(super) fn set_pair(state: &mut State, pair: Pair) {
    state.pair = pair;
    walk::to_pair(state);
    state.decoding.method = state.decoding.method.clone().with_pair(pair);
}

pub(super) fn ask_to_take(state: &mut State) {
    if state.lanes.is_together() {
        return lanes::ask_to_take(state);
    }
    if let (true, Some(card)) = (state.is_full(), &state.card) {
        let context = card.context;
        state.notice = Some(format!("context full, {context} of {context}: Backspace, x or e makes room"));
    } else if state.stopped.is_some() {
        state.notice = state.stopped_text();
    } else if state.read_on() {
        // The ghost comes when all of it has been read; another Space then takes it.
    } else if let Some(broken) = undecided(state) {
        state.notice = Some(broken);
    } else if state.run.is_some() {
        stop_run(state, "paused: r goes on");
    } else if !state.text.is_empty() {
        state.take_when_known = true;
        take(state);
    }
}

/// Why the decoding cannot take a token although its exits were computed.
fn undecided(state: &State) -> Option<String> {
    let trace = state.decided(state.open_slot()).filter(|trace| trace.choice.ln_p.is_nan())?;
    Some(broken_text(trace)).filter(|text| !text.is_empty())
}

/// The exits of a position whose numbers are not finite.
pub(super) fn broken_text(trace: &StepTrace) -> String {
    let names: Vec<String> = trace.broken().map(|exit| format!("exit {exit}")).collect();
    if names.is_empty() {
        let is_undecided = trace.choice.ln_p.is_nan() && trace.decoding.method.has_scores() && !trace.is_partial();
        let says = "the expression gives no token a score, every one is NaN or -inf: d changes it";
        return if is_undecided { says.into() } else { String::new() };
    }
    // Only a decoding that reads them has to change.
    let remedy = if trace.choice.ln_p.is_nan() { "; c O E A decode without" } else { "" };
    format!("{}: not finite, a broken weight in the file{remedy}", names.join(", "))
}

/// Takes the next token if it is known, in a run as many as are known; at most one further Space waits.
pub(super) fn take(state: &mut State) {
    if state.lanes.is_together() {
        return lanes::take(state);
    }
    let end = state.card.as_ref().and_then(|card| card.end_of_text);
    while let Some(id) = state.ghost().filter(|_| state.take_when_known) {
        if state.run.is_some() && !state.runs.is_due() {
            return;
        }
        state.take_when_known = false;
        if state.run.is_some() && Some(id) == end {
            stop_run(state, "the run stops before the end of the text: Space takes it");
            return;
        }
        let slot = state.open_slot();
        state.following |= state.position == slot;
        let token = TextToken { id, taken_by: Some(state.decoding.clone()), forced: false };
        moves::append(state, token);
        if Some(id) == end {
            state.notice = Some("end of text: Space goes on beyond it".into());
        }
        runs::stepped(state);
        if state.is_full() {
            state.run = None;
            state.take_when_known = false;
        }
    }
}

pub(super) fn stop_run(state: &mut State, notice: &str) {
    if state.run.take().is_some() {
        state.take_when_known = false;
        state.notice = Some(notice.into());
    }
}

pub(super) fn step_back(state: &mut State) {
    state.run = None;
    state.take_when_known = false;
    if state.text.len() < 2 {
        state.notice = Some("a text needs one token: nothing is predicted before it".into());
        return;
    }
    let at_slot = state.position == state.open_slot() || state.following;
    let position = state.position;
    moves::cut(state, state.text.len() - 1);
    state.position = if at_slot { state.open_slot() } else { position.min(state.open_slot()) };
}

/// What to mark a position with, if anything: the contrast changed it, or the present decoding would take another token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flag {
    Changed,
    Other,
    /// The first token that the first lane has not.
    Differs,
}

/// The flag and the reading of a position.
pub(crate) fn flag(state: &State, position: usize) -> Option<(Reading, Option<Flag>)> {
    let trace = state.seen(position)?;
    let text = state.text.get(position);
    let other = text.is_some_and(|token| token.taken_by.is_some() && token.id != trace.choice.id);
    let by_scores = || trace.decoding.method == state.decoding.method && trace.scores.iter().any(|s| s.changed());
    let by_contrast = || trace.contrast.as_ref().is_some_and(ContrastTrace::changed);
    let changed = if state.contrast_decides() { by_contrast() } else { by_scores() };
    let generated = text.is_none_or(|token| token.taken_by.is_some());
    let flag = match (other && state.decided(position).is_some(), changed && generated) {
        (true, _) => Some(Flag::Other),
        (_, true) => Some(Flag::Changed),
        _ => None,
    };
    Some((Reading::of(trace), flag))
}
