//! Exits against exits: the cursor's exit and a second one, and where their top tokens differ.

use crate::{
    session::{
        agreement::top,
        trace::{Method, Pair, TokenId},
    },
    tui::{keymap::Action, methods, state::State, update::set_pair},
};

/// The page's own state; its row is the cursor's exit.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Matrix {
    /// Whether it is shown in place of the policies.
    pub(crate) shown: bool,
    /// The second exit, as a row of the table.
    pub(crate) column: usize,
}

/// The top tokens of the two exits at a position, once they are known.
pub(crate) fn tops(state: &State, position: usize) -> Option<[TokenId; 2]> {
    let trace = state.trace(position)?;
    let of = |row: usize| top(trace.exits.get(row)?);
    Some([of(state.row)?, of(state.exits.matrix.column)?])
}

/// The same where these are two tokens.
pub(crate) fn differ(state: &State, position: usize) -> Option<[TokenId; 2]> {
    tops(state, position).filter(|[one, other]| one != other)
}

/// Shows the page, with two exits, or the policies again.
pub(in crate::tui) fn turn(state: &mut State) {
    let last = state.card.as_ref().map_or(0, |card| card.exits.len().saturating_sub(1));
    let (row, matrix) = (state.row, &mut state.exits.matrix);
    matrix.shown = !matrix.shown;
    if row == matrix.column {
        matrix.column = if row == last { 0 } else { last };
    }
}

/// An arrow key.
pub(super) fn step(state: &mut State, action: Action) {
    let last = state.card.as_ref().map_or(0, |card| card.exits.len().saturating_sub(1));
    let onwards = matches!(action, Action::Down | Action::Right);
    let upright = matches!(action, Action::Up | Action::Down);
    let place = if upright { &mut state.row } else { &mut state.exits.matrix.column };
    *place = if onwards { (*place + 1).min(last) } else { place.saturating_sub(1) };
}

/// Enter: contrasts the two, the upper one as the expert.
pub(super) fn adopt(state: &mut State) {
    let (row, column) = (state.row, state.exits.matrix.column);
    let Some(card) = &state.card else { return };
    let (Some(expert), Some(amateur)) = (card.exits.get(row.min(column)), card.exits.get(row.max(column))) else {
        return;
    };
    if expert == amateur {
        state.notice = Some("same exit: nothing to contrast".into());
        return;
    }
    let pair = Pair { expert: *expert, amateur: *amateur, ..state.pair };
    set_pair(state, pair);
    methods::decode_by(state, Method::Contrast(pair));
    state.notice = Some("the pair decides from the next token on".into());
}
