//! The last row: what keys do here, or one sentence that is more important.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};
use unicode_width::UnicodeWidthStr;

use super::name;
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
    } else if !super::gauge::put(&mut row, state, look) {
        hints(&mut row, state, look, width);
    }
    row.draw(area, buf, Style::default());
}

/// Hints from the left as far as they fit; `? help` is always the last but one, `q quit` the last.
fn hints(row: &mut Row<'_>, state: &State, look: &Look, width: usize) {
    let last = [("?", if state.help > 0 { "more" } else { "help" }), ("q", "quit")];
    let take = match (state.ghost(), &state.card) {
        (Some(id), Some(card)) => format!("take {}", name::clipped(card, id, 12, look)),
        _ => "next token".into(),
    };
    let [updown, leftright] = look.marks.keys;
    let contrast = if state.contrast_decides() { "contrast off" } else { "contrast on" };
    let hints: [(&str, &str); 7] = [
        ("Space", &take),
        (updown, "exit"),
        (leftright, "token"),
        ("E A", "pair"),
        ("- =", look.marks.alpha),
        ("c", contrast),
        ("O", "this exit alone"),
    ];
    let length = |(keys, does): (&str, &str)| keys.width() + does.width() + 3;
    let reserved: usize = last.into_iter().map(length).sum();
    let hints = if state.help > 0 { &[("Esc", "close")][..] } else { &hints[..] };
    for hint in hints {
        if row.width() + length(*hint) + reserved <= width {
            put(row, *hint);
        }
    }
    for hint in last {
        put(row, hint);
    }
}

fn put(row: &mut Row<'_>, (keys, does): (&str, &str)) {
    row.put(keys.to_owned(), Role::Strong).put(format!(" {does}  "), Role::Faint);
}
