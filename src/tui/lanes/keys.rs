//! Going from lane to lane, one more, one less.

use super::{Lane, MOST, exchange, turn};
use crate::{
    session::trace::{ExitId, Method},
    tui::{
        keymap::Action,
        methods, moves,
        panel::Panel,
        settings::Settings,
        state::State,
        update::{go_to, stop_run, take},
    },
};

/// The next or the previous lane.
pub(in crate::tui) fn turn_by(state: &mut State, by: isize) {
    let count = state.lanes.count();
    if count < 2 {
        state.notice = Some(format!("one lane so far: {} adds another", state.key(Action::AddLane)));
        return;
    }
    let next = (state.lanes.present().cast_signed() + by).rem_euclid(count.cast_signed()).cast_unsigned();
    go(state, next);
}

/// A click into a lane: on a token, or beside it. An open panel is about the present lane, which stays.
pub(in crate::tui) fn click(state: &mut State, lane: usize, position: Option<usize>) {
    let may = state.panel.is_none() || lane == state.lanes.present();
    if may && lane < state.lanes.count() {
        go(state, lane);
        if let Some(position) = position {
            go_to(state, position);
        }
    }
}

fn go(state: &mut State, lane: usize) {
    // A run of the present lane alone does not go on in another one.
    if !state.lanes.is_together() {
        stop_run(state, "stopped: r goes on");
        state.take_when_known = false;
    }
    state.following = false;
    turn(state, lane);
}

/// One more lane: the same prompt, and a decoding that no other has; its panel opens.
pub(in crate::tui) fn add(state: &mut State) {
    if state.lanes.count() >= MOST {
        let key = state.key(Action::Remove);
        state.notice = Some(format!("{MOST} lanes at most: {key} removes the present one"));
        return;
    }
    let path = state.tree.path(state.node);
    let Some(end) = state.prompt_len().checked_sub(1).and_then(|last| path.get(last)).copied() else { return };
    stop_run(state, "stopped: r goes on");
    let (pair, sampling, before) = (state.pair, state.decoding.sampling.clone(), state.lanes.present());
    let (method, set_to) = (unused(state), state.methods.clone());
    let id = (0..MOST).find(|id| state.lanes.all.iter().all(|lane| lane.id != *id)).unwrap_or(0);
    let n = state.lanes.count();
    state.lanes.all.push(Lane { id, ..Lane::default() });
    let position = state.position;
    turn(state, n);
    state.pair = pair;
    (state.methods, state.decoding.sampling) = (set_to, sampling);
    methods::decode_by(state, method);
    moves::show(state, Some(end));
    state.position = position.min(state.open_slot());
    state.lanes.adding = Some(before);
    state.panel = Some(Panel::Settings(Settings::new(state, 0)));
}

/// The first of original, the amateur, the contrast and the expert that no lane decodes by.
fn unused(state: &State) -> Method {
    let pair = state.pair;
    let others = state.lanes.all.iter().enumerate().filter(|(n, _)| *n != state.lanes.present());
    let used: Vec<Method> =
        others.map(|(_, lane)| lane.own.decoding.method.clone()).chain([state.decoding.method.clone()]).collect();
    let exits = [ExitId::Original, pair.amateur, pair.expert].map(Method::Exit);
    let [original, amateur, expert] = exits;
    let all = [original.clone(), amateur, Method::Contrast(pair), expert];
    all.into_iter().find(|method| !used.contains(method)).unwrap_or(original)
}

/// The panel of a lane just added was closed by Enter: it makes as many tokens as the longest one has.
pub(in crate::tui) fn keep_added(state: &mut State) {
    if state.lanes.adding.take().is_none() || !state.has_model() {
        return;
    }
    let own = |n: usize| {
        let text = &state.lanes.all[n].own.text;
        text.len() - text.iter().position(|token| token.taken_by.is_some()).unwrap_or(text.len())
    };
    let longest = (0..state.lanes.count()).map(own).max().unwrap_or(0);
    if longest > 0 {
        state.lanes.together = true;
        state.run = Some(longest);
        state.take_when_known = true;
        take(state);
    }
}

/// It was closed by Esc: the lane goes, and the one before is present again.
pub(in crate::tui) fn restore_added(state: &mut State) {
    if let Some(before) = state.lanes.adding.take() {
        drop_present(state);
        turn(state, before.min(state.lanes.count() - 1));
    }
}

/// The present lane goes; its text stays in the tree.
pub(in crate::tui) fn remove(state: &mut State) {
    if state.lanes.count() < 2 {
        state.notice = Some("one lane stays".into());
        return;
    }
    drop_present(state);
    state.notice = Some("the lane is gone; its text stays a branch".into());
}

fn drop_present(state: &mut State) {
    stop_run(state, "");
    (state.take_when_known, state.following) = (false, false);
    let (present, position, prompt) = (state.lanes.present(), state.position, state.prompt_len());
    state.lanes.all.remove(present);
    let next = present.min(state.lanes.count() - 1);
    exchange(state, next);
    state.lanes.all[next].own = super::Own::default();
    state.lanes.present = next;
    state.position = super::aligned(position, prompt, state);
}
