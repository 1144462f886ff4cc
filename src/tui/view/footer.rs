//! The last row: what keys do here, or one sentence that is more important.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};
use unicode_width::UnicodeWidthStr;

use super::hints::{self, HELP};
use crate::tui::{
    panel::Panel,
    row::{Look, Row},
    runs,
    state::State,
    theme::Role,
    token_text::plain,
};

/// Draws the row.
pub(super) fn draw(state: &State, look: &Look, area: Rect, buf: &mut Buffer) {
    if let Some(Panel::Search(input)) = &state.panel {
        return super::panel::field(input, " /", look, area, buf);
    }
    if let (Some(Panel::Count(input)), None) = (&state.panel, &state.notice) {
        return super::panel::field(input, &runs::label(state), look, area, buf);
    }
    if let Some(Panel::Question(question)) = &state.panel {
        return super::question::draw(question, look, area, buf);
    }
    let width = usize::from(area.width);
    let mut row = Row::new(look);
    row.put(" ", Role::Plain);
    if let Some(notice) = &state.notice {
        row.put(
            plain(&look.marks.sentence(notice), &look.marks),
            if state.stopped.is_some() { Role::Warn } else { Role::Strong },
        );
        if state.panel.is_none() {
            row.put("   ", Role::Plain);
            put_hints(&mut row, state, look, width);
        }
    } else if !super::gauge::put(&mut row, state, look) {
        if let Some((words, gives_up)) = state.keeping.filing.words() {
            row.put(plain(&look.marks.sentence(&words), &look.marks), Role::Strong).put("   ", Role::Plain);
            if gives_up && state.panel.is_none() {
                put(&mut row, ("Esc".into(), "gives up".into()));
            }
        } else if let Some(asked) = &state.keeping.moving {
            let words = format!("asking whether there is room: {}", asked.words);
            row.put(plain(&look.marks.sentence(&words), &look.marks), Role::Strong);
            put(&mut row, ("   Esc".into(), "gives up".into()));
        }
        match &state.panel {
            // The view's keys are not alive then; the panel shows its own.
            Some(_) => put(&mut row, ("Esc".into(), "leaves the panel, which shows its keys".into())),
            None => put_hints(&mut row, state, look, width),
        }
    }
    row.draw(area, buf, Style::default());
}

/// Hints from the left as far as they fit; help is always the last.
fn put_hints(row: &mut Row<'_>, state: &State, look: &Look, width: usize) {
    let length = |(keys, does): &(String, String)| keys.width() + does.width() + 3;
    let last = HELP.words(state, look);
    let reserved = last.as_ref().map_or(0, length);
    let mut room = width.saturating_sub(row.width() + reserved);
    let mut end = Vec::new();
    for (hint, words) in hints::of(state).iter().filter_map(|hint| Some((hint, hint.words(state, look)?))) {
        let Some(left) = room.checked_sub(length(&words)) else { continue };
        room = left;
        if hint.at_end {
            end.push(words);
        } else {
            put(row, words);
        }
    }
    // A sentence before them may leave no room for help either.
    let last = last.filter(|last| row.width() + length(last) <= width + 2);
    for words in end.into_iter().chain(last) {
        put(row, words);
    }
}

fn put(row: &mut Row<'_>, (keys, does): (String, String)) {
    row.put(keys, Role::Strong).put(format!(" {does}  "), Role::Faint);
}
