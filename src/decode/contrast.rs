//! Auto-Contrastive Decoding: Gera et al., "The Benefits of Bad Advice", ACL 2023 (arXiv 2305.01628), section 3, as the
//! library IBM/auto-contrastive-generation computes it, but on log-softmax: where its log(softmax) underflows to NaN, this
//! does not.
//!
//! V = { x : p_E(x) ≥ τ }, τ = min(α max p_E, k-th largest p_E); over V the mass S = Σ p_E is shared out by
//! softmax(ln p_E − ln p_A); every other token keeps the expert's probability.

use super::{
    distribution::{Distribution, Scored},
    greatest::greatest,
    kernels::Kernels,
};

/// What a contrast makes of two distributions.
#[derive(Clone, Debug)]
pub struct Contrast {
    /// ln τ.
    pub ln_tau: f32,
    /// Σ over V of the expert's probability.
    pub mass: f32,
    /// KL(contrast ‖ expert), nats.
    pub effect: f32,
    /// V, by id.
    plausible: PlausibleSet,
    shift: Shift,
    kernels: Kernels,
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

/// Tokens by id, with ln p under expert and amateur and the score, each in a row of its own: a random model's V is most
/// of the vocabulary.
#[derive(Clone, Debug, Default)]
struct PlausibleSet {
    ids: Vec<u32>,
    expert: Vec<f32>,
    amateur: Vec<f32>,
    /// ln p_E − ln p_A, rounded: grows with [`score`], so the greatest are the greatest here, beside others rounded
    /// to the same.
    scores: Vec<f32>,
}

/// From a score to its result. Two numbers, because a score can be so large that their sum is lost in it.
#[derive(Clone, Copy, Debug)]
struct Shift {
    /// The best score.
    best: f64,
    /// The result of the best.
    result: f64,
}

impl Shift {
    fn result(self, score: f64) -> f64 {
        score - self.best + self.result
    }
}

/// Up to so many tokens the sums are made in f64 throughout: enough for what a trained model holds plausible, and
/// restating a stored trace gives the same bits.
const EXACT: usize = 1024;

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
    contrast_by(Kernels::new(), expert, amateur, ln_tau(expert, alpha, min))
}

pub(super) fn contrast_by(
    kernels: Kernels,
    expert: &Distribution<'_>,
    amateur: &Distribution<'_>,
    ln_tau: f32,
) -> Contrast {
    Contrast::of(kernels, ln_tau, PlausibleSet::reaching(expert, amateur, ln_tau))
}

/// The tokens that a contrast puts first at each α: one pass over the vocabulary for all of them.
#[must_use]
pub fn winners(expert: &Distribution<'_>, amateur: &Distribution<'_>, alphas: &[f32], min: usize) -> Vec<u32> {
    let (kernels, least) = (Kernels::new(), alphas.iter().copied().fold(1.0, f32::min));
    let widest = PlausibleSet::reaching(expert, amateur, ln_tau(expert, least, min));
    let at = |alpha: &f32| {
        let ln_tau = ln_tau(expert, *alpha, min);
        let maxima = kernels.maxima_reaching(&widest.scores, &widest.expert, ln_tau);
        let first = greatest(&widest.scores, &maxima, 1).into_iter().map(|place| widest.at(place));
        first.filter(|token| token.expert >= ln_tau).min_by(by_score).map_or(0, |best| best.id)
    };
    alphas.iter().map(at).collect()
}

/// Shares the mass of V out by the scores: V with ln p of expert and amateur, by id.
#[must_use]
pub fn share_out(ln_tau: f32, plausible: Vec<Plausible>) -> Contrast {
    let mut set = PlausibleSet::default();
    for token in plausible {
        set.push(token.id, token.expert, token.amateur);
    }
    Contrast::of(Kernels::new(), ln_tau, set)
}

impl PlausibleSet {
    /// The tokens whose ln p reaches ln τ.
    fn reaching(expert: &Distribution<'_>, amateur: &Distribution<'_>, ln_tau: f32) -> Self {
        let ids = expert.reaching(ln_tau);
        let of = |distribution: &Distribution<'_>| ids.iter().map(|id| distribution.ln_p(*id)).collect::<Vec<f32>>();
        let (expert, amateur) = (of(expert), of(amateur));
        let scores = expert.iter().zip(&amateur).map(|(expert, amateur)| rounded_score(*expert, *amateur)).collect();
        Self { ids, expert, amateur, scores }
    }

    fn push(&mut self, id: u32, expert: f32, amateur: f32) {
        self.ids.push(id);
        self.expert.push(expert);
        self.amateur.push(amateur);
        self.scores.push(rounded_score(expert, amateur));
    }

    /// Without its result.
    fn at(&self, place: u32) -> Plausible {
        let place = place as usize;
        Plausible { id: self.ids[place], expert: self.expert[place], amateur: self.amateur[place], result: 0.0 }
    }

    fn exact_scores(&self) -> Vec<f64> {
        self.expert.iter().zip(&self.amateur).map(|(expert, amateur)| score(*expert, *amateur)).collect()
    }
}

/// Best first: the result grows with the score, which has not been rounded.
fn by_score(a: &Plausible, b: &Plausible) -> std::cmp::Ordering {
    score(b.expert, b.amateur).total_cmp(&score(a.expert, a.amateur)).then(a.id.cmp(&b.id))
}

/// ln p_E − ln p_A. A token that is impossible for the expert stays so; one impossible for the amateur alone wins.
fn score(expert: f32, amateur: f32) -> f64 {
    if expert == f32::NEG_INFINITY {
        return f64::NEG_INFINITY;
    }
    f64::from(expert) - f64::from(amateur.max(f32::MIN))
}

/// [`score`], rounded once.
fn rounded_score(expert: f32, amateur: f32) -> f32 {
    expert - amateur.max(f32::MIN)
}

#[expect(clippy::cast_possible_truncation, reason = "computed in f64 so that only this rounding remains")]
fn narrow(x: f64) -> f32 {
    x as f32
}

impl Contrast {
    fn of(kernels: Kernels, ln_tau: f32, plausible: PlausibleSet) -> Self {
        let (mass, shift, effect) =
            if plausible.ids.len() <= EXACT { exactly(&plausible) } else { widely(kernels, &plausible) };
        Self { ln_tau, mass: narrow(mass), effect: narrow(effect.max(0.0)), plausible, shift, kernels }
    }

    /// How many tokens V holds.
    #[must_use]
    pub fn count(&self) -> usize {
        self.plausible.ids.len()
    }

    /// All tokens of V, by id.
    pub fn plausible(&self) -> impl Iterator<Item = Plausible> {
        let set = &self.plausible;
        set.ids.iter().zip(&set.expert).zip(&set.amateur).map(|((id, expert), amateur)| {
            let result = self.result(*expert, *amateur);
            Plausible { id: *id, expert: *expert, amateur: *amateur, result }
        })
    }

    /// The first tokens of V, best result first.
    #[must_use]
    pub fn first(&self, count: usize) -> Vec<Plausible> {
        let scores = &self.plausible.scores;
        let places = greatest(scores, &self.kernels.maxima(scores), count);
        let mut first: Vec<Plausible> = places.into_iter().map(|place| self.plausible.at(place)).collect();
        if first.len() > count && count > 0 {
            first.select_nth_unstable_by(count - 1, by_score);
            first.truncate(count);
        }
        first.sort_unstable_by(by_score);
        for token in &mut first {
            token.result = self.result(token.expert, token.amateur);
        }
        first
    }

    /// The token that the contrast puts first.
    #[must_use]
    pub fn best(&self) -> Option<Scored> {
        self.first(1).first().map(|token| Scored { id: token.id, ln_p: token.result })
    }

    /// ln p of every token under the contrast.
    #[must_use]
    pub fn row(&self, expert: &Distribution<'_>) -> Vec<f32> {
        let mut row = expert.ln_row();
        let set = &self.plausible;
        for ((id, expert), amateur) in set.ids.iter().zip(&set.expert).zip(&set.amateur) {
            row[*id as usize] = self.result(*expert, *amateur);
        }
        row
    }

    fn result(&self, expert: f32, amateur: f32) -> f32 {
        narrow(self.shift.result(score(expert, amateur)))
    }
}

/// Mass, shift and effect.
fn exactly(plausible: &PlausibleSet) -> (f64, Shift, f64) {
    let scores = plausible.exact_scores();
    let best = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = scores.iter().map(|score| (score - best).exp()).sum();
    let mass: f64 = plausible.expert.iter().map(|ln_p| f64::from(*ln_p).exp()).sum();
    let shift = Shift { best, result: mass.ln() - sum.ln() };
    let mut effect = 0.0;
    for (expert, score) in plausible.expert.iter().zip(scores) {
        let result = shift.result(score);
        // A token alone, or a limit of 0 · ln 0.
        if result > f64::from(f32::MIN) && result.exp() > 0.0 {
            effect += result.exp() * (result - f64::from(*expert));
        }
    }
    (mass, shift, effect)
}

/// The same with exponentials of f32, each off by 2.4e-7 of itself at most: so is the mass, so much is the shift off,
/// and the effect by that times the differences that it is the mean of.
fn widely(kernels: Kernels, plausible: &PlausibleSet) -> (f64, Shift, f64) {
    let PlausibleSet { scores, expert, .. } = plausible;
    let best = kernels.maxima(scores).into_iter().fold(f32::NEG_INFINITY, f32::max);
    let [sum, mass] = kernels.shares(scores, expert, best);
    let shift = Shift { best: f64::from(best), result: mass.ln() - sum.ln() };
    (mass, shift, kernels.gain(scores, expert, best, narrow(shift.result)))
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
            assert!(found.count() >= min);
        }
        let one = contrast(&e, &a, 1.0, 1);
        let [only] = one.first(2)[..] else { panic!("{one:?}") };
        assert!((only.result - only.expert).abs() < 1e-6 && one.effect < 1e-6);
    }
}
