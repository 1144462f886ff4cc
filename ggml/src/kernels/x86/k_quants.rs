//! K-quants on AVX-512 with VNNI: whole numbers, 64 products an instruction.
//!
//! Columns are rounded to 8 bits as ggml rounds them for these types, and what is added up in whole numbers is what its
//! kernels add up (ggml-cpu/quants.c, `ggml_vec_dot_*_q8_K`). With half of their instructions a single column is bound by
//! memory and not by arithmetic; and a batch takes half of what decoding the weights for it does, with the bits of single
//! columns.
//!
//! SAFETY: whoever calls this holds to what `x86.rs` asks.

#[allow(clippy::wildcard_imports, reason = "thirty instructions, whose names say what they are")]
use std::arch::x86_64::*;
use std::cell::Cell;

use super::{
    super::product::{Kernel, Operands},
    encodings::half,
    fetch,
    lanes::{Avx512, Lanes},
};

/// Numbers in a block.
const BLOCK: usize = 256;
/// Bytes between use and fetching.
const STRETCH: usize = 4608;
/// Columns that are multiplied at once: as many as leave no sum without a register.
const COLUMNS: usize = 4;

/// A block of a column.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Rounded {
    /// In the order in which an encoding decodes them.
    numbers: [i8; BLOCK],
    /// Of each 16 numbers, in the column's order.
    sums: [i16; 16],
    scale: f32,
}

thread_local! {
    /// Columns, one after the other. Kept: a thread computes thousands of products.
    static ROUNDED: Cell<Vec<Rounded>> = const { Cell::new(Vec::new()) };
}

/// A block of weights: numbers · factors · `scale` + offsets · `shift`.
#[derive(Clone, Copy)]
pub(super) struct Block {
    /// Without signs, 64 in a vector.
    numbers: [__m512i; 4],
    /// What each four of them are multiplied with, in 16 of 32 bits.
    factors: [__m512i; 4],
    /// 16 bits for each 16 numbers.
    offsets: __m256i,
    scale: f32,
    shift: f32,
}

/// How a type's blocks are decoded.
pub(super) trait KQuant {
    const BYTES: usize;
    /// In which order runs of 32 numbers come.
    const RUNS: [usize; 8];

    /// # Safety
    /// `block` points to `BYTES` bytes.
    unsafe fn block(block: *const u8) -> Block;
}

/// The kernel for a type; what it does not do as another has it.
pub(super) fn kernel<K: KQuant>(other: Kernel) -> Kernel {
    Kernel { prepare: Some(round::<K>), multiply: multiply::<K>, ..other }
}

/// Rounds the columns, for this thread.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn round<K: KQuant>(at: Operands, columns: usize) {
    let mut rounded = ROUNDED.take();
    rounded.clear();
    for block in 0..columns * at.row / BLOCK {
        rounded.push(round_block::<K>(at.columns.add(block * BLOCK)));
    }
    ROUNDED.set(rounded);
}

/// To the bit as ggml rounds (ggml-quants.c, `quantize_row_q8_K_ref`): the number furthest from zero becomes −127.
#[inline(always)]
unsafe fn round_block<K: KQuant>(x: *const f32) -> Rounded {
    let mut rounded = Rounded { numbers: [0; BLOCK], sums: [0; 16], scale: 0.0 };
    let mut sizes = _mm512_setzero_ps();
    let mut broken = 0;
    for n in 0..16 {
        let numbers = _mm512_loadu_ps(x.add(16 * n));
        sizes = _mm512_max_ps(sizes, _mm512_abs_ps(numbers));
        broken |= _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(numbers, numbers);
    }
    let size = Avx512::largest(sizes);
    if broken != 0 {
        // Whatever is multiplied with it shows it.
        rounded.scale = f32::NAN;
    }
    if broken != 0 || size == 0.0 {
        return rounded;
    }
    // The first of several.
    let mut furthest = size;
    for n in 0..16 {
        let numbers = _mm512_loadu_ps(x.add(16 * n));
        let found = _mm512_cmp_ps_mask::<_CMP_EQ_OQ>(_mm512_abs_ps(numbers), _mm512_set1_ps(size));
        if found != 0 {
            furthest = *x.add(16 * n + found.trailing_zeros() as usize);
            break;
        }
    }
    let scale = -127.0 / furthest;
    for (place, run) in K::RUNS.into_iter().enumerate() {
        for half in 0..2 {
            let numbers = _mm512_loadu_ps(x.add(32 * run + 16 * half));
            let whole = _mm512_cvtps_epi32(_mm512_mul_ps(numbers, _mm512_set1_ps(scale)));
            let whole = _mm512_min_epi32(whole, _mm512_set1_epi32(127));
            let to = rounded.numbers.as_mut_ptr().add(32 * place + 16 * half);
            _mm_storeu_si128(to.cast(), _mm512_cvtsepi32_epi8(whole));
            rounded.sums[2 * run + half] = _mm512_reduce_add_epi32(whole) as i16;
        }
    }
    rounded.scale = 1.0 / scale;
    rounded
}

/// Rows that stay in the first cache while several groups of columns are multiplied with them.
const ROWS: usize = 8;

/// The products of `rows` rows of weights with the columns that this thread has rounded.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn multiply<K: KQuant>(at: Operands, rows: usize, columns: usize) {
    let rounded = ROUNDED.take();
    let mut first = 0;
    while first < rows {
        let some = if rows - first < ROWS { rows - first } else { ROWS };
        let mut column = 0;
        while column < columns {
            let at = at.below(first).beside(column);
            let x = rounded.as_ptr().add(column * at.row / BLOCK);
            match columns - column {
                1 => group::<K, 1>(at, some, x, column == 0),
                2 => group::<K, 2>(at, some, x, column == 0),
                3 => group::<K, 3>(at, some, x, column == 0),
                _ => group::<K, COLUMNS>(at, some, x, column == 0),
            }
            column += COLUMNS;
        }
        first += some;
    }
    ROUNDED.set(rounded);
}

/// A few rows times `C` columns; what comes after them is fetched meanwhile, if asked to.
#[inline(always)]
unsafe fn group<K: KQuant, const C: usize>(at: Operands, rows: usize, x: *const Rounded, ahead: bool) {
    for r in 0..rows {
        let row = at.below(r);
        if ahead {
            product::<K, C, true>(row, x);
        } else {
            product::<K, C, false>(row, x);
        }
    }
}

/// One row times `C` columns.
#[inline(always)]
unsafe fn product<K: KQuant, const C: usize, const AHEAD: bool>(at: Operands, x: *const Rounded) {
    let blocks = at.row / BLOCK;
    let (mut sums, mut shifts) = ([_mm512_setzero_ps(); C], [_mm256_setzero_ps(); C]);
    for b in 0..blocks {
        let from = at.weights.add(b * K::BYTES);
        if AHEAD {
            fetch(from, STRETCH, K::BYTES);
        }
        let block = K::block(from);
        for c in 0..C {
            let x = &*x.add(c * blocks + b);
            let mut sum = _mm512_setzero_si512();
            for n in 0..4 {
                // At most 4 · 63 · 128: the lower half of 32 bits holds it, and the upper meets a factor of zero.
                let numbers = _mm512_load_si512(x.numbers.as_ptr().add(64 * n).cast());
                let fours = _mm512_dpbusd_epi32(_mm512_setzero_si512(), block.numbers[n], numbers);
                sum = _mm512_dpwssd_epi32(sum, fours, block.factors[n]);
            }
            let scaled = _mm512_mul_ps(_mm512_cvtepi32_ps(sum), _mm512_set1_ps(x.scale));
            sums[c] = _mm512_fmadd_ps(scaled, _mm512_set1_ps(block.scale), sums[c]);
            let shift = _mm256_madd_epi16(block.offsets, _mm256_load_si256(x.sums.as_ptr().cast()));
            let shift = _mm256_mul_ps(_mm256_cvtepi32_ps(shift), _mm256_set1_ps(x.scale));
            shifts[c] = _mm256_fmadd_ps(shift, _mm256_set1_ps(block.shift), shifts[c]);
        }
    }
    for c in 0..C {
        let shifts = _mm512_zextps256_ps512(shifts[c]);
        *at.out.add(c * at.out_column) = Avx512::sum(_mm512_add_ps(sums[c], shifts));
    }
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

pub(super) struct Q4K;

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

pub(super) struct Q5K;

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

pub(super) struct Q6K;

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
