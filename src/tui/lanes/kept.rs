//! Lanes in a saved session.

use super::{Lane, Lanes, exchange};
use crate::{
    session::saved,
    tui::{moves, state::State, tree::NodeId},
};

/// Where the texts of the lanes beside the present one end.
fn ends(state: &State) -> Vec<NodeId> {
    let others = state.lanes.all.iter().enumerate().filter(|(n, _)| *n != state.lanes.present);
    others.filter_map(|(_, lane)| lane.own.node).collect()
}

/// The tree's nodes, where the present text ends among them, and the lanes.
pub(in crate::tui) fn saved(state: &State) -> Option<(Vec<saved::Node>, usize, saved::Lanes)> {
    let others = ends(state);
    let (nodes, places) = state.tree.save(state.node?, &others);
    let lane = |lane: &Lane| {
        let place = others.iter().position(|end| Some(*end) == lane.own.node)?;
        Some(saved::Lane { end: places[1 + place], decoding: lane.own.decoding.clone(), pair: lane.own.pair })
    };
    let (before, after) = state.lanes.all.split_at(state.lanes.present);
    let before: Vec<saved::Lane> = before.iter().filter_map(lane).collect();
    let after = after.iter().skip(1).filter_map(lane);
    let present = before.len();
    Some((nodes, places[0], saved::Lanes { present, others: before.into_iter().chain(after).collect() }))
}

/// Puts saved lanes beside the present text.
pub(in crate::tui) fn restore(state: &mut State, kept: saved::Lanes) {
    let count = 1 + kept.others.len();
    let present = kept.present.min(count - 1);
    state.lanes = Lanes { all: (0..count).map(|id| Lane { id, ..Lane::default() }).collect(), ..Lanes::default() };
    state.lanes.present = present;
    let places = (0..count).filter(|n| *n != present);
    for (n, lane) in places.zip(kept.others) {
        exchange(state, present);
        exchange(state, n);
        state.lanes.present = n;
        state.methods.adopt(&lane.decoding.method);
        (state.decoding, state.pair) = (lane.decoding, lane.pair);
        moves::show(state, Some(lane.end));
        exchange(state, n);
        exchange(state, present);
        state.lanes.present = present;
    }
}
