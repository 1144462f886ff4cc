//! One position's tokens over the exits: how each gains or loses on the way up.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{TEXT_ROWS, text, verdict};
use crate::tui::{
    row::{Look, split_rows},
    state::State,
};

/// Draws the view.
pub(super) fn draw(state: &State, look: &Look, area: Rect, buf: &mut Buffer) {
    let (lines, rest) = split_rows(area, TEXT_ROWS);
    text::draw(state, look, lines, buf);
    let (head, _) = split_rows(rest, 1);
    verdict::draw(state, look, head, buf);
}
