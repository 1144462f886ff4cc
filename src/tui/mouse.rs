//! Clicks and the wheel, where they are ours: a click is the cursor, a second one Enter, the wheel moves what is under it.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::{
    hits::{self, Target},
    keymap::Action,
    lanes,
    panel::Panel,
    state::{State, View},
    typing,
    update::{Effect, act, go_to},
};

/// Takes in what the mouse did.
pub(super) fn take_in(state: &mut State, event: MouseEvent) -> Effect {
    let target = hits::at(&state.hits, event.column, event.row);
    let Some(target) = target.filter(|_| state.display.mouse) else { return Effect::None };
    match event.kind {
        MouseEventKind::Down(MouseButton::Left) => click(state, target),
        MouseEventKind::ScrollUp => wheel(state, target, Action::Up),
        MouseEventKind::ScrollDown => wheel(state, target, Action::Down),
        MouseEventKind::ScrollLeft => wheel(state, target, Action::Left),
        MouseEventKind::ScrollRight => wheel(state, target, Action::Right),
        _ => Effect::None,
    }
}

fn click(state: &mut State, target: Target) -> Effect {
    state.notice = None;
    if state.clicked.replace(target) == Some(target) {
        state.clicked = None;
        return match target {
            Target::View(_) | Target::Panel => Effect::None,
            Target::Listed(_) => enter(state),
            _ => act(state, Action::Open),
        };
    }
    match target {
        Target::View(view) => {
            state.help = 0;
            return act(state, Action::View(view));
        }
        Target::Position(position) => go_to(state, position),
        Target::Exit(row) => state.row = row,
        Target::Cell { position, row } => {
            go_to(state, position);
            state.row = row;
        }
        Target::Pair { expert, amateur } if state.view == View::Exits => {
            (state.row, state.exits.matrix.column) = (expert, amateur);
        }
        // Only amateurs below the expert are pairs.
        Target::Pair { expert, amateur } if amateur > expert => {
            (state.what_if.expert, state.what_if.amateur) = (expert, amateur);
        }
        Target::Lane { lane, position } => lanes::click(state, lane, position),
        Target::Branch(branch) => state.branch = branch,
        Target::Policy(policy) => state.exits.policy = policy,
        Target::Listed(line) => select(state, line),
        Target::Pair { .. } | Target::Panel => {}
    }
    Effect::None
}

fn wheel(state: &mut State, target: Target, way: Action) -> Effect {
    let onwards = matches!(way, Action::Down | Action::Right);
    let action = match (target, way) {
        // A text goes one way only.
        (Target::Position(_) | Target::Lane { .. }, _) if onwards => Action::CursorRight,
        (Target::Position(_) | Target::Lane { .. }, _) | (Target::Cell { .. }, Action::Left) => Action::CursorLeft,
        (Target::Exit(_) | Target::Cell { .. }, Action::Up) => Action::CursorUp,
        (Target::Exit(_) | Target::Cell { .. }, Action::Down) => Action::CursorDown,
        (Target::Cell { .. }, Action::Right) => Action::CursorRight,
        (Target::Pair { .. }, way) | (Target::Branch(_), way @ (Action::Up | Action::Down)) => way,
        (Target::Listed(_), Action::Up) => return press(state, KeyCode::Up),
        (Target::Listed(_), Action::Down) => return press(state, KeyCode::Down),
        _ => return Effect::None,
    };
    act(state, action)
}

fn select(state: &mut State, line: usize) {
    match &mut state.panel {
        Some(Panel::Picker(picker)) => picker.selected = line,
        Some(Panel::Palette(palette)) => palette.selected = line,
        Some(Panel::Settings(settings)) => settings.selected = line,
        Some(Panel::Editor(_) | Panel::Search(_) | Panel::Count(_) | Panel::Model | Panel::Question(_)) | None => {}
    }
}

fn enter(state: &mut State) -> Effect {
    press(state, KeyCode::Enter)
}

fn press(state: &mut State, code: KeyCode) -> Effect {
    typing::key(state, KeyEvent::new(code, KeyModifiers::NONE))
}
