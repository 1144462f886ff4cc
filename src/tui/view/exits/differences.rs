//! The positions at which the two exits under the cursor would take different tokens.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use crate::{
    session::protocol::ModelCard,
    tui::{
        exits::differ,
        hits::{Hit, Target},
        row::{Look, Row, line_of, window},
        state::State,
        theme::{Role, Theme},
        view::name,
    },
};

/// Cells of a position, and of a blank before what follows it.
const POSITION: usize = 6;
/// Cells of a token where room is little, and at most.
const TOKEN: [usize; 2] = [6, 16];

/// Draws head and rows, where there is room for them.
pub(super) fn draw(state: &State, card: &ModelCard, look: &Look, area: Rect, buf: &mut Buffer) {
    let width = usize::from(area.width);
    let token = (width.saturating_sub(POSITION + 3) / 2).min(TOKEN[1]);
    let [Some(one), Some(other)] = [state.row, state.exits.matrix.column].map(|at| card.exits.get(at).copied()) else {
        return;
    };
    if token < TOKEN[0] || one == other {
        return;
    }
    let found: Vec<_> = (1..state.text.len()).filter_map(|p| Some((p, differ(state, p)?))).collect();
    let mut head = Row::new(look);
    head.right("differ", POSITION + 1, Role::Faint).to(POSITION + 2).put(name::short(one), Role::Faint);
    head.to(POSITION + 3 + token).put(name::short(other), Role::Faint);
    if let Some(area) = line_of(area, 0) {
        head.draw(area, buf, Style::default());
    }
    let near = found.iter().position(|(position, _)| *position >= state.position).unwrap_or(found.len());
    let room = usize::from(area.height).saturating_sub(1);
    let rows = window(found.len(), room, near.min(found.len().saturating_sub(1)));
    for (n, (position, tops)) in found[rows].iter().enumerate() {
        let Some(area) = line_of(area, n + 1) else { return };
        let [a, b] = tops.map(|id| name::clipped(card, id, token, look));
        let mut row = Row::new(look);
        row.right(position.to_string(), POSITION + 1, Role::Faint).to(POSITION + 2).put(a, Role::Plain);
        row.to(POSITION + 3 + token).put(b, Role::Plain);
        look.hit(Hit::one(area, Target::Position(*position)));
        row.draw(area, buf, if *position == state.position { Theme::cursor() } else { Style::default() });
    }
}
