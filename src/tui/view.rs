//! From the state to the screen. Pure: views neither write, nor wait, nor ask the engine.
//!
//! Who gets the rows, in this order: tabs, verdict, footer; the table with all exits; a text line with its ribbon; the
//! contrast, beside the table from 120 columns on; more text lines, up to five.

mod bar;
mod branches;
mod contrast;
mod footer;
mod heatmap;
pub(crate) mod help;
mod journeys;
mod name;
mod panel;
mod status;
mod strip;
mod table;
mod text;
mod verdict;
mod what_if;

use self::bar::bar;
pub(super) use self::heatmap::strip_columns;
use ratatui::{buffer::Buffer, layout::Rect};
use unicode_width::UnicodeWidthStr;

use super::{
    row::{Look, Row, line_of},
    state::{State, View},
    theme::{Role, Theme},
};

/// Smaller windows get one sentence.
pub(crate) const SMALLEST: (u16, u16) = (60, 16);
/// From this width on the contrast stands beside the table.
const WIDE: u16 = 120;
/// Rows of the contrast below the table: a rule and three.
const CONTRAST_ROWS: usize = 4;
/// Rows of the panel beside the table, if there is room.
const PANEL_ROWS: usize = 22;
/// Rows from which on there is a status row.
const STATUS_FROM: usize = 30;
/// A text line and its ribbon.
const TEXT_ROWS: usize = 2;
const MOST_TEXT_LINES: usize = 5;

/// Draws the whole screen.
pub(crate) fn draw(state: &State, look: &Look, area: Rect, buf: &mut Buffer) {
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let text =
            format!("mexit-tui needs {}x{}, this window is {}x{}", SMALLEST.0, SMALLEST.1, area.width, area.height);
        buf.set_stringn(area.x, area.y, text, usize::from(area.width), look.theme.style(Role::Plain));
        return;
    }
    let layout = Layout::of(state, area);
    tabs(state, look, &layout, buf);
    if state.help > 0 {
        help::draw(look, state.help, layout.body, buf);
    } else {
        match state.view {
            View::Explore => explore(state, look, &layout, buf),
            View::Heatmap => heatmap::draw(state, look, layout.body, buf),
            View::Journeys => journeys::draw(state, look, layout.body, buf),
            View::WhatIf => what_if::draw(state, look, layout.body, buf),
            View::Branches => branches::draw(state, look, layout.body, buf),
        }
    }
    panel::draw(state, look, layout.body, buf);
    status::draw(state, look, layout.status, buf);
    footer::draw(state, look, layout.footer, buf);
}

fn explore(state: &State, look: &Look, layout: &Layout, buf: &mut Buffer) {
    if layout.text_has_rule {
        text::draw_under_rule(state, look, layout.text, buf);
    } else {
        text::draw(state, look, layout.text, buf);
    }
    verdict::draw(state, look, layout.verdict, buf);
    table::draw(state, look, layout.table, buf);
    contrast::draw(state, look, layout.contrast, layout.is_wide, buf);
    strip::draw(state, look, layout.strip, buf);
}

/// Where the parts go.
struct Layout {
    tabs: Rect,
    body: Rect,
    text: Rect,
    /// The text's legend stands in a rule above it, not behind its ribbon.
    text_has_rule: bool,
    verdict: Rect,
    table: Rect,
    contrast: Rect,
    /// Exits × tokens, from a width of 120; empty where there is no room.
    strip: Rect,
    status: Rect,
    footer: Rect,
    is_wide: bool,
}

impl Layout {
    fn of(state: &State, area: Rect) -> Self {
        let rows = |y: usize, height: usize| -> Rect {
            let y = area.y + u16::try_from(y).unwrap_or(u16::MAX).min(area.height);
            let height = u16::try_from(height).unwrap_or(u16::MAX).min(area.bottom().saturating_sub(y));
            Rect { y, height, ..area }
        };
        let height = usize::from(area.height);
        let is_wide = area.width >= WIDE;
        let exits = state.card.as_ref().map_or(1, |card| card.exits.len());
        // Tabs, verdict, the table's head, footer; one text line; a blank row.
        let fixed = 4 + TEXT_ROWS + 1;
        let contrast_rows = match height.saturating_sub(fixed + exits.min(height)) {
            _ if is_wide => 0,
            left if left >= CONTRAST_ROWS => CONTRAST_ROWS,
            // The table gives way to one row of contrast before it loses it.
            _ if height >= 24 => CONTRAST_ROWS,
            _ => 1,
        };
        let table_rows = 1 + exits.min(height.saturating_sub(fixed + contrast_rows));
        // Beside a short table the panel may be taller, as far as the text does not need the rows.
        let panel = PANEL_ROWS.min(height.saturating_sub(4 + TEXT_ROWS * MOST_TEXT_LINES));
        let status_rows = usize::from(height >= STATUS_FROM);
        // All exits, under a rule and a head, and two lines of text: else no strip.
        let strip_rows =
            if is_wide && height > 3 + status_rows + table_rows + exits + 2 + 2 * TEXT_ROWS { exits + 2 } else { 0 };
        let lower = match (is_wide, strip_rows) {
            (true, 0) => table_rows.max(panel),
            // As tall as leaves three lines of text: few exits would make it too low to say anything.
            (true, _) => {
                let left = height.saturating_sub(3 + status_rows + strip_rows + 1 + 3 * TEXT_ROWS);
                table_rows.max(PANEL_ROWS.min(left))
            }
            _ => table_rows + contrast_rows,
        };
        let text_rows = height.saturating_sub(3 + status_rows + lower + strip_rows);
        let verdict_y = 1 + text_rows;
        let table_width = if is_wide { table::WIDTH } else { area.width };
        let table = Rect { width: table_width, ..rows(verdict_y + 1, table_rows) };
        let contrast = if is_wide {
            Rect { x: area.x + table_width, width: area.width - table_width, ..rows(verdict_y + 1, lower) }
        } else {
            rows(verdict_y + 1 + table_rows, contrast_rows)
        };
        Self {
            tabs: rows(0, 1),
            body: rows(1, height - 2 - status_rows),
            text: rows(1, text_rows.min(1 + TEXT_ROWS * MOST_TEXT_LINES)),
            text_has_rule: status_rows > 0,
            verdict: rows(verdict_y, 1),
            table,
            contrast,
            strip: rows(verdict_y + 1 + lower, strip_rows),
            status: rows(height - 1 - status_rows, status_rows),
            footer: rows(height - 1, 1),
            is_wide,
        }
    }
}

/// The head line: the view, the model, the decoding, and how full the context is.
fn tabs(state: &State, look: &Look, layout: &Layout, buf: &mut Buffer) {
    let area = layout.tabs;
    let mut row = Row::new(look);
    // Without their names where the window is narrow, but for the one that is shown.
    let names = area.width >= 80;
    let between = if area.width >= WIDE { " " } else { "" };
    for (n, view) in View::ALL.into_iter().enumerate() {
        row.put(if n > 0 { between } else { "" }, Role::Plain);
        let (digit, name) = (n + 1, view.name());
        if view == state.view {
            row.put(" ", Role::Plain).styled(format!("[{digit} {name}]"), Theme::cursor());
        } else if names {
            row.put(format!(" {digit} {name}"), Role::Faint);
        } else {
            row.put(format!(" {digit}"), Role::Faint);
        }
    }
    let width = usize::from(area.width);
    if let Some(card) = &state.card {
        let nearly = 100 * state.text.len() >= 95 * card.context;
        // Where there is a status row, it says how full the context is and how fast the model.
        let has_status = layout.status.height > 0;
        let full = if has_status && !nearly { String::new() } else { format!("{}/{}", state.text.len(), card.context) };
        let method = name::method(&state.decoding.method, look);
        let pace = state.millis.filter(|_| area.width >= WIDE && !has_status).map(|ms| format!("{ms:.0} ms/token"));
        // From the right, as far as there is room: how full, the decoding, the pace, the model.
        let mut left = width.saturating_sub(row.width() + full.width() + 2);
        let mut fits = |text: String| {
            let needed = text.width() + 2;
            let fits = needed <= left;
            left -= if fits { needed } else { 0 };
            fits.then_some(text)
        };
        let method = fits(method);
        let pace = pace.and_then(&mut fits);
        let name = fits(card.name.clone());
        let parts = [(name, Role::Faint), (pace, Role::Faint), (method, Role::Plain)];
        let used: usize = parts.iter().filter_map(|(text, _)| Some(text.as_ref()?.width() + 2)).sum();
        // Two blanks stand behind each; at the edge, one.
        let gap = if full.is_empty() { used.min(2) } else { 0 };
        row.to(width.saturating_sub(used + full.width() + 1) + gap);
        for (text, role) in parts {
            if let Some(text) = text {
                row.put(text, role).put("  ", Role::Plain);
            }
        }
        row.put(full, if nearly { Role::Warn } else { Role::Faint });
    } else {
        row.put(format!("  opening {}", state.opening), Role::Faint);
    }
    if let Some(area) = line_of(area, 0) {
        row.draw(area, buf, ratatui::style::Style::default());
    }
}
