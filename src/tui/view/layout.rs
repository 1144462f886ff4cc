//! Where the parts of Explore go. It depends on the window's size and the number of exits, never on data.
//!
//! Who gets the rows, in this order: tabs, verdict, footer; the table with all exits; a text line with its ribbon; the
//! contrast, beside the table from 120 columns on; a second text line; the strip, if all its exits fit; the status row;
//! more text lines, up to five; the bottom row of panels. What is left stays blank under the text.

use ratatui::layout::Rect;

use super::table;
use crate::tui::{row::split_columns, state::State};

/// From this width on the contrast stands beside the table.
pub(super) const WIDE: u16 = 120;
/// From this width on the journeys stand beside the contrast, and three panels at the bottom.
const WIDEST: u16 = 200;
/// Columns that the contrast beside the table needs; it may have a few more.
const PANEL: u16 = 41;
const ROOMY_PANEL: u16 = 48;
/// Rows of the contrast below the table: a rule and three.
const CONTRAST_ROWS: usize = 4;
/// Rows of the panel beside a short table: it needs some, and takes more if there is room.
const FEW_PANEL_ROWS: usize = 14;
const ROOMY_PANEL_ROWS: usize = 17;
const PANEL_ROWS: usize = 22;
/// Rows from which on there is a status row.
const STATUS_FROM: usize = 30;
/// A text line and its ribbon.
pub(super) const TEXT_ROWS: usize = 2;
const MOST_TEXT_LINES: usize = 5;
/// A rule and the panels below it: at least, and at most.
const BOTTOM_ROWS: (usize, usize) = (14, 15);

/// Where the parts go; those that there is no room for are empty.
pub(super) struct Layout {
    pub(super) tabs: Rect,
    pub(super) body: Rect,
    pub(super) text: Rect,
    /// The text's legend stands in a rule above it, not behind its ribbon.
    pub(super) text_has_rule: bool,
    pub(super) verdict: Rect,
    pub(super) table: Rect,
    pub(super) contrast: Rect,
    /// The pins over the exits.
    pub(super) journeys: Rect,
    /// Exits × tokens.
    pub(super) strip: Rect,
    /// What-if, this exit, branches.
    pub(super) bottom: Rect,
    pub(super) status: Rect,
    pub(super) footer: Rect,
    pub(super) is_wide: bool,
}

impl Layout {
    pub(super) fn of(state: &State, area: Rect) -> Self {
        let rows = |y: usize, height: usize| -> Rect {
            let y = area.y + u16::try_from(y).unwrap_or(u16::MAX).min(area.height);
            let height = u16::try_from(height).unwrap_or(u16::MAX).min(area.bottom().saturating_sub(y));
            Rect { y, height, ..area }
        };
        let height = usize::from(area.height);
        let is_wide = area.width >= WIDE;
        let exits = state.card.as_ref().map_or(1, |card| card.exits.len());
        let mut left = Left(height);
        let status_rows = usize::from(height >= STATUS_FROM);
        // Tabs, verdict, footer; one text line and a blank row, or the rule above it.
        left.take(3 + status_rows);
        let text_line = left.take(TEXT_ROWS + 1);
        let contrast_rows = match left.0.saturating_sub(1 + exits.min(height)) {
            _ if is_wide => 0,
            after if after >= CONTRAST_ROWS => CONTRAST_ROWS,
            // The table gives way to one row of contrast before it loses it.
            _ if height >= 24 => CONTRAST_ROWS,
            _ => 1,
        };
        let contrast_rows = left.take(contrast_rows);
        let table_rows = left.take(1 + exits);
        let mut beside = if is_wide { left.take(FEW_PANEL_ROWS.saturating_sub(table_rows)) } else { 0 };
        let second_line = left.take(TEXT_ROWS.min(left.0));
        // All exits, under a rule and a head: else no strip.
        let strip_rows = left.take_all(exits + 2);
        let more_lines = left.take((MOST_TEXT_LINES - 2) * TEXT_ROWS);
        let bottom_rows = match left.0 {
            enough if area.width >= WIDEST && enough >= BOTTOM_ROWS.0 => left.take(BOTTOM_ROWS.1),
            _ => 0,
        };
        if is_wide {
            // The strip stays at the table, or near a short one; without it the panel may go down.
            let most = match strip_rows {
                0 => PANEL_ROWS,
                _ if table_rows < FEW_PANEL_ROWS => ROOMY_PANEL_ROWS,
                _ => 0,
            };
            beside += left.take(most.saturating_sub(table_rows + beside));
        }
        let lower = table_rows + contrast_rows + beside;
        let text_rows = text_line + second_line + more_lines;
        let verdict_y = 1 + text_rows + left.0;
        let upper = rows(verdict_y + 1, lower);
        // Tokens grow in the table as far as the contrast has its columns.
        let widest =
            if is_wide { area.width.saturating_sub(PANEL).clamp(table::WIDTH, table::WIDEST) } else { area.width };
        let (beside_table, contrast, journeys) = if area.width >= WIDEST {
            let (left, right) = split_columns(upper, usize::from(widest));
            let (contrast, journeys) = split_columns(right, usize::from(ROOMY_PANEL));
            (left, contrast, journeys)
        } else if is_wide {
            let (left, right) = split_columns(upper, usize::from(widest));
            (left, right, Rect::default())
        } else {
            (upper, rows(verdict_y + 1 + table_rows, contrast_rows), Rect::default())
        };
        let table = Rect { height: rows(verdict_y + 1, table_rows).height, ..beside_table };
        Self {
            tabs: rows(0, 1),
            body: rows(1, height - 2 - status_rows),
            text: rows(1, text_rows),
            text_has_rule: status_rows > 0,
            verdict: rows(verdict_y, 1),
            table,
            contrast,
            journeys,
            strip: rows(verdict_y + 1 + lower, strip_rows),
            bottom: rows(verdict_y + 1 + lower + strip_rows, bottom_rows),
            status: rows(height - 1 - status_rows, status_rows),
            footer: rows(height - 1, 1),
            is_wide,
        }
    }
}

/// Rows not given away yet.
struct Left(usize);

impl Left {
    /// As many as there are.
    fn take(&mut self, rows: usize) -> usize {
        let taken = rows.min(self.0);
        self.0 -= taken;
        taken
    }

    /// All of them or none.
    fn take_all(&mut self, rows: usize) -> usize {
        if rows <= self.0 { self.take(rows) } else { 0 }
    }
}

/// Whether Explore shows the grid of pairs in this window.
pub(crate) fn shows_grid(state: &State) -> bool {
    let (width, height) = state.window;
    height > 2 && Layout::of(state, Rect::new(0, 0, width, height)).bottom.height > 0
}
