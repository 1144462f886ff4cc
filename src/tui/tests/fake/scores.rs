//! Decodings by scores over made-up rows: ratios of the probabilities that they list. An expression is taken for the
//! plain ratio, whatever it says: the screen does not compute.

use super::{contrast::Rows, row::Row};
use crate::session::trace::{Candidate, Contrasted, Custom, Dola, ExitId, LogRatio, Method, Pair, ScoreTrace};

impl Rows<'_> {
    /// What a method's scores are here.
    pub(super) fn scores(&self, method: &Method) -> Option<ScoreTrace> {
        match method {
            Method::Exit(_) | Method::Contrast(_) => None,
            Method::LogRatio(LogRatio { pair, beta }) => self.ratio(pair, *beta, Vec::new()),
            Method::Expression(Custom { pair, .. }) => {
                Some(ScoreTrace { ln_tau: f32::NAN, ..self.ratio(pair, 1.0, Vec::new())? })
            }
            Method::Dola(Dola { candidates, alpha, .. }) => {
                let original = self.get(ExitId::Original)?;
                let distance = |exit: &ExitId| Some((*exit, distance(original, self.get(*exit)?)));
                let distances: Vec<(ExitId, f32)> = candidates.iter().map(distance).collect::<Option<_>>()?;
                let farthest =
                    distances.iter().copied().reduce(|best, other| if other.1 > best.1 { other } else { best });
                let amateur = farthest?.0;
                self.ratio(
                    &Pair { expert: ExitId::Original, amateur, alpha: *alpha, min_candidates: 1 },
                    1.0,
                    distances,
                )
            }
        }
    }

    fn ratio(&self, pair: &Pair, beta: f32, distances: Vec<(ExitId, f32)>) -> Option<ScoreTrace> {
        let (expert, amateur) = (self.get(pair.expert)?, self.get(pair.amateur)?);
        let best = expert.listed.first()?;
        let tau = pair.alpha * best.1;
        let plausible = expert.listed.iter().zip(1u32..).take_while(|((_, p), _)| *p >= tau);
        let scored = |((id, p), rank): (&(_, f32), u32)| {
            let q = amateur.at(*id).0;
            (*id, *p, q, p.powf(1.0 + beta) / q.powf(beta), rank)
        };
        let mut scored: Vec<_> = plausible.map(scored).collect();
        scored.sort_by(|a, b| b.3.total_cmp(&a.3).then(a.4.cmp(&b.4)));
        let sum: f32 = scored.iter().map(|token| token.3).sum();
        let told = |((id, p, q, score, rank), place): (&(_, f32, f32, f32, u32), u32)| Contrasted {
            id: *id,
            expert: p.ln(),
            amateur: q.ln(),
            result: (score / sum).ln(),
            expert_rank: *rank,
            result_rank: place,
        };
        Some(ScoreTrace {
            expert: pair.expert,
            amateur: pair.amateur,
            distances,
            ln_tau: tau.ln(),
            first: scored.iter().zip(1u32..).map(told).collect(),
            count: scored.len(),
            ln_sum: sum.ln(),
            mass: scored.iter().map(|token| token.1).sum(),
            effect: scored.iter().map(|(_, p, _, score, _)| score / sum * (score / sum / p).ln()).sum(),
            expert_alone: Candidate { id: best.0, ln_p: best.1.ln() },
        })
    }
}

/// The Jensen-Shannon divergence over the tokens that are listed.
fn distance(one: &Row, other: &Row) -> f32 {
    let term = |(id, p): &(_, f32)| {
        let q = other.at(*id).0;
        let m = f32::midpoint(*p, q);
        0.5 * (p * (p / m).ln() + q * (q / m).ln())
    };
    one.listed.iter().map(term).sum()
}
