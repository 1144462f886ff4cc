//! One table: keys, what they do, and the words that footer, help and README say about them.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

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
    Restart,
    Model,
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
    Help,
    Back,
    Redraw,
    Suspend,
    Quit,
}

/// One row of the table.
pub(crate) struct Binding {
    pub(crate) action: Action,
    pub(crate) keys: &'static [KeyCode],
    /// The keys as help shows them.
    pub(crate) shown: &'static str,
    pub(crate) does: &'static str,
}

const fn key(action: Action, keys: &'static [KeyCode], shown: &'static str, does: &'static str) -> Binding {
    Binding { action, keys, shown, does }
}

use KeyCode::{
    BackTab, Backspace, Char, Delete, Down, End, Enter, Esc, F, Home, Left, PageDown, PageUp, Right, Tab, Up,
};

/// Every key.
pub(crate) const TABLE: &[Binding] = &[
    key(Action::Take, &[Char(' ')], "Space", "take the underlined token"),
    key(Action::StepBack, &[Backspace], "Backspace", "take the last token back"),
    key(Action::Run, &[Char('r')], "r", "run, pause"),
    key(Action::RunSome, &[Char('S')], "S", "make so many tokens"),
    key(Action::Slower, &[Char('<')], "<", "slower runs"),
    key(Action::Faster, &[Char('>')], ">", "faster runs"),
    key(Action::Cut, &[Char('x')], "x", "end the text before this token"),
    key(Action::Again, &[Char('!')], "!", "draw again from here, next seed"),
    key(Action::Replay, &[Char('R')], "R", "replay from the first ~ on"),
    key(Action::Undo, &[Char('u')], "u", "undo a move of the text"),
    key(Action::Redo, &[Char('U')], "U Ctrl-R", "do it again"),
    key(Action::Open, &[Enter], "Enter", "another token; adopt; go there"),
    key(Action::Find, &[Char('f')], "f", "find a token to take"),
    key(Action::Edit, &[Char('e')], "e", "edit the prompt"),
    key(Action::Search, &[Char('/')], "/", "look for a text"),
    key(Action::NextHit, &[Char('n')], "n", "next token found"),
    key(Action::PreviousHit, &[Char('N')], "N", "the one before"),
    key(Action::Decoding, &[Char('d')], "d", "decoding"),
    key(Action::Sampling, &[Char('s')], "s", "sampling"),
    key(Action::Palette, &[Char(':')], ":", "every action by name"),
    key(Action::Remove, &[Delete], "Del", "remove the branch"),
    key(Action::Title, &[F(2)], "F2", "give the branch a title"),
    key(Action::Copy, &[Char('y')], "y", "copy: then t r v i j or l"),
    key(Action::Save, &[], "Ctrl-S", "save the session"),
    key(Action::OpenFile, &[], "Ctrl-O", "open a session"),
    key(Action::Left, &[Left, Char('h')], "← h", "to the token before"),
    key(Action::Right, &[Right, Char('l')], "→ l", "to the token after"),
    key(Action::Up, &[Up, Char('k')], "↑ k", "to the exit above"),
    key(Action::Down, &[Down, Char('j')], "↓ j", "to the exit below"),
    key(Action::CursorLeft, &[Char('H')], "H Shift-←", "a token back, in every view"),
    key(Action::CursorRight, &[Char('L')], "L Shift-→", "a token on, in every view"),
    key(Action::CursorUp, &[Char('K')], "K Shift-↑", "an exit up, in every view"),
    key(Action::CursorDown, &[Char('J')], "J Shift-↓", "an exit down, in every view"),
    key(Action::PageBack, &[PageUp], "PgUp Ctrl-B", "ten tokens back"),
    key(Action::PageOn, &[PageDown], "PgDn Ctrl-F", "ten tokens on"),
    key(Action::NextDisagreement, &[Char('w'), Char(']')], "w ]", "next token over which exits disagree"),
    key(Action::PreviousDisagreement, &[Char('W'), Char('[')], "W [", "the one before"),
    key(Action::NextChange, &[Char('t'), Char('}')], "t }", "next token that contrast changed"),
    key(Action::PreviousChange, &[Char('T'), Char('{')], "T {", "the one before"),
    key(Action::NextTried, &[Char(')')], ")", "next token tried here"),
    key(Action::PreviousTried, &[Char('(')], "(", "the one before"),
    key(Action::First, &[Home, Char('0')], "Home 0", "to the first token"),
    key(Action::OpenSlot, &[End, Char('$')], "End $", "to the token not chosen yet"),
    key(Action::Original, &[Char('g')], "g", "to the model's own output"),
    key(Action::Lowest, &[Char('G')], "G", "to the lowest exit"),
    key(Action::Deciding, &[Char('D')], "D", "to the deciding exit"),
    key(Action::SetExpert, &[Char('E')], "E", "make this exit the expert"),
    key(Action::SetAmateur, &[Char('A')], "A", "make this exit the amateur"),
    key(Action::SetOutput, &[Char('O')], "O", "decode by this exit alone"),
    key(Action::Contrast, &[Char('c')], "c", "contrast, or expert alone"),
    key(Action::LessAlpha, &[Char('-'), Char('_')], "-", "smaller α, more plausible"),
    key(Action::MoreAlpha, &[Char('='), Char('+')], "= +", "greater α, fewer plausible"),
    key(Action::FewerCandidates, &[Char(',')], ",", "fewer plausible at least"),
    key(Action::MoreCandidates, &[Char('.')], ".", "more plausible at least"),
    key(Action::View(View::Explore), &[Char('1')], "1", "Explore"),
    key(Action::View(View::Heatmap), &[Char('2')], "2", "Heatmap"),
    key(Action::View(View::Journeys), &[Char('3')], "3", "Journeys"),
    key(Action::View(View::WhatIf), &[Char('4')], "4", "What-if"),
    key(Action::View(View::Branches), &[Char('5')], "5", "Branches"),
    key(Action::NextView, &[Tab], "Tab", "next view"),
    key(Action::PreviousView, &[BackTab], "Shift-Tab", "view before"),
    key(Action::Measure, &[Char('m')], "m", "what ribbon, cells or lines show"),
    key(Action::Wider, &[Char('z')], "z", "wider cells"),
    key(Action::Narrower, &[Char('Z')], "Z", "narrower cells"),
    key(Action::Repeats, &[Char('"')], "\"", "heat cells: changes, or all"),
    key(Action::Pin, &[Char('p')], "p", "pin a token, or let it go"),
    key(Action::DefaultPins, &[Char('P')], "P", "let all pins go"),
    key(Action::Versus, &[Char('v')], "v", "race this line against a"),
    key(Action::OverPositions, &[Char('b')], "b", "over exits, or positions"),
    key(Action::Help, &[Char('?'), F(1)], "? F1", "the marks and the keys"),
    key(Action::Back, &[Esc], "Esc", "close, stop a run"),
    key(Action::Redraw, &[], "Ctrl-L", "draw anew"),
    key(Action::Suspend, &[], "Ctrl-Z", "suspend; fg comes back"),
    key(Action::Model, &[], ":model", "the model, and its self-check"),
    key(Action::Restart, &[], ":restart", "start the engine anew"),
    key(Action::Stop, &[], "Ctrl-C", "stop what runs, else quit"),
    key(Action::Quit, &[Char('q')], "q", "quit"),
];

/// What a key asks for.
pub(crate) fn action(event: KeyEvent) -> Option<Action> {
    if event.modifiers.contains(KeyModifiers::CONTROL) {
        return match event.code {
            Char('c') => Some(Action::Stop),
            Char('l') => Some(Action::Redraw),
            Char('s') => Some(Action::Save),
            Char('o') => Some(Action::OpenFile),
            Char('z') => Some(Action::Suspend),
            Char('r') => Some(Action::Redo),
            Char('b') => Some(Action::PageBack),
            Char('f') => Some(Action::PageOn),
            _ => None,
        };
    }
    if event.modifiers.contains(KeyModifiers::ALT) {
        return None;
    }
    if event.modifiers.contains(KeyModifiers::SHIFT) {
        match event.code {
            Left => return Some(Action::CursorLeft),
            Right => return Some(Action::CursorRight),
            Up => return Some(Action::CursorUp),
            Down => return Some(Action::CursorDown),
            _ => {}
        }
    }
    TABLE.iter().find(|binding| binding.keys.contains(&event.code)).map(|binding| binding.action)
}

#[cfg(test)]
mod tests {
    use super::{Action, TABLE, action};
    use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    #[test]
    fn no_key_means_two_things_and_every_action_is_described() {
        let mut keys: Vec<String> = TABLE.iter().flat_map(|b| b.keys).map(|k| format!("{k:?}")).collect();
        let count = keys.len();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), count);
        assert!(TABLE.iter().all(|b| !b.does.is_empty() && !b.shown.is_empty()));
    }

    #[test]
    fn the_readme_lists_the_same_keys() {
        let readme = include_str!("../../README.md");
        for binding in TABLE {
            let row = format!("| `{}` | {} |", binding.shown, binding.does);
            assert!(readme.contains(&row), "missing in README.md: {row}");
        }
    }

    #[test]
    fn control_and_alt_are_not_the_plain_key() {
        let press = |code, modifiers| action(KeyEvent::new(code, modifiers));
        assert_eq!(press(KeyCode::Char('c'), KeyModifiers::CONTROL), Some(Action::Stop));
        assert_eq!(press(KeyCode::Char('c'), KeyModifiers::NONE), Some(Action::Contrast));
        assert_eq!(press(KeyCode::Char('c'), KeyModifiers::ALT), None);
        assert_eq!(press(KeyCode::Char('E'), KeyModifiers::SHIFT), Some(Action::SetExpert));
        assert_eq!(press(KeyCode::Char('Q'), KeyModifiers::NONE), None);
    }
}
