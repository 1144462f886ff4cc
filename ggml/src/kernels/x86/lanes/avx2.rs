//! AVX2.
//!
//! SAFETY: whoever calls this holds to what `x86.rs` asks.

#[allow(clippy::wildcard_imports, reason = "thirty instructions, whose names say what they are")]
use std::arch::x86_64::*;

use super::{Avx2, Lanes};

impl Lanes for Avx2 {
    type Vector = __m256;
    type Ints = __m256i;
    const WIDTH: usize = 8;
    const COLUMNS: usize = 3;

    #[inline(always)]
    unsafe fn splat(number: f32) -> __m256 {
        _mm256_set1_ps(number)
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> __m256 {
        _mm256_loadu_ps(from)
    }
    #[inline(always)]
    unsafe fn store(to: *mut f32, numbers: __m256) {
        _mm256_storeu_ps(to, numbers);
    }
    #[inline(always)]
    unsafe fn add(a: __m256, b: __m256) -> __m256 {
        _mm256_add_ps(a, b)
    }
    #[inline(always)]
    unsafe fn div(a: __m256, b: __m256) -> __m256 {
        _mm256_div_ps(a, b)
    }
    #[inline(always)]
    unsafe fn min(a: __m256, b: __m256) -> __m256 {
        _mm256_min_ps(a, b)
    }
    #[inline(always)]
    unsafe fn max(a: __m256, b: __m256) -> __m256 {
        _mm256_max_ps(a, b)
    }
    #[inline(always)]
    unsafe fn mul(a: __m256, b: __m256) -> __m256 {
        _mm256_mul_ps(a, b)
    }
    #[inline(always)]
    unsafe fn mul_add(a: __m256, b: __m256, c: __m256) -> __m256 {
        _mm256_fmadd_ps(a, b, c)
    }
    #[inline(always)]
    unsafe fn sum(numbers: __m256) -> f32 {
        let four = _mm_add_ps(_mm256_castps256_ps128(numbers), _mm256_extractf128_ps::<1>(numbers));
        let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
        _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
    }
    #[inline(always)]
    unsafe fn sums(to: *mut f32, of: [__m256; 16]) {
        for half in 0..2 {
            let mut fours = [_mm256_setzero_ps(); 2];
            for (n, four) in fours.iter_mut().enumerate() {
                // Each half of a vector: what four vectors have there.
                let [a, b, c, d] = [0, 1, 2, 3].map(|m| of[8 * half + 4 * n + m]);
                *four = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
            }
            let [a, b] = fours;
            let [low, high] = [_mm256_permute2f128_ps::<0x20>(a, b), _mm256_permute2f128_ps::<0x31>(a, b)];
            _mm256_storeu_ps(to.add(8 * half), _mm256_add_ps(low, high));
        }
    }
    #[inline(always)]
    unsafe fn largest(numbers: __m256) -> f32 {
        let four = _mm_max_ps(_mm256_castps256_ps128(numbers), _mm256_extractf128_ps::<1>(numbers));
        let two = _mm_max_ps(four, _mm_movehl_ps(four, four));
        _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)))
    }
    #[inline(always)]
    unsafe fn halves(from: *const u16) -> __m256 {
        _mm256_cvtph_ps(_mm_loadu_si128(from.cast()))
    }
    #[inline(always)]
    unsafe fn store_halves(to: *mut u16, numbers: __m256) {
        _mm_storeu_si128(to.cast(), _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(numbers));
    }
    #[inline(always)]
    unsafe fn upper_halves(from: *const u16) -> __m256 {
        _mm256_castsi256_ps(_mm256_slli_epi32::<16>(_mm256_cvtepu16_epi32(_mm_loadu_si128(from.cast()))))
    }
    #[inline(always)]
    unsafe fn signed(from: *const i8) -> __m256i {
        _mm256_cvtepi8_epi32(_mm_loadl_epi64(from.cast()))
    }
    #[inline(always)]
    unsafe fn unsigned(from: *const u8) -> __m256i {
        _mm256_cvtepu8_epi32(_mm_loadl_epi64(from.cast()))
    }
    #[inline(always)]
    unsafe fn floats(ints: __m256i) -> __m256 {
        _mm256_cvtepi32_ps(ints)
    }
    #[inline(always)]
    unsafe fn rounded(numbers: __m256) -> __m256i {
        _mm256_cvtps_epi32(numbers)
    }
    #[inline(always)]
    unsafe fn power_of_two(of: __m256i) -> __m256 {
        _mm256_castsi256_ps(_mm256_slli_epi32::<23>(_mm256_add_epi32(of, _mm256_set1_epi32(127))))
    }
    #[inline(always)]
    unsafe fn and(ints: __m256i, mask: i32) -> __m256i {
        _mm256_and_si256(ints, _mm256_set1_epi32(mask))
    }
    #[inline(always)]
    unsafe fn or(a: __m256i, b: __m256i) -> __m256i {
        _mm256_or_si256(a, b)
    }
    #[inline(always)]
    unsafe fn left(ints: __m256i, bits: u32) -> __m256i {
        _mm256_sll_epi32(ints, _mm_cvtsi32_si128(bits as i32))
    }
    #[inline(always)]
    unsafe fn right(ints: __m256i, bits: u32) -> __m256i {
        _mm256_srl_epi32(ints, _mm_cvtsi32_si128(bits as i32))
    }
}
