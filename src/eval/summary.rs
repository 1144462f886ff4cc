//! What follows from a tally: the numbers that are reported.

use serde::Serialize;

use super::{
    early_exit::{self, PolicySummary},
    settings::{Readout, Settings},
    tally::{Bin, Compared, Continued, ReadoutTally, Tally},
};
use crate::decode::repetition;

/// How last words are measured, said wherever their numbers are.
pub const LAST_WORD: &str = "the last word of every document: what follows its last white space, punctuation included, with \
    the white space before it; it counts as right if every one of its tokens is the top token given the text before it; \
    perplexity over its tokens";

/// Everything that is reported. What nothing was measured for is NaN, in JSON null.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// Tokens scored.
    pub tokens: u64,
    /// Bytes of text that they stand for.
    pub bytes: u64,
    /// Windows they were scored in.
    pub windows: u64,
    /// Last words measured.
    pub words: u64,
    /// How.
    pub last_word_protocol: &'static str,
    /// By readout.
    pub readouts: Vec<ReadoutSummary>,
    /// By exit: how many positions are decided there, and their share.
    pub decision_layers: Vec<Decided>,
    /// By pair of exits, in the order of the readouts: the share of positions with the same top token.
    pub agreement: Vec<Vec<f64>>,
    /// Every exit against the lens at its layer.
    pub head_against_lens: Vec<Against>,
    /// What early-exit policies come to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<PolicySummary>,
}

/// The numbers of one readout.
#[derive(Clone, Debug, Serialize)]
pub struct ReadoutSummary {
    /// Its name.
    pub name: String,
    /// What it is.
    #[serde(flatten)]
    pub readout: Readout,
    /// Mean −ln p of the text's tokens.
    pub nats_per_token: f64,
    /// Its exponential.
    pub perplexity: f64,
    /// The exponential of the nats a byte of text.
    pub perplexity_per_byte: f64,
    /// Bits a byte of text.
    pub bits_per_byte: f64,
    /// Share of positions whose top token is the text's.
    pub accuracy: f64,
    /// Share of last words whose every token is the top token.
    pub last_word_accuracy: f64,
    /// exp of the mean −ln p over the tokens of last words.
    pub last_word_perplexity: f64,
    /// exp of the mean −ln p of whole last words, as the lm-evaluation-harness reports it.
    pub last_word_perplexity_per_word: f64,
    /// Share of positions with original's top token.
    pub agreement_with_original: f64,
    /// Mean KL(original ‖ this), nats.
    pub kl: f64,
    /// Mean Jensen-Shannon divergence to original, nats.
    pub js: f64,
    /// Expected calibration error.
    pub calibration_error: f64,
    /// What it is computed from.
    pub reliability: Vec<Reliability>,
    /// Of the continuations, if any were made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub continuations: Option<Repetition>,
}

/// A bin of the reliability diagram.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Reliability {
    /// Positions in it.
    pub count: u64,
    /// Their mean top probability.
    pub confidence: f64,
    /// Share of them whose top token is the text's.
    pub accuracy: f64,
}

/// How much greedy continuations repeat themselves.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Repetition {
    /// How many.
    pub texts: usize,
    /// rep-n for n = 1 to 4.
    pub rep: [f64; 4],
    /// distinct-n for n = 1 to 4.
    pub distinct: [f64; 4],
    /// Product of 1 − rep-n for n = 2 to 4.
    pub diversity: f64,
}

/// Positions decided at an exit.
#[derive(Clone, Debug, Serialize)]
pub struct Decided {
    /// The exit.
    pub exit: String,
    /// How many.
    pub positions: u64,
    /// Their share.
    pub share: f64,
}

/// An exit against the lens at its layer.
#[derive(Clone, Debug, Serialize)]
pub struct Against {
    /// The exit.
    pub exit: String,
    /// Share of positions with the same top token.
    pub agreement: f64,
    /// Mean KL(exit ‖ lens), nats.
    pub kl: f64,
    /// Mean Jensen-Shannon divergence, nats.
    pub js: f64,
}

impl Summary {
    /// Of a tally that was made with these settings.
    #[must_use]
    pub fn of(settings: &Settings, tally: &Tally) -> Self {
        let n = tally.tokens;
        let share = |count: u64| count as f64 / n as f64;
        let exits: Vec<String> = settings.exits().iter().map(ToString::to_string).collect();
        let decided = exits.iter().zip(&tally.decided);
        let lenses = settings.lenses().into_iter().zip(&tally.lenses);
        let readouts = settings.readouts.iter().zip(&tally.readouts).enumerate();
        Self {
            tokens: n,
            bytes: tally.bytes,
            windows: tally.windows,
            words: tally.words,
            last_word_protocol: LAST_WORD,
            readouts: readouts.map(|(place, (readout, own))| summary(place, readout.clone(), own, tally)).collect(),
            decision_layers: decided
                .map(|(exit, count)| Decided { exit: exit.clone(), positions: *count, share: share(*count) })
                .collect(),
            agreement: tally.same_top.iter().map(|row| row.iter().copied().map(share).collect()).collect(),
            head_against_lens: lenses
                .map(|(exit, Compared { same, kl, js })| Against {
                    exit: exit.to_string(),
                    agreement: share(*same),
                    kl: kl.mean(n),
                    js: js.mean(n),
                })
                .collect(),
            policies: early_exit::summary(settings, &tally.policies, n),
        }
    }
}

fn summary(place: usize, readout: Readout, own: &ReadoutTally, tally: &Tally) -> ReadoutSummary {
    let n = tally.tokens;
    let per_byte = own.nats.mean(tally.bytes);
    ReadoutSummary {
        name: readout.to_string(),
        readout,
        nats_per_token: own.nats.mean(n),
        perplexity: own.nats.mean(n).exp(),
        perplexity_per_byte: per_byte.exp(),
        bits_per_byte: per_byte / std::f64::consts::LN_2,
        accuracy: own.correct as f64 / n as f64,
        last_word_accuracy: own.words_correct as f64 / tally.words as f64,
        last_word_perplexity: own.word_nats.mean(tally.word_tokens).exp(),
        last_word_perplexity_per_word: own.word_nats.mean(tally.words).exp(),
        agreement_with_original: own.original.same as f64 / n as f64,
        kl: own.original.kl.mean(n),
        js: own.original.js.mean(n),
        calibration_error: calibration_error(&own.bins),
        reliability: own.bins.iter().map(reliability).collect(),
        continuations: repetition_of(place, tally.continuations.values()),
    }
}

fn reliability(bin: &Bin) -> Reliability {
    let accuracy = bin.correct as f64 / bin.count as f64;
    Reliability { count: bin.count, confidence: bin.confidence.mean(bin.count), accuracy }
}

/// Σ over the bins of |accuracy − confidence|, weighted by the share of positions (Guo et al., 2017).
fn calibration_error(bins: &[Bin]) -> f64 {
    let all: u64 = bins.iter().map(|bin| bin.count).sum();
    bins.iter().map(|bin| (bin.correct as f64 - bin.confidence.value()).abs()).sum::<f64>() / all as f64
}

fn repetition_of<'t>(place: usize, continued: impl Iterator<Item = &'t Continued>) -> Option<Repetition> {
    let texts: Vec<&[u32]> = continued.filter_map(|c| c.added.get(place)?.as_deref()).collect();
    (!texts.is_empty()).then(|| Repetition {
        texts: texts.len(),
        rep: [1, 2, 3, 4].map(|n| repetition::repeated(&texts, n)),
        distinct: [1, 2, 3, 4].map(|n| repetition::distinct(&texts, n)),
        diversity: repetition::diversity(&texts),
    })
}
