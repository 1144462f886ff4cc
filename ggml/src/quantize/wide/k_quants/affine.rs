//! A scale and a minimum for 32 numbers (`make_qkx2_quants` in ggml-quants.c): some scales are tried, each with the
//! minimum and the scale that fit its codes best, and the one with the least weighted error is kept.

use std::arch::x86_64::{
    __m256, _CMP_EQ_OQ, _mm256_add_ps, _mm256_cmp_ps, _mm256_div_ps, _mm256_max_ps, _mm256_min_ps, _mm256_mul_ps,
    _mm256_sqrt_ps, _mm256_sub_ps, _mm256_xor_ps,
};

use super::super::lanes::{
    LANES, all, any, both, choose, greater, less, load, magnitude, nearest_one, nearest_real, store,
};
use super::LONG;

/// What was found, by sub-block.
pub(super) struct Found {
    pub(super) scales: [f32; LANES],
    /// How far below zero the least number is.
    pub(super) mins: [f32; LANES],
    /// The factor and the minimum that the kept codes came from; the factor is NaN where all numbers are one.
    factors: [f32; LANES],
    from: [f32; LANES],
}

impl Found {
    /// The code that the search kept for a number of a sub-block.
    pub(super) fn code(&self, lane: usize, value: f32, most: i32) -> u8 {
        if self.factors[lane].is_nan() {
            return 0;
        }
        nearest_one(self.factors[lane] * (value - self.from[lane])).clamp(0, most).to_le_bytes()[0]
    }
}

/// Row i of `values` has number i of each sub-block; codes go up to `MOST`. Letters as in ggml.
#[inline]
#[target_feature(enable = "avx2")]
#[expect(clippy::many_single_char_names, reason = "they are ggml's")]
pub(super) fn search<const MOST: i32, const STEPS: u8>(first: f32, values: &[[f32; LANES]; LONG]) -> Found {
    let (zero, most) = (all(0.0), MOST as f32);
    let x = |i: usize| load(&values[i]);
    let mut squares = zero;
    for i in 0..LONG {
        squares = _mm256_add_ps(squares, _mm256_mul_ps(x(i), x(i)));
    }
    let average = _mm256_sqrt_ps(_mm256_div_ps(squares, all(LONG as f32)));
    let mut weights = [zero; LONG];
    for (i, weight) in weights.iter_mut().enumerate() {
        *weight = _mm256_add_ps(average, magnitude(x(i)));
    }

    let (mut min, mut max) = (x(0), x(0));
    let mut sum_w = weights[0];
    let mut sum_x = _mm256_mul_ps(sum_w, x(0));
    for i in 1..LONG {
        min = _mm256_min_ps(x(i), min);
        max = _mm256_max_ps(x(i), max);
        sum_w = _mm256_add_ps(sum_w, weights[i]);
        sum_x = _mm256_add_ps(sum_x, _mm256_mul_ps(weights[i], x(i)));
    }
    min = choose(greater(min, zero), zero, min);
    let flat = _mm256_cmp_ps::<_CMP_EQ_OQ>(max, min);
    let least = min;

    let mut codes = [zero; LONG];
    let error = |codes: &[__m256; LONG], scale: __m256, min: __m256| {
        let mut sum = zero;
        for i in 0..LONG {
            let diff = _mm256_sub_ps(_mm256_add_ps(_mm256_mul_ps(scale, codes[i]), min), x(i));
            sum = _mm256_add_ps(sum, _mm256_mul_ps(weights[i], _mm256_mul_ps(diff, diff)));
        }
        sum
    };
    let mut factor = _mm256_div_ps(all(most), _mm256_sub_ps(max, min));
    let mut scale = _mm256_div_ps(all(1.0), factor);
    for (i, code) in codes.iter_mut().enumerate() {
        *code = nearest_real(_mm256_mul_ps(factor, _mm256_sub_ps(x(i), min)), 0, MOST);
    }
    let mut best = error(&codes, scale, min);
    let mut from = min;
    for step in 0..=STEPS {
        let this_factor = _mm256_div_ps(all(first + 0.1 * f32::from(step) + most), _mm256_sub_ps(max, min));
        let (mut sum_l, mut sum_l2, mut sum_xl) = (zero, zero, zero);
        for i in 0..LONG {
            let l = nearest_real(_mm256_mul_ps(this_factor, _mm256_sub_ps(x(i), min)), 0, MOST);
            codes[i] = l;
            let wl = _mm256_mul_ps(weights[i], l);
            sum_l = _mm256_add_ps(sum_l, wl);
            sum_l2 = _mm256_add_ps(sum_l2, _mm256_mul_ps(wl, l));
            sum_xl = _mm256_add_ps(sum_xl, _mm256_mul_ps(wl, x(i)));
        }
        let minus =
            |a: __m256, b: __m256, c: __m256, d: __m256| _mm256_sub_ps(_mm256_mul_ps(a, b), _mm256_mul_ps(c, d));
        let d = minus(sum_w, sum_l2, sum_l, sum_l);
        let this_scale = _mm256_div_ps(minus(sum_w, sum_xl, sum_x, sum_l), d);
        let this_min = _mm256_div_ps(minus(sum_l2, sum_x, sum_l, sum_xl), d);
        let above = greater(this_min, zero);
        let this_scale = choose(above, _mm256_div_ps(sum_xl, sum_l2), this_scale);
        let this_min = choose(above, zero, this_min);
        let this_error = error(&codes, this_scale, this_min);
        let better = both(greater(d, zero), less(this_error, best));
        if any(better) {
            // The codes themselves come from this factor and the minimum so far.
            (factor, from) = (choose(better, this_factor, factor), choose(better, min, from));
            (best, scale, min) =
                (choose(better, this_error, best), choose(better, this_scale, scale), choose(better, this_min, min));
        }
    }
    let negated = |a: __m256| _mm256_xor_ps(a, all(-0.0));
    Found {
        scales: store(choose(flat, zero, scale)),
        mins: store(negated(choose(flat, least, min))),
        factors: store(choose(flat, all(f32::NAN), factor)),
        from: store(from),
    }
}
