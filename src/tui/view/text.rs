//! The text and, under each of its lines, the ribbon: at which exit each token was decided.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};
use unicode_segmentation::UnicodeSegmentation;

use super::{name, scores, verdict};
use crate::session::reading::Reading;
use crate::tui::{
    exits::{self, Lab},
    hits::{Hit, Target},
    keymap::Action,
    methods::Kind,
    repeats::repeated,
    row::{Look, Row, line_of, split_columns, split_rows},
    state::{Ribbon, State},
    theme::{Role, Theme},
    token_text::{cells, clip, flowing},
    update::{Flag, flag},
};

/// Cells left free at the left.
const MARGIN: usize = 1;
/// Longer lines are hard to read.
const LONGEST: usize = 160;

/// A token, the slot, or the boundary, on its line.
#[derive(Clone, Debug, PartialEq)]
struct Piece {
    column: usize,
    text: String,
    /// `None` for the end of the prompt.
    position: Option<usize>,
}

/// Draws as many lines as there is room for, so that the cursor's is among them; then the legend behind the last ribbon.
pub(super) fn draw(state: &State, look: &Look, area: Rect, buf: &mut Buffer) {
    if let Some((row, end)) = draw_lines(state, look, &|position| ribbon(state, position), area, buf) {
        legend(state, look, row, end, buf);
    }
}

/// Draws the lines with the exit that a policy takes as their ribbon.
pub(super) fn draw_left(state: &State, look: &Look, lab: &Lab, area: Rect, buf: &mut Buffer) {
    let Some((_, outcome)) = lab.outcomes.get(state.exits.policy) else { return };
    let exits = outcome.counts.len();
    let sign = |position: usize| {
        let Ok(at) = lab.positions.binary_search(&position) else { return (None, Some(None)) };
        let (taken, glances) = (outcome.taken[at], &lab.glances[at]);
        let changed = glances.last().is_some_and(|original| original.top != glances[taken].top);
        (changed.then_some(Flag::Changed), Some(Some(level(exits, exits - 1 - taken))))
    };
    draw_lines(state, look, &sign, area, buf);
}

/// Draws the lines with a ribbon that is high where the two exits of the agreement's page differ.
pub(super) fn draw_differences(state: &State, look: &Look, area: Rect, buf: &mut Buffer) {
    let sign = |position: usize| {
        let height = exits::tops(state, position).map(|[one, other]| if one == other { 0 } else { 7 });
        (None, height.map(Some))
    };
    draw_lines(state, look, &sign, area, buf);
}

/// Draws the lines of a lane, with a mark where it first differs from another.
pub(super) fn draw_lane(state: &State, look: &Look, differs: Option<usize>, area: Rect, buf: &mut Buffer) {
    let sign = |position: usize| {
        let (flag, height) = ribbon(state, position);
        (if differs == Some(position) { Some(Flag::Differs) } else { flag }, height)
    };
    draw_lines(state, look, &sign, area, buf);
}

/// What the ribbon says of a position: a mark, and a height from 0 to 7 if it has one; `None` while that is not known.
type Sign = (Option<Flag>, Option<Option<usize>>);

/// What the ribbon of the other views says.
fn ribbon(state: &State, position: usize) -> Sign {
    let Some((reading, flag)) = flag(state, position) else { return (None, None) };
    (flag, (!awaits(state, position)).then(|| height(state, position, &reading)))
}

/// Draws the legend as a rule, and the lines under it.
pub(super) fn draw_under_rule(state: &State, look: &Look, area: Rect, buf: &mut Buffer) {
    let (rule, rest) = split_rows(area, 1);
    let mut words = vec!["text".to_owned()];
    words.extend(ribbon_words(state, look));
    if state.ribbon != Ribbon::Off {
        words.push(format!("{} {} changed it", look.marks.changed, state.contrasting().name()));
    }
    words.push(format!("{} generated from here", look.marks.boundary));
    verdict::rule(words.into_iter().map(|word| (word, Role::Faint)).collect(), look, rule, buf);
    draw_lines(state, look, &|position| ribbon(state, position), rest, buf);
}

/// Draws the lines; gives the last ribbon's row, and the column where it ends.
fn draw_lines(
    state: &State,
    look: &Look,
    sign: &dyn Fn(usize) -> Sign,
    area: Rect,
    buf: &mut Buffer,
) -> Option<(Rect, usize)> {
    let lines = lines(state, look, usize::from(area.width).min(LONGEST));
    let room = (usize::from(area.height) / 2).max(1);
    let of_cursor = |line: &Vec<Piece>| line.iter().any(|piece| piece.position == Some(state.position));
    let cursor = lines.iter().position(of_cursor).unwrap_or(lines.len().saturating_sub(1));
    let first = (cursor + 1).saturating_sub(room);
    let mut ribbon_end = None;
    for (n, line) in lines.iter().skip(first).take(room).enumerate() {
        if let Some(row) = line_of(area, 2 * n) {
            draw_text(state, look, line, row, buf);
            for piece in line {
                if let Some(position) = piece.position {
                    // The ribbon under it is of the same token.
                    let both = Rect { height: 2, ..row }.intersection(area);
                    let (token, _) = split_columns(split_columns(both, piece.column).1, cells(&piece.text));
                    look.hit(Hit::one(token, Target::Position(position)));
                }
            }
        }
        if let Some(row) = line_of(area, 2 * n + 1) {
            let end = draw_ribbon(state, look, (line, sign), row, buf);
            ribbon_end = Some((row, end));
        }
    }
    ribbon_end
}

/// Breaks the text: before a token that would leave the width, and after a newline. What is broken stays so while
/// tokens come.
fn lines(state: &State, look: &Look, width: usize) -> Vec<Vec<Piece>> {
    let Some(card) = &state.card else { return Vec::new() };
    let ghost = state.ghost();
    let ids = state.text.iter().map(|token| token.id).chain(ghost);
    let shown = flowing(ids.map(|id| (card.bytes_of(id), card.is_special(id))), &look.marks);
    let prompt = state.prompt_len();
    let mut lines = vec![Vec::new()];
    let mut column = MARGIN;
    let mut place = |text: &str, position: Option<usize>| {
        let text = clip(text, width.saturating_sub(2 * MARGIN), &look.marks);
        if column + cells(&text) + MARGIN > width && column > MARGIN {
            lines.push(Vec::new());
            column = MARGIN;
        }
        let end = column + cells(&text);
        let ends_line = text.ends_with(look.marks.newline);
        if let Some(line) = lines.last_mut() {
            line.push(Piece { column, text, position });
        }
        column = end;
        if ends_line {
            lines.push(Vec::new());
            column = MARGIN;
        }
    };
    for (position, text) in shown.iter().enumerate() {
        if position == prompt {
            place(&look.marks.boundary.to_string(), None);
        }
        place(text, Some(position));
    }
    if shown.len() <= prompt {
        place(&look.marks.boundary.to_string(), None);
    }
    if ghost.is_none() {
        let spinner = look.marks.spinner;
        let sign = if state.is_waiting() { spinner[state.tick % spinner.len()] } else { ' ' };
        place(&sign.to_string(), Some(state.open_slot()));
    }
    lines
}

fn draw_text(state: &State, look: &Look, line: &[Piece], area: Rect, buf: &mut Buffer) {
    let mut row = Row::new(look);
    for piece in line {
        let is_slot = piece.position == Some(state.open_slot());
        let role = match piece.position {
            None => Role::Faint,
            Some(_) if is_slot => Role::Ghost,
            Some(_) => Role::Plain,
        };
        row.to(piece.column).put(piece.text.clone(), role);
    }
    row.draw(area, buf, Style::default());
    for piece in line.iter().filter(|piece| piece.position == Some(state.position)) {
        let cell = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
        let width = cell(cells(&piece.text)).min(area.width.saturating_sub(cell(piece.column)));
        buf.set_style(Rect { x: area.x + cell(piece.column), width, ..area }, Theme::cursor());
    }
}

/// Draws the ribbon; gives the column where it ends.
fn draw_ribbon(
    state: &State,
    look: &Look,
    (line, sign): (&[Piece], &dyn Fn(usize) -> Sign),
    area: Rect,
    buf: &mut Buffer,
) -> usize {
    let marks = &look.marks;
    let mut row = Row::new(look);
    for piece in line {
        let Some(position) = piece.position else { continue };
        row.to(piece.column);
        let is_cursor = position == state.position;
        let (flag, height) = sign(position);
        for (n, c) in piece.text.graphemes(true).enumerate() {
            let (sign, role) = match (n, flag, height) {
                _ if position == 0 => (if n == 0 { marks.missing } else { ' ' }, Role::Faint),
                (0, Some(Flag::Changed), _) => (marks.changed, Role::Changed),
                (0, Some(Flag::Other), _) => ('~', Role::Changed),
                (0, Some(Flag::Differs), _) => (marks.differs, Role::Changed),
                _ if c == " " && !(is_cursor && piece.text == " ") => (' ', Role::Plain),
                _ if is_cursor => ('^', Role::Strong),
                (_, _, Some(Some(level))) => (marks.levels[level], Role::Scale(level)),
                (_, _, Some(None)) => (' ', Role::Plain),
                _ => (marks.not_yet, Role::Faint),
            };
            // A sign of two cells has two of the ribbon's; a mark stands in the first alone.
            let behind = cells(c).saturating_sub(1);
            row.put(sign.to_string(), role);
            match (n, flag, height) {
                (0, Some(_), Some(Some(level))) => row.put(marks.levels[level].to_string().repeat(behind), role),
                _ => row.put(sign.to_string().repeat(behind), role),
            };
        }
    }
    let end = row.width();
    row.draw(area, buf, Style::default());
    end
}

/// Whether the ribbon's height waits for exits that are still to come: what they agree on is not known before.
fn awaits(state: &State, position: usize) -> bool {
    let over_exits = matches!(state.ribbon, Ribbon::Decided | Ribbon::Disagree);
    over_exits && state.seen(position).is_some_and(|trace| trace.is_partial())
}

/// The ribbon's height at a position, 0 to 7, on a scale whose ends are fixed; `None` for nothing to show.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 7")]
fn height(state: &State, position: usize, reading: &Reading) -> Option<usize> {
    let (card, trace) = (state.card.as_ref()?, state.seen(position)?);
    let exits = card.exits.len();
    let original = trace.exits.first()?;
    let of = |x: f32, most: f32| Some(((x / most.max(f32::MIN_POSITIVE)).clamp(0.0, 1.0) * 7.0).round() as usize);
    match state.ribbon {
        Ribbon::Decided => {
            let place = card.exits.iter().position(|e| *e == reading.decided).unwrap_or(0);
            Some(level(exits, place))
        }
        Ribbon::Disagree => of((exits - reading.agree.min(exits)) as f32, (exits - 1) as f32),
        Ribbon::Entropy => of(original.entropy, (card.vocabulary as f32).ln()),
        Ribbon::Surprise => of(-original.ln_p, 12.0),
        Ribbon::Effect => of(scores::shown(state, trace)?.effect, 3.0),
        Ribbon::Repeats => match repeated(state, position, Some(trace.subject)) {
            0 => None,
            tokens => Some(tokens.min(8) - 1),
        },
        Ribbon::Off => None,
    }
}

/// Rows go downwards from original: the height goes up to it, in equal bins; its own is the highest.
fn level(exits: usize, row: usize) -> usize {
    if row == 0 { 7 } else { (exits - 1 - row) * 8 / exits.max(8) }
}

/// What the ribbon's height says.
pub(super) fn ribbon_words(state: &State, look: &Look) -> Option<String> {
    let (least, most) = (look.marks.height(0), look.marks.height(7));
    let lowest = state.card.as_ref().and_then(|card| card.exits.last()).map(|exit| name::short(*exit));
    let (units, log) = (look.units, look.units.log());
    let words = match state.ribbon {
        Ribbon::Decided => format!("decided at exit {least}{} to {most}original", lowest.unwrap_or_default()),
        Ribbon::Disagree => format!("exits that disagree, {least}none to {most}all"),
        Ribbon::Entropy => format!("entropy of original, {least}0 to {most}{log} V"),
        Ribbon::Surprise => format!("-{log} p under original, {least}0 to {most}{:.0}", units.of(12.0)),
        Ribbon::Effect => {
            let kind = state.contrasting();
            let the = if kind == Kind::Dola { "" } else { "the " };
            format!("effect of {the}{}, {least}0 to {most}{:.1} {}", kind.name(), units.of(3.0), units.name())
        }
        Ribbon::Repeats => format!("tokens that repeat, {least}1 to {most}8 and more"),
        Ribbon::Off => return None,
    };
    Some(format!("ribbon: {words}"))
}

/// At the end of the ribbon's row, while there is room.
fn legend(state: &State, look: &Look, area: Rect, end: usize, buf: &mut Buffer) {
    let text = ribbon_words(state, look).unwrap_or_else(|| format!("{} shows a ribbon", state.key(Action::Measure)));
    let start = usize::from(area.width).saturating_sub(cells(&text) + 1);
    if start >= end + 3 {
        let x = area.x + u16::try_from(start).unwrap_or(u16::MAX);
        buf.set_string(x, area.y, text, look.theme.style(Role::Faint));
    }
}
