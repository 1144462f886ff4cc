//! Keys while a panel is open: only what it shows, and Esc, Enter, Tab and the arrows.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tui_input::{Input, InputRequest};

use super::{
    commands, journeys,
    keymap::Action,
    lanes, moves,
    panel::{Column, Editor, Entry, Palette, Panel, Picker, hits},
    question, runs,
    settings::Field,
    state::State,
    update::{Effect, act, go_to},
};
use crate::session::trace::TokenId;

/// Opens the picker at the cursor, or says why not.
pub(super) fn open_picker(state: &mut State, typing: bool) {
    if state.position == 0 {
        let key = state.key(Action::Edit);
        state.notice = Some(format!("the first token has no prediction: {key} edits the prompt"));
    } else if let Some(card) = &state.card {
        state.run = None;
        state.take_when_known = false;
        // Original has its own column: beside it stands the expert.
        let expert = card.exits.iter().position(|exit| *exit == state.pair.expert).unwrap_or(0);
        let exit = if state.row == 0 { expert } else { state.row };
        state.panel = Some(Panel::Picker(Picker::new(state.position, exit, typing)));
    }
}

/// Begins with a prompt: one that is empty or too long opens in the editor. A text that is there stays.
pub(super) fn begin(state: &mut State, ids: &[TokenId]) {
    let Some(card) = state.card.clone() else { return };
    if !state.text.is_empty() {
        return;
    }
    if (1..=card.context).contains(&ids.len()) {
        return moves::begin(state, ids);
    }
    let bytes: Vec<u8> = ids.iter().flat_map(|id| card.bytes_of(*id).to_vec()).collect();
    state.draft = String::from_utf8_lossy(&bytes).into_owned();
    state.notice = Some(match ids.len().checked_sub(card.context) {
        Some(over) if over > 0 => format!("the prompt is {over} tokens longer than the context: shorten it"),
        _ => "type a text".into(),
    });
    open_editor(state);
}

/// Opens the editor on the prompt, or on the text that could not become one.
pub(super) fn open_editor(state: &mut State) {
    let Some(card) = &state.card else { return };
    if state.text.is_empty() {
        state.panel = Some(Panel::Editor(Editor::new(state.draft.clone(), None)));
        return;
    }
    let start = card.end_of_text.filter(|end| state.text.first().is_some_and(|token| token.id == *end));
    let own = usize::from(start.is_some())..state.prompt_len();
    let prompt = state.text[own].iter().flat_map(|token| card.bytes_of(token.id).to_vec());
    let text = String::from_utf8_lossy(&prompt.collect::<Vec<u8>>()).into_owned();
    state.panel = Some(Panel::Editor(Editor::new(text, start)));
}

/// A pasted text: into the field that is open, else nothing.
pub(super) fn paste(state: &mut State, text: &str) {
    let Some(panel) = &mut state.panel else { return };
    let field = match panel {
        Panel::Picker(picker) => &mut picker.filter,
        Panel::Palette(palette) => &mut palette.filter,
        Panel::Editor(editor) => &mut editor.field,
        Panel::Search(field) | Panel::Count(field) => field,
        Panel::Question(question) => match question.field_mut() {
            Some(field) => field,
            None => return,
        },
        Panel::Settings(_) | Panel::Model => return,
    };
    // At once: character by character, long pastes would cost their square.
    let at = field.cursor();
    let value: String =
        field.value().chars().take(at).chain(text.chars()).chain(field.value().chars().skip(at)).collect();
    *field = Input::new(value).with_cursor(at + text.chars().count());
    relist(state);
}

/// A key while a panel is open.
pub(super) fn key(state: &mut State, event: KeyEvent) -> Effect {
    state.notice = None;
    if event.code == KeyCode::Char('c') && event.modifiers.contains(KeyModifiers::CONTROL) || event.code == KeyCode::Esc
    {
        if let Some(Panel::Question(_)) = state.panel {
            if event.code != KeyCode::Esc {
                return question::interrupt(state);
            }
            question::close(state);
        }
        match state.panel.take() {
            Some(Panel::Settings(settings)) => settings.restore(state),
            Some(Panel::Editor(editor)) if state.text.is_empty() => editor.field.value().clone_into(&mut state.draft),
            _ => {}
        }
        return Effect::None;
    }
    let Some(panel) = &mut state.panel else { return Effect::None };
    match panel {
        Panel::Picker(_) => picker(state, event),
        Panel::Question(_) => return question::key(state, event),
        Panel::Palette(palette) => {
            let listed = palette.listed();
            let count = listed.len();
            match event.code {
                KeyCode::Up => palette.selected = palette.selected.saturating_sub(1),
                KeyCode::Down => palette.selected = (palette.selected + 1).min(count.saturating_sub(1)),
                KeyCode::Enter => return choose(state, listed),
                _ => {
                    edit(&mut palette.filter, event);
                    palette.selected = 0;
                }
            }
        }
        Panel::Editor(editor) => match (event.code, event.modifiers) {
            (KeyCode::Enter, KeyModifiers::ALT) | (KeyCode::Char('j'), KeyModifiers::CONTROL) => {
                editor.field.handle(InputRequest::InsertChar('\n'));
            }
            (KeyCode::Enter, _) => use_prompt(state),
            (KeyCode::Tab, _) => {
                let end = state.card.as_ref().and_then(|card| card.end_of_text);
                editor.start = if editor.start.is_some() { None } else { end };
            }
            _ => edit(&mut editor.field, event),
        },
        Panel::Settings(settings) => {
            let last = Field::ALL.len() - 1;
            let field = Field::ALL[settings.selected.min(last)];
            match event.code {
                KeyCode::Up | KeyCode::BackTab => settings.selected = settings.selected.saturating_sub(1),
                KeyCode::Down | KeyCode::Tab => settings.selected = (settings.selected + 1).min(last),
                KeyCode::Left | KeyCode::Char('-') => field.change(state, false),
                KeyCode::Right | KeyCode::Char('=' | '+' | ' ') => field.change(state, true),
                KeyCode::Enter => {
                    state.panel = None;
                    lanes::keep_added(state);
                }
                _ => {}
            }
        }
        Panel::Search(field) => match event.code {
            KeyCode::Enter => {
                state.sought = field.value().to_owned();
                state.panel = None;
                next_hit(state, true);
            }
            _ => edit(field, event),
        },
        Panel::Count(field) => match event.code {
            KeyCode::Enter => {
                let count = field.value().to_owned();
                runs::begin(state, &count);
            }
            _ => edit(field, event),
        },
        Panel::Model => {
            if event.code == KeyCode::Enter {
                state.panel = None;
            }
        }
    }
    Effect::None
}

/// Does the selected line of the palette; a command that words must follow waits for them.
fn choose(state: &mut State, listed: Vec<Entry>) -> Effect {
    let Some(Panel::Palette(palette)) = &mut state.panel else { return Effect::None };
    let line = palette.filter.value().to_owned();
    match listed.get(palette.selected) {
        None => Effect::None,
        Some(Entry::Action(binding)) => {
            state.panel = None;
            act(state, binding.action)
        }
        Some(Entry::Command(command)) => {
            let said = commands::read(&line).filter(|(said, _)| said.name == command.name);
            let words = said.map_or("", |(_, words)| words);
            // What is in brackets may be left out.
            if words.is_empty() && !command.arguments.is_empty() && !command.arguments.starts_with('[') {
                palette.filter = Input::new(format!("{} ", command.name));
                palette.selected = 0;
                return Effect::None;
            }
            state.panel = None;
            (command.run)(state, words)
        }
    }
}

fn picker(state: &mut State, event: KeyEvent) {
    let (Some(Panel::Picker(picker)), Some(card)) = (&mut state.panel, state.card.clone()) else { return };
    let last = picker.listed.len().saturating_sub(1);
    let place = Column::ALL.iter().position(|column| *column == picker.sort).unwrap_or(0);
    let sort = |picker: &mut Picker, place: usize| {
        picker.sort = Column::ALL[place];
        picker.selected = 0;
        picker.list(&card);
    };
    match (event.code, picker.typing) {
        (KeyCode::Enter, _) => {
            if let Some(id) = picker.listed.get(picker.selected).copied() {
                let position = picker.position;
                state.panel = None;
                moves::force(state, position, id);
            }
        }
        (KeyCode::Up, _) | (KeyCode::Char('k'), false) => picker.selected = picker.selected.saturating_sub(1),
        (KeyCode::Down, _) | (KeyCode::Char('j'), false) => picker.selected = (picker.selected + 1).min(last),
        (KeyCode::PageUp, _) => picker.selected = picker.selected.saturating_sub(10),
        (KeyCode::PageDown, _) => picker.selected = (picker.selected + 10).min(last),
        (KeyCode::Left | KeyCode::Char('h'), false) => sort(picker, place.saturating_sub(1)),
        (KeyCode::Right | KeyCode::Char('l'), false) => sort(picker, (place + 1).min(Column::ALL.len() - 1)),
        (KeyCode::Char('/' | 'f'), false) => picker.typing = true,
        (KeyCode::Char('p'), false) => {
            if let Some(id) = picker.listed.get(picker.selected).copied() {
                journeys::toggle(state, id);
            }
        }
        (KeyCode::Tab, true) => picker.typing = false,
        (_, true) => {
            edit(&mut picker.filter, event);
            picker.selected = 0;
            picker.list(&card);
        }
        _ => {}
    }
}

fn relist(state: &mut State) {
    if let (Some(Panel::Picker(picker)), Some(card)) = (&mut state.panel, state.card.clone()) {
        picker.list(&card);
    }
}

/// Makes the editor's text the prompt, if it is one.
fn use_prompt(state: &mut State) {
    let (Some(Panel::Editor(editor)), Some(card)) = (&state.panel, &state.card) else { return };
    let context = card.context;
    match editor.ids() {
        Some(Ok(ids)) if ids.is_empty() => {
            state.notice = Some("a prompt needs one token at least: type a text, or start with «eot»".into());
        }
        Some(Ok(ids)) if ids.len() > context => {
            let over = ids.len() - context;
            state.notice = Some(format!("{} tokens are {over} more than the context holds ({context})", ids.len()));
        }
        Some(Ok(ids)) => {
            state.panel = None;
            moves::begin(state, &ids);
        }
        Some(Err(reason)) => state.notice = Some(reason),
        // Its tokens are on their way; Enter again a moment later.
        None => state.notice = Some("counting the tokens".into()),
    }
}

/// Goes to the next or previous token that holds what was sought.
pub(super) fn next_hit(state: &mut State, onwards: bool) {
    let Some(card) = &state.card else { return };
    if state.sought.is_empty() {
        state.notice = Some(format!("{} looks for a text", state.key(Action::Search)));
        return;
    }
    let found = hits(state.text.iter().map(|token| card.bytes_of(token.id)), &state.sought);
    let next = if onwards {
        found.iter().find(|p| **p > state.position).or(found.first())
    } else {
        found.iter().rev().find(|p| **p < state.position).or(found.last())
    };
    match next.copied() {
        Some(position) => {
            go_to(state, position);
            let place = found.iter().position(|p| *p == position).unwrap_or(0) + 1;
            state.notice = Some(format!("{place} of {} tokens with {:?}", found.len(), state.sought));
        }
        None => state.notice = Some(format!("no token holds {:?}", state.sought)),
    }
}

/// A key in a text field.
pub(super) fn edit(field: &mut Input, event: KeyEvent) {
    let control = event.modifiers.contains(KeyModifiers::CONTROL);
    let request = match event.code {
        KeyCode::Char('a') if control => InputRequest::GoToStart,
        KeyCode::Char('e') if control => InputRequest::GoToEnd,
        KeyCode::Char('u') if control => InputRequest::DeleteLine,
        KeyCode::Char('w') if control => InputRequest::DeletePrevWord,
        KeyCode::Char('k') if control => InputRequest::DeleteTillEnd,
        KeyCode::Char(c) if !control => InputRequest::InsertChar(c),
        KeyCode::Backspace => InputRequest::DeletePrevChar,
        KeyCode::Delete => InputRequest::DeleteNextChar,
        KeyCode::Left if control => InputRequest::GoToPrevWord,
        KeyCode::Right if control => InputRequest::GoToNextWord,
        KeyCode::Left => InputRequest::GoToPrevChar,
        KeyCode::Right => InputRequest::GoToNextChar,
        KeyCode::Home => InputRequest::GoToStart,
        KeyCode::End => InputRequest::GoToEnd,
        _ => return,
    };
    field.handle(request);
}

/// Opens the palette.
pub(super) fn open_palette(state: &mut State) {
    state.panel = Some(Panel::Palette(Palette::default()));
}
