//! When to speculate, where to draft, and how far: decided by times and acceptance measured on the way, so that what
//! is tried in vain costs a bounded part of the whole. Pure: it is told times and does not measure them.

use super::costs::{Costs, Shares, expected_tokens};

/// What trying may cost, as a part of the time spent so far. Together with the error of a single prediction it keeps
/// `auto` within 3 % of plain.
pub const BUDGET: f64 = 0.02;
/// Positions that one look back judges.
pub const LOOK: usize = 8;
/// Lengths of drafts that are tried.
const LENGTHS: [usize; 6] = [1, 2, 3, 4, 5, 7];
/// A round must promise so much more than plain steps.
const MARGIN: f64 = 1.03;
/// A judgement counts half after so many tokens, of the text or drafted in vain: texts change.
const HALF_LIFE: f64 = 32.0;
/// Tokens after which what is known of an exit that was not in use counts no more.
const STALE: usize = 96;
/// Rounds after which a plain step is timed again: the machine's load changes, and a longer text costs more.
const REFRESH: usize = 24;

/// A place to draft at.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its arithmetic.
    pub shares: Shares,
    /// Whether it proposes what the decoding takes, always: its exits are no higher.
    pub certain: bool,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// A plain step.
    Step,
    /// Ask what a place would have proposed at the last [`LOOK`] positions.
    Look {
        /// Index of the place.
        place: usize,
    },
    /// Draft so many tokens and verify.
    Round {
        /// Index of the place.
        place: usize,
        /// Tokens to draft.
        length: usize,
    },
}

/// What came of a round.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// Tokens verified: those drafted, and the one before them.
    pub rows: usize,
    /// Tokens taken.
    pub taken: usize,
    /// Tokens proposed.
    pub drafted: usize,
    /// Those that were judged: up to the first that the target does not take.
    pub judged: usize,
    /// Those that the target takes, too.
    pub accepted: usize,
    /// Seconds of drafting.
    pub draft_seconds: f64,
    /// Seconds of verifying and choosing.
    pub verify_seconds: f64,
}

/// Acceptance at a place, newer judgements counting more.
#[derive(Clone, Debug, Default)]
struct Acceptance {
    judged: f64,
    accepted: f64,
    /// How many tokens there were when it was last looked at.
    at: Option<usize>,
}

impl Acceptance {
    fn add(&mut self, drafted: usize, judged: usize, accepted: usize, tokens: usize) {
        let age = self.at.map_or(0, |at| tokens - at).max(drafted);
        let kept = 0.5f64.powf(age as f64 / HALF_LIFE);
        self.judged = self.judged * kept + judged as f64;
        self.accepted = self.accepted * kept + accepted as f64;
        self.at = Some(tokens);
    }

    /// As if one had been right and one wrong before: few judgements promise neither all nor nothing.
    fn rate(&self) -> f64 {
        (self.accepted + 1.0) / (self.judged + 2.0)
    }
}

/// Decides, and keeps account.
#[derive(Clone, Debug)]
pub struct Policy {
    places: Vec<Place>,
    acceptance: Vec<Acceptance>,
    costs: Costs,
    /// Seconds spent in all.
    spent: f64,
    /// Seconds lost against plain steps; below zero, gained.
    lost: f64,
    tokens: usize,
    rounds_since_step: usize,
    /// Where the last round was.
    present: Option<usize>,
}

impl Policy {
    /// Plain steps before anything is compared with them.
    pub const ENOUGH: usize = Costs::ENOUGH;

    /// A policy over some places.
    #[must_use]
    pub fn new(places: Vec<Place>) -> Self {
        let acceptance = vec![Acceptance::default(); places.len()];
        let (costs, present) = (Costs::new(), None);
        Self { places, acceptance, costs, spent: 0.0, lost: 0.0, tokens: 0, rounds_since_step: 0, present }
    }

    /// Seconds of a plain step, once they are known.
    #[must_use]
    pub fn plain(&self) -> Option<f64> {
        self.costs.plain()
    }

    /// Seconds lost against plain steps so far; below zero, gained.
    #[must_use]
    pub fn lost(&self) -> f64 {
        self.lost
    }

    /// What to do where at most `room` tokens can be taken, and `known` of the last ones were taken by the decoding.
    #[must_use]
    pub fn next(&self, room: usize, known: usize) -> Move {
        if self.costs.plain().is_none() || room < 2 || self.rounds_since_step >= REFRESH {
            return Move::Step;
        }
        let rounds = || {
            let lengths = LENGTHS.into_iter().filter(|length| *length < room);
            lengths.flat_map(|length| (0..self.places.len()).map(move |place| (place, length)))
        };
        let promises = rounds().filter_map(|(place, length)| Some((self.promise(place, length)?, place, length)));
        let affordable = promises
            .filter(|(promise, place, _)| *promise >= MARGIN && !self.is_stale(*place))
            .filter(|(_, place, length)| self.allows(self.costs.worst(&self.places[*place].shares, length + 1) - 1.0));
        let best = affordable.max_by(|a, b| a.0.total_cmp(&b.0));
        let price = |place: usize| self.costs.worst_look(&self.places[place].shares, LOOK);
        // While something pays, others are looked at out of what it has gained.
        let may_look = |place: usize| match best {
            None => self.allows(price(place)),
            Some(_) => self.lost < 0.0 && self.allows(price(place)),
        };
        // Those never looked at first.
        let looked_at = |place: &usize| self.acceptance[*place].at.map_or(0, |at| at + 1);
        let looks = (0..self.places.len()).filter(|place| known >= LOOK && self.is_stale(*place) && may_look(*place));
        match (looks.min_by_key(looked_at), best) {
            (Some(place), _) => Move::Look { place },
            // A look is cheaper than a round in vain.
            (None, Some((_, place, _))) if self.is_hearsay(place) && self.allows(price(place)) => Move::Look { place },
            (None, Some((_, place, length))) => Move::Round { place, length },
            (None, None) => Move::Step,
        }
    }

    /// Whether nothing is known of a place for the present part of the text.
    fn is_stale(&self, place: usize) -> bool {
        !self.places[place].certain && self.acceptance[place].at.is_none_or(|at| self.tokens >= at + STALE)
    }

    /// Whether another place is in use and what is known of this one is about an earlier part of the text.
    fn is_hearsay(&self, place: usize) -> bool {
        let old = self.acceptance[place].at.is_none_or(|at| self.tokens >= at + LOOK);
        old && self.present != Some(place) && !self.places[place].certain
    }

    /// Tokens a second of rounds, over those of plain steps; `None` where nothing is known of the place.
    #[must_use]
    pub fn promise(&self, place: usize, length: usize) -> Option<f64> {
        let (found, acceptance) = (&self.places[place], &self.acceptance[place]);
        let rate = if found.certain { 1.0 } else { acceptance.at.map(|_| acceptance.rate())? };
        Some(expected_tokens(rate, length + 1) / self.costs.likely(&found.shares, length + 1))
    }

    /// Whether so many plain steps may be lost.
    fn allows(&self, steps: f64) -> bool {
        let plain = self.costs.plain().unwrap_or(f64::INFINITY);
        self.lost + steps * plain <= BUDGET * self.spent
    }

    /// Takes note of seconds that would have been spent in any case: the prompt's reading.
    pub fn waited(&mut self, seconds: f64) {
        self.spent += seconds;
    }

    /// Takes note of a plain step.
    pub fn stepped(&mut self, seconds: f64) {
        self.costs.stepped(seconds);
        self.spent += seconds;
        self.tokens += 1;
        self.rounds_since_step = 0;
    }

    /// Takes note of a look back.
    pub fn looked(&mut self, place: usize, judged: usize, accepted: usize, seconds: f64) {
        self.costs.looked(&self.places[place].shares, seconds);
        self.acceptance[place].add(judged, judged, accepted, self.tokens);
        self.spent += seconds;
        self.lost += seconds;
    }

    /// Takes note of a round.
    pub fn rounded(&mut self, place: usize, outcome: &Outcome) {
        let seconds = outcome.draft_seconds + outcome.verify_seconds;
        // Against what a step took before this round, whatever that teaches.
        self.lost += seconds - outcome.taken as f64 * self.costs.plain().unwrap_or(0.0);
        self.costs.round(&self.places[place].shares, outcome.rows, outcome.draft_seconds, outcome.verify_seconds);
        self.spent += seconds;
        self.tokens += outcome.taken;
        self.acceptance[place].add(outcome.drafted, outcome.judged, outcome.accepted, self.tokens);
        self.rounds_since_step += 1;
        self.present = Some(place);
    }
}
