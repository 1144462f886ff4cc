//! Loops over whole rows, on the widest vectors that the processor has (chosen when the program runs). A row of 50,257
//! logits takes tens of microseconds.
//!
//! What is called in them is a function that is always inlined, never a closure: the compiler leaves some of those out of
//! line, without the vectors.
#![allow(clippy::inline_always, reason = "what a loop calls must be compiled with it, for the wider vectors")]

mod exp;
mod scan;
mod sums;

use pulp::{Arch, Simd, WithSimd};

use exp::{LEAST, exp, ln_1p_ratio};
pub(super) use scan::PART;
use sums::{Term, sum};

/// A bit above the least that e^x gives: what a logit of −inf comes to.
const NOTHING: f32 = 2e-38;

/// The loops for one kind of processor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kernels(Arch);

impl Kernels {
    /// Those for this processor.
    pub(super) fn new() -> Self {
        Self(Arch::new())
    }

    /// All that this processor can run, the plainest first.
    #[cfg(test)]
    pub(super) fn all() -> Vec<Self> {
        let mut all = vec![Arch::Scalar];
        #[cfg(target_arch = "x86_64")]
        {
            all.extend(pulp::x86::V3::try_new().map(Arch::V3));
            all.extend(pulp::x86::V4::try_new().map(Arch::V4));
        }
        #[cfg(not(target_arch = "x86_64"))]
        all.push(Arch::new());
        all.into_iter().map(Self).collect()
    }

    /// The largest number of every [`PART`] of a row.
    pub(super) fn maxima(self, values: &[f32]) -> Vec<f32> {
        self.0.dispatch(scan::Maxima { values, keys: None })
    }

    /// The same of those whose key, at the same place, reaches `bar`; −inf where none does.
    pub(super) fn maxima_reaching(self, values: &[f32], keys: &[f32], bar: f32) -> Vec<f32> {
        self.0.dispatch(scan::Maxima { values, keys: Some((keys, bar)) })
    }

    /// How many numbers are greater than `value`.
    pub(super) fn greater(self, row: &[f32], value: f32) -> usize {
        self.0.dispatch(scan::Greater { row, value })
    }

    /// Σ e^(x−max) and Σ e^(x−max) (x−max).
    pub(super) fn partition(self, row: &[f32], max: f32) -> [f64; 2] {
        sum(self.0, [row], Partition { max })
    }

    /// The probabilities of a row.
    pub(super) fn probabilities(self, row: &[f32], softmax: Softmax) -> Vec<f32> {
        let mut probabilities = vec![0.0; row.len()];
        self.0.dispatch(Probabilities { row, softmax, out: &mut probabilities });
        probabilities
    }

    /// Of p, the softmax of x, and q, that of y: Σ p ln(p/q), and Σ p ln(p/m) + q ln(q/m) with m = (p+q)/2. `between` is
    /// by how much ln Σ e^x is above ln Σ e^y.
    pub(super) fn divergences(self, [p, x, y]: [&[f32]; 3], of_y: Softmax, between: f32) -> [f64; 2] {
        sum(self.0, [p, x, y], Divergences { of_y, between })
    }

    /// Σ e^(score−best) and Σ e^(ln p).
    pub(super) fn shares(self, scores: &[f32], ln_p: &[f32], best: f32) -> [f64; 2] {
        sum(self.0, [scores, ln_p], Shares { best })
    }

    /// Σ r (ln r − ln p) of ln r = score − best + shift.
    pub(super) fn gain(self, scores: &[f32], ln_p: &[f32], best: f32, shift: f32) -> f64 {
        let [sum] = sum(self.0, [scores, ln_p], Gain { best, shift });
        sum
    }
}

#[derive(Clone, Copy)]
struct Partition {
    max: f32,
}

impl Term<1, 2> for Partition {
    #[inline(always)]
    fn at<S: Simd>(self, simd: S, [x]: [S::f32s; 1]) -> [S::f32s; 2] {
        // Not below what e^x takes: at −inf the product would be NaN.
        let u = simd.max_f32s(simd.sub_f32s(x, simd.splat_f32s(self.max)), simd.splat_f32s(LEAST));
        let e = exp(simd, u);
        [e, simd.mul_f32s(e, u)]
    }
}

/// From a logit to its probability: the largest logit of the row, and 1 / Σ e^(x−max).
#[derive(Clone, Copy, Debug)]
pub(super) struct Softmax {
    pub(super) max: f32,
    pub(super) scale: f32,
}

impl Softmax {
    #[inline(always)]
    fn at<S: Simd>(self, simd: S, x: S::f32s) -> S::f32s {
        let e = exp(simd, simd.sub_f32s(x, simd.splat_f32s(self.max)));
        simd.mul_f32s(e, simd.splat_f32s(self.scale))
    }
}

struct Probabilities<'r> {
    row: &'r [f32],
    softmax: Softmax,
    out: &'r mut [f32],
}

impl WithSimd for Probabilities<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (row, rest) = S::as_simd_f32s(self.row);
        let (out, rest_of_out) = S::as_mut_simd_f32s(self.out);
        for (x, p) in row.iter().zip(out) {
            *p = self.softmax.at(simd, *x);
        }
        for (x, p) in rest.iter().zip(rest_of_out) {
            *p = self.softmax.at(pulp::Scalar, *x);
        }
    }
}

#[derive(Clone, Copy)]
struct Divergences {
    of_y: Softmax,
    between: f32,
}

impl Term<3, 2> for Divergences {
    /// With u = ln p − ln q the second is (p+q)(ln 2 − ln(1+e^−|u|)) − min(p,q)|u|, and e^−|u| is the smaller of p and q
    /// by the greater.
    #[inline(always)]
    fn at<S: Simd>(self, simd: S, [p, x, y]: [S::f32s; 3]) -> [S::f32s; 2] {
        let q = self.of_y.at(simd, y);
        let u = simd.sub_f32s(simd.sub_f32s(x, y), simd.splat_f32s(self.between));
        let (low, high) = (simd.min_f32s(p, q), simd.max_f32s(p, q));
        let ln_mean = simd.sub_f32s(simd.splat_f32s(std::f32::consts::LN_2), ln_1p_ratio(simd, low, high));
        let both = simd.mul_f32s(simd.add_f32s(p, q), ln_mean);
        [times(simd, p, u), simd.sub_f32s(both, times(simd, low, simd.abs_f32s(u)))]
    }
}

/// p u, and 0 where p is as good as nothing: its logarithm may be infinite.
#[inline(always)]
fn times<S: Simd>(simd: S, p: S::f32s, u: S::f32s) -> S::f32s {
    let is_there = simd.greater_than_f32s(p, simd.splat_f32s(NOTHING));
    simd.select_f32s(is_there, simd.mul_f32s(p, u), simd.splat_f32s(0.0))
}

#[derive(Clone, Copy)]
struct Shares {
    best: f32,
}

impl Term<2, 2> for Shares {
    #[inline(always)]
    fn at<S: Simd>(self, simd: S, [score, ln_p]: [S::f32s; 2]) -> [S::f32s; 2] {
        [exp(simd, simd.sub_f32s(score, simd.splat_f32s(self.best))), exp(simd, ln_p)]
    }
}

#[derive(Clone, Copy)]
struct Gain {
    best: f32,
    shift: f32,
}

impl Term<2, 1> for Gain {
    #[inline(always)]
    fn at<S: Simd>(self, simd: S, [score, ln_p]: [S::f32s; 2]) -> [S::f32s; 1] {
        let above = simd.sub_f32s(score, simd.splat_f32s(self.best));
        let result = simd.add_f32s(above, simd.splat_f32s(self.shift));
        let gain = simd.mul_f32s(exp(simd, result), simd.sub_f32s(result, ln_p));
        // 0 · ln 0 is 0.
        [simd.select_f32s(simd.greater_than_f32s(result, simd.splat_f32s(LEAST)), gain, simd.splat_f32s(0.0))]
    }
}
