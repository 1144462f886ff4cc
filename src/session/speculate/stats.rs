//! What speculation did, in numbers and in words.

use std::{collections::BTreeMap, fmt};

use super::{ExitId, Outcome, break_even};

/// Tokens, times and acceptance so far.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    /// Tokens taken, the first after a prompt was read left out.
    pub tokens: usize,
    /// Seconds of choosing them.
    pub seconds: f64,
    /// Those of them that plain steps took.
    pub plain_tokens: usize,
    /// Their seconds.
    pub plain_seconds: f64,
    /// Median seconds of a plain step, if enough were made.
    pub plain_step: Option<f64>,
    /// Seconds of asking exits what they would have proposed.
    pub look_seconds: f64,
    /// Rounds.
    pub rounds: usize,
    /// By exit and length.
    pub plans: BTreeMap<(ExitId, usize), PlanStats>,
    /// Why there is no place to draft at.
    pub why_not: Option<&'static str>,
}

/// The same of one exit and length of drafts.
#[derive(Clone, Debug, Default)]
pub struct PlanStats {
    /// Rounds.
    pub rounds: usize,
    /// Their seconds.
    pub seconds: f64,
    /// Tokens that they took.
    pub tokens: usize,
    /// Tokens drafted.
    pub drafted: usize,
    /// Those that were judged: up to the first that is wrong.
    pub judged: usize,
    /// Those that were accepted.
    pub accepted: usize,
    /// Whether the decoding itself proposes.
    pub certain: bool,
}

impl Stats {
    pub(super) fn stepped(&mut self, seconds: f64) {
        self.tokens += 1;
        self.seconds += seconds;
        self.plain_tokens += 1;
        self.plain_seconds += seconds;
    }

    pub(super) fn rounded(&mut self, exit: ExitId, length: usize, certain: bool, outcome: &Outcome) {
        let seconds = outcome.draft_seconds + outcome.verify_seconds;
        self.tokens += outcome.taken;
        self.seconds += seconds;
        self.rounds += 1;
        let plan = self.plans.entry((exit, length)).or_default();
        plan.rounds += 1;
        plan.seconds += seconds;
        plan.tokens += outcome.taken;
        plan.drafted += outcome.drafted;
        plan.judged += outcome.judged;
        plan.accepted += outcome.accepted;
        plan.certain = certain;
    }
}

impl Stats {
    /// Seconds of a plain step: the median, or the mean of a few.
    #[must_use]
    pub fn step_seconds(&self) -> Option<f64> {
        self.plain_step.or_else(|| (self.plain_tokens > 0).then(|| self.plain_seconds / self.plain_tokens as f64))
    }

    /// Tokens a second over those that plain steps would have given; `None` without a plain step to compare with.
    #[must_use]
    pub fn gain(&self) -> Option<f64> {
        let seconds = self.seconds + self.look_seconds;
        Some(self.tokens as f64 * self.step_seconds()? / seconds).filter(|gain| gain.is_finite())
    }
}

impl PlanStats {
    /// Accepted tokens of those judged.
    #[must_use]
    pub fn acceptance(&self) -> f64 {
        self.accepted as f64 / self.judged.max(1) as f64
    }

    /// Tokens a second over those of plain steps that take so many seconds.
    #[must_use]
    pub fn gain(&self, step_seconds: f64) -> f64 {
        self.tokens as f64 * step_seconds / self.seconds
    }

    /// The acceptance from which these rounds would pay, of drafts of so many tokens; `None` if none would.
    #[must_use]
    pub fn break_even(&self, length: usize, step_seconds: f64) -> Option<f64> {
        break_even(self.seconds / self.rounds.max(1) as f64 / step_seconds, length + 1)
    }
}

impl fmt::Display for Stats {
    /// Lines for a person.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.seconds + self.look_seconds;
        write!(f, "{} tokens in {seconds:.2} s: {:.1} a second", self.tokens, self.tokens as f64 / seconds)?;
        if let Some(step) = self.step_seconds().filter(|_| self.rounds > 0) {
            write!(f, "; by plain steps of {:.1} ms: {:.1}", step * 1e3, 1.0 / step)?;
        }
        if let (0, Some(reason)) = (self.rounds, self.why_not) {
            write!(f, "\nno speculation: {reason}")?;
        } else if self.rounds == 0 {
            write!(f, "\nno speculation")?;
            if self.look_seconds > 0.0 {
                write!(f, ": it would not have paid ({:.2} s to find out)", self.look_seconds)?;
            }
        }
        for ((exit, length), plan) in &self.plans {
            write!(f, "\nexit {exit}, {length} a draft: {} rounds, {} drafted, ", plan.rounds, plan.drafted)?;
            if plan.certain {
                write!(f, "all certain: nothing above decides")?;
            } else {
                write!(f, "{} accepted ({:.0} % of those judged", plan.accepted, 100.0 * plan.acceptance())?;
                match self.step_seconds().map(|step| plan.break_even(*length, step)) {
                    Some(Some(rate)) => write!(f, ", pays from {:.0} %)", 100.0 * rate)?,
                    Some(None) => write!(f, ", never pays)")?,
                    None => write!(f, ")")?,
                }
            }
            if let Some(step) = self.step_seconds() {
                write!(f, ": {:.2} times plain", plan.gain(step))?;
            }
        }
        Ok(())
    }
}
