//! A question in the footer: its field, or the keys that answer it.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};
use unicode_width::UnicodeWidthStr;

use crate::tui::{
    question::Question,
    row::{Look, Row},
    theme::Role,
};

/// Draws the row.
pub(super) fn draw(question: &Question, look: &Look, area: Rect, buf: &mut Buffer) {
    if let Some(field) = question.field() {
        return super::panel::field(field, question.label(), look, area, buf);
    }
    let mut row = Row::new(look);
    let width = usize::from(area.width);
    // Where there is no room for both the answers are more than the question.
    let answers: usize = question.answers().iter().map(|(key, does)| key.width() + does.width() + 3).sum();
    if question.label().width() + 2 + answers <= width {
        row.put(format!("{} ", question.label()), Role::Strong);
    }
    for (key, does) in question.answers() {
        row.put(format!(" {key}"), Role::Strong).put(format!(" {does} "), Role::Plain);
    }
    row.draw(area, buf, Style::default());
}
