//! Auto-Contrastive Decoding: Gera et al., "The Benefits of Bad Advice", ACL 2023 (arXiv 2305.01628), section 3, as the
//! library IBM/auto-contrastive-generation computes it, but on log-softmax: where its log(softmax) underflows to NaN, this
//! does not.
//!
//! V = { x : p_E(x) ≥ τ }, τ = min(α max p_E, k-th largest p_E); over V the mass S = Σ p_E is shared out by
//! softmax(ln p_E − ln p_A); every other token keeps the expert's probability.

use super::distribution::{Distribution, Scored};

/// What a contrast makes of two distributions.
#[derive(Clone, Debug)]
pub struct Contrast {
    /// ln τ.
    pub ln_tau: f32,
    /// V, best result first.
    pub plausible: Vec<Plausible>,
    /// Σ over V of the expert's probability.
    pub mass: f32,
    /// KL(contrast ‖ expert), nats.
    pub effect: f32,
}

/// A token of V. All are ln p.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plausible {
    /// The token.
    pub id: u32,
    /// Under the expert.
    pub expert: f32,
    /// Under the amateur.
    pub amateur: f32,
    /// Under the contrast.
    pub result: f32,
}

/// ln τ for a threshold α in [0, 1] and at least `min` plausible tokens (of as many as there are).
#[must_use]
pub fn ln_tau(expert: &Distribution<'_>, alpha: f32, min: usize) -> f32 {
    let relative = expert.ln_max() + alpha.ln();
    match min {
        0 | 1 => relative,
        k => expert.top(k).last().map_or(relative, |kth| relative.min(kth.ln_p)),
    }
}

/// Contrasts an expert with an amateur over the same vocabulary.
#[must_use]
pub fn contrast(expert: &Distribution<'_>, amateur: &Distribution<'_>, alpha: f32, min: usize) -> Contrast {
    let ln_tau = ln_tau(expert, alpha, min);
    let widen =
        |token: Scored| Plausible { id: token.id, expert: token.ln_p, amateur: amateur.ln_p(token.id), result: 0.0 };
    share_out(ln_tau, expert.reaching(ln_tau).into_iter().map(widen).collect())
}

/// The tokens that a contrast puts first at each α: one pass over the vocabulary for all of them.
#[must_use]
pub fn winners(expert: &Distribution<'_>, amateur: &Distribution<'_>, alphas: &[f32], min: usize) -> Vec<u32> {
    let least = alphas.iter().copied().fold(1.0, f32::min);
    let widest = reaching(expert, amateur, ln_tau(expert, least, min));
    let at = |alpha: &f32| {
        let ln_tau = ln_tau(expert, *alpha, min);
        widest.iter().filter(|token| token.expert >= ln_tau).min_by(|a, b| by_score(a, b)).map_or(0, |best| best.id)
    };
    alphas.iter().map(at).collect()
}

/// The tokens whose ln p reaches ln τ, by id, without results.
fn reaching(expert: &Distribution<'_>, amateur: &Distribution<'_>, ln_tau: f32) -> Vec<Plausible> {
    let widen = |token: Scored| {
        let amateur = amateur.ln_p(token.id);
        Plausible { id: token.id, expert: token.ln_p, amateur, result: 0.0 }
    };
    expert.reaching(ln_tau).into_iter().map(widen).collect()
}

/// Shares the mass of V out by the scores: V with ln p of expert and amateur, by id.
#[must_use]
pub fn share_out(ln_tau: f32, mut plausible: Vec<Plausible>) -> Contrast {
    let scores: Vec<f64> = plausible.iter().map(score).collect();
    let best = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let ln_sum = best + scores.iter().map(|s| (s - best).exp()).sum::<f64>().ln();
    let mass: f64 = plausible.iter().map(|v| f64::from(v.expert).exp()).sum();
    let mut effect = 0.0;
    for (token, score) in plausible.iter_mut().zip(&scores) {
        let result = mass.ln() + score - ln_sum;
        // A token alone, or a limit of 0 · ln 0.
        if result > f64::from(f32::MIN) && result.exp() > 0.0 {
            effect += result.exp() * (result - f64::from(token.expert));
        }
        token.result = narrow(result);
    }
    plausible.sort_unstable_by(by_score);
    Contrast { ln_tau, plausible, mass: narrow(mass), effect: narrow(effect.max(0.0)) }
}

/// Best first: the result grows with the score, which has not been rounded.
fn by_score(a: &Plausible, b: &Plausible) -> std::cmp::Ordering {
    score(b).total_cmp(&score(a)).then(a.id.cmp(&b.id))
}

/// ln p_E − ln p_A. A token that is impossible for the expert stays so; one impossible for the amateur alone wins.
fn score(token: &Plausible) -> f64 {
    if token.expert == f32::NEG_INFINITY {
        return f64::NEG_INFINITY;
    }
    f64::from(token.expert) - f64::from(token.amateur.max(f32::MIN))
}

#[expect(clippy::cast_possible_truncation, reason = "computed in f64 so that only this rounding remains")]
fn narrow(x: f64) -> f32 {
    x as f32
}

impl Contrast {
    /// ln p of every token under the contrast.
    #[must_use]
    pub fn row(&self, expert: &Distribution<'_>) -> Vec<f32> {
        let mut row = expert.ln_row();
        for token in &self.plausible {
            row[token.id as usize] = token.result;
        }
        row
    }

    /// The token that the contrast puts first.
    #[must_use]
    pub fn best(&self) -> Option<Scored> {
        self.plausible.first().map(|token| Scored { id: token.id, ln_p: token.result })
    }
}

#[cfg(test)]
mod tests {
    use super::{Distribution, contrast};

    #[test]
    fn probabilities_sum_to_one_and_one_plausible_token_changes_nothing() {
        let expert: Vec<f32> = (0..100).map(|i| (i * 37 % 100) as f32 / 12.0).collect();
        let amateur: Vec<f32> = (0..100).map(|i| (i * 61 % 100) as f32 / 15.0).collect();
        let (e, a) = (Distribution::new(&expert), Distribution::new(&amateur));
        for (alpha, min) in [(0.1, 1), (0.01, 5), (1.0, 1), (0.5, 100)] {
            let found = contrast(&e, &a, alpha, min);
            let sum: f64 = found.row(&e).iter().map(|ln_p| f64::from(*ln_p).exp()).sum();
            // A hundred numbers, each off by a few 1e-7 of itself.
            assert!((sum - 1.0).abs() < 2e-6, "α {alpha}, min {min}: {sum}");
            assert!(found.plausible.len() >= min);
        }
        let one = contrast(&e, &a, 1.0, 1);
        assert_eq!(one.plausible.len(), 1);
        assert!((one.plausible[0].result - one.plausible[0].expert).abs() < 1e-6 && one.effect < 1e-6);
    }
}
