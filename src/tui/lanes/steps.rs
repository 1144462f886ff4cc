//! Stepping together: the slowest lane sets the pace, and one that is behind catches up before the others go on.

use std::sync::Arc;

use super::within;
use crate::{
    session::{
        trace::{StepTrace, TokenId},
        vocabulary::Vocabulary,
    },
    tui::{
        hearing, moves, runs,
        state::{State, TextToken},
        update::{self, stop_run},
    },
};

/// What a lane can do next.
enum Next {
    Take(TokenId),
    /// Its next token is not known yet.
    Wait,
    /// The context is full, the text is over, or nothing decides.
    End,
}

fn next(state: &State) -> Next {
    let end = state.card.as_ref().and_then(|card| card.end_of_text);
    let broken = state.decided(state.open_slot()).is_some_and(|trace| trace.choice.ln_p.is_nan());
    match state.ghost() {
        _ if state.is_full() || broken || state.text.is_empty() => Next::End,
        Some(id) if Some(id) == end => Next::End,
        Some(id) => Next::Take(id),
        None => Next::Wait,
    }
}

/// Tokens made in each lane.
fn made(state: &mut State) -> Vec<usize> {
    (0..state.lanes.count()).map(|n| within(state, n, |lane| lane.text.len() - lane.prompt_len())).collect()
}

/// Space, in all lanes.
pub(in crate::tui) fn ask_to_take(state: &mut State) {
    if state.stopped.is_some() {
        state.notice = state.stopped_text();
    } else if state.read_on() {
        // As in one lane: another Space then takes the tokens.
    } else if state.run.is_some() {
        stop_run(state, "paused: r goes on");
    } else {
        state.take_when_known = true;
        take(state);
    }
}

/// Takes the next token in every lane that is not ahead of another one, if all of them are known.
pub(in crate::tui) fn take(state: &mut State) {
    while state.take_when_known {
        if state.run.is_some() && !state.runs.is_due() {
            return;
        }
        let made = made(state);
        let nexts: Vec<Next> = (0..made.len()).map(|n| within(state, n, |lane| next(lane))).collect();
        let going = || (0..made.len()).filter(|n| !matches!(nexts[*n], Next::End));
        let Some(least) = going().map(|n| made[n]).min() else {
            (state.run, state.take_when_known) = (None, false);
            state.notice = Some("no lane goes on: at the end of the text or the context".into());
            return;
        };
        let movers: Vec<usize> = going().filter(|n| made[*n] == least).collect();
        if movers.iter().any(|n| matches!(nexts[*n], Next::Wait)) {
            return;
        }
        for n in movers {
            if let Next::Take(id) = nexts[n] {
                let is_present = n == state.lanes.present();
                let at_slot = is_present && state.position == state.open_slot();
                within(state, n, |lane| {
                    let token = TextToken { id, taken_by: Some(lane.decoding.clone()), forced: false };
                    moves::append(lane, token);
                });
                state.following |= at_slot;
            }
        }
        runs::stepped(state);
    }
}

/// Backspace, in all lanes: the last token of those that have most goes.
pub(in crate::tui) fn step_back(state: &mut State) {
    (state.run, state.take_when_known) = (None, false);
    let made = made(state);
    let most = made.iter().copied().max().unwrap_or(0);
    if most == 0 {
        state.notice = Some("no lane has tokens of its own: e edits the prompt".into());
        return;
    }
    for n in (0..made.len()).filter(|n| made[*n] == most) {
        if n == state.lanes.present() {
            update::step_back(state);
        } else {
            within(state, n, |lane| moves::cut(lane, lane.text.len() - 1));
        }
    }
}

/// The answer to what was asked about a lane: `millis` if it was a step.
pub(in crate::tui) fn hear(
    state: &mut State,
    n: usize,
    trace: Arc<StepTrace>,
    (millis, vocabulary): (Option<f32>, Option<Arc<Vocabulary>>),
) {
    let is_step = |lane: &State| trace.position == lane.open_slot() && trace.position > lane.prompt_len();
    if let Some(millis) = millis.filter(|_| within(state, n, |lane| is_step(lane))) {
        let (sum, count) = &mut state.lanes.all[n].millis;
        (*sum, *count) = (*sum + millis, *count + 1);
    }
    if n == state.lanes.present() {
        hearing::stepped(state, trace);
        hearing::list_vocabulary(state, vocabulary);
    } else {
        within(state, n, |lane| moves::keep(lane, trace));
        update::take(state);
    }
}
