//! How blocks of k-quants are taken apart (ggml-common.h has their layouts).
//!
//! SAFETY: whoever calls this holds to what `x86.rs` asks.

#[allow(clippy::wildcard_imports, reason = "twenty instructions, whose names say what they are")]
use std::arch::x86_64::*;

use super::super::encodings::half;

/// A block of weights: numbers · factors · `scale` + offsets · `shift`.
#[derive(Clone, Copy)]
pub(in super::super) struct Block {
    /// Without signs, 64 in a vector.
    pub(super) numbers: [__m512i; 4],
    /// What each four of them are multiplied with, in 16 of 32 bits.
    pub(super) factors: [__m512i; 4],
    /// 16 bits for each 16 numbers.
    pub(super) offsets: __m256i,
    pub(super) scale: f32,
    pub(super) shift: f32,
}

/// How a type's blocks are decoded.
pub(in super::super) trait KQuant {
    const BYTES: usize;
    /// In which order runs of 32 numbers come.
    const RUNS: [usize; 8];

    /// # Safety
    /// `block` points to `BYTES` bytes.
    unsafe fn block(block: *const u8) -> Block;
}

/// In each half of a vector one of eight numbers.
#[inline(always)]
unsafe fn halves(of: __m512i, low: i32, high: i32) -> __m512i {
    let which = _mm512_inserti64x4::<1>(_mm512_set1_epi32(low), _mm256_set1_epi32(high));
    _mm512_permutexvar_epi32(which, of)
}

/// The same 32 bytes twice.
#[inline(always)]
unsafe fn twice(from: *const u8) -> __m512i {
    _mm512_broadcast_i64x4(_mm256_loadu_si256(from.cast()))
}

pub(in super::super) struct Q4K;

/// A block of [`Q4K`] whose four bits begin at `fours`: runs 0 and 2, 1 and 3, 4 and 6, 5 and 7.
#[inline(always)]
unsafe fn block_of_fours(block: *const u8, fours: *const u8) -> Block {
    // Six bits each: those of the first four in bytes of their own, the rest in what is left of 12.
    const SIX: u32 = 0x3F3F_3F3F;
    const FOUR: u32 = 0x0F0F_0F0F;
    let packed = block.add(4).cast::<[u32; 3]>().read_unaligned();
    let join = |low: u32, high: u32| i64::from(low) | i64::from(high) << 32;
    let scales = join(packed[0] & SIX, packed[2] & FOUR | packed[0] >> 2 & 0x3030_3030);
    let offsets = join(packed[1] & SIX, packed[2] >> 4 & FOUR | packed[1] >> 2 & 0x3030_3030);
    let scales = _mm512_castsi256_si512(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128(scales)));
    let offsets = _mm_cvtsi64_si128(offsets);
    let offsets = _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(offsets, offsets));
    let mut numbers = [_mm512_setzero_si512(); 4];
    for n in 0..2 {
        let both = _mm512_loadu_si512(fours.add(64 * n).cast());
        numbers[2 * n] = _mm512_and_si512(both, _mm512_set1_epi8(15));
        numbers[2 * n + 1] = _mm512_and_si512(_mm512_srli_epi16::<4>(both), _mm512_set1_epi8(15));
    }
    let factors = [halves(scales, 0, 2), halves(scales, 1, 3), halves(scales, 4, 6), halves(scales, 5, 7)];
    Block { numbers, factors, offsets, scale: half(block), shift: -half(block.add(2)) }
}

impl KQuant for Q4K {
    const BYTES: usize = 144;
    const RUNS: [usize; 8] = [0, 2, 1, 3, 4, 6, 5, 7];

    #[inline(always)]
    unsafe fn block(block: *const u8) -> Block {
        block_of_fours(block, block.add(16))
    }
}

pub(in super::super) struct Q5K;

impl KQuant for Q5K {
    const BYTES: usize = 176;
    const RUNS: [usize; 8] = Q4K::RUNS;

    #[inline(always)]
    unsafe fn block(block: *const u8) -> Block {
        let mut decoded = block_of_fours(block, block.add(48));
        let fifths = twice(block.add(16));
        for n in 0..4 {
            let bits = |place: usize| _mm256_set1_epi8((1u8 << Self::RUNS[2 * n + place]) as i8);
            let bits = _mm512_inserti64x4::<1>(_mm512_castsi256_si512(bits(0)), bits(1));
            let set = _mm512_test_epi8_mask(fifths, bits);
            let four = decoded.numbers[n];
            decoded.numbers[n] = _mm512_mask_add_epi8(four, set, four, _mm512_set1_epi8(16));
        }
        decoded
    }
}

pub(in super::super) struct Q6K;

impl KQuant for Q6K {
    const BYTES: usize = 210;
    const RUNS: [usize; 8] = [0, 1, 2, 3, 4, 5, 6, 7];

    #[inline(always)]
    unsafe fn block(block: *const u8) -> Block {
        /// a | b & c, of vectors as of bits.
        const OR_AND: i32 = 0xF8;
        let [low_left, high_right] = [(4, 2), (0, 2)]
            .map(|(low, high)| _mm512_inserti64x4::<1>(_mm512_set1_epi16(low), _mm256_set1_epi16(high)));
        let upper = _mm512_set1_epi8(0x30);
        let signed = _mm_loadu_si128(block.add(192).cast());
        let scales = _mm512_and_si512(_mm512_cvtepi8_epi32(signed), _mm512_set1_epi32(0xFFFF));
        let (mut numbers, mut factors) = ([_mm512_setzero_si512(); 4], [scales; 4]);
        for n in 0..2 {
            let both = _mm512_loadu_si512(block.add(64 * n).cast());
            let twos = twice(block.add(128 + 32 * n));
            let low = _mm512_and_si512(both, _mm512_set1_epi8(15));
            let high = _mm512_and_si512(_mm512_srli_epi16::<4>(both), _mm512_set1_epi8(15));
            numbers[2 * n] = _mm512_ternarylogic_epi32::<OR_AND>(low, _mm512_sllv_epi16(twos, low_left), upper);
            numbers[2 * n + 1] = _mm512_ternarylogic_epi32::<OR_AND>(high, _mm512_srlv_epi16(twos, high_right), upper);
        }
        let fours = _mm512_set_epi32(3, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0);
        for n in 0..4 {
            let which = _mm512_add_epi32(fours, _mm512_set1_epi32(4 * n as i32));
            factors[n] = _mm512_permutexvar_epi32(which, scales);
        }
        let scale = half(block.add(208));
        // Numbers are from −32 on.
        Block { numbers, factors, offsets: _mm256_cvtepi8_epi16(signed), scale, shift: -32.0 * scale }
    }
}
