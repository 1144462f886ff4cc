//! One table: keys, what they do, and the words that footer, help and README say about them.

mod chord;
mod patch;

use ratatui::crossterm::event::KeyCode;

pub(crate) use self::chord::Chord;
pub use self::patch::{Keymap, Patch};

use self::chord::{code, ctrl, shift, sign};
use super::state::View;

/// What the user can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Take,
    StepBack,
    Left,
    Right,
    Up,
    Down,
    First,
    OpenSlot,
    Original,
    Lowest,
    Deciding,
    SetExpert,
    SetAmateur,
    SetOutput,
    Contrast,
    LessAlpha,
    MoreAlpha,
    FewerCandidates,
    MoreCandidates,
    CursorLeft,
    CursorRight,
    CursorUp,
    CursorDown,
    PageBack,
    PageOn,
    NextDisagreement,
    PreviousDisagreement,
    NextChange,
    PreviousChange,
    NextTried,
    PreviousTried,
    Run,
    RunSome,
    Slower,
    Faster,
    Stop,
    Cut,
    Again,
    Replay,
    Undo,
    Redo,
    Open,
    Find,
    Edit,
    Decoding,
    Sampling,
    Palette,
    Search,
    NextHit,
    PreviousHit,
    Remove,
    Title,
    Copy,
    Save,
    OpenFile,
    View(View),
    NextView,
    PreviousView,
    Measure,
    Wider,
    Narrower,
    Repeats,
    Pin,
    DefaultPins,
    Versus,
    OverPositions,
    Agreement,
    Lens,
    AddLane,
    Ids,
    Mouse,
    Help,
    Back,
    Redraw,
    Suspend,
    Quit,
}

/// One row of the table.
#[derive(Debug)]
pub(crate) struct Binding {
    pub(crate) action: Action,
    /// What the configuration calls it: never changes.
    pub(crate) name: &'static str,
    keys: &'static [Chord],
    pub(crate) does: &'static str,
    /// The views in which it is alive; none: in all.
    only: &'static [View],
}

impl Binding {
    /// Whether the action does anything in a view.
    pub(crate) fn is_alive(&self, view: View) -> bool {
        self.only.is_empty() || self.only.contains(&view)
    }

    /// Whether the action is of this view and not of all.
    pub(crate) fn is_of(&self, view: View) -> bool {
        self.only.contains(&view)
    }
}

const fn key(action: Action, name: &'static str, keys: &'static [Chord], does: &'static str) -> Binding {
    Binding { action, name, keys, does, only: &[] }
}

const fn only(views: &'static [View], binding: Binding) -> Binding {
    Binding { only: views, ..binding }
}

const HEATMAP: &[View] = &[View::Heatmap];
const JOURNEYS: &[View] = &[View::Journeys];
const BRANCHES: &[View] = &[View::Branches, View::Lanes];
const EXPLORE: &[View] = &[View::Explore];
const EXITS: &[View] = &[View::Exits];
const LANES: &[View] = &[View::Lanes];

use KeyCode::{Backspace, Delete, Down, End, Enter, Esc, F, Home, Left, PageDown, PageUp, Right, Tab, Up};

/// Every key.
pub(crate) const TABLE: &[Binding] = &[
    key(Action::Take, "next-token", &[sign(' ')], "take the underlined token"),
    key(Action::StepBack, "step-back", &[code(Backspace)], "take the last token back"),
    key(Action::Run, "run", &[sign('r')], "run, pause"),
    key(Action::RunSome, "run-some", &[sign('S')], "make so many tokens"),
    key(Action::Slower, "slower", &[sign('<')], "slower runs"),
    key(Action::Faster, "faster", &[sign('>')], "faster runs"),
    key(Action::Cut, "cut", &[sign('x')], "end the text before this token"),
    key(Action::Again, "draw-again", &[sign('!')], "draw again from here, next seed"),
    key(Action::Replay, "replay", &[sign('R')], "replay from the first ~ on"),
    key(Action::Undo, "undo", &[sign('u')], "undo a move of the text"),
    key(Action::Redo, "redo", &[sign('U'), ctrl('r')], "do it again"),
    key(Action::Open, "accept", &[code(Enter)], "another token; adopt; go there"),
    key(Action::Find, "find-token", &[sign('f')], "find a token to take"),
    key(Action::Edit, "edit-prompt", &[sign('e')], "edit the prompt"),
    key(Action::Search, "search", &[sign('/')], "look for a text"),
    key(Action::NextHit, "next-hit", &[sign('n')], "next token found"),
    key(Action::PreviousHit, "previous-hit", &[sign('N')], "the one before"),
    key(Action::Decoding, "decoding", &[sign('d')], "decoding"),
    key(Action::Sampling, "sampling", &[sign('s')], "sampling"),
    key(Action::Palette, "palette", &[sign(':')], "every action by name"),
    only(BRANCHES, key(Action::Remove, "remove", &[code(Delete)], "remove the branch, or the lane")),
    key(Action::Title, "title", &[code(F(2))], "give the branch a title"),
    key(Action::Copy, "copy", &[sign('y')], "copy: then t r v i j or l"),
    key(Action::Save, "save-session", &[ctrl('s')], "save the session"),
    key(Action::OpenFile, "open-session", &[ctrl('o')], "open a session"),
    key(Action::Left, "left", &[code(Left), sign('h')], "to the token before"),
    key(Action::Right, "right", &[code(Right), sign('l')], "to the token after"),
    key(Action::Up, "up", &[code(Up), sign('k')], "to the exit above"),
    key(Action::Down, "down", &[code(Down), sign('j')], "to the exit below"),
    key(Action::CursorLeft, "cursor-left", &[sign('H'), shift(Left)], "a token back, in every view"),
    key(Action::CursorRight, "cursor-right", &[sign('L'), shift(Right)], "a token on, in every view"),
    key(Action::CursorUp, "cursor-up", &[sign('K'), shift(Up)], "an exit up, in every view"),
    key(Action::CursorDown, "cursor-down", &[sign('J'), shift(Down)], "an exit down, in every view"),
    key(Action::PageBack, "page-back", &[code(PageUp), ctrl('b')], "ten tokens back"),
    key(Action::PageOn, "page-on", &[code(PageDown), ctrl('f')], "ten tokens on"),
    key(Action::NextDisagreement, "next-disagreement", &[sign('w'), sign(']')], "next token over which exits disagree"),
    key(Action::PreviousDisagreement, "previous-disagreement", &[sign('W'), sign('[')], "the one before"),
    key(Action::NextChange, "next-change", &[sign('t'), sign('}')], "next token that contrast changed"),
    key(Action::PreviousChange, "previous-change", &[sign('T'), sign('{')], "the one before"),
    key(Action::NextTried, "next-tried", &[sign(')')], "next token tried here, or lane"),
    key(Action::PreviousTried, "previous-tried", &[sign('(')], "the one before"),
    key(Action::First, "first", &[code(Home), sign('0')], "to the first token"),
    key(Action::OpenSlot, "open-slot", &[code(End), sign('$')], "to the token not chosen yet"),
    key(Action::Original, "original", &[sign('g')], "to the model's own output"),
    key(Action::Lowest, "lowest", &[sign('G')], "to the lowest exit"),
    key(Action::Deciding, "deciding", &[sign('D')], "to the deciding exit"),
    key(Action::SetExpert, "expert", &[sign('E')], "make this exit the expert"),
    key(Action::SetAmateur, "amateur", &[sign('A')], "make this exit the amateur"),
    key(Action::SetOutput, "output", &[sign('O')], "decode by this exit alone"),
    key(Action::Contrast, "contrast", &[sign('c')], "contrast, or expert alone"),
    key(Action::LessAlpha, "less-alpha", &[sign('-'), sign('_')], "smaller α, more plausible"),
    key(Action::MoreAlpha, "more-alpha", &[sign('='), sign('+')], "greater α, fewer plausible"),
    key(Action::FewerCandidates, "fewer-candidates", &[sign(',')], "fewer plausible at least"),
    key(Action::MoreCandidates, "more-candidates", &[sign('.')], "more plausible at least"),
    key(Action::View(View::Explore), "explore", &[sign('1')], "Explore"),
    key(Action::View(View::Heatmap), "heatmap", &[sign('2')], "Heatmap"),
    key(Action::View(View::Journeys), "journeys", &[sign('3')], "Journeys"),
    key(Action::View(View::WhatIf), "what-if", &[sign('4')], "What-if"),
    key(Action::View(View::Branches), "branches", &[sign('5')], "Branches"),
    key(Action::View(View::Exits), "exits", &[sign('6')], "Exits"),
    key(Action::View(View::Lanes), "lanes", &[sign('7')], "Lanes"),
    key(Action::NextView, "next-view", &[code(Tab)], "next view"),
    key(Action::PreviousView, "previous-view", &[shift(Tab)], "view before"),
    key(Action::Measure, "measure", &[sign('m')], "what ribbon, cells or lines show"),
    only(HEATMAP, key(Action::Wider, "wider", &[sign('z')], "wider cells")),
    only(HEATMAP, key(Action::Narrower, "narrower", &[sign('Z')], "narrower cells")),
    key(Action::Repeats, "repeats", &[sign('"')], "heat cells: changes, or all"),
    key(Action::Pin, "pin", &[sign('p')], "pin a token, or let it go"),
    key(Action::DefaultPins, "default-pins", &[sign('P')], "let all pins go"),
    only(JOURNEYS, key(Action::Versus, "versus", &[sign('v')], "race this line against a")),
    only(JOURNEYS, key(Action::OverPositions, "over-positions", &[sign('b')], "over exits, or positions")),
    only(EXITS, key(Action::Agreement, "agreement", &[sign('a')], "agreement, or policies")),
    only(EXPLORE, key(Action::Lens, "lens", &[sign('o')], "the lens beside the heads")),
    only(LANES, key(Action::AddLane, "add-lane", &[sign('a')], "one more lane")),
    key(Action::Ids, "ids", &[sign('i')], "token ids in place of text"),
    key(Action::Mouse, "mouse", &[sign('M')], "mouse on, off"),
    key(Action::Help, "help", &[sign('?'), code(F(1))], "the marks and the keys"),
    key(Action::Back, "back", &[code(Esc)], "close, stop a run"),
    key(Action::Redraw, "redraw", &[ctrl('l')], "draw anew"),
    key(Action::Suspend, "suspend", &[ctrl('z')], "suspend; fg comes back"),
    key(Action::Stop, "stop", &[ctrl('c')], "stop what runs, else quit"),
    key(Action::Quit, "quit", &[sign('q')], "quit"),
];

#[cfg(test)]
mod tests {
    use super::{Action, Keymap, Patch, TABLE};
    use crate::tui::state::View;
    use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    #[test]
    fn no_key_means_two_things_and_every_action_is_described_and_named_once() {
        assert!(Keymap::patched(&Patch::new()).is_ok());
        let mut names: Vec<&str> = TABLE.iter().map(|binding| binding.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), TABLE.len());
        let kebab = |name: &str| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
        assert!(TABLE.iter().all(|b| !b.does.is_empty() && !b.keys.is_empty() && kebab(b.name)));
    }

    #[test]
    fn the_readme_lists_the_same_keys() {
        let readme = include_str!("../../README.md");
        let keys = Keymap::default();
        for binding in TABLE {
            let row = format!("| `{}` | {} |", keys.shown(binding.action, false), binding.does);
            assert!(readme.contains(&row), "missing in README.md: {row}");
        }
    }

    #[test]
    fn control_and_alt_are_not_the_plain_key() {
        let press = |code, held| Keymap::default().action(KeyEvent::new(code, held), View::Explore);
        assert_eq!(press(KeyCode::Char('c'), KeyModifiers::CONTROL), Some(Action::Stop));
        assert_eq!(press(KeyCode::Char('c'), KeyModifiers::NONE), Some(Action::Contrast));
        assert_eq!(press(KeyCode::Char('c'), KeyModifiers::ALT), None);
        assert_eq!(press(KeyCode::Char('E'), KeyModifiers::SHIFT), Some(Action::SetExpert));
        assert_eq!(press(KeyCode::Char('Q'), KeyModifiers::NONE), None);
        assert_eq!(press(KeyCode::Left, KeyModifiers::SHIFT), Some(Action::CursorLeft));
        assert_eq!(press(KeyCode::Home, KeyModifiers::SHIFT), Some(Action::First));
        assert_eq!(press(KeyCode::BackTab, KeyModifiers::SHIFT), Some(Action::PreviousView));
    }
}
