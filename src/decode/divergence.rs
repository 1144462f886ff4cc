//! How far distributions are from one that they are all compared with.

use super::{distribution::Distribution, kernels::Kernels};

/// A distribution with its probabilities written out, once for all that are compared with it.
#[derive(Clone, Debug)]
pub struct Reference<'d> {
    distribution: &'d Distribution<'d>,
    probabilities: Vec<f32>,
    kernels: Kernels,
}

/// From a reference to another distribution, nats.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Divergences {
    /// KL(reference ‖ other) = Σ p (ln p − ln q).
    pub kl: f32,
    /// Jensen and Shannon's: ½ KL(reference ‖ m) + ½ KL(other ‖ m) with m their mean; 0 to ln 2.
    pub js: f32,
}

impl<'d> Reference<'d> {
    /// Of a distribution.
    #[must_use]
    pub fn new(distribution: &'d Distribution<'d>) -> Self {
        Self::by(Kernels::new(), distribution)
    }

    pub(super) fn by(kernels: Kernels, distribution: &'d Distribution<'d>) -> Self {
        let probabilities = kernels.probabilities(distribution.logits(), distribution.softmax());
        Self { distribution, probabilities, kernels }
    }

    /// To another over the same vocabulary: one pass for both.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "results are f32, only their sums are f64")]
    pub fn divergences(&self, other: &Distribution<'_>) -> Divergences {
        let between = self.distribution.ln_sum() - other.ln_sum();
        let rows = [&self.probabilities[..], self.distribution.logits(), other.logits()];
        let [kl, mixed] = self.kernels.divergences(rows, other.softmax(), between as f32);
        Divergences { kl: kl.max(0.0) as f32, js: (mixed / 2.0).max(0.0) as f32 }
    }
}
