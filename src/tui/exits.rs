//! The exit lab's own state: which policy is looked at, with which thresholds, and how work is counted; and its page of
//! exits against exits.

mod matrix;

use super::{
    keymap::Action,
    methods,
    state::{State, View},
};
use crate::session::{
    leaving::{self, Glance, Outcome, Policy, Rule},
    trace::{ExitId, Method},
};

pub(crate) use self::matrix::Matrix;
pub(super) use self::matrix::{differ, tops, turn};

/// Tokens below which shares say nothing.
pub(crate) const FEWEST: usize = 5;

/// Which policy, and the thresholds of all.
#[derive(Clone, Debug)]
pub(crate) struct Exits {
    /// Index in [`Policy::ALL`].
    pub(crate) policy: usize,
    /// By policy: index among its steps; `None` before the user has moved it.
    thresholds: [Option<usize>; Policy::ALL.len()],
    /// Work counts every head up to the exit, not its own alone.
    pub(crate) every_head: bool,
    pub(crate) matrix: Matrix,
}

impl Default for Exits {
    fn default() -> Self {
        Self { policy: 0, thresholds: [None; Policy::ALL.len()], every_head: false, matrix: Matrix::default() }
    }
}

/// The thresholds that a policy can have, with so many exits; the default one's place.
pub(crate) fn steps(policy: Policy, exits: usize) -> (Vec<f32>, usize) {
    let by = |from: usize, to: usize, step: f32| (from..=to).map(|n| n as f32 * step).collect::<Vec<f32>>();
    match policy {
        Policy::Confidence => (by(1, 19, 0.05), 5),
        Policy::Margin => (by(0, 18, 0.05), 4),
        Policy::Entropy => (by(1, 16, 0.5), 6),
        Policy::Patience => (by(2, exits.max(2), 1.0), 1.min(exits.saturating_sub(2))),
        Policy::Fixed => (by(0, exits.saturating_sub(1), 1.0), exits.saturating_sub(2) / 2),
        Policy::Oracle | Policy::Decided => (vec![0.0], 0),
    }
}

/// What the view shows: the positions that count, and what every policy comes to.
pub(crate) struct Lab {
    /// The positions, in order, and what their exits say.
    pub(crate) positions: Vec<usize>,
    pub(crate) glances: Vec<Vec<Glance>>,
    /// Whether these are the generated tokens alone.
    pub(crate) generated: bool,
    /// By policy.
    pub(crate) outcomes: Vec<(Rule, Outcome)>,
}

impl State {
    /// A policy with the threshold in force.
    pub(crate) fn rule(&self, policy: usize) -> Rule {
        let exits = self.card.as_ref().map_or(0, |card| card.exits.len());
        let (steps, usual) = steps(Policy::ALL[policy], exits);
        let at = self.exits.thresholds[policy].unwrap_or(usual).min(steps.len() - 1);
        Rule { policy: Policy::ALL[policy], threshold: steps[at] }
    }

    /// Applies all policies to the generated tokens; where they are too few, to the whole text.
    pub(crate) fn lab(&self) -> Option<Lab> {
        let card = self.card.as_ref()?;
        let known = |position: usize| {
            let trace = self.trace(position).filter(|trace| !trace.is_partial())?;
            Some((position, leaving::glances(trace, card.blocks)?))
        };
        let from = |start: usize| (start.max(1)..self.text.len()).filter_map(known).unzip();
        let (mut positions, mut glances): (Vec<usize>, Vec<Vec<Glance>>) = from(self.prompt_len());
        let generated = positions.len() >= FEWEST;
        if !generated {
            (positions, glances) = from(1);
        }
        let cost = leaving::cost(card);
        let apply = |n| {
            let rule = self.rule(n);
            (rule, rule.apply(&glances, cost))
        };
        let outcomes = (0..Policy::ALL.len()).map(apply).collect();
        Some(Lab { positions, glances, generated, outcomes })
    }

    /// The exit of a row of glances: they come from below, the card's from above.
    pub(crate) fn exit_from_below(&self, at: usize) -> Option<ExitId> {
        let exits = &self.card.as_ref()?.exits;
        exits.iter().rev().nth(at).copied()
    }
}

/// An arrow key.
pub(super) fn step(state: &mut State, action: Action) {
    if state.exits.matrix.shown {
        return matrix::step(state, action);
    }
    let up = action == Action::Up;
    let at = state.exits.policy;
    state.exits.policy = if up { at.saturating_sub(1) } else { (at + 1).min(Policy::ALL.len() - 1) };
}

/// A smaller or greater threshold of the policy.
pub(super) fn threshold(state: &mut State, action: Action) {
    let (policy, exits) = (state.exits.policy, state.card.as_ref().map_or(0, |card| card.exits.len()));
    let (steps, usual) = steps(Policy::ALL[policy], exits);
    if steps.len() < 2 {
        state.notice = Some("this policy knows the answer: it has no threshold".into());
        return;
    }
    let at = state.exits.thresholds[policy].unwrap_or(usual);
    let moved = if action == Action::LessAlpha { at.saturating_sub(1) } else { (at + 1).min(steps.len() - 1) };
    state.exits.thresholds[policy] = Some(moved);
}

/// Whether the threshold's keys belong to the lab.
pub(super) fn has_keys(state: &State) -> bool {
    state.view == View::Exits && !state.exits.matrix.shown
}

/// Enter: decodes by the policy, as far as the screen can.
pub(super) fn adopt(state: &mut State) {
    if state.exits.matrix.shown {
        return matrix::adopt(state);
    }
    let rule = state.rule(state.exits.policy);
    let fixed = (rule.policy == Policy::Fixed).then(|| state.lab()).flatten();
    let exit = fixed.and_then(|lab| lab.outcomes[state.exits.policy].1.taken.first().copied());
    match exit.and_then(|at| state.exit_from_below(at)) {
        Some(exit) => {
            methods::decode_by(state, Method::Exit(exit));
            state.notice = Some(format!("exit {exit} decides from the next token on"));
        }
        None if rule.policy.knows() => state.notice = Some("this policy knows the answer: it cannot decode".into()),
        None => state.notice = Some("only a fixed exit decodes here: the others are looked at".into()),
    }
}
