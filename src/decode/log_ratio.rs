//! The plain contrast of logarithms: p_E^(1+β) / p_A^β over what the expert finds plausible, and nothing else. The
//! plausibility p_E ≥ α max p_E is Li et al.'s ("Contrastive Decoding", ACL 2023, arXiv 2210.15097), the exponents are
//! O'Brien and Lewis's (arXiv 2309.09117).

use super::{Distribution, Scores};

/// (1+β) ln p_E − β ln p_A for every token with ln p_E ≥ ln τ (see [`ln_tau`](super::ln_tau)).
#[must_use]
pub fn log_ratio(expert: &Distribution<'_>, amateur: &Distribution<'_>, ln_tau: f32, beta: f32) -> Option<Scores> {
    weighted(expert, amateur, ln_tau, [1.0 + f64::from(beta), f64::from(beta)])
}

/// A weight times ln p_E less a weight times ln p_A, over the plausible tokens.
pub(super) fn weighted(
    expert: &Distribution<'_>,
    amateur: &Distribution<'_>,
    ln_tau: f32,
    [plus, minus]: [f64; 2],
) -> Option<Scores> {
    // A token that is impossible for the amateur alone wins; finite, so that a weight of 0 makes nothing of it.
    let score = |id: u32| plus * f64::from(expert.ln_p(id)) - minus * f64::from(amateur.ln_p(id).max(f32::MIN));
    Scores::of(expert.reaching(ln_tau).into_iter().map(|id| (id, score(id))))
}

#[cfg(test)]
mod tests {
    use super::{Distribution, log_ratio};
    use crate::decode::ln_tau;

    #[test]
    fn is_the_normed_ratio_of_powers() {
        let (e, a) = ([0.5f32, 0.3, 0.15, 0.04, 0.01].map(f32::ln), [0.1f32, 0.2, 0.3, 0.2, 0.2].map(f32::ln));
        let (expert, amateur) = (Distribution::new(&e), Distribution::new(&a));
        let found = log_ratio(&expert, &amateur, ln_tau(&expert, 0.1, 1), 0.5).expect("scores");
        let power = |p: f64, q: f64| p.powf(1.5) / q.powf(0.5);
        let want = [power(0.5, 0.1), power(0.3, 0.2), power(0.15, 0.3)];
        let total: f64 = want.iter().sum();
        for (ln_p, want) in found.row(5).iter().zip(want) {
            // Logarithms of size 3, a few roundings of f32 each.
            assert!((f64::from(*ln_p) - (want / total).ln()).abs() < 2e-6, "{found:?}");
        }
        assert_eq!(found.row(5)[3..], [f32::NEG_INFINITY; 2], "below τ");
        let alone = log_ratio(&expert, &amateur, f32::NEG_INFINITY, 0.0).expect("scores");
        for (got, want) in alone.row(5).iter().zip(e) {
            assert!((got - want).abs() < 2e-6, "β 0 and no threshold is the expert");
        }
    }
}
