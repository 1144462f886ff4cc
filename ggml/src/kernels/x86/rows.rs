//! All rows of a range of weights times all columns.
//!
//! SAFETY: whoever calls this holds to what `x86.rs` asks.

use std::cell::Cell;

use super::{
    super::product::Operands,
    encodings::{Encoding, F32},
    lanes::Lanes,
    tile::tile,
};

/// Rows that are computed together.
pub(super) const ROWS: usize = 4;
/// Rows that are decoded before any is multiplied with many columns: columns are then loaded once for all of them.
const DECODED: usize = 4 * ROWS;

thread_local! {
    /// Decoded rows. Kept: a thread computes thousands of products.
    static SCRATCH: Cell<Vec<f32>> = const { Cell::new(Vec::new()) };
}

/// The products of `rows` rows with `columns` columns.
///
/// # Safety
/// As for [`tile`].
#[inline(always)]
pub(super) unsafe fn multiply<L: Lanes, E: Encoding>(at: Operands, rows: usize, columns: usize) {
    match columns {
        1 => alone::<L, E>(at, rows),
        2 => tiles::<L, E, ROWS, 2, true>(at, rows),
        3 => tiles::<L, E, ROWS, 3, true>(at, rows),
        _ => many::<L, E>(at, rows, columns),
    }
}

/// A single column. The rows that are computed together, and the same number that is fetched meanwhile, have to stay in
/// the first cache: as many as 10 KB hold.
#[inline(always)]
unsafe fn alone<L: Lanes, E: Encoding>(at: Operands, rows: usize) {
    match 10 * 1024 / at.row_bytes {
        8.. => tiles::<L, E, 8, 1, true>(at, rows),
        4..8 => tiles::<L, E, 4, 1, true>(at, rows),
        2..4 => tiles::<L, E, 2, 1, true>(at, rows),
        _ => tiles::<L, E, 1, 1, true>(at, rows),
    }
}

/// All rows, `R` at once, decoded on the way from memory to the product; `AHEAD` as for [`tile`].
#[inline(always)]
unsafe fn tiles<L: Lanes, E: Encoding, const R: usize, const C: usize, const AHEAD: bool>(
    mut at: Operands,
    rows: usize,
) {
    for _ in 0..rows / R {
        tile::<L, E, R, C, AHEAD>(at);
        at = at.below(R);
    }
    for _ in 0..rows % R {
        tile::<L, E, 1, C, AHEAD>(at);
        at = at.below(1);
    }
}

/// Many columns: rows are decoded once for all.
#[inline(always)]
unsafe fn many<L: Lanes, E: Encoding>(mut at: Operands, rows: usize, columns: usize) {
    let mut scratch = SCRATCH.take();
    scratch.resize(scratch.len().max(DECODED * at.row), 0.0);
    let mut left = rows;
    while left > 0 {
        let some = if left < DECODED { left } else { DECODED };
        for r in 0..some {
            decode::<L, E>(at.weights.add(r * at.row_bytes), scratch.as_mut_ptr().add(r * at.row), at.row);
        }
        let decoded = Operands { weights: scratch.as_ptr().cast(), row_bytes: at.row * size_of::<f32>(), ..at };
        product_of_decoded::<L>(decoded, some, columns);
        at = at.below(some);
        left -= some;
    }
    SCRATCH.set(scratch);
}

#[inline(always)]
unsafe fn decode<L: Lanes, E: Encoding>(row: *const u8, decoded: *mut f32, numbers: usize) {
    for block in 0..numbers / E::NUMBERS {
        let (from, to) = (row.add(block * E::BYTES), decoded.add(block * E::NUMBERS));
        let scales = E::scales(from);
        for part in 0..E::NUMBERS / L::WIDTH {
            L::store(to.add(part * L::WIDTH), E::numbers::<L>(from, scales, part));
        }
    }
}

#[inline(always)]
unsafe fn product_of_decoded<L: Lanes>(mut at: Operands, rows: usize, columns: usize) {
    for _ in 0..columns / L::COLUMNS {
        match L::COLUMNS {
            3 => tiles::<L, F32, ROWS, 3, false>(at, rows),
            _ => tiles::<L, F32, ROWS, 6, false>(at, rows),
        }
        at = at.beside(L::COLUMNS);
    }
    match columns % L::COLUMNS {
        1 => tiles::<L, F32, ROWS, 1, false>(at, rows),
        2 => tiles::<L, F32, ROWS, 2, false>(at, rows),
        3 => tiles::<L, F32, ROWS, 3, false>(at, rows),
        4 => tiles::<L, F32, ROWS, 4, false>(at, rows),
        5 => tiles::<L, F32, ROWS, 5, false>(at, rows),
        _ => {}
    }
}
