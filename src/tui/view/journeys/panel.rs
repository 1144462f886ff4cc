//! The small chart beside the table of Explore: the default pins and the user's over the exits.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};
use unicode_width::UnicodeWidthStr;

use super::{Shown, chart, name, scale};
use crate::tui::{
    journeys::Across,
    row::{Look, Row, line_of, split_columns, split_rows},
    state::State,
    theme::Role,
};

/// Cells of the rule at the left and of the scale.
const LEFT: usize = 8;

/// Draws head, chart, and the exits' names below it.
pub(in crate::tui::view) fn draw(state: &State, look: &Look, area: Rect, buf: &mut Buffer) {
    let Some(card) = &state.card else { return };
    if usize::from(area.width) < 3 * LEFT || area.height < 4 {
        return;
    }
    let shown = Shown::of(state, card, look, Across::Exits, usize::MAX);
    let (head, rest) = split_rows(area, 1);
    let (plot, names) = split_rows(rest, usize::from(rest.height) - 1);
    let mut row = line(look);
    row.put("journeys", Role::Strong);
    row.put(format!("   {} over exits, {}", shown.what(), scale::words(state.journeys.axis)), Role::Faint);
    // The other letters stand in the table beside it.
    for line in shown.lines.iter().filter(|line| shown.is_own(line.pin)) {
        let name = format!("{}{}", look.marks.pinned, shown.name(line.pin, 12));
        if row.width() + 4 + name.width() <= usize::from(area.width) {
            row.put("   ", Role::Plain).put(line.sign.to_string(), line.role).put(name, Role::Plain);
        }
    }
    row.draw(head, buf, Style::default());
    for n in 0..usize::from(plot.height) {
        if let Some(area) = line_of(plot, n) {
            line(look).draw(area, buf, Style::default());
        }
    }
    let (labels, points) = split_columns(split_columns(plot, 2).1, LEFT - 2);
    shown.draw_scale(labels, buf);
    // Evenly over the width, whatever the number of exits.
    let (last, room) = (shown.columns.count - 1, usize::from(points.width).saturating_sub(3));
    let at = |n: usize| 1 + (n * room + last / 2).checked_div(last).unwrap_or(0);
    let columns: Vec<usize> = (0..=last).map(at).collect();
    if !shown.is_empty() {
        chart::plot(&shown.plotted(), &columns, !look.marks.ascii, points, buf);
    }
    let (_, below) = split_columns(names, LEFT);
    line(look).draw(names, buf, Style::default());
    // The cursor's, then from original downwards as far as names do not touch.
    let mut labels: Vec<(usize, String, Role)> = Vec::new();
    for n in std::iter::once(shown.columns.cursor).chain((0..=last).rev()) {
        let Some(exit) = card.exits.get(last - n).copied() else { continue };
        let (sign, role) = if n == shown.columns.cursor { (">", Role::Strong) } else { ("", Role::Faint) };
        let text = format!("{sign}{}", name::short(exit));
        let start = (columns[n] + 1).saturating_sub(text.width());
        let touches = |(other, label, _): &(usize, String, Role)| {
            start <= other + label.width() && *other <= start + text.width()
        };
        if !labels.iter().any(touches) {
            labels.push((start, text, role));
        }
    }
    labels.sort_by_key(|(start, ..)| *start);
    let mut row = Row::new(look);
    for (start, text, role) in labels {
        row.to(start).put(text, role);
    }
    row.draw(below, buf, Style::default());
}

fn line(look: &Look) -> Row<'_> {
    let mut row = Row::new(look);
    row.put(format!("{} ", look.marks.column), Role::Faint);
    row
}
