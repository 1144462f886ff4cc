//! What is known about one position: the value that the screen, the JSON report and the tests all read.
//!
//! Position p is about how the token at p was or will be chosen: everything here follows from the tokens before it.
//! Probabilities are natural logarithms, entropies and divergences are nats.

use std::{borrow::Cow, sync::Arc};

use super::grid::Grid;

pub use mexit_models::{ExitId, TokenId};

pub use super::method::{Candidates, Custom, Dola, LogRatio, Method, Pair};
pub use super::scoring::ScoreTrace;
pub use crate::decode::{BadExpression, Distance, Expression, Sampling};

/// How the next token is decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoding {
    /// Which distribution decides.
    pub method: Method,
    /// How a token is drawn from it.
    pub sampling: Sampling,
}

/// Everything about one position. Immutable; shared by reference.
#[derive(Clone, Debug)]
pub struct StepTrace {
    /// Index of the token that is being chosen, from 0.
    pub position: usize,
    /// The decoding in force when this was computed.
    pub decoding: Decoding,
    /// The token that `rank`, `ln_p` of the rows are about: the text's token here, or at the open slot the proposal.
    pub subject: TokenId,
    /// One row an exit, original first, then downwards.
    pub exits: Arc<[ExitRow]>,
    /// The pair that the screen shows: the one deciding, or the one that would if contrast were on.
    pub contrast: Option<ContrastTrace>,
    /// How a decoding by scores came to its choice: a plain ratio, DoLa, or an expression.
    pub scores: Option<Box<ScoreTrace>>,
    /// What the decoding takes here, whatever the text has.
    pub choice: Choice,
    /// Tokens followed over the exits: those of [`followed`](super::reading::followed), then the pins asked for.
    pub pins: Arc<[PinRow]>,
    /// What every pair would choose, if that was asked for.
    pub grid: Option<Arc<Grid>>,
}

impl StepTrace {
    /// What was weighed: the scores that decide, told like a contrast, or a contrast.
    #[must_use]
    pub fn weighed(&self) -> Option<Cow<'_, ContrastTrace>> {
        let Some(scores) = &self.scores else { return self.contrast.as_ref().map(Cow::Borrowed) };
        let none = Pair { expert: scores.expert, amateur: scores.amateur, alpha: f32::NAN, min_candidates: 1 };
        Some(Cow::Owned(scores.as_contrast(self.decoding.method.pair_or(none))))
    }

    /// Bytes that this takes, all told.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let row = |row: &ExitRow| size_of::<ExitRow>() + row.top.capacity() * size_of::<Candidate>();
        let pin = |pin: &PinRow| {
            size_of::<PinRow>() + pin.ln_p.capacity() * size_of::<f32>() + pin.rank.capacity() * size_of::<u32>()
        };
        let contrast = |contrast: &ContrastTrace| {
            let tokens = contrast.plausible.capacity() + contrast.below.capacity();
            tokens * size_of::<Contrasted>() + contrast.over_alpha.capacity() * size_of::<TokenId>()
        };
        size_of::<Self>()
            + self.exits.iter().map(row).sum::<usize>()
            + self.pins.iter().map(pin).sum::<usize>()
            + self.contrast.as_ref().map_or(0, contrast)
            + self.scores.as_ref().map_or(0, |scores| scores.bytes())
            + self.grid.as_ref().map_or(0, |grid| grid.bytes())
    }

    /// Whether rows are still to come: original and the exits of the decoding and the pair are there.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.exits.iter().any(ExitRow::is_absent)
    }

    /// The exits whose numbers are not finite.
    pub fn broken(&self) -> impl Iterator<Item = ExitId> {
        self.exits.iter().filter(|row| row.is_broken()).map(|row| row.exit)
    }

    /// Whether this says what there is to say about a pair: that its exits are broken, too.
    #[must_use]
    pub fn answers(&self, pair: Pair) -> bool {
        match &self.contrast {
            Some(contrast) => contrast.pair == pair,
            None => self.broken().any(|exit| exit == pair.expert || exit == pair.amateur),
        }
    }
}

/// One token over the exits.
#[derive(Clone, Debug, PartialEq)]
pub struct PinRow {
    /// The token.
    pub id: TokenId,
    /// Its ln p at every exit, original first.
    pub ln_p: Vec<f32>,
    /// Its rank there, from 1.
    pub rank: Vec<u32>,
}

/// Most distinct top tokens that a trace follows over the exits without being asked.
pub const FOLLOWED: usize = 8;

/// What one exit says at a position.
#[derive(Clone, Debug)]
pub struct ExitRow {
    /// Which exit.
    pub exit: ExitId,
    /// The most probable tokens, best first.
    pub top: Vec<Candidate>,
    /// Entropy, nats.
    pub entropy: f32,
    /// KL(original ‖ this exit), nats; 0 for original itself.
    pub kl: f32,
    /// The Jensen-Shannon divergence between original and this exit, nats: 0 to ln 2.
    pub js: f32,
    /// Rank of the subject, from 1; 0 while the row is still to come.
    pub rank: u32,
    /// ln p of the subject.
    pub ln_p: f32,
}

impl ExitRow {
    /// The row of an exit that has not been computed yet.
    #[must_use]
    pub fn absent(exit: ExitId) -> Self {
        Self { exit, top: Vec::new(), entropy: 0.0, kl: 0.0, js: 0.0, rank: 0, ln_p: 0.0 }
    }

    /// The row of an exit that gives numbers that are not finite.
    #[must_use]
    pub fn nan(exit: ExitId) -> Self {
        let nan = f32::NAN;
        Self { exit, top: Vec::new(), entropy: nan, kl: nan, js: nan, rank: u32::MAX, ln_p: nan }
    }

    /// Whether the row is still to come: ranks count from 1.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        self.rank == 0
    }

    /// Whether the exit's numbers are not finite.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.top.is_empty() && self.entropy.is_nan()
    }
}

/// A token with its log-probability.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// The token.
    pub id: TokenId,
    /// ln p, nats.
    pub ln_p: f32,
}

/// What the contrast did at a position.
#[derive(Clone, Debug)]
pub struct ContrastTrace {
    /// The pair and its parameters.
    pub pair: Pair,
    /// ln τ, the threshold of plausibility.
    pub ln_tau: f32,
    /// The plausible set V, best result first; cut after [`ContrastTrace::STORED`] tokens.
    pub plausible: Vec<Contrasted>,
    /// The first tokens below τ by the expert's probability: they keep it.
    pub below: Vec<Contrasted>,
    /// How many tokens V holds.
    pub plausible_len: usize,
    /// Sum over V of the expert's probability.
    pub mass: f32,
    /// KL(contrast ‖ expert), nats: the contrast's effect.
    pub effect: f32,
    /// What the expert alone would take, with its ln p.
    pub expert_alone: Candidate,
    /// The token that would be first at each α of [`ALPHAS`].
    pub over_alpha: Vec<TokenId>,
}

impl ContrastTrace {
    /// How many plausible tokens a trace keeps.
    pub const STORED: usize = 64;
}

/// The α whose winner is shown beside the present one.
pub const ALPHAS: [f32; 8] = [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0];

/// One token under the contrast.
#[derive(Clone, Copy, Debug)]
pub struct Contrasted {
    /// The token.
    pub id: TokenId,
    /// ln p of the expert.
    pub expert: f32,
    /// ln p of the amateur.
    pub amateur: f32,
    /// ln p of the result.
    pub result: f32,
    /// Rank by the expert, from 1.
    pub expert_rank: u32,
    /// Rank by the result within V, from 1; below τ the rank by the expert.
    pub result_rank: u32,
}

/// What the decoding takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// The token.
    pub id: TokenId,
    /// Its ln p under the deciding distribution, before sampling; NaN if that is broken and so decides nothing.
    pub ln_p: f32,
    /// Its rank there, from 1.
    pub rank: u32,
    /// True if it came from a random draw.
    pub drawn: bool,
}
