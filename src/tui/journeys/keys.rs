//! What keys do to pins, axes and the race.

use super::{Across, Axis, Over, Pin, defaults, lines, selected};
use crate::{
    session::{reading::Reading, trace::TokenId},
    tui::{
        keymap::Action,
        marks::UNICODE,
        state::{State, View},
        token_text::exact,
        update::go_to,
    },
};

/// Most tokens that the user may pin: each costs a pass over every exit's vocabulary.
const MOST_PINS: usize = 16;

/// What concerns pins.
pub(in crate::tui) fn act(state: &mut State, action: Action) {
    match action {
        Action::Pin => pin(state),
        Action::DefaultPins => default_pins(state),
        Action::Versus => versus(state),
        Action::OverPositions => over_positions(state),
        _ => {}
    }
}

/// An arrow key: pins downwards, exits or positions to the right.
pub(in crate::tui) fn step(state: &mut State, action: Action) {
    let count = lines(state, state.journeys.across()).len();
    let at = state.journeys.selected.min(count.saturating_sub(1));
    let lowest = state.card.as_ref().map_or(0, |card| card.exits.len().saturating_sub(1));
    match (action, state.journeys.across()) {
        (Action::Up, _) => state.journeys.selected = at.saturating_sub(1),
        (Action::Down, _) => state.journeys.selected = (at + 1).min(count.saturating_sub(1)),
        (Action::Left, Across::Exits) => state.row = (state.row + 1).min(lowest),
        (_, Across::Exits) => state.row = state.row.saturating_sub(1),
        (Action::Left, Across::Positions) => go_to(state, state.position.saturating_sub(1)),
        (_, Across::Positions) => go_to(state, state.position + 1),
    }
}

/// The next axis.
pub(in crate::tui) fn turn_axis(state: &mut State) {
    state.journeys.axis = match state.journeys.axis {
        Axis::Log => Axis::Rank,
        Axis::Rank => Axis::Linear,
        Axis::Linear => Axis::Log,
    };
}

/// Pins what is selected, or lets it go: in Journeys the line, elsewhere the top token of the exit under the cursor.
fn pin(state: &mut State) {
    let pin = if state.view == View::Journeys {
        selected(state)
    } else {
        let own = state.trace(state.position).and_then(|trace| trace.exits.get(state.row));
        own.and_then(|row| row.top.first()).map(|top| Pin::Token(top.id))
    };
    match pin {
        Some(Pin::Token(id)) => toggle(state, id),
        Some(Pin::Group(n)) => {
            state.journeys.groups.remove(n);
            // The groups after it have another place now.
            state.journeys.race = None;
            state.notice = Some("the group is no longer followed".into());
        }
        Some(Pin::Text) => state.notice = Some("the text's own tokens are always followed".into()),
        None => state.notice = Some("nothing is known of this position yet".into()),
    }
}

/// Pins a token, or lets it go.
pub(in crate::tui) fn toggle(state: &mut State, id: TokenId) {
    let Some(card) = state.card.clone().filter(|card| id.index() < card.vocabulary) else { return };
    let token = exact(card.bytes_of(id), card.is_special(id), &UNICODE);
    if let Some(place) = state.pins.iter().position(|pin| *pin == id) {
        state.pins.remove(place);
        state.notice = Some(format!("{token} unpinned"));
    } else if room(state) == 0 {
        state.notice = Some(format!("{MOST_PINS} tokens are pinned, the most: P lets them go, p one"));
    } else {
        state.pins.push(id);
        state.notice = Some(format!("{token} pinned: 3 follows it over the exits"));
    }
}

/// How many more tokens may be pinned.
pub(super) fn room(state: &State) -> usize {
    MOST_PINS.saturating_sub(state.pins.len() + state.journeys.groups.iter().map(Vec::len).sum::<usize>())
}

/// Lets all of the user's pins go.
fn default_pins(state: &mut State) {
    state.pins.clear();
    state.journeys.groups.clear();
    state.journeys.race = None;
    state.notice = Some("default pins: the distinct top tokens".into());
}

/// Races the selected line against a, or no longer.
fn versus(state: &mut State) {
    if state.view != View::Journeys {
        state.notice = Some("v races two tokens in Journeys: 3 goes there".into());
        return;
    }
    let lines = lines(state, state.journeys.across());
    let first = lines.iter().find(|pin| **pin != Pin::Text).copied();
    match selected(state) {
        pin if pin.is_some() && pin == state.journeys.race => state.journeys.race = None,
        Some(pin) if Some(pin) != first => state.journeys.race = Some(pin),
        _ => state.notice = Some("a races against another line: select one first".into()),
    }
}

/// Puts positions on the x axis, or exits again.
fn over_positions(state: &mut State) {
    if state.view != View::Journeys {
        state.notice = Some("b turns the axis of Journeys: 3 goes there".into());
    } else if state.journeys.over.take().is_some() {
        state.journeys.selected = 0;
    } else if let Some(trace) = state.trace(state.position).cloned() {
        let mut lettered = Reading::of(&trace).lettered;
        let lines = defaults(&trace);
        lettered.extend(lines.iter().filter(|id| !lettered.contains(id)).copied().collect::<Vec<_>>());
        state.journeys.over = Some(Over { lettered, lines });
        state.journeys.selected = 0;
    } else {
        state.notice = Some("nothing is known of this position yet".into());
    }
}
