//! DoLa: Chuang et al., "Decoding by Contrasting Layers Improves Factuality in Large Language Models", ICLR 2024 (arXiv
//! 2309.03883). At every step the original is contrasted with the candidate exit that is farthest from it.
//!
//! The paper says Jensen-Shannon divergence. The published code, and transformers' after it, computes something else: it
//! hands `F.kl_div` the mean of the two as target, which gives ½ KL(m ‖ p) + ½ KL(m ‖ q) where Jensen and Shannon have
//! ½ KL(p ‖ m) + ½ KL(q ‖ m). Both can be had.

use super::{Distribution, Reference, Scores, log_ratio::weighted};

/// How far a candidate is from the original.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Distance {
    /// Jensen and Shannon's: ½ KL(p ‖ m) + ½ KL(q ‖ m), 0 to ln 2 nats.
    #[default]
    JensenShannon,
    /// The published code's: ½ KL(m ‖ p) + ½ KL(m ‖ q), nats. (It divides by the size of the vocabulary, which changes
    /// no order.)
    Published,
}

/// The distance of each candidate from the original.
#[must_use]
pub fn distances(original: &Distribution<'_>, candidates: &[&Distribution<'_>], distance: Distance) -> Vec<f32> {
    match distance {
        Distance::JensenShannon => {
            let reference = Reference::new(original);
            candidates.iter().map(|candidate| reference.divergences(candidate).js).collect()
        }
        Distance::Published => {
            let ln_p: Vec<f64> = original.ln_row().into_iter().map(f64::from).collect();
            let p: Vec<f64> = ln_p.iter().map(|ln_p| ln_p.exp()).collect();
            candidates.iter().map(|candidate| published(&ln_p, &p, candidate)).collect()
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "only the sum is f64")]
fn published(ln_p: &[f64], p: &[f64], candidate: &Distribution<'_>) -> f32 {
    let term = |(id, (ln_p, p)): (u32, (&f64, &f64))| {
        let ln_q = f64::from(candidate.ln_p(id));
        let m = 0.5 * (p + ln_q.exp());
        if m > 0.0 { m * (m.ln() - 0.5 * (ln_p + ln_q)) } else { 0.0 }
    };
    (0..).zip(ln_p.iter().zip(p)).map(term).sum::<f64>().max(0.0) as f32
}

/// The place of the largest distance; of equal ones the first.
#[must_use]
pub fn farthest(distances: &[f32]) -> Option<usize> {
    let places = (0..distances.len()).filter(|place| !distances[*place].is_nan());
    places.reduce(|best, place| if distances[place] > distances[best] { place } else { best })
}

/// ln p_original − ln p_amateur for every token with ln p_original ≥ ln τ.
#[must_use]
pub fn dola(original: &Distribution<'_>, amateur: &Distribution<'_>, ln_tau: f32) -> Option<Scores> {
    weighted(original, amateur, ln_tau, [1.0, 1.0])
}

#[cfg(test)]
mod tests {
    use super::{Distance, Distribution, distances, dola, farthest};

    #[test]
    fn the_two_distances_are_what_they_say_and_can_disagree() {
        let p = [0.70f64, 0.20, 0.0999, 1e-4];
        let near = [0.699_9f64, 0.20, 0.10, 1e-9];
        let far = [0.30f64, 0.60, 0.0999, 1e-4];
        let kl = |a: &[f64; 4], b: &[f64; 4]| a.iter().zip(b).map(|(a, b)| a * (a / b).ln()).sum::<f64>();
        let mean = |q: &[f64; 4]| std::array::from_fn::<f64, 4, _>(|i| 0.5 * (p[i] + q[i]));
        #[expect(clippy::cast_possible_truncation, reason = "a row of logits")]
        let row = |q: &[f64; 4]| q.map(|q| q.ln() as f32);
        let (rows, original) = ([row(&near), row(&far)], row(&p));
        let of = |distance| {
            let found = [Distribution::new(&rows[0]), Distribution::new(&rows[1])];
            distances(&Distribution::new(&original), &[&found[0], &found[1]], distance)
        };
        let (js, published) = (of(Distance::JensenShannon), of(Distance::Published));
        for (place, q) in [near, far].iter().enumerate() {
            let m = mean(q);
            // Probabilities from logits of f32: each off by 1e-7 of itself, times logarithms up to 20.
            assert!((f64::from(js[place]) - 0.5 * (kl(&p, &m) + kl(q, &m))).abs() < 2e-6, "{js:?}");
            assert!((f64::from(published[place]) - 0.5 * (kl(&m, &p) + kl(&m, q))).abs() < 2e-6, "{published:?}");
        }
        assert_eq!((farthest(&js), farthest(&published)), (Some(1), Some(1)));
        assert_eq!((farthest(&[]), farthest(&[f32::NAN]), farthest(&[0.1, 0.3, 0.3])), (None, None, Some(1)));
    }

    #[test]
    fn scores_are_differences_over_the_plausible() {
        let (o, a) = ([0.6f32, 0.3, 0.1].map(f32::ln), [0.8f32, 0.1, 0.1].map(f32::ln));
        let (original, amateur) = (Distribution::new(&o), Distribution::new(&a));
        let found = dola(&original, &amateur, 0.2f32.ln()).expect("scores");
        assert_eq!((found.best().id, found.count()), (1, 2));
        // e^score: .75 and 3.
        assert!((found.row(3)[1] - 0.8f32.ln()).abs() < 1e-6);
    }
}
