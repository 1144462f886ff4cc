//! Questions in the footer: a file's name, a branch's title, whether to quit, what to copy. Each takes the next keys.

use std::path::{Path, PathBuf};

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tui_input::Input;

use super::{
    copying::Copied,
    keeping,
    keymap::Action,
    panel::Panel,
    state::{State, View},
    tree::NodeId,
    typing::edit,
    update::Effect,
};
use crate::session::saved::{EXTENSION, LONGEST_TITLE};

/// A question.
pub(crate) enum Question {
    /// The name of the session's file; then the program may end.
    Save { field: Input, quit: bool },
    /// The name of a file to open; `sure` once the user knows what would be lost.
    Open { field: Input, sure: bool },
    /// The title of the branch that begins with a node.
    Title { node: NodeId, field: Input },
    /// What is not saved would be lost.
    Quit,
    /// What to copy.
    Copy,
    /// The model is another one than the session's.
    Other,
}

impl Question {
    /// What stands before the answer.
    pub(crate) fn label(&self) -> &'static str {
        match self {
            Self::Save { .. } => " save as",
            Self::Open { sure: false, .. } => " open",
            Self::Open { sure: true, .. } => " not saved: Enter opens anyway",
            Self::Title { .. } => " title",
            Self::Quit => " tokens are not saved:",
            Self::Copy => " copy:",
            Self::Other => " another model than the session was made with:",
        }
    }

    /// The field, if the answer is a text.
    pub(crate) fn field(&self) -> Option<&Input> {
        match self {
            Self::Save { field, .. } | Self::Open { field, .. } | Self::Title { field, .. } => Some(field),
            Self::Quit | Self::Copy | Self::Other => None,
        }
    }

    /// The field to type into.
    pub(crate) fn field_mut(&mut self) -> Option<&mut Input> {
        match self {
            Self::Save { field, .. } | Self::Open { field, .. } | Self::Title { field, .. } => Some(field),
            Self::Quit | Self::Copy | Self::Other => None,
        }
    }

    /// The keys that answer, if they are single ones, with what they do.
    pub(crate) fn answers(&self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Quit => &[("y", "quit"), ("s", "save"), ("Esc", "stay")],
            Self::Copy => &COPIES,
            Self::Other => &[("y", "go on with it"), ("Esc", "look without it")],
            _ => &[],
        }
    }
}

/// What can be copied, by its letter.
const COPIES: [(&str, &str); 7] = [
    ("t", "token"),
    ("r", "row"),
    ("v", "view"),
    ("i", "ids"),
    ("j", "step as JSON"),
    ("l", "command line"),
    ("Esc", "nothing"),
];

/// Does what an action asks for, or asks back.
pub(super) fn ask(state: &mut State, action: Action) -> Effect {
    match action {
        Action::Quit => return quit(state),
        Action::Save => return save(state, false),
        Action::OpenFile => open(state),
        Action::Copy => copy(state),
        Action::Title => title(state),
        _ => {}
    }
    Effect::None
}

/// Asks before the program ends, if something would be lost.
fn quit(state: &mut State) -> Effect {
    if !state.is_unsaved() {
        return Effect::Quit;
    }
    if !state.is_at_risk() {
        state.end_when_saved();
        return Effect::None;
    }
    state.panel = Some(Panel::Question(Question::Quit));
    Effect::None
}

/// Saves, or asks for a name first.
fn save(state: &mut State, quit: bool) -> Effect {
    if state.text.is_empty() {
        state.notice = Some("no text to save yet".into());
        return Effect::None;
    }
    if let Some(path) = state.keeping.filing.name().or(state.keeping.file.as_ref()) {
        return Effect::Save { path: path.clone(), quit };
    }
    let field = Input::new(format!("session.{EXTENSION}"));
    state.panel = Some(Panel::Question(Question::Save { field, quit }));
    Effect::None
}

/// Asks for a file to open: what was left behind, or the session's own.
fn open(state: &mut State) {
    let known = state.keeping.left.as_ref().or(state.keeping.file.as_ref());
    let name = known.map(|path| path.display().to_string()).unwrap_or_default();
    state.panel = Some(Panel::Question(Question::Open { field: Input::new(name), sure: false }));
}

/// Asks what to copy.
fn copy(state: &mut State) {
    if state.card.is_some() && !state.text.is_empty() {
        state.panel = Some(Panel::Question(Question::Copy));
    }
}

/// Asks for a branch's title: the selected one's, in other views the present text's.
fn title(state: &mut State) {
    let branches = state.tree.branches(state.node);
    let wanted = match state.view {
        View::Branches => branches.get(state.branch),
        _ => branches.iter().find(|branch| Some(branch.end) == state.node),
    };
    if let Some(branch) = wanted {
        let field = Input::new(state.tree.title(branch.start).unwrap_or_default().to_owned());
        state.panel = Some(Panel::Question(Question::Title { node: branch.start, field }));
    }
}

/// A key while a question is open.
pub(super) fn key(state: &mut State, event: KeyEvent) -> Effect {
    let Some(Panel::Question(question)) = &mut state.panel else { return Effect::None };
    if let Some(field) = question.field_mut()
        && event.code != KeyCode::Enter
    {
        edit(field, event);
        return Effect::None;
    }
    if event.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) {
        return Effect::None;
    }
    let Some(Panel::Question(question)) = state.panel.take() else { return Effect::None };
    match (question, event.code) {
        (Question::Save { field, quit }, _) => match path_of(field.value(), true) {
            Some(path) => Effect::Save { path, quit },
            None => Effect::None,
        },
        (Question::Open { field, sure }, _) => match path_of(field.value(), false) {
            Some(_) if !sure && state.is_at_risk() => {
                state.panel = Some(Panel::Question(Question::Open { field, sure: true }));
                Effect::None
            }
            Some(path) => Effect::OpenFile(path),
            None => Effect::None,
        },
        (Question::Title { node, field }, _) => {
            let title: String = field.value().trim().chars().filter(|c| !c.is_control()).take(LONGEST_TITLE).collect();
            state.tree.set_title(node, Some(title).filter(|title| !title.is_empty()));
            Effect::None
        }
        (Question::Quit, KeyCode::Char('y')) => Effect::Quit,
        (Question::Quit, KeyCode::Char('s')) => save(state, true),
        (Question::Copy, KeyCode::Char(letter)) => match Copied::of(letter) {
            Some(copied) => Effect::Copy(copied),
            None => stay(state, Question::Copy),
        },
        (Question::Other, KeyCode::Char('y')) => {
            keeping::go_on_with_other(state);
            Effect::None
        }
        // Only what the question shows is an answer.
        (question, _) => stay(state, question),
    }
}

fn stay(state: &mut State, question: Question) -> Effect {
    state.panel = Some(Panel::Question(question));
    Effect::None
}

/// Ctrl-C to a question. Who asks to quit twice means it.
pub(super) fn interrupt(state: &mut State) -> Effect {
    if let Some(Panel::Question(Question::Quit)) = state.panel {
        return Effect::Quit;
    }
    close(state);
    Effect::None
}

/// Esc to a question.
pub(super) fn close(state: &mut State) {
    if let Some(Panel::Question(Question::Other)) = state.panel.take() {
        state.keeping.model = keeping::ModelState::Missing;
    }
}

/// Opens the file that a command names, once nothing would be lost.
pub(super) fn open_named(state: &mut State, name: &str) -> Effect {
    match path_of(name, false) {
        Some(_) if state.is_at_risk() => stay(state, Question::Open { field: Input::new(name.to_owned()), sure: true }),
        Some(path) => Effect::OpenFile(path),
        None => ask(state, Action::OpenFile),
    }
}

/// Saves in the file that a command names.
pub(super) fn save_named(state: &mut State, name: &str) -> Effect {
    path_of(name, true).map_or_else(|| save(state, false), |path| Effect::Save { path, quit: false })
}

/// The file that a name means: `~` is the home folder, and a session to be written gets its ending.
fn path_of(name: &str, write: bool) -> Option<PathBuf> {
    let name = name.trim();
    if name.is_empty() {
        return None;
    }
    let home = name.strip_prefix("~/").and_then(|rest| Some(std::env::home_dir()?.join(rest)));
    let path = home.unwrap_or_else(|| PathBuf::from(name));
    let is_bare = path.extension().is_none() && path.file_name().is_some();
    Some(if write && is_bare { Path::with_extension(&path, EXTENSION) } else { path })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::path_of;

    #[test]
    fn a_name_without_an_ending_gets_it_when_it_is_written() {
        assert_eq!(path_of(" humpty ", true), Some(PathBuf::from("humpty.mexit")));
        assert_eq!(path_of("humpty", false), Some(PathBuf::from("humpty")));
        assert_eq!(path_of("a.b/humpty.mexit", true), Some(PathBuf::from("a.b/humpty.mexit")));
        assert_eq!(path_of("  ", true), None);
        assert!(path_of("~/x", true).is_some_and(|path| path.is_absolute() && path.ends_with("x.mexit")));
    }
}
