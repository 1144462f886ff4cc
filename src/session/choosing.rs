//! What a decoding takes from the distribution that decides.

use super::trace::{Choice, Decoding, TokenId};
use crate::decode::{self, Contrast, Distribution, Scored, Scores};

/// The distribution that decides.
#[derive(Clone, Copy)]
pub(super) enum Deciding<'d> {
    Exit(&'d Distribution<'d>),
    /// A contrast, and its expert.
    Contrast(&'d Contrast, &'d Distribution<'d>),
    /// Scores, and the expert.
    Scores(&'d Scores, &'d Distribution<'d>),
}

impl Deciding<'_> {
    /// ln p of every token.
    pub(super) fn row(self) -> Vec<f32> {
        match self {
            Self::Exit(exit) => exit.ln_row(),
            Self::Contrast(contrast, expert) => contrast.row(expert),
            Self::Scores(scores, expert) => scores.row(expert.logits().len()),
        }
    }

    /// The first token. A token below τ has less than the mean of V, and so less than the best of it.
    fn best(self) -> Scored {
        match self {
            Self::Exit(exit) => exit.best(),
            Self::Contrast(contrast, expert) => contrast.best().unwrap_or_else(|| expert.best()),
            Self::Scores(scores, _) => scores.best(),
        }
    }

    /// What `decoding` takes at `position`, after `history`.
    pub(super) fn choose(self, position: usize, decoding: &Decoding, history: &[TokenId]) -> Choice {
        let sampling = &decoding.sampling;
        if !sampling.random && sampling.repetition_penalty == 1.0 {
            let Scored { id, ln_p } = self.best();
            return Choice { id: TokenId(id), ln_p, rank: 1, drawn: false };
        }
        let row = self.row();
        let history: Vec<u32> = history.iter().map(|id| id.0).collect();
        let chosen = decode::choose(&row, &history, sampling, position);
        let (ln_p, rank) = (row[chosen.id as usize], decode::rank(&row, chosen.id));
        Choice { id: TokenId(chosen.id), ln_p, rank, drawn: chosen.drawn }
    }
}
