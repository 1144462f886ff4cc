//! Columns of 8 bits.
//!
//! SAFETY: whoever calls this holds to what `x86.rs` asks.

#[allow(clippy::wildcard_imports, reason = "a dozen instructions, whose names say what they are")]
use std::arch::x86_64::*;
use std::cell::Cell;

use super::{
    super::{
        super::product::Operands,
        lanes::{Avx512, Lanes},
    },
    BLOCK, KQuant,
};

/// A block of a column.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Rounded {
    /// In the order in which an encoding decodes them.
    pub(super) numbers: [i8; BLOCK],
    /// Of each 16 numbers, in the column's order.
    pub(super) sums: [i16; 16],
    pub(super) scale: f32,
}

thread_local! {
    /// Columns, one after the other. Kept: a thread computes thousands of products.
    pub(super) static ROUNDED: Cell<Vec<Rounded>> = const { Cell::new(Vec::new()) };
}

/// Rounds the columns, for this thread.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
pub(super) unsafe fn round<K: KQuant>(at: Operands, columns: usize) {
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
