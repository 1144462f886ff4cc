//! Moves of the text: each is one step of undo, and none loses anything.

use std::sync::Arc;

use super::{
    keymap::Action,
    state::{State, TextToken},
    tree::NodeId,
    update::{Flag, flag},
};
use crate::session::trace::{StepTrace, TokenId};

/// A move that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Move {
    from: Option<NodeId>,
    to: Option<NodeId>,
    /// The branch that it removed.
    removed: Option<NodeId>,
    /// Tokens of one run are one move.
    run: bool,
}

/// Puts a text in place of the present one, whose tokens are the prompt's.
pub(crate) fn begin(state: &mut State, ids: &[TokenId]) {
    let from = state.node;
    let token = |id: &TokenId| TextToken { id: *id, taken_by: None, forced: false };
    let end = ids.iter().map(token).fold(None, |parent, token| Some(state.tree.grow(parent, token)));
    show(state, end);
    if from.is_some() {
        record(state, Move { from, to: end, removed: None, run: false });
    }
    state.position = state.open_slot();
}

/// Appends a token to the text.
pub(crate) fn append(state: &mut State, token: TextToken) {
    let (from, slot) = (state.node, state.traces.last().cloned().flatten());
    let node = state.tree.grow(from, token.clone());
    // What was said of the slot was said of the token that it proposed.
    if let Some(trace) = slot.filter(|trace| trace.subject == token.id) {
        state.tree.set_trace(node, trace);
    }
    state.text.push(token);
    state.traces.pop();
    state.traces.extend([state.tree.trace(node).cloned(), state.tree.slot(node).cloned()]);
    state.node = Some(node);
    let run = state.run.is_some();
    match state.undo.last_mut() {
        Some(last) if run && last.run && last.to == from => last.to = Some(node),
        _ => record(state, Move { from, to: Some(node), removed: None, run }),
    }
}

/// Keeps an answer, where the text has its place for it.
pub(crate) fn keep(state: &mut State, trace: Arc<StepTrace>) {
    let Some(place) = state.traces.get_mut(trace.position) else { return };
    let trace = decided_before(place.as_ref(), trace);
    *place = Some(Arc::clone(&trace));
    let Some(end) = state.node else { return };
    match state.text.len() - trace.position {
        0 => state.tree.set_slot(end, trace),
        back => {
            let node = (1..back).try_fold(end, |node, _| state.tree.parent(node));
            if let Some(node) = node {
                // What a run knew of the slot before this token it knew of the token.
                let before = state.tree.parent(node).filter(|parent| {
                    let slot = state.tree.slot(*parent);
                    slot.is_some_and(|slot| slot.is_partial() && is_same(slot, &trace))
                });
                if let Some(before) = before {
                    state.tree.set_slot(before, Arc::clone(&trace));
                }
                state.tree.set_trace(node, trace);
            }
        }
    }
}

/// Whether two traces are about the same token under the same decoding.
fn is_same(a: &StepTrace, b: &StepTrace) -> bool {
    (a.subject, &a.decoding) == (b.subject, &b.decoding)
}

/// The whole of what a run knew in part. What it took stays taken: a batch sums in another order than a step, and two
/// tokens that were equal but for the last bit could have changed places.
fn decided_before(before: Option<&Arc<StepTrace>>, trace: Arc<StepTrace>) -> Arc<StepTrace> {
    match before.filter(|before| before.is_partial() && is_same(before, &trace)) {
        Some(before) if before.choice.id != trace.choice.id => {
            Arc::new(StepTrace { choice: before.choice, ..StepTrace::clone(&trace) })
        }
        _ => trace,
    }
}

/// Makes a position the open slot.
pub(crate) fn cut(state: &mut State, position: usize) {
    let path = state.tree.path(state.node);
    if position == 0 || position >= path.len() {
        return;
    }
    go(state, Some(path[position - 1]));
}

/// Puts a token at a position: at the open slot it is appended, elsewhere a branch starts.
pub(crate) fn force(state: &mut State, position: usize, id: TokenId) {
    if position == 0 {
        return;
    }
    if state.text.get(position).is_some_and(|token| token.id == id) {
        state.notice = Some("the text has this token here".into());
        return;
    }
    let from = state.node;
    let path = state.tree.path(from);
    let parent = path.get(position.min(path.len()) - 1).copied();
    let known = parent.and_then(|node| state.tree.slot(node)).filter(|trace| trace.subject == id).cloned();
    let token = TextToken { id, taken_by: Some(state.decoding.clone()), forced: true };
    let node = state.tree.grow(parent, token);
    if let (Some(trace), None) = (known, state.tree.trace(node)) {
        state.tree.set_trace(node, trace);
    }
    show(state, Some(node));
    record(state, Move { from, to: Some(node), removed: None, run: false });
    state.position = position.min(state.open_slot());
}

/// Goes to another text, as a move.
pub(crate) fn go(state: &mut State, end: Option<NodeId>) {
    let from = state.node;
    if end != from {
        show_change(state, end);
        record(state, Move { from, to: end, removed: None, run: false });
    }
}

/// The next (1) or previous (-1) token tried at a position, and what followed it.
pub(crate) fn neighbour(state: &mut State, position: usize, by: isize) {
    let path = state.tree.path(state.node);
    let Some(node) = path.get(position).copied() else { return };
    let tried = state.tree.tried(node);
    let Some(place) = tried.iter().position(|n| *n == node) else { return };
    if tried.len() < 2 {
        state.notice = Some(format!("no other token was tried here: {} takes one", state.key(Action::Open)));
        return;
    }
    let next = (place.cast_signed() + by).rem_euclid(tried.len().cast_signed()).cast_unsigned();
    let end = state.tree.forward(tried[next]);
    go(state, Some(end));
    state.position = position;
    state.notice = Some(format!("{} of {} tokens tried at {position}", next + 1, tried.len()));
}

/// Removes the branch that begins with `start`. The present text then ends before it, if it went through it.
pub(crate) fn remove(state: &mut State, start: NodeId) {
    let from = state.node;
    let Some(parent) = state.tree.parent(start) else {
        state.notice = Some("the first text stays".into());
        return;
    };
    let to = if state.tree.path(from).contains(&start) { Some(parent) } else { from };
    state.tree.set_removed(start, true);
    if to != from {
        show_change(state, to);
    }
    record(state, Move { from, to, removed: Some(start), run: false });
    state.notice = Some(format!("removed; {} brings it back", state.key(Action::Undo)));
}

/// Takes the last move back (`true`), or makes it again.
pub(crate) fn undo(state: &mut State, back: bool) {
    let found = if back { state.undo.pop() } else { state.redo.pop() };
    let Some(found) = found else {
        state.notice = Some(if back { "nothing to undo" } else { "nothing to redo" }.into());
        return;
    };
    if let Some(node) = found.removed {
        state.tree.set_removed(node, !back);
    }
    show_change(state, if back { found.from } else { found.to });
    if back { state.redo.push(found) } else { state.undo.push(found) }
}

/// Makes what follows `position` again, as a branch: with the next seed, or with the present decoding from the first
/// token on that it would not take.
pub(crate) fn again(state: &mut State, replay: bool) {
    let len = state.text.len();
    let start = if replay {
        (1..len).find(|p| matches!(flag(state, *p), Some((_, Some(Flag::Other)))))
    } else {
        Some(state.position.max(state.prompt_len()).max(1))
    };
    let sampling = &mut state.decoding.sampling;
    match start {
        None => state.notice = Some("the present decoding takes every token of this text".into()),
        Some(_) if !replay && !sampling.random => {
            let key = state.key(Action::Sampling);
            state.notice = Some(format!("greedy takes the same token again: {key} chooses sampling"));
        }
        Some(start) => {
            if !replay {
                sampling.seed = sampling.seed.wrapping_add(1);
            }
            cut(state, start);
            state.run = (len > start).then_some(len - start);
            state.take_when_known = state.run.is_some();
        }
    }
}

/// Shows another text; the cursor goes to where it first differs.
fn show_change(state: &mut State, end: Option<NodeId>) {
    let before: Vec<TokenId> = state.text.iter().map(|token| token.id).collect();
    show(state, end);
    let same = before.iter().zip(&state.text).take_while(|(a, b)| **a == b.id).count();
    state.position = same.min(state.open_slot());
}

pub(super) fn show(state: &mut State, end: Option<NodeId>) {
    state.run = None;
    state.take_when_known = false;
    state.following = false;
    state.asking.halted = None;
    state.keeping.restated = None;
    state.reading = None;
    let path = state.tree.path(end);
    state.text = path.iter().map(|node| state.tree.token(*node).clone()).collect();
    state.traces = path.iter().map(|node| state.tree.trace(*node).cloned()).collect();
    state.traces.push(end.and_then(|node| state.tree.slot(node).cloned()));
    state.node = end;
    let branches = state.tree.branches(end);
    state.branch = branches.iter().position(|branch| Some(branch.end) == end).unwrap_or(0);
}

fn record(state: &mut State, made: Move) {
    state.undo.push(made);
    state.redo.clear();
}
