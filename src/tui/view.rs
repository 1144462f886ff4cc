//! From the state to the screen. Pure: views neither write, nor wait, nor ask the engine.

mod bar;
mod bottom;
mod branches;
mod contrast;
mod effect;
mod exits;
mod footer;
mod gauge;
mod heatmap;
pub(crate) mod help;
mod hints;
mod journeys;
mod lanes;
pub(crate) mod layout;
mod lens;
mod model;
pub(crate) mod name;
mod panel;
mod question;
mod scores;
mod settings;
mod status;
mod strip;
mod table;
mod text;
mod this_exit;
mod verdict;
mod what_if;

use self::bar::bar;
pub(super) use self::heatmap::strip_columns;
use ratatui::{buffer::Buffer, layout::Rect};
use unicode_width::UnicodeWidthStr;

use layout::{Layout, TEXT_ROWS, WIDE};

use super::{
    hits::{Hit, Hits, Target},
    row::{Look, Row, line_of, split_columns},
    state::{State, View},
    theme::{Role, Theme},
};

/// Smaller windows get one sentence.
pub(crate) const SMALLEST: (u16, u16) = (60, 16);

/// Draws the whole screen; gives what can be clicked, while the mouse is on.
pub(crate) fn draw(state: &State, look: &Look, area: Rect, buf: &mut Buffer) -> Vec<Hit> {
    let hits = Hits::default();
    draw_all(state, &look.liked(state.display, &hits), area, buf);
    hits.take()
}

fn draw_all(state: &State, look: &Look, area: Rect, buf: &mut Buffer) {
    buf.set_style(area, look.theme.ground());
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let text =
            format!("mexit-tui needs {}x{}, this window is {}x{}", SMALLEST.0, SMALLEST.1, area.width, area.height);
        buf.set_stringn(area.x, area.y, text, usize::from(area.width), look.theme.style(Role::Plain));
        return;
    }
    let layout = Layout::of(state, area);
    tabs(state, look, &layout, buf);
    if state.help > 0 {
        help::draw(state, look, layout.body, buf);
    } else {
        match state.view {
            View::Explore => explore(state, look, &layout, buf),
            View::Heatmap => heatmap::draw(state, look, layout.body, buf),
            View::Journeys => journeys::draw(state, look, layout.body, buf),
            View::WhatIf => what_if::draw(state, look, layout.body, buf),
            View::Branches => branches::draw(state, look, layout.body, buf),
            View::Exits => exits::draw(state, look, layout.body, buf),
            View::Lanes => lanes::draw(state, look, layout.body, buf),
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
    if state.looks_through(state.position) {
        lens::draw(state, look, layout.table, buf);
    } else {
        table::draw(state, look, layout.table, buf);
    }
    contrast::draw(state, look, layout.contrast, layout.is_wide, buf);
    journeys::panel(state, look, layout.journeys, buf);
    strip::draw(state, look, layout.strip, buf);
    bottom::draw(state, look, layout.bottom, buf);
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
        let start = row.width();
        if view == state.view {
            row.put(" ", Role::Plain).styled(format!("[{digit} {name}]"), Theme::cursor());
        } else if names {
            row.put(format!(" {digit} {name}"), Role::Faint);
        } else {
            row.put(format!(" {digit}"), Role::Faint);
        }
        let (tab, _) = split_columns(split_columns(area, start).1, row.width() - start);
        look.hit(Hit::one(tab, Target::View(view)));
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
        let name = if state.has_model() {
            fits(card.name.clone())
        } else {
            fits(format!("{} (no model)", card.name)).or_else(|| fits("no model".into()))
        };
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
