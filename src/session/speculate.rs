//! Self-speculative decoding with the exits: an early exit drafts, the whole model verifies several tokens in one pass.
//! The idea is LayerSkip's (Elhoushi et al., arXiv 2404.16710).
//!
//! The text is the one that plain steps make: every token is chosen by the one decoder from the target's logits, with
//! the history that is accepted and the random number of its position. The draft proposes by the same rule and the same
//! number from its own logits, so that alike distributions draw alike tokens. What differs is how the target's logits
//! are computed: in a batch. With f32 weights and cache that changes a logit by rounding alone (1e-5), so that only two
//! tokens as close as that could change places; other types round more in a batch, or less. A decoding that reads no
//! exit above some block needs no verification: its tokens are drafted for certain, in single steps as plain ones are,
//! and the blocks above follow in batches.

mod costs;
mod places;
mod policy;
#[cfg(test)]
mod policy_tests;
mod round;
mod stats;

use std::{collections::VecDeque, time::Instant};

use mexit_models::{Error, TokenId};

pub use self::{
    costs::{LONGEST, Shares, break_even, expected_tokens},
    places::require_exit,
    policy::{BUDGET, LOOK, Move, Outcome, Place, Policy},
    stats::{PlanStats, Stats},
};
use self::{places::Draft, policy::Move as Next};
use super::{
    protocol::Query,
    reader::{ReadError, Reader},
    trace::{Choice, Decoding, ExitId},
};

/// Whether, where and how far to speculate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Speculation {
    /// Where it is found to pay, and batches compute as steps do.
    #[default]
    Auto,
    /// Never.
    Off,
    /// Always.
    On {
        /// The exit to draft at; without one, the one nearest to a quarter of the blocks.
        exit: Option<ExitId>,
        /// Tokens of a draft, 1 to [`LONGEST`].
        length: Option<usize>,
    },
}

/// Tokens of a draft, unless told otherwise.
const LENGTH: usize = 3;
/// With rounds that were asked for, the one in so many after which a plain step is timed, to compare with.
const COMPARE: usize = 16;

/// Takes tokens of a text one by one, a round of several at a time.
pub struct Speculator {
    speculation: Speculation,
    /// For the decoding of the last token.
    work: Option<Work>,
    /// Tokens of the last round that have not been asked for.
    ahead: VecDeque<Choice>,
    /// The text before them.
    told: Vec<TokenId>,
    stats: Stats,
}

/// What goes with one decoding.
struct Work {
    decoding: Decoding,
    drafts: Vec<Draft>,
    policy: Policy,
    /// Tokens at the end of the text that this decoding has taken.
    known: usize,
}

impl Speculator {
    /// Speculates so.
    #[must_use]
    pub fn new(speculation: Speculation) -> Self {
        let (work, ahead, told, stats) = (None, VecDeque::new(), Vec::new(), Stats::default());
        Self { speculation, work, ahead, told, stats }
    }

    /// What has been done so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let plain_step = self.work.as_ref().and_then(|work| work.policy.plain());
        Stats { plain_step: plain_step.or(self.stats.plain_step), ..self.stats.clone() }
    }

    /// What the decoding of a query takes at the end of its text, as [`Reader::choose`] says it; at most `left` tokens
    /// are wanted, this one counted.
    ///
    /// # Errors
    /// As [`Reader::choose`].
    pub fn choose(&mut self, reader: &mut Reader, query: &Query, left: usize) -> Result<Choice, ReadError> {
        let text = query.text.get(..query.position).ok_or(Error::EmptyText)?;
        if self.work.as_ref().is_none_or(|work| work.decoding != query.decoding) {
            self.ahead.clear();
            self.work = Some(self.work_for(reader, &query.decoding));
        }
        if self.told != text {
            self.ahead.clear();
            if let Some(work) = &mut self.work {
                work.known = 0;
            }
            self.told = text.to_vec();
        }
        if self.ahead.is_empty() {
            self.advance(reader, query, left)?;
        }
        let choice = self.ahead.pop_front().ok_or(Error::EmptyText)?;
        self.told.push(choice.id);
        Ok(choice)
    }

    fn work_for(&mut self, reader: &Reader, decoding: &Decoding) -> Work {
        let (drafts, why_not) = places::drafts(reader.engine(), decoding, self.speculation);
        self.stats.why_not = why_not;
        let policy = Policy::new(drafts.iter().map(|draft| draft.place.clone()).collect());
        Work { decoding: decoding.clone(), drafts, policy, known: 0 }
    }

    /// Takes a token or several.
    fn advance(&mut self, reader: &mut Reader, query: &Query, left: usize) -> Result<(), ReadError> {
        let Some(work) = &mut self.work else { return Ok(()) };
        let text = &query.text[..query.position];
        // A draft goes on from a text whose last token has not been read.
        let is_next = text.split_last().is_some_and(|(_, before)| reader.engine().ids() == before);
        let room = left.min(reader.engine().context() - reader.engine().ids().len());
        while is_next && !work.drafts.is_empty() {
            match Self::next(self.speculation, work, &self.stats, room) {
                Next::Step => break,
                Next::Look { place } => {
                    let started = Instant::now();
                    let (judged, accepted) = round::look(reader, text, &work.decoding, &work.drafts[place], LOOK)?;
                    let seconds = started.elapsed().as_secs_f64();
                    work.policy.looked(place, judged, accepted, seconds);
                    self.stats.look_seconds += seconds;
                }
                Next::Round { place, length } => {
                    let draft = &work.drafts[place];
                    let (choices, outcome) = round::round(reader, text, &work.decoding, draft, length.min(room - 1))?;
                    work.policy.rounded(place, &outcome);
                    work.known += choices.len();
                    self.stats.rounded(draft.exit, length, draft.place.certain, &outcome);
                    self.ahead.extend(choices);
                    return Ok(());
                }
            }
        }
        let started = Instant::now();
        let choice = reader.choose(query)?;
        let seconds = started.elapsed().as_secs_f64();
        work.known += 1;
        if is_next {
            work.policy.stepped(seconds);
            self.stats.stepped(seconds);
        } else {
            work.policy.waited(seconds);
        }
        self.ahead.push_back(choice);
        Ok(())
    }

    fn next(speculation: Speculation, work: &Work, stats: &Stats, room: usize) -> Next {
        match speculation {
            Speculation::Off => Next::Step,
            Speculation::Auto => work.policy.next(room, work.known),
            Speculation::On { length, .. } => {
                // Some plain steps to compare with.
                let wanted = (stats.rounds / 2).min(Policy::ENOUGH) + stats.rounds / COMPARE;
                if room < 2 || stats.plain_tokens < wanted {
                    return Next::Step;
                }
                Next::Round { place: 0, length: length.unwrap_or(LENGTH).clamp(1, LONGEST) }
            }
        }
    }
}
