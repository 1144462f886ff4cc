//! Vectors of numbers, on each kind of processor that we have kernels for.
//!
//! SAFETY: whoever calls this holds to what `x86.rs` asks.

#[allow(clippy::wildcard_imports, reason = "forty instructions, whose names say what they are")]
use std::arch::x86_64::*;

/// The vectors of one kind of processor.
///
/// # Safety
/// Every method needs the instructions of that kind, and pointers to `WIDTH` numbers that may be read (or written).
pub(super) trait Lanes {
    /// Numbers.
    type Vector: Copy;
    /// Whole numbers of 32 bits.
    type Ints: Copy;
    /// Numbers in a vector.
    const WIDTH: usize;
    /// Columns that are multiplied at once: as many as leave no sum without a register.
    const COLUMNS: usize;

    unsafe fn splat(number: f32) -> Self::Vector;
    unsafe fn load(from: *const f32) -> Self::Vector;
    unsafe fn store(to: *mut f32, numbers: Self::Vector);
    unsafe fn add(a: Self::Vector, b: Self::Vector) -> Self::Vector;
    unsafe fn mul(a: Self::Vector, b: Self::Vector) -> Self::Vector;
    unsafe fn div(a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// The smaller; b where one is no number.
    unsafe fn min(a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// The larger; b where one is no number.
    unsafe fn max(a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// a · b + c, rounded once.
    unsafe fn mul_add(a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;
    /// Always in the same order.
    unsafe fn sum(numbers: Self::Vector) -> f32;
    /// The sum of each of sixteen vectors, in their order; one order for all.
    unsafe fn sums(to: *mut f32, of: [Self::Vector; 16]);
    unsafe fn largest(numbers: Self::Vector) -> f32;

    unsafe fn halves(from: *const u16) -> Self::Vector;
    /// Rounds to even.
    unsafe fn store_halves(to: *mut u16, numbers: Self::Vector);
    /// The upper halves of f32 numbers: bf16.
    unsafe fn upper_halves(from: *const u16) -> Self::Vector;
    unsafe fn signed(from: *const i8) -> Self::Ints;
    unsafe fn unsigned(from: *const u8) -> Self::Ints;
    unsafe fn floats(ints: Self::Ints) -> Self::Vector;
    /// The nearest whole numbers.
    unsafe fn rounded(numbers: Self::Vector) -> Self::Ints;
    /// Two to the power of each, from −126 to 127.
    unsafe fn power_of_two(of: Self::Ints) -> Self::Vector;
    unsafe fn and(ints: Self::Ints, mask: i32) -> Self::Ints;
    unsafe fn or(a: Self::Ints, b: Self::Ints) -> Self::Ints;
    unsafe fn left(ints: Self::Ints, bits: u32) -> Self::Ints;
    unsafe fn right(ints: Self::Ints, bits: u32) -> Self::Ints;
}

/// AVX2 with FMA and F16C: what the build expects of any processor of this family.
pub(super) struct Avx2;

/// AVX-512 (F).
pub(super) struct Avx512;

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
