//! Eight numbers, and what is done with them. Named after C's operators, since the quantizers are read beside ggml's.

use std::arch::x86_64::{
    __m256, __m256i, _CMP_GT_OQ, _CMP_LT_OQ, _mm256_add_ps, _mm256_and_ps, _mm256_and_si256, _mm256_andnot_ps,
    _mm256_blendv_ps, _mm256_castps_si256, _mm256_cmp_ps, _mm256_cvtepi32_ps, _mm256_loadu_ps, _mm256_max_epi32,
    _mm256_min_epi32, _mm256_movemask_ps, _mm256_set1_epi32, _mm256_set1_ps, _mm256_storeu_ps, _mm256_storeu_si256,
    _mm256_sub_epi32,
};

/// Numbers in a register.
pub(super) const LANES: usize = 8;

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn all(value: f32) -> __m256 {
    _mm256_set1_ps(value)
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn load(values: &[f32; LANES]) -> __m256 {
    // SAFETY: eight numbers, at any address.
    unsafe { _mm256_loadu_ps(values.as_ptr()) }
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn store(lanes: __m256) -> [f32; LANES] {
    let mut values = [0.0; LANES];
    // SAFETY: room for eight numbers, at any address.
    unsafe { _mm256_storeu_ps(values.as_mut_ptr(), lanes) };
    values
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn store_whole(lanes: __m256i) -> [i32; LANES] {
    let mut values = [0; LANES];
    // SAFETY: room for eight numbers, at any address.
    unsafe { _mm256_storeu_si256(values.as_mut_ptr().cast(), lanes) };
    values
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn magnitude(a: __m256) -> __m256 {
    _mm256_andnot_ps(all(-0.0), a)
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn greater(a: __m256, b: __m256) -> __m256 {
    _mm256_cmp_ps::<_CMP_GT_OQ>(a, b)
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn less(a: __m256, b: __m256) -> __m256 {
    _mm256_cmp_ps::<_CMP_LT_OQ>(a, b)
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn both(a: __m256, b: __m256) -> __m256 {
    _mm256_and_ps(a, b)
}

/// Whether the condition holds in any lane.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn any(condition: __m256) -> bool {
    _mm256_movemask_ps(condition) != 0
}

/// `condition ? a : b`
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn choose(condition: __m256, a: __m256, b: __m256) -> __m256 {
    _mm256_blendv_ps(b, a, condition)
}

/// ggml's `nearest_int`, then into `least..=most`: adding 1.5 · 2^23 leaves the whole number in the lowest bits. Done as
/// ggml does it, so that what is out of its range, infinite or none ends in the same numbers.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn nearest(value: __m256, least: i32, most: i32) -> __m256i {
    let bits = _mm256_castps_si256(_mm256_add_ps(value, all(12_582_912.0)));
    let whole =
        _mm256_sub_epi32(_mm256_and_si256(bits, _mm256_set1_epi32(0x007F_FFFF)), _mm256_set1_epi32(0x0040_0000));
    _mm256_max_epi32(_mm256_set1_epi32(least), _mm256_min_epi32(_mm256_set1_epi32(most), whole))
}

/// As [`nearest`], as f32.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn nearest_real(value: __m256, least: i32, most: i32) -> __m256 {
    _mm256_cvtepi32_ps(nearest(value, least, most))
}

/// ggml's `nearest_int` of one number.
pub(super) fn nearest_one(value: f32) -> i32 {
    ((value + 12_582_912.0).to_bits() & 0x007F_FFFF).cast_signed() - 0x0040_0000
}
