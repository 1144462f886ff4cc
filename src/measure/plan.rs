//! What a round does, as far as a model's context holds it.

use mexit_models::{Error, ExitId, Model, TokenId, demo};

use crate::session::trace::{Decoding, Method, Pair, Sampling};

/// Lengths, positions, and the text that is read.
#[derive(Debug)]
pub(super) struct Plan {
    /// As many tokens as the context holds: of the demo's text, again and again.
    pub(super) text: Vec<TokenId>,
    /// Lengths of prompts whose first token is timed.
    pub(super) prompts: Vec<usize>,
    /// Where steps are timed first.
    pub(super) early: usize,
    /// And near the end of the context.
    pub(super) late: usize,
    /// Length of the prompt that is filled in.
    pub(super) fill: usize,
    /// Single steps a round.
    pub(super) steps: usize,
    /// Tokens of a run.
    pub(super) run: usize,
    /// Positions filled in at once.
    pub(super) batch: usize,
    /// The contrast of two exits that runs decode with.
    pub(super) pair: Pair,
}

impl Plan {
    pub(super) fn of(model: &Model) -> Result<Self, Error> {
        let context = model.spec.context;
        let ids = model.tokenizer.encode(demo::HELD_OUT)?;
        let text: Vec<TokenId> = ids.iter().copied().cycle().take(context).collect();
        let mut prompts: Vec<usize> = [32, 256, 1000].into_iter().filter(|n| *n <= context).collect();
        if prompts.is_empty() {
            prompts.push(context);
        }
        let steps = 8.min(context / 4).max(1);
        let early = 64.min(context / 4).max(2);
        // The amateur that users start with: halfway up.
        let half = model.spec.blocks / 2;
        let amateur =
            model.spec.exits.iter().min_by_key(|k| k.abs_diff(half)).map_or(ExitId::Original, |k| ExitId::Block(*k));
        Ok(Self {
            text,
            prompts,
            early,
            late: 900.min(context - steps),
            fill: 512.min(context),
            steps,
            run: 32.min(context - early),
            batch: 16,
            pair: Pair { expert: ExitId::Original, amateur, alpha: 0.1, min_candidates: 1 },
        })
    }

    /// Greedy, by one exit.
    pub(super) fn alone(&self) -> Decoding {
        Decoding { method: Method::Exit(self.pair.expert), sampling: Sampling::default() }
    }

    /// Greedy, by the contrast.
    pub(super) fn contrast(&self) -> Decoding {
        Decoding { method: Method::Contrast(self.pair), sampling: Sampling::default() }
    }
}
