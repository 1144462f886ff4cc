//! The tree of texts.
use ratatui::{buffer::Buffer, layout::Rect};

use crate::tui::{row::Look, state::State};

/// Draws the view.
pub(super) fn draw(_state: &State, _look: &Look, _area: Rect, _buf: &mut Buffer) {}
