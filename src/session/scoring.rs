//! Decodings by scores, over what the exits say at a position: which amateur, which tokens are plausible, and why.

use super::{
    analyze::Analysis,
    trace::{Candidate, ContrastTrace, Contrasted, ExitId, Method, Pair, TokenId},
};
use crate::decode::{self, Distribution, Scores};

/// What a decoding by scores did at a position: the exits contrasted, the tokens that have a score, best first.
#[derive(Clone, Debug)]
pub struct ScoreTrace {
    /// The upper exit.
    pub expert: ExitId,
    /// The lower exit; of DoLa's candidates the one that was chosen.
    pub amateur: ExitId,
    /// DoLa's candidates, each with its distance from original, nats.
    pub distances: Vec<(ExitId, f32)>,
    /// ln τ, the threshold of plausibility; NaN for an expression, which has none.
    pub ln_tau: f32,
    /// The tokens with a score, best first; cut after [`ContrastTrace::STORED`]. Their `result` is ln of the softmax of
    /// the scores.
    pub first: Vec<Contrasted>,
    /// How many tokens have a score.
    pub count: usize,
    /// ln Σ e^score: what a result lacks to its score.
    pub ln_sum: f32,
    /// Sum over the tokens with a score of the expert's probability.
    pub mass: f32,
    /// KL(result ‖ expert), nats.
    pub effect: f32,
    /// What the expert alone would take, with its ln p.
    pub expert_alone: Candidate,
}

impl ScoreTrace {
    /// The same told like a contrast of `pair`'s α: the tokens with a score are the plausible ones.
    #[must_use]
    pub fn as_contrast(&self, pair: Pair) -> ContrastTrace {
        ContrastTrace {
            pair: Pair { expert: self.expert, amateur: self.amateur, ..pair },
            ln_tau: self.ln_tau,
            plausible: self.first.clone(),
            below: Vec::new(),
            plausible_len: self.count,
            mass: self.mass,
            effect: self.effect,
            expert_alone: self.expert_alone,
            over_alpha: Vec::new(),
        }
    }

    /// Whether the first token is not the expert's.
    #[must_use]
    pub fn changed(&self) -> bool {
        self.first.first().is_some_and(|best| best.id != self.expert_alone.id)
    }

    /// The score of one of the tokens.
    #[must_use]
    pub fn score(&self, token: &Contrasted) -> f32 {
        token.result + self.ln_sum
    }

    /// Bytes that this takes, all told.
    #[must_use]
    pub fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.distances.capacity() * size_of::<(ExitId, f32)>()
            + self.first.capacity() * size_of::<Contrasted>()
    }
}

/// Scores with where they come from.
pub(crate) struct Scoring {
    pub(crate) scores: Scores,
    pub(crate) expert: ExitId,
    amateur: ExitId,
    distances: Vec<(ExitId, f32)>,
    ln_tau: f32,
}

/// The scores of a method that has some, over the distributions of exits; `None` if one that it reads is not known, or no
/// token has a score.
pub(crate) fn scoring<'d, 'l: 'd>(
    method: &Method,
    at: &dyn Fn(ExitId) -> Option<&'d Distribution<'l>>,
) -> Option<Scoring> {
    let of = |scores: Option<Scores>, expert, amateur, ln_tau| {
        Some(Scoring { scores: scores?, expert, amateur, distances: Vec::new(), ln_tau })
    };
    match method {
        Method::Exit(_) | Method::Contrast(_) => None,
        Method::LogRatio(ratio) => {
            let pair = ratio.pair;
            let (expert, amateur) = (at(pair.expert)?, at(pair.amateur)?);
            let ln_tau = decode::ln_tau(expert, pair.alpha, pair.min_candidates);
            of(decode::log_ratio(expert, amateur, ln_tau, ratio.beta), pair.expert, pair.amateur, ln_tau)
        }
        Method::Expression(custom) => {
            let pair = custom.pair;
            let (expert, amateur) = (at(pair.expert)?, at(pair.amateur)?);
            of(custom.expression.scores(expert, amateur, pair.alpha), pair.expert, pair.amateur, f32::NAN)
        }
        Method::Dola(dola) => {
            let original = at(ExitId::Original)?;
            let known = dola.candidates.iter().map(|exit| at(*exit)).collect::<Option<Vec<_>>>()?;
            let distances = decode::distances(original, &known, dola.distance);
            let place = decode::farthest(&distances)?;
            let ln_tau = decode::ln_tau(original, dola.alpha, 1);
            let scores = decode::dola(original, known[place], ln_tau);
            let found = of(scores, ExitId::Original, dola.candidates[place], ln_tau)?;
            Some(Scoring { distances: dola.candidates.iter().copied().zip(distances).collect(), ..found })
        }
    }
}

impl Analysis<'_> {
    /// The scores of a method that has some, here.
    pub(super) fn scoring(&self, method: &Method) -> Option<Scoring> {
        scoring(method, &|exit| self.exit(exit))
    }

    /// What the scores say of the first tokens.
    pub(super) fn score_trace(&self, scoring: &Scoring) -> Option<ScoreTrace> {
        let (expert, amateur) = (self.exit(scoring.expert)?, self.exit(scoring.amateur)?);
        let first = scoring.scores.first(ContrastTrace::STORED);
        let ids: Vec<u32> = first.iter().map(|token| token.id).collect();
        let told = first.iter().zip(expert.ranks(&ids)).zip(1u32..).map(|((token, expert_rank), result_rank)| {
            let (expert, amateur) = (expert.ln_p(token.id), amateur.ln_p(token.id));
            Contrasted { id: TokenId(token.id), expert, amateur, result: token.ln_p, expert_rank, result_rank }
        });
        let alone = expert.best();
        Some(ScoreTrace {
            expert: scoring.expert,
            amateur: scoring.amateur,
            distances: scoring.distances.clone(),
            ln_tau: scoring.ln_tau,
            first: told.collect(),
            count: scoring.scores.count(),
            ln_sum: scoring.scores.ln_sum(),
            mass: scoring.scores.mass(expert),
            effect: scoring.scores.effect(expert),
            expert_alone: Candidate { id: TokenId(alone.id), ln_p: alone.ln_p },
        })
    }
}
