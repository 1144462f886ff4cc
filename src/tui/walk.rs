//! Moving through what is shown: along the view's own axes, and to what is worth a look.

use super::{
    exits, journeys,
    keymap::Action,
    lanes, methods, moves,
    state::{Answer, Measure, Ribbon, State, View},
    typing,
    update::{Flag, flag, go_to, set_pair},
    view::strip_columns,
};
use crate::session::trace::Method;

/// Tokens of a page.
pub(super) const PAGE: usize = 10;

/// An arrow key.
pub(super) fn step(state: &mut State, action: Action) {
    let last = state.card.as_ref().map_or(0, |card| card.exits.len().saturating_sub(1));
    let on = |at: usize, most: usize| (at + 1).min(most);
    match (state.view, action) {
        (View::WhatIf, Action::Up) => state.what_if.expert = state.what_if.expert.saturating_sub(1),
        (View::WhatIf, Action::Down) => {
            state.what_if.expert = on(state.what_if.expert, last.saturating_sub(1));
            state.what_if.amateur = state.what_if.amateur.max(state.what_if.expert + 1).min(last);
        }
        (View::WhatIf, Action::Left) => {
            state.what_if.amateur = state.what_if.amateur.saturating_sub(1).max(state.what_if.expert + 1).min(last);
        }
        (View::WhatIf, _) => state.what_if.amateur = on(state.what_if.amateur, last),
        (View::Branches, Action::Up) => state.branch = state.branch.saturating_sub(1),
        (View::Branches, Action::Down) => {
            state.branch = on(state.branch, state.tree.branches(state.node).len().saturating_sub(1));
        }
        (View::Journeys, _) => journeys::step(state, action),
        (View::Exits, Action::Up | Action::Down) => exits::step(state, action),
        (View::Exits, _) if state.exits.matrix.shown => exits::step(state, action),
        (_, Action::Left) => go_to(state, state.position.saturating_sub(1)),
        (_, Action::Right) => go_to(state, state.position + 1),
        (_, Action::Up) => state.row = state.row.saturating_sub(1),
        (_, _) => state.row = on(state.row, last),
    }
}

/// What-if goes to the pair in use, if its amateur is the lower one.
pub(super) fn to_pair(state: &mut State) {
    let Some(card) = &state.card else { return };
    let row = |exit| card.exits.iter().position(|other| *other == exit);
    if let (Some(expert), Some(amateur)) = (row(state.pair.expert), row(state.pair.amateur))
        && expert < amateur
    {
        (state.what_if.expert, state.what_if.amateur) = (expert, amateur);
    }
}

/// Remembers where the strip under Explore begins.
pub(super) fn scroll_strip(state: &mut State) {
    let columns = strip_columns(state.window.0);
    state.heatmap.strip = state.heatmap.strip_from(state.position, state.open_slot(), columns);
}

/// The next or previous position that is worth a look.
pub(super) fn seek(state: &mut State, onwards: bool, is: fn(&State, usize) -> bool) {
    let slot = state.open_slot();
    let found = if onwards {
        (state.position + 1..=slot).find(|p| is(state, *p))
    } else {
        (1..state.position).rev().find(|p| is(state, *p))
    };
    match found {
        Some(position) => go_to(state, position),
        None => state.notice = Some(format!("none {} here", if onwards { "after" } else { "before" })),
    }
}

/// Whether the upper half of the exits, original among them, does not agree; over exits against exits, whether the two
/// that are looked at do not.
pub(super) fn disagrees(state: &State, position: usize) -> bool {
    if state.view == View::Exits && state.exits.matrix.shown {
        return exits::differ(state, position).is_some();
    }
    let Some(trace) = state.trace(position) else { return false };
    let upper = &trace.exits[..trace.exits.len().div_ceil(2)];
    let top = |row: &crate::session::trace::ExitRow| row.top.first().map(|c| c.id);
    upper.iter().any(|row| top(row) != upper.first().and_then(top))
}

/// Whether the contrast changed the choice.
pub(super) fn is_changed(state: &State, position: usize) -> bool {
    matches!(flag(state, position), Some((_, Some(Flag::Changed))))
}

/// Enter.
pub(super) fn open(state: &mut State) {
    match state.view {
        View::WhatIf => {
            if let Some(pair) = state.grid_pair() {
                set_pair(state, pair);
                methods::decode_by(state, Method::Contrast(pair));
                state.notice = Some("the pair decides from the next token on".into());
            }
        }
        View::Branches => {
            let branches = state.tree.branches(state.node);
            if let Some(branch) = branches.get(state.branch) {
                moves::go(state, Some(branch.end));
            }
        }
        View::Exits => exits::adopt(state),
        _ => typing::open_picker(state, false),
    }
}

/// Del.
pub(super) fn remove(state: &mut State) {
    if state.view == View::Lanes {
        lanes::remove(state);
    } else if state.view == View::Branches {
        let branches = state.tree.branches(state.node);
        if let Some(branch) = branches.get(state.branch) {
            moves::remove(state, branch.start);
            state.branch = state.branch.min(state.tree.branches(state.node).len().saturating_sub(1));
        }
    }
}

/// Another view, so many tabs on.
pub(super) fn turn(state: &mut State, by: usize) {
    let at = View::ALL.iter().position(|view| *view == state.view).unwrap_or(0);
    state.view = View::ALL[(at + by) % View::ALL.len()];
}

/// The next thing that the view can show.
pub(super) fn measure(state: &mut State) {
    match state.view {
        View::Heatmap => {
            state.heatmap.measure = match state.heatmap.measure {
                Measure::Token => Measure::LnToken,
                Measure::LnToken => Measure::Rank,
                Measure::Rank => Measure::Top,
                Measure::Top => Measure::Entropy,
                Measure::Entropy => Measure::Agree,
                Measure::Agree => Measure::Kl,
                Measure::Kl => Measure::Js,
                Measure::Js => Measure::Token,
            }
        }
        View::WhatIf => {
            state.what_if.answer = match state.what_if.answer {
                Answer::Choice => Answer::P,
                Answer::P => Answer::Plausible,
                Answer::Plausible => Answer::Choice,
            }
        }
        View::Explore | View::Lanes => {
            state.ribbon = match state.ribbon {
                Ribbon::Decided => Ribbon::Disagree,
                Ribbon::Disagree => Ribbon::Entropy,
                Ribbon::Entropy => Ribbon::Surprise,
                Ribbon::Surprise => Ribbon::Effect,
                Ribbon::Effect => Ribbon::Repeats,
                Ribbon::Repeats => Ribbon::Off,
                Ribbon::Off => Ribbon::Decided,
            }
        }
        View::Journeys => journeys::turn_axis(state),
        View::Exits if state.exits.matrix.shown => {}
        View::Exits => state.exits.every_head = !state.exits.every_head,
        View::Branches => {}
    }
}
