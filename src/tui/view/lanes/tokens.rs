//! The lanes' tokens under each other, around the cursor's position.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::Shown;
use crate::tui::{
    hits::{Hit, Target},
    row::{Look, Row, line_of, split_columns, split_rows},
    state::{CELL_WIDTHS, State},
    theme::{Role, Theme},
    view::{name, strip_columns, verdict},
};

/// Cells at the left; of a token, as in Explore's strip.
const GUTTER: usize = 7;
const CELL: usize = CELL_WIDTHS[3];

/// Draws the rule, the positions and a row a lane.
pub(super) fn draw(state: &State, lanes: &[Shown], look: &Look, area: Rect, buf: &mut Buffer) {
    let Some(card) = &state.card else { return };
    let (rule, rest) = split_rows(area, 1);
    let same = lanes.iter().all(|lane| lane.same_prompt);
    let mut words = vec![("tokens side by side".to_owned(), Role::Plain)];
    if same {
        words.push((format!("{} as lane 1", look.marks.same), Role::Faint));
    }
    verdict::rule(words, look, rule, buf);
    let columns = strip_columns(area.width);
    // Aligned where the prompts end.
    let prompt = state.prompt_len();
    let ends = lanes.iter().map(|lane| (lane.state.open_slot() + prompt).saturating_sub(lane.state.prompt_len()));
    let slot = ends.max().unwrap_or(0).max(state.open_slot());
    let from = state.heatmap.strip_from(state.position, slot, columns);
    let mut head = Row::new(look);
    head.put(" pos", Role::Faint).to(GUTTER - 1);
    for position in from..(from + columns).min(slot + 1) {
        let at = position == state.position;
        head.put(if at { ">" } else { " " }, Role::Strong);
        head.put(position.to_string(), if at { Role::Strong } else { Role::Faint });
        head.to(GUTTER - 1 + (position + 1 - from) * CELL);
    }
    if let Some(area) = line_of(rest, 0) {
        head.draw(area, buf, Style::default());
    }
    for (n, lane) in lanes.iter().enumerate() {
        let Some(area) = line_of(rest, 1 + n) else { return };
        let mut row = Row::new(look);
        row.put(if n == state.lanes.present() { " >" } else { "  " }, Role::Strong);
        row.put((n + 1).to_string(), Role::Strong).to(GUTTER);
        for column in 0..columns.min(slot + 1 - from.min(slot)) {
            let shift = lane.state.prompt_len();
            let Some(position) = (from + column + shift).checked_sub(prompt) else { continue };
            let is_slot = position == lane.state.open_slot();
            let id =
                lane.state.text.get(position).map(|token| token.id).or_else(|| lane.state.ghost().filter(|_| is_slot));
            let Some(id) = id else { continue };
            row.to(GUTTER + column * CELL);
            let first = lanes[0].state.text.get(position).map(|token| token.id);
            let as_first = n > 0 && same && !is_slot && first == Some(id);
            let text = if as_first { look.marks.same.to_string() } else { name::clipped(card, id, CELL - 1, look) };
            let role = match (is_slot, lane.differs == Some(position)) {
                (true, _) => Role::Ghost,
                (_, true) => Role::Changed,
                _ if as_first => Role::Faint,
                _ => Role::Plain,
            };
            row.put(text, role);
            let (cell, _) = split_columns(split_columns(area, GUTTER + column * CELL).1, CELL);
            look.hit(Hit::one(cell, Target::Lane { lane: n, position: Some(position) }));
        }
        row.draw(area, buf, Style::default());
        if n == state.lanes.present()
            && let Some(column) = state.position.checked_sub(from).filter(|column| *column < columns)
        {
            let (cell, _) = split_columns(split_columns(area, GUTTER + column * CELL).1, CELL - 1);
            buf.set_style(cell, Theme::cursor());
        }
    }
}
