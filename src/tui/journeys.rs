//! What Journeys follows: its pins, its axis, the race of two, and the columns at which they are read.

mod group;
mod keys;
mod race;

use std::ops::Range;

pub(crate) use group::group;
pub(super) use keys::{act, step, toggle, turn_axis};
pub(crate) use race::{Crossing, crossing, largest_step};

use super::{
    row::window,
    state::{State, View},
};
use crate::session::{
    reading::followed,
    trace::{FOLLOWED, StepTrace, TokenId},
};

/// The scale of the chart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Axis {
    /// p, by its logarithm.
    #[default]
    Log,
    Rank,
    Linear,
}

/// What a line follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pin {
    /// Whatever the text has at each position.
    Text,
    Token(TokenId),
    /// One of the user's groups, by its place.
    Group(usize),
}

/// The lines over positions: those of the position at which they were asked for, since each position has others.
#[derive(Clone, Debug, Default)]
pub(crate) struct Over {
    /// All letters of that position, so that they stay.
    pub(crate) lettered: Vec<TokenId>,
    pub(crate) lines: Vec<TokenId>,
}

/// The view's own state; the user's single tokens are [`State::pins`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Journeys {
    pub(crate) axis: Axis,
    /// The selected line.
    pub(crate) selected: usize,
    /// What `a` races against, if not the line after it.
    pub(crate) race: Option<Pin>,
    /// Tokens whose probabilities are summed.
    pub(crate) groups: Vec<Vec<TokenId>>,
    /// Positions on the x axis in place of exits.
    pub(crate) over: Option<Over>,
}

/// What stands on the x axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Across {
    Exits,
    Positions,
}

impl Journeys {
    pub(crate) fn across(&self) -> Across {
        if self.over.is_some() { Across::Positions } else { Across::Exits }
    }
}

/// Cells of a line's name.
pub(crate) const LABEL: usize = 14;
/// Columns with fewer cells have numbers of three.
pub(crate) const FULL_CELL: usize = 6;

/// The columns that fit into a width, the cursor's among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Columns {
    /// How many there are in all; the lowest exit, or position 1, is 0.
    pub(crate) count: usize,
    pub(crate) shown: Range<usize>,
    pub(crate) cursor: usize,
    /// Cells of one.
    pub(crate) cell: usize,
}

impl Columns {
    pub(crate) fn of(state: &State, across: Across, width: usize) -> Self {
        let room = width.saturating_sub(LABEL);
        let exits = state.card.as_ref().map_or(1, |card| card.exits.len()).max(1);
        let (count, cursor, cell) = match across {
            Across::Exits => (exits, exits - 1 - state.row.min(exits - 1), (room / exits).clamp(5, 16)),
            Across::Positions => (state.open_slot().max(1), state.position.saturating_sub(1), 8),
        };
        Self { count, shown: window(count, room / cell, cursor), cursor, cell }
    }
}

/// One column: a position's trace and the row of an exit.
#[derive(Clone, Copy)]
pub(crate) struct Place<'s> {
    pub(crate) trace: Option<&'s StepTrace>,
    pub(crate) row: usize,
}

impl<'s> Place<'s> {
    pub(crate) fn of(state: &'s State, across: Across, column: usize) -> Self {
        let trace = |position| state.trace(position).map(|trace| &**trace);
        match across {
            Across::Exits => {
                let exits = state.card.as_ref().map_or(1, |card| card.exits.len());
                Self { trace: trace(state.position), row: exits.saturating_sub(column + 1) }
            }
            Across::Positions => Self { trace: trace(column + 1), row: state.row },
        }
    }
}

/// A pin at a column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Value {
    pub(crate) ln_p: f32,
    /// Of a group the rank of its best token.
    pub(crate) rank: u32,
    /// The exit's top token, or one of the group is.
    pub(crate) is_top: bool,
}

/// The value of a pin; `None` while a part of it is not known.
pub(crate) fn value(state: &State, place: Place<'_>, pin: Pin) -> Option<Value> {
    let trace = place.trace?;
    match pin {
        Pin::Text => of_token(trace, place.row, trace.subject),
        Pin::Token(id) => of_token(trace, place.row, id),
        Pin::Group(n) => {
            let ids = state.journeys.groups.get(n)?;
            let parts = ids.iter().map(|id| of_token(trace, place.row, *id)).collect::<Option<Vec<Value>>>()?;
            Some(Value {
                ln_p: parts.iter().map(|part| part.ln_p.exp()).sum::<f32>().ln(),
                rank: parts.iter().map(|part| part.rank).min()?,
                is_top: parts.iter().any(|part| part.is_top),
            })
        }
    }
}

/// A trace knows the subject and each exit's first tokens also where it does not follow them.
fn of_token(trace: &StepTrace, row: usize, id: TokenId) -> Option<Value> {
    // Ranks count from 1: a row without one is still to come.
    let own = trace.exits.get(row).filter(|own| own.rank > 0)?;
    let is_top = own.top.first().is_some_and(|top| top.id == id);
    let followed = || {
        let pin = trace.pins.iter().find(|pin| pin.id == id)?;
        Some((*pin.ln_p.get(row)?, *pin.rank.get(row)?))
    };
    let listed = || own.top.iter().zip(1..).find(|(c, _)| c.id == id).map(|(c, rank)| (c.ln_p, rank));
    let (ln_p, rank) = if id == trace.subject { (own.ln_p, own.rank) } else { followed().or_else(listed)? };
    Some(Value { ln_p, rank, is_top })
}

/// The default pins: what is followed anyway, at most eight, the subject always among them.
pub(crate) fn defaults(trace: &StepTrace) -> Vec<TokenId> {
    let mut ids = followed(&trace.exits);
    if !ids.contains(&trace.subject) {
        ids.truncate(FOLLOWED - 1);
        ids.push(trace.subject);
    }
    ids
}

/// The lines, in their order: the default ones, then the user's.
pub(crate) fn lines(state: &State, across: Across) -> Vec<Pin> {
    let (mut pins, ids) = match (across, &state.journeys.over) {
        (Across::Positions, Some(over)) => (vec![Pin::Text], over.lines.clone()),
        _ => (Vec::new(), state.trace(state.position).map(|trace| defaults(trace)).unwrap_or_default()),
    };
    let own = state.pins.iter().filter(|id| !ids.contains(id));
    pins.extend(ids.iter().chain(own).copied().map(Pin::Token));
    pins.extend((0..state.journeys.groups.len()).map(Pin::Group));
    pins
}

/// The single tokens among the lines.
pub(crate) fn tokens(lines: &[Pin]) -> impl Iterator<Item = TokenId> {
    lines.iter().filter_map(|pin| if let Pin::Token(id) = pin { Some(*id) } else { None })
}

/// The selected line.
pub(crate) fn selected(state: &State) -> Option<Pin> {
    let lines = lines(state, state.journeys.across());
    lines.get(state.journeys.selected.min(lines.len().saturating_sub(1))).copied()
}

/// The two that race: the first of the lines with a letter, and the user's choice or the one after it.
pub(crate) fn racers(state: &State, lines: &[Pin]) -> Option<(usize, usize)> {
    let first = lines.iter().position(|pin| *pin != Pin::Text)?;
    let chosen = state.journeys.race.and_then(|race| lines.iter().position(|pin| *pin == race));
    let second = chosen.filter(|n| *n != first).unwrap_or(first + 1);
    (second < lines.len()).then_some((first, second))
}

impl State {
    /// Every token that is followed beside the distinct top tokens.
    pub(crate) fn followed(&self) -> impl Iterator<Item = TokenId> + '_ {
        let over = self.journeys.over.iter().flat_map(|over| &over.lines);
        self.pins.iter().chain(self.journeys.groups.iter().flatten()).chain(over).copied()
    }

    /// Whether Journeys, as it is shown, needs the followed tokens at a position.
    pub(crate) fn follows_at(&self, position: usize) -> bool {
        let is_seen = || {
            let columns = Columns::of(self, Across::Positions, usize::from(self.window.0));
            position > 0 && columns.shown.contains(&(position - 1))
        };
        position == self.position || (self.view == View::Journeys && self.journeys.over.is_some() && is_seen())
    }

    /// Whether a position has the tokens that are followed there.
    pub(crate) fn has_pins(&self, position: usize) -> bool {
        let has = |trace: &StepTrace| self.followed().all(|id| trace.pins.iter().any(|pin| pin.id == id));
        !self.follows_at(position) || self.trace(position).is_some_and(|trace| has(trace))
    }
}
