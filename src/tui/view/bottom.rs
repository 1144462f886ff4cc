//! The bottom row of a large Explore: what each pair would choose here, this exit, the branches.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::{branches, this_exit, verdict, what_if};
use crate::tui::{
    row::{Look, Row, line_of, split_columns, split_rows},
    state::State,
    theme::Role,
};

/// Draws the three panels side by side.
pub(super) fn draw(state: &State, look: &Look, area: Rect, buf: &mut Buffer) {
    if area.height < 2 || state.card.is_none() {
        return;
    }
    let third = usize::from(area.width) / 3;
    let (first, rest) = split_columns(area, third);
    let (second, third) = split_columns(rest, third);
    what_if::panel(state, look, first, buf);
    this_exit::draw(state, look, beside(look, second, buf), buf);
    let third = beside(look, third, buf);
    let (head, rest) = split_rows(third, 1);
    verdict::rule(vec![("branches".into(), Role::Strong)], look, head, buf);
    branches::draw(state, look, rest, buf);
}

/// Draws the line between two panels below their rule, and gives what is right of it.
fn beside(look: &Look, area: Rect, buf: &mut Buffer) -> Rect {
    let (line, _) = split_columns(area, 2);
    for n in 0..usize::from(area.height) {
        let mut row = Row::new(look);
        if n == 0 {
            row.rule(2);
        } else {
            row.put(look.marks.column.to_string(), Role::Faint);
        }
        if let Some(line) = line_of(line, n) {
            row.draw(line, buf, Style::default());
        }
    }
    split_columns(area, 2).1
}
