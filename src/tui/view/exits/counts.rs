//! How often each exit is taken by the policy that is looked at.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use crate::tui::{
    exits::Lab,
    row::{Look, Row, line_of, split_rows, window},
    state::State,
    theme::Role,
    view::{bar::bar, name, verdict},
};

/// Cells of the longest bar.
const LONGEST: usize = 30;

/// Draws a rule, and a row an exit from original downwards; the lower ones go where there are too many.
pub(super) fn draw(state: &State, look: &Look, lab: &Lab, area: Rect, buf: &mut Buffer) {
    let (rule, rest) = split_rows(area, 1);
    verdict::rule(vec![("exits taken".into(), Role::Strong)], look, rule, buf);
    let counts = &lab.outcomes[state.exits.policy].1.counts;
    let most = counts.iter().copied().max().unwrap_or(1).max(1);
    let fullest = counts.iter().rev().position(|count| *count == most).unwrap_or(0);
    let rows = window(counts.len(), usize::from(rest.height), fullest);
    for (line, from_above) in rows.enumerate() {
        let at = counts.len() - 1 - from_above;
        let (Some(area), Some(exit)) = (line_of(rest, line), state.exit_from_below(at)) else { return };
        let mut row = Row::new(look);
        row.right(name::short(exit), 6, Role::Plain);
        match counts[at] {
            0 => row.right(look.marks.waiting.to_string(), 10, Role::Faint),
            count => row.right(count.to_string(), 10, Role::Plain),
        };
        let room = usize::from(area.width).saturating_sub(13).min(LONGEST);
        row.to(11).put(bar(counts[at] as f32 / most as f32, room, &look.marks), Role::Plain);
        row.draw(area, buf, Style::default());
    }
}
