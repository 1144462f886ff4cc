//! Texts side by side. Each lane is a text with a decoding of its own; the present one is what the rest of the screen
//! shows, changes and asks about, and knows nothing of the others: they wait here, and take its place for a moment when
//! something is theirs.

mod kept;
mod keys;
mod steps;

use std::{collections::HashMap, sync::Arc};

use super::{
    keymap::Action,
    methods::Methods,
    moves::Move,
    state::{State, TextToken, View, Wish},
    tree::NodeId,
};
use crate::session::{
    lanes::{Summary, first_difference},
    protocol::Query,
    trace::{Decoding, ExitId, Method, Pair, Sampling, StepTrace, TokenId},
};

pub(super) use self::{
    kept::{restore, saved},
    keys::{add, click, keep_added, remove, restore_added, turn_by},
    steps::{ask_to_take, hear, step_back, take},
};
pub(crate) use crate::session::lanes::MOST;

/// What is a lane's own while another one is present. Of the present lane this is in the state, and empty here.
#[derive(Debug)]
struct Own {
    text: Vec<TextToken>,
    traces: Vec<Option<Arc<StepTrace>>>,
    node: Option<NodeId>,
    undo: Vec<Move>,
    redo: Vec<Move>,
    pair: Pair,
    decoding: Decoding,
    methods: Methods,
}

impl Default for Own {
    fn default() -> Self {
        let pair = Pair { expert: ExitId::Original, amateur: ExitId::Original, alpha: 0.1, min_candidates: 1 };
        let decoding = Decoding { method: Method::Exit(ExitId::Original), sampling: Sampling::default() };
        let (text, traces, undo, redo) = (Vec::new(), vec![None], Vec::new(), Vec::new());
        Self { text, traces, node: None, undo, redo, pair, decoding, methods: Methods::default() }
    }
}

impl Own {
    /// Whether its next token is still to come.
    fn awaits(&self, context: usize) -> bool {
        let known = self.traces.last().and_then(Option::as_ref).is_some_and(|trace| trace.decoding == self.decoding);
        self.text.len() < context && !known
    }
}

/// A lane.
#[derive(Debug, Default)]
struct Lane {
    /// What the engine knows it by.
    id: usize,
    own: Own,
    /// Milliseconds of its steps, and how many those were.
    millis: (f32, u32),
}

/// The lanes.
#[derive(Debug)]
pub(crate) struct Lanes {
    all: Vec<Lane>,
    present: usize,
    /// The run, or the token that is waited for, is of all lanes.
    together: bool,
    /// The panel that is open is that of a lane just added, which Esc takes away: the lane that was present before.
    adding: Option<usize>,
}

impl Default for Lanes {
    fn default() -> Self {
        Self { all: vec![Lane::default()], present: 0, together: false, adding: None }
    }
}

impl Lanes {
    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.all.len()
    }

    /// The place of the one that the rest of the screen shows.
    pub(crate) fn present(&self) -> usize {
        self.present
    }

    /// What the engine knows the present one by.
    pub(super) fn id(&self) -> usize {
        self.all[self.present].id
    }

    /// Whether what is taken is taken in all of them.
    pub(super) fn is_together(&self) -> bool {
        self.together && self.all.len() > 1
    }

    /// A key that takes tokens, in a view: in Lanes it is meant for all of them.
    pub(super) fn are_meant(&mut self, view: View) {
        self.together = view == View::Lanes;
    }

    /// A move that takes tokens in the present lane alone.
    pub(super) fn one_is_meant(&mut self) {
        self.together = false;
    }

    /// Forgets how fast steps were: another engine takes them from now on.
    pub(super) fn forget_pace(&mut self) {
        self.all.iter_mut().for_each(|lane| lane.millis = (0.0, 0));
    }

    /// The mean of a lane's steps in milliseconds.
    fn millis(&self, n: usize) -> Option<f32> {
        let (sum, count) = self.all[n].millis;
        (count > 0).then(|| sum / count as f32)
    }
}

/// Puts what is a lane's own in the place of what the state has.
fn exchange(state: &mut State, n: usize) {
    let own = &mut state.lanes.all[n].own;
    std::mem::swap(&mut own.text, &mut state.text);
    std::mem::swap(&mut own.traces, &mut state.traces);
    std::mem::swap(&mut own.node, &mut state.node);
    std::mem::swap(&mut own.undo, &mut state.undo);
    std::mem::swap(&mut own.redo, &mut state.redo);
    std::mem::swap(&mut own.pair, &mut state.pair);
    std::mem::swap(&mut own.decoding, &mut state.decoding);
    std::mem::swap(&mut own.methods, &mut state.methods);
}

/// Makes a lane the present one; the cursor stays at the same distance from the end of the prompt.
fn turn(state: &mut State, n: usize) {
    if n == state.lanes.present {
        return;
    }
    let (position, prompt) = (state.position, state.prompt_len());
    let present = state.lanes.present;
    exchange(state, present);
    exchange(state, n);
    state.lanes.present = n;
    state.position = aligned(position, prompt, state);
}

/// A position of a text whose prompt has so many tokens, in the state's text.
fn aligned(position: usize, prompt: usize, state: &State) -> usize {
    (position + state.prompt_len()).saturating_sub(prompt).min(state.open_slot())
}

/// Does something in a lane as if it were the present one. The cursor and what is open are not its business.
pub(super) fn within<T>(state: &mut State, n: usize, work: impl FnOnce(&mut State) -> T) -> T {
    let present = state.lanes.present;
    if n == present {
        return work(state);
    }
    let panel = state.panel.take();
    let kept = (state.position, state.following, state.branch);
    turn(state, n);
    state.following = false;
    let result = work(state);
    turn(state, present);
    (state.position, state.following, state.branch) = kept;
    state.panel = panel;
    result
}

impl State {
    /// The lanes that the engine is asked about, the present one first.
    pub(super) fn asked_lanes(&self) -> Vec<usize> {
        let (present, count) = (self.lanes.present, self.lanes.count());
        let going = self.lanes.is_together() && self.take_when_known;
        let others = if self.view == View::Lanes || going { count } else { 1 };
        (0..others).map(|n| (present + n) % count).collect()
    }

    /// The place of the lane that a query is about, if it is still there.
    pub(super) fn lane_of(&self, query: &Query) -> Option<usize> {
        self.lanes.all.iter().position(|lane| lane.id == query.lane)
    }

    /// Whether the next token of some other lane, which the view shows, is still to come.
    pub(super) fn lanes_wait(&self) -> bool {
        let Some(context) = self.card.as_ref().map(|card| card.context) else { return false };
        let others = || self.lanes.all.iter().enumerate().filter(|(n, _)| *n != self.lanes.present);
        self.view == View::Lanes && others().any(|(_, lane)| lane.own.awaits(context))
    }

    /// A lane as its own screen would show it: a state of which only that is there. The present one, too.
    pub(crate) fn of_lane(&self, n: usize) -> State {
        let lane = &self.lanes.all[n];
        let is_present = n == self.lanes.present;
        let mut shown = State::new(String::new(), Wish::default());
        let (text, traces) = if is_present { (&self.text, &self.traces) } else { (&lane.own.text, &lane.own.traces) };
        let (decoding, pair) =
            if is_present { (&self.decoding, self.pair) } else { (&lane.own.decoding, lane.own.pair) };
        (shown.text, shown.traces) = (text.clone(), traces.clone());
        (shown.decoding, shown.pair) = (decoding.clone(), pair);
        shown.card.clone_from(&self.card);
        shown.stopped.clone_from(&self.stopped);
        shown.keeping.mark_model(self.has_model());
        (shown.view, shown.ribbon, shown.tick, shown.row) = (self.view, self.ribbon, self.tick, self.row);
        (shown.display, shown.window) = (self.display, self.window);
        shown.take_when_known = is_present && self.take_when_known;
        shown.following = is_present && self.following;
        shown.position = aligned(self.position, self.prompt_len(), &shown);
        shown
    }

    /// Bytes of everything that is known about the tokens of all texts, each trace once.
    pub(super) fn trace_bytes(&self) -> usize {
        let own = self.lanes.all.iter().flat_map(|lane| &lane.own.traces).chain(&self.traces).flatten();
        let all: HashMap<*const StepTrace, usize> =
            own.chain(self.tree.traces()).map(|trace| (Arc::as_ptr(trace), trace.bytes())).collect();
        all.values().sum()
    }

    /// The end of a lane's text in the tree.
    #[cfg(test)]
    pub(crate) fn end_of_lane(&self, n: usize) -> Option<NodeId> {
        if n == self.lanes.present { self.node } else { self.lanes.all[n].own.node }
    }

    /// What a lane's own tokens come to; the state is that of [`State::of_lane`].
    pub(crate) fn summary(&self) -> Summary {
        let prompt = self.prompt_len();
        let ids: Vec<TokenId> = self.text[prompt..].iter().map(|token| token.id).collect();
        let known = self.traces[prompt.min(self.text.len())..self.text.len()].iter().flatten().map(|trace| &**trace);
        Summary::of(&ids, known, &self.decoding, self.card.as_ref().map_or(0, |card| card.blocks))
    }

    /// The ids of the prompt.
    pub(crate) fn prompt_ids(&self) -> Vec<TokenId> {
        self.text[..self.prompt_len()].iter().map(|token| token.id).collect()
    }

    /// The first position at which a lane has another token than the first one, if both have the same prompt.
    pub(crate) fn differs_from(&self, first: &State) -> Option<usize> {
        let ids = |state: &State| state.text.iter().map(|token| token.id).collect::<Vec<TokenId>>();
        (self.prompt_ids() == first.prompt_ids()).then(|| first_difference(&ids(first), &ids(self)))?
    }

    /// Milliseconds a token of a lane.
    pub(crate) fn lane_millis(&self, n: usize) -> Option<f32> {
        self.lanes.millis(n)
    }
}

/// What takes tokens says for whom.
pub(super) fn are_meant(state: &mut State, action: Action) {
    match action {
        Action::Take | Action::Run | Action::RunSome => {
            let view = state.view;
            state.lanes.are_meant(view);
        }
        Action::Again | Action::Replay => state.lanes.one_is_meant(),
        _ => {}
    }
}
