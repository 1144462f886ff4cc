//! What the tokens of a lane come to, in a few numbers.

use mexit_models::TokenId;

use crate::{
    decode::repetition::{distinct, repeated},
    session::{
        reading::Reading,
        trace::{Decoding, ExitId, Method, StepTrace},
    },
};

/// The numbers of a lane. What is unknown, or means nothing for so few tokens, is `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Tokens that were taken.
    pub tokens: usize,
    /// Mean ln p of them under original, nats.
    pub mean_ln_p: Option<f32>,
    /// Mean block of the exit at which original's choice was decided; original counts as the last block.
    pub mean_decided: Option<f32>,
    /// rep-2: the share of 2-grams that are repetitions.
    pub repeated: Option<f32>,
    /// distinct-2: the share of different 2-grams.
    pub distinct: Option<f32>,
    /// Tokens that a contrast took in place of its expert's; `None` where no contrast decides.
    pub changed: Option<usize>,
}

impl Summary {
    /// Of the tokens taken, and what is known about them.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "a share, to be shown")]
    pub fn of<'t>(
        taken: &[TokenId],
        traces: impl Iterator<Item = &'t StepTrace> + Clone,
        decoding: &Decoding,
        blocks: u32,
    ) -> Self {
        let mean = |values: &mut dyn Iterator<Item = f32>| {
            let (sum, count) = values.fold((0.0, 0usize), |(sum, count), value| (sum + value, count + 1));
            (count > 0).then(|| sum / count as f32)
        };
        let known = || traces.clone().filter(|trace| !trace.is_partial());
        let depth = |trace: &StepTrace| match Reading::of(trace).decided {
            ExitId::Block(block) => block as f32,
            ExitId::Original => blocks as f32,
        };
        let ids: Vec<u32> = taken.iter().map(|id| id.0).collect();
        let share = |of: fn(&[&[u32]], usize) -> f64| (ids.len() > 1).then(|| of(&[&ids], 2) as f32);
        let decides = !matches!(decoding.method, Method::Exit(_));
        let by_scores = decoding.method.has_scores();
        let changed = |trace: &&StepTrace| match (&trace.scores, &trace.contrast) {
            (Some(scores), _) if by_scores => scores.changed(),
            (_, Some(contrast)) if !by_scores => contrast.changed(),
            _ => false,
        };
        Self {
            tokens: taken.len(),
            mean_ln_p: mean(&mut known().filter_map(|trace| trace.exits.first()).map(|row| row.ln_p)),
            mean_decided: mean(&mut known().map(depth)),
            repeated: share(repeated),
            distinct: share(distinct),
            changed: decides.then(|| known().filter(changed).count()),
        }
    }
}

/// The first position at which two texts have different tokens; `None` while one is the beginning of the other.
#[must_use]
pub fn first_difference(a: &[TokenId], b: &[TokenId]) -> Option<usize> {
    a.iter().zip(b).position(|(a, b)| a != b)
}

#[cfg(test)]
mod tests {
    use super::{Decoding, ExitId, Method, Summary, TokenId, first_difference};
    use crate::decode::Sampling;

    #[test]
    fn few_tokens_have_no_shares() {
        let decoding = Decoding { method: Method::Exit(ExitId::Original), sampling: Sampling::default() };
        let of = |ids: &[u32]| {
            let ids: Vec<TokenId> = ids.iter().copied().map(TokenId).collect();
            Summary::of(&ids, std::iter::empty(), &decoding, 24)
        };
        assert_eq!(of(&[1]), Summary { tokens: 1, ..Summary::default() });
        // 12 21 12: one of three is a repetition.
        let three = of(&[1, 2, 1, 2]);
        assert_eq!((three.repeated, three.distinct), (Some(1.0 / 3.0), Some(2.0 / 3.0)));
    }

    #[test]
    fn a_beginning_differs_nowhere() {
        let ids = |ids: &[u32]| ids.iter().copied().map(TokenId).collect::<Vec<TokenId>>();
        assert_eq!(first_difference(&ids(&[1, 2, 3]), &ids(&[1, 2])), None);
        assert_eq!(first_difference(&ids(&[1, 2, 3]), &ids(&[1, 4])), Some(1));
    }
}
