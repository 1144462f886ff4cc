//! The row above the footer in a tall window: where the cursor is, how long the text is and where it came from.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};
use unicode_width::UnicodeWidthStr;

use super::branches;
use crate::tui::{
    row::{Look, Row},
    state::State,
    theme::Role,
};

/// Draws the row; parts that do not fit go from the right.
pub(super) fn draw(state: &State, look: &Look, area: Rect, buf: &mut Buffer) {
    let Some(card) = &state.card else { return };
    if let Some(stopped) = state.stopped_text() {
        let mut row = Row::new(look);
        row.put(format!(" {}", look.marks.sentence(&stopped)), Role::Warn);
        return row.draw(area, buf, Style::default());
    }
    let (len, prompt) = (state.text.len(), state.prompt_len());
    let forced = state.text.iter().filter(|token| token.forced).count();
    let mut parts = vec![format!("position {} of {len}, context {}", state.position, card.context)];
    parts.push(format!("prompt {prompt} + {} generated", len - prompt));
    if forced > 0 {
        parts.push(format!("{forced} taken by you"));
    }
    parts.push(format!("branch {}", branches::name_of_text(state, look)));
    if let Some(ms) = state.millis {
        parts.push(format!("{ms:.0} ms/token"));
    }
    parts.extend(state.kept().map(str::to_owned));
    parts.push(match state.run {
        Some(_) => format!("running at {}: Space pauses", state.runs.speed()),
        None => "? explains the marks".into(),
    });
    let mut row = Row::new(look);
    for part in parts {
        if row.width() + part.width() + 4 <= usize::from(area.width) {
            row.put(if row.width() == 0 { " " } else { "   " }, Role::Plain).put(part, Role::Faint);
        }
    }
    row.draw(area, buf, Style::default());
}
