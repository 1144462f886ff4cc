//! K-quants on AVX-512 with VNNI: whole numbers, 64 products an instruction.
//!
//! Columns are rounded to 8 bits as ggml rounds them for these types, and what is added up in whole numbers is what its
//! kernels add up (ggml-cpu/quants.c, `ggml_vec_dot_*_q8_K`). A step of GPT-2 Medium's shape takes three quarters of
//! what it takes through those, a position of a batch two thirds of what it takes with weights decoded for it; and a
//! batch has the bits of single columns.
//!
//! SAFETY: whoever calls this holds to what `x86.rs` asks.

mod blocks;
mod rounded;

#[allow(clippy::wildcard_imports, reason = "a dozen instructions, whose names say what they are")]
use std::arch::x86_64::*;

pub(super) use self::blocks::{Q4K, Q5K, Q6K};
use self::{
    blocks::KQuant,
    rounded::{ROUNDED, Rounded, round},
};
use super::{
    super::product::{Kernel, Operands},
    fetch,
    lanes::{Avx512, Lanes},
};

/// Numbers in a block.
const BLOCK: usize = 256;
/// Bytes between use and fetching.
const STRETCH: usize = 4608;
/// Columns that are multiplied at once: as many as leave no sum without a register.
const COLUMNS: usize = 4;

/// The kernel for a type; what it does not do as another has it.
pub(super) fn kernel<K: KQuant>(other: Kernel) -> Kernel {
    Kernel { prepare: Some(round::<K>), multiply: multiply::<K>, ..other }
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
