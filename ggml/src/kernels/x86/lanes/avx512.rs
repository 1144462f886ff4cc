//! AVX-512.
//!
//! SAFETY: whoever calls this holds to what `x86.rs` asks.

#[allow(clippy::wildcard_imports, reason = "thirty instructions, whose names say what they are")]
use std::arch::x86_64::*;

use super::{Avx2, Avx512, Lanes};

impl Lanes for Avx512 {
    type Vector = __m512;
    type Ints = __m512i;
    const WIDTH: usize = 16;
    const COLUMNS: usize = 6;

    #[inline(always)]
    unsafe fn splat(number: f32) -> __m512 {
        _mm512_set1_ps(number)
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> __m512 {
        _mm512_loadu_ps(from)
    }
    #[inline(always)]
    unsafe fn store(to: *mut f32, numbers: __m512) {
        _mm512_storeu_ps(to, numbers);
    }
    #[inline(always)]
    unsafe fn add(a: __m512, b: __m512) -> __m512 {
        _mm512_add_ps(a, b)
    }
    #[inline(always)]
    unsafe fn div(a: __m512, b: __m512) -> __m512 {
        _mm512_div_ps(a, b)
    }
    #[inline(always)]
    unsafe fn min(a: __m512, b: __m512) -> __m512 {
        _mm512_min_ps(a, b)
    }
    #[inline(always)]
    unsafe fn max(a: __m512, b: __m512) -> __m512 {
        _mm512_max_ps(a, b)
    }
    #[inline(always)]
    unsafe fn mul(a: __m512, b: __m512) -> __m512 {
        _mm512_mul_ps(a, b)
    }
    #[inline(always)]
    unsafe fn mul_add(a: __m512, b: __m512, c: __m512) -> __m512 {
        _mm512_fmadd_ps(a, b, c)
    }
    #[inline(always)]
    unsafe fn sum(numbers: __m512) -> f32 {
        let upper = _mm256_castpd_ps(_mm512_extractf64x4_pd::<1>(_mm512_castps_pd(numbers)));
        Avx2::sum(_mm256_add_ps(_mm512_castps512_ps256(numbers), upper))
    }
    #[inline(always)]
    unsafe fn sums(to: *mut f32, of: [__m512; 16]) {
        let mut fours = [_mm512_setzero_ps(); 4];
        for (n, four) in fours.iter_mut().enumerate() {
            // Each quarter of a vector: what four vectors have there.
            let [a, b, c, d] = [0, 1, 2, 3].map(|m| of[4 * n + m]);
            let ab = _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
            let cd = _mm512_add_ps(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
            *four = _mm512_add_ps(_mm512_shuffle_ps::<0x44>(ab, cd), _mm512_shuffle_ps::<0xEE>(ab, cd));
        }
        let [a, b, c, d] = fours;
        let ab = _mm512_add_ps(_mm512_shuffle_f32x4::<0x88>(a, b), _mm512_shuffle_f32x4::<0xDD>(a, b));
        let cd = _mm512_add_ps(_mm512_shuffle_f32x4::<0x88>(c, d), _mm512_shuffle_f32x4::<0xDD>(c, d));
        _mm512_storeu_ps(to, _mm512_add_ps(_mm512_shuffle_f32x4::<0x88>(ab, cd), _mm512_shuffle_f32x4::<0xDD>(ab, cd)));
    }
    #[inline(always)]
    unsafe fn largest(numbers: __m512) -> f32 {
        let upper = _mm256_castpd_ps(_mm512_extractf64x4_pd::<1>(_mm512_castps_pd(numbers)));
        Avx2::largest(_mm256_max_ps(_mm512_castps512_ps256(numbers), upper))
    }
    #[inline(always)]
    unsafe fn halves(from: *const u16) -> __m512 {
        _mm512_cvtph_ps(_mm256_loadu_si256(from.cast()))
    }
    #[inline(always)]
    unsafe fn store_halves(to: *mut u16, numbers: __m512) {
        _mm256_storeu_si256(to.cast(), _mm512_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(numbers));
    }
    #[inline(always)]
    unsafe fn upper_halves(from: *const u16) -> __m512 {
        _mm512_castsi512_ps(_mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(_mm256_loadu_si256(from.cast()))))
    }
    #[inline(always)]
    unsafe fn signed(from: *const i8) -> __m512i {
        _mm512_cvtepi8_epi32(_mm_loadu_si128(from.cast()))
    }
    #[inline(always)]
    unsafe fn unsigned(from: *const u8) -> __m512i {
        _mm512_cvtepu8_epi32(_mm_loadu_si128(from.cast()))
    }
    #[inline(always)]
    unsafe fn floats(ints: __m512i) -> __m512 {
        _mm512_cvtepi32_ps(ints)
    }
    #[inline(always)]
    unsafe fn rounded(numbers: __m512) -> __m512i {
        _mm512_cvtps_epi32(numbers)
    }
    #[inline(always)]
    unsafe fn power_of_two(of: __m512i) -> __m512 {
        _mm512_castsi512_ps(_mm512_slli_epi32::<23>(_mm512_add_epi32(of, _mm512_set1_epi32(127))))
    }
    #[inline(always)]
    unsafe fn and(ints: __m512i, mask: i32) -> __m512i {
        _mm512_and_si512(ints, _mm512_set1_epi32(mask))
    }
    #[inline(always)]
    unsafe fn or(a: __m512i, b: __m512i) -> __m512i {
        _mm512_or_si512(a, b)
    }
    #[inline(always)]
    unsafe fn left(ints: __m512i, bits: u32) -> __m512i {
        _mm512_sll_epi32(ints, _mm_cvtsi32_si128(bits as i32))
    }
    #[inline(always)]
    unsafe fn right(ints: __m512i, bits: u32) -> __m512i {
        _mm512_srl_epi32(ints, _mm_cvtsi32_si128(bits as i32))
    }
}
