//! Where the parts of Lanes go: by the window and the number of lanes alone.
//!
//! Who gets the rows, in this order: legend and names; a text line with its ribbon; the table; one candidate and a
//! sentence of each lane; a second text line; the tokens under each other; more candidates, up to five; the table's second
//! head; the exit under the cursor; text up to ten lines; candidates up to ten; the rest is text.

use ratatui::layout::Rect;

use super::BETWEEN;
use crate::tui::{
    row::split_columns,
    view::{TEXT_ROWS, WIDE},
};

/// Cells of a column below which there are fewer of them; two there always are.
const NARROWEST: usize = 38;
/// Most candidates of a lane, and in windows that have room for so many rows of text beside them.
const CANDIDATES: usize = 5;
const MORE_CANDIDATES: usize = 10;
const ROOMY_TEXT: usize = 20;

/// The parts.
pub(super) struct Layout {
    pub(super) head: Rect,
    pub(super) names: Rect,
    pub(super) texts: Rect,
    /// The rule above what decides.
    pub(super) rule: Rect,
    pub(super) blocks: Rect,
    pub(super) tokens: Rect,
    pub(super) table: Rect,
    /// How many lanes stand side by side.
    pub(super) visible: usize,
    width: usize,
}

impl Layout {
    pub(super) fn of(area: Rect, lanes: usize) -> Self {
        let (width, height) = (usize::from(area.width), usize::from(area.height));
        let visible = ((width + BETWEEN) / (NARROWEST + BETWEEN)).max(2).min(lanes.max(1));
        let mut left = height;
        let mut take = |rows: usize| {
            let taken = rows.min(left);
            left -= taken;
            taken
        };
        take(2);
        let mut text = take(TEXT_ROWS);
        let mut table = take(2 + lanes);
        // A rule without a row under it says nothing.
        let mut block = take(3);
        block = if block < 3 { 0 } else { block };
        text += take(TEXT_ROWS);
        let wanted = if lanes > 1 { 2 + lanes } else { 0 };
        let tokens = if left_of(height, [2, text, table, block]) >= wanted { take(wanted) } else { 0 };
        block += if block > 0 { take(CANDIDATES - 1) } else { 0 };
        table += if area.width >= WIDE { take(1) } else { 0 };
        block += if block == 2 + CANDIDATES { take(1) } else { 0 };
        let more = left_of(height, [2, tokens, table, block]).saturating_sub(ROOMY_TEXT);
        block += if block == 3 + CANDIDATES { more.min(MORE_CANDIDATES - CANDIDATES) } else { 0 };
        text = left_of(height, [2, tokens, table, block]);
        let mut y = 0;
        let mut part = |rows: usize| {
            let top = area.y + u16::try_from(y).unwrap_or(u16::MAX).min(area.height);
            let room = area.bottom().saturating_sub(top);
            y += rows;
            Rect { y: top, height: u16::try_from(rows).unwrap_or(u16::MAX).min(room), ..area }
        };
        let (head, names, texts) = (part(1), part(1), part(text));
        let (rule, blocks) = (part(usize::from(block > 0)), part(block.saturating_sub(1)));
        let (tokens, table) = (part(tokens), part(table));
        Self { head, names, texts, rule, blocks, tokens, table, visible, width: (width + BETWEEN) / visible - BETWEEN }
    }

    /// The place of a column in a part.
    pub(super) fn column(&self, area: Rect, place: usize) -> Rect {
        let (_, rest) = split_columns(area, place * (self.width + BETWEEN));
        split_columns(rest, self.width).0
    }
}

fn left_of(height: usize, used: [usize; 4]) -> usize {
    height.saturating_sub(used.iter().sum())
}
