//! A row of logits as a probability distribution.

use std::cmp::Ordering;

use super::{
    divergence::Reference,
    greatest::{greatest, ranks_in, reaching},
    kernels::{Kernels, Softmax},
};

/// Logits with what every question about them needs: their largest, ln Σ e^x, and the entropy, computed once.
#[derive(Clone, Debug)]
pub struct Distribution<'l> {
    logits: &'l [f32],
    /// The largest logit of every [`PART`](super::kernels::PART).
    maxima: Vec<f32>,
    max: f32,
    /// Σ e^(x−max).
    sum: f64,
    ln_sum: f32,
    entropy: f32,
}

/// An id with a logarithm of its probability.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// Index in the row.
    pub id: u32,
    /// ln p, nats.
    pub ln_p: f32,
}

impl<'l> Distribution<'l> {
    /// softmax of `logits`.
    #[must_use]
    pub fn new(logits: &'l [f32]) -> Self {
        Self::by(Kernels::new(), logits)
    }

    #[expect(clippy::cast_possible_truncation, reason = "results are f32, only their sums are f64")]
    pub(super) fn by(kernels: Kernels, logits: &'l [f32]) -> Self {
        let maxima = kernels.maxima(logits);
        let max = maxima.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let [sum, weighted] = kernels.partition(logits, max);
        let entropy = (sum.ln() - weighted / sum).max(0.0) as f32;
        Self { logits, maxima, max, sum, ln_sum: (f64::from(max) + sum.ln()) as f32, entropy }
    }

    /// The logits.
    #[must_use]
    pub fn logits(&self) -> &'l [f32] {
        self.logits
    }

    /// ln p of an id.
    ///
    /// # Panics
    /// If the row does not have it.
    #[must_use]
    pub fn ln_p(&self, id: u32) -> f32 {
        self.logits[id as usize] - self.ln_sum
    }

    /// ln p of every id.
    #[must_use]
    pub fn ln_row(&self) -> Vec<f32> {
        self.logits.iter().map(|logit| logit - self.ln_sum).collect()
    }

    /// ln p of the most probable id.
    #[must_use]
    pub fn ln_max(&self) -> f32 {
        self.max - self.ln_sum
    }

    /// −Σ p ln p, nats: 0 to ln V.
    #[must_use]
    pub fn entropy(&self) -> f32 {
        self.entropy
    }

    /// The most probable id.
    #[must_use]
    pub fn best(&self) -> Scored {
        self.top(1).first().copied().unwrap_or(Scored { id: 0, ln_p: f32::NAN })
    }

    /// The k most probable ids, best first.
    #[must_use]
    pub fn top(&self, k: usize) -> Vec<Scored> {
        let mut top = greatest(self.logits, &self.maxima, k);
        let order = |a: &u32, b: &u32| {
            self.logits[*b as usize].partial_cmp(&self.logits[*a as usize]).unwrap_or(Ordering::Equal).then(a.cmp(b))
        };
        if top.len() > k {
            top.select_nth_unstable_by(k - 1, order);
            top.truncate(k);
        }
        top.sort_unstable_by(order);
        top.into_iter().map(|id| self.scored(id)).collect()
    }

    /// The ids whose ln p reaches `bar`, by id.
    #[must_use]
    pub fn reaching(&self, bar: f32) -> Vec<u32> {
        reaching(self.logits, &self.maxima, |logit| logit - self.ln_sum >= bar)
    }

    fn scored(&self, id: u32) -> Scored {
        Scored { id, ln_p: self.ln_p(id) }
    }

    /// Rank of an id by probability, from 1.
    ///
    /// # Panics
    /// If the row does not have it.
    #[must_use]
    pub fn rank(&self, id: u32) -> u32 {
        self.ranks(&[id])[0]
    }

    /// Ranks of some ids.
    ///
    /// # Panics
    /// If the row does not have one.
    #[must_use]
    pub fn ranks(&self, ids: &[u32]) -> Vec<u32> {
        ranks_in(self.logits, &self.maxima, ids)
    }

    /// KL(self ‖ other) = Σ p (ln p − ln q), nats. For many others: [`Reference`].
    #[must_use]
    pub fn kl(&self, other: &Self) -> f32 {
        Reference::new(self).divergences(other).kl
    }

    /// The Jensen-Shannon divergence, ½ KL(self ‖ m) + ½ KL(other ‖ m) with m their mean, nats: 0 to ln 2. For many
    /// others: [`Reference`].
    #[must_use]
    pub fn js(&self, other: &Self) -> f32 {
        Reference::new(self).divergences(other).js
    }

    /// ln Σ e^x, before it is rounded.
    pub(super) fn ln_sum(&self) -> f64 {
        f64::from(self.max) + self.sum.ln()
    }

    #[expect(clippy::cast_possible_truncation, reason = "what a row of f32 is scaled by")]
    pub(super) fn softmax(&self) -> Softmax {
        Softmax { max: self.max, scale: (1.0 / self.sum) as f32 }
    }
}

#[cfg(test)]
mod tests {
    use super::{Distribution, Scored};

    fn row(n: usize, spread: f32) -> Vec<f32> {
        (0..n).map(|i| ((i * 7919 % 10_007) as f32 / 10_007.0 - 0.5) * spread).collect()
    }

    fn exact(logits: &[f32]) -> Vec<f64> {
        let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f64 = logits.iter().map(|x| f64::from(x - max).exp()).sum();
        logits.iter().map(|x| f64::from(x - max).exp() / sum).collect()
    }

    #[test]
    fn quantities_equal_their_definitions() {
        let (a, b) = (row(50_257, 20.0), row(50_257, 13.0).into_iter().rev().collect::<Vec<f32>>());
        let (da, db) = (Distribution::new(&a), Distribution::new(&b));
        let (p, q) = (exact(&a), exact(&b));
        let entropy: f64 = p.iter().map(|p| -p * p.ln()).sum();
        let kl: f64 = p.iter().zip(&q).map(|(p, q)| p * (p.ln() - q.ln())).sum();
        let js: f64 =
            p.iter().zip(&q).map(|(p, q)| 0.5 * (p * (2.0 * p / (p + q)).ln() + q * (2.0 * q / (p + q)).ln())).sum();
        // Values up to 11; f32 exponentials are off by 2e-7 of themselves, logits of size 10 by 5e-7.
        assert!((f64::from(da.entropy()) - entropy).abs() < 1e-5);
        assert!((f64::from(da.kl(&db)) - kl).abs() < 1e-5);
        assert!((f64::from(da.js(&db)) - js).abs() < 1e-5);
        assert!((f64::from(da.ln_p(77)) - p[77].ln()).abs() < 5e-6);
        assert!(da.kl(&da) < 1e-6 && da.js(&da) < 1e-6);
    }

    #[test]
    fn ties_go_to_the_lower_id() {
        let d = Distribution::new(&[1.0, 3.0, 3.0, 2.0, 3.0]);
        assert_eq!(d.top(4).iter().map(|s| s.id).collect::<Vec<u32>>(), [1, 2, 4, 3]);
        assert_eq!([1, 2, 4, 3, 0].map(|id| d.rank(id)), [1, 2, 3, 4, 5]);
        assert_eq!(d.best().id, 1);
        assert_eq!(d.top(9).len(), 5, "no more than there are");
    }

    #[test]
    fn rank_and_top_agree_on_a_long_row() {
        let logits = row(50_257, 8.0);
        let d = Distribution::new(&logits);
        for (place, Scored { id, .. }) in d.top(50).iter().enumerate() {
            assert_eq!(d.rank(*id) as usize, place + 1);
        }
    }
}
