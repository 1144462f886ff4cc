//! Counts and sums over positions: what shards are joined by, and everything that is reported follows from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    early_exit::{self, Left},
    settings::Settings,
    sum::Sum,
};

/// Bins of the calibration error, of equal width over the top token's probability: bin b holds b/15 ≤ p < (b+1)/15, the
/// last one also 1.
pub const BINS: usize = 15;

/// All counts and sums of an evaluation, or of a part of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Windows measured.
    pub windows: u64,
    /// Tokens scored.
    pub tokens: u64,
    /// Bytes of text that they stand for; special tokens stand for none.
    pub bytes: u64,
    /// Last words measured, their tokens, and those that were too long for one stride.
    pub words: u64,
    /// Tokens of the last words.
    pub word_tokens: u64,
    /// Last words that one stride does not hold: not measured.
    pub long_words: u64,
    /// By readout, as the settings list them.
    pub readouts: Vec<ReadoutTally>,
    /// By exit: positions whose decision layer it is.
    pub decided: Vec<u64>,
    /// By pair of exits: positions with the same top token; symmetric, the diagonal counts all.
    pub same_top: Vec<Vec<u64>>,
    /// By exit with a lens: how it compares with the lens at its layer.
    pub lenses: Vec<Compared>,
    /// By early-exit policy.
    #[serde(default)]
    pub policies: Vec<Left>,
    /// By window's number.
    pub continuations: BTreeMap<u64, Continued>,
}

/// Of one distribution.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadoutTally {
    /// Σ −ln p of the text's tokens.
    pub nats: Sum,
    /// Positions where the text's token is the top token.
    pub correct: u64,
    /// Against original.
    #[serde(flatten)]
    pub original: Compared,
    /// Last words whose every token is the top token.
    pub words_correct: u64,
    /// Σ −ln p of the last words' tokens.
    pub word_nats: Sum,
    /// For the calibration error, [`BINS`] of them.
    pub bins: Vec<Bin>,
}

/// One distribution against another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compared {
    /// Positions with the same top token.
    pub same: u64,
    /// Σ KL(other ‖ this), nats.
    pub kl: Sum,
    /// Σ of the Jensen-Shannon divergence, nats.
    pub js: Sum,
}

/// Positions of similar confidence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bin {
    /// How many.
    pub count: u64,
    /// Those where the top token is the text's.
    pub correct: u64,
    /// Σ of the top token's probability.
    pub confidence: Sum,
}

/// What came after the beginning of a window, greedily.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Continued {
    /// The ids that it began with.
    pub prompt: Vec<u32>,
    /// The ids added, by readout; `None` for a lens.
    pub added: Vec<Option<Vec<u32>>>,
}

impl Tally {
    /// Nothing counted yet.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let exits = settings.exits().len();
        let readout = ReadoutTally { bins: vec![Bin::default(); BINS], ..ReadoutTally::default() };
        Self {
            readouts: vec![readout; settings.readouts.len()],
            decided: vec![0; exits],
            same_top: vec![vec![0; exits]; exits],
            lenses: vec![Compared::default(); settings.lenses().len()],
            policies: early_exit::empty(settings),
            ..Self::default()
        }
    }

    /// Whether it counts what these settings ask for.
    #[must_use]
    pub fn fits(&self, settings: &Settings) -> bool {
        let empty = Self::new(settings);
        let bins = |readout: &ReadoutTally| readout.bins.len() == BINS;
        self.readouts.len() == empty.readouts.len()
            && self.readouts.iter().all(bins)
            && self.decided.len() == empty.decided.len()
            && self.same_top.len() == empty.same_top.len()
            && self.same_top.iter().all(|row| row.len() == empty.same_top.len())
            && self.lenses.len() == empty.lenses.len()
            && self.policies.len() == empty.policies.len()
            && self.policies.iter().all(|left| left.taken.len() == empty.decided.len())
            && self.continuations.values().all(|c| c.added.len() == empty.readouts.len())
    }

    /// Adds what another part of the same evaluation has counted.
    pub fn add(&mut self, other: &Self) {
        self.windows += other.windows;
        self.tokens += other.tokens;
        self.bytes += other.bytes;
        self.words += other.words;
        self.word_tokens += other.word_tokens;
        self.long_words += other.long_words;
        self.readouts.iter_mut().zip(&other.readouts).for_each(|(a, b)| a.add(b));
        self.decided.iter_mut().zip(&other.decided).for_each(|(a, b)| *a += b);
        let cells = self.same_top.iter_mut().flatten().zip(other.same_top.iter().flatten());
        cells.for_each(|(a, b)| *a += b);
        self.lenses.iter_mut().zip(&other.lenses).for_each(|(a, b)| a.add(b));
        self.policies.iter_mut().zip(&other.policies).for_each(|(a, b)| a.add(b));
        self.continuations.extend(other.continuations.iter().map(|(number, c)| (*number, c.clone())));
    }
}

impl ReadoutTally {
    fn add(&mut self, other: &Self) {
        self.nats += other.nats;
        self.correct += other.correct;
        self.original.add(&other.original);
        self.words_correct += other.words_correct;
        self.word_nats += other.word_nats;
        for (bin, other) in self.bins.iter_mut().zip(&other.bins) {
            bin.count += other.count;
            bin.correct += other.correct;
            bin.confidence += other.confidence;
        }
    }
}

impl Compared {
    fn add(&mut self, other: &Self) {
        self.same += other.same;
        self.kl += other.kl;
        self.js += other.js;
    }

    /// Counts one position.
    pub fn count(&mut self, same: bool, kl: f64, js: f64) {
        self.add(&Self { same: u64::from(same), kl: Sum::of(kl), js: Sum::of(js) });
    }
}
