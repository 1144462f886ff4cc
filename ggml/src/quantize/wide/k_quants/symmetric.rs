//! A scale for 16 numbers around zero (`make_qx_quants` in ggml-quants.c, with squares as weights): some scales are tried,
//! and the one whose codes fit best is kept.

use std::arch::x86_64::{__m256, _CMP_NEQ_UQ, _mm256_add_ps, _mm256_cmp_ps, _mm256_div_ps, _mm256_mul_ps};

use super::super::lanes::{
    LANES, all, any, both, choose, greater, less, load, magnitude, nearest_one, nearest_real, store,
};

/// What is below this everywhere is nothing (`GROUP_MAX_EPS`).
pub(super) const NOTHING: f32 = 1e-15;
/// Codes are from -32 to 31.
const MOST: i32 = 32;

/// What was found, by sub-block.
pub(super) struct Found {
    pub(super) scales: [f32; LANES],
    /// The factor that the kept codes came from; NaN where there is nothing.
    factors: [f32; LANES],
}

impl Found {
    /// The code that the search kept for a number of a sub-block, moved up to 0..=63.
    pub(super) fn code(&self, lane: usize, value: f32) -> u8 {
        if self.factors[lane].is_nan() {
            return 0;
        }
        (nearest_one(self.factors[lane] * value).clamp(-MOST, MOST - 1) + MOST).to_le_bytes()[0]
    }
}

/// Row i of `values` has number i of each sub-block.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn search<const N: usize>(values: &[[f32; LANES]; N]) -> Found {
    let zero = all(0.0);
    let (mut max, mut largest) = (zero, zero);
    for row in values {
        let x = load(row);
        let larger = greater(magnitude(x), largest);
        (largest, max) = (choose(larger, magnitude(x), largest), choose(larger, x, max));
    }
    let nothing = less(largest, all(NOTHING));
    // Sums of w·x·l and w·l·l.
    let sums = |factor: __m256| {
        let (mut sum_lx, mut sum_l2) = (zero, zero);
        for row in values {
            let x = load(row);
            let l = nearest_real(_mm256_mul_ps(factor, x), -MOST, MOST - 1);
            let w = _mm256_mul_ps(x, x);
            sum_lx = _mm256_add_ps(sum_lx, _mm256_mul_ps(_mm256_mul_ps(w, x), l));
            sum_l2 = _mm256_add_ps(sum_l2, _mm256_mul_ps(_mm256_mul_ps(w, l), l));
        }
        (sum_lx, sum_l2)
    };
    let mut factor = _mm256_div_ps(all(-(MOST as f32)), max);
    let (sum_lx, sum_l2) = sums(factor);
    let some = _mm256_cmp_ps::<_CMP_NEQ_UQ>(sum_l2, zero);
    let mut scale = choose(some, _mm256_div_ps(sum_lx, sum_l2), zero);
    let mut best = _mm256_mul_ps(scale, sum_lx);
    for step in (-9i8..=9).filter(|step| *step != 0) {
        let this_factor = _mm256_div_ps(all(-(MOST as f32 + 0.1 * f32::from(step))), max);
        let (sum_lx, sum_l2) = sums(this_factor);
        let fits = greater(_mm256_mul_ps(sum_lx, sum_lx), _mm256_mul_ps(best, sum_l2));
        let better = both(greater(sum_l2, zero), fits);
        if any(better) {
            factor = choose(better, this_factor, factor);
            scale = choose(better, _mm256_div_ps(sum_lx, sum_l2), scale);
            best = choose(better, _mm256_mul_ps(scale, sum_lx), best);
        }
    }
    Found { scales: store(choose(nothing, zero, scale)), factors: store(choose(nothing, all(f32::NAN), factor)) }
}
