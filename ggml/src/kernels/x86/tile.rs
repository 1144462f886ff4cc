//! A few rows of weights times a few columns.
//!
//! Every product is one sum in one vector, over the row from its first number to its last, added up at the end in the
//! same order: it does not depend on how many rows and columns are computed together. So a batch gives the same bits as
//! single steps.
//!
//! SAFETY: whoever calls this holds to what `x86.rs` asks.

use super::{super::product::Operands, encodings::Encoding, fetch, lanes::Lanes};

/// The products of the first `R` rows with the first `C` columns.
///
/// # Safety
/// That much is there, rows are of whole blocks, the processor has the instructions of `L`.
///
/// With `AHEAD` the rows after these are fetched meanwhile, as one stretch of memory: the processor's own fetching
/// stops at the end of a page, which a row of weights may be.
#[inline(always)]
pub(super) unsafe fn tile<L: Lanes, E: Encoding, const R: usize, const C: usize, const AHEAD: bool>(at: Operands) {
    let mut sums = [[L::splat(0.0); C]; R];
    for block in 0..at.row / E::NUMBERS {
        let mut blocks = [at.weights.add(block * E::BYTES); R];
        let mut scales = [E::scales(blocks[0]); R];
        for r in 0..R {
            blocks[r] = blocks[r].add(r * at.row_bytes);
            scales[r] = E::scales(blocks[r]);
        }
        if AHEAD {
            fetch(at.weights.wrapping_add(R * block * E::BYTES), R * at.row_bytes, R * E::BYTES);
        }
        let column = at.columns.add(block * E::NUMBERS);
        for part in 0..E::NUMBERS / L::WIDTH {
            let mut numbers = [L::splat(0.0); C];
            for c in 0..C {
                numbers[c] = L::load(column.add(c * at.row + part * L::WIDTH));
            }
            for r in 0..R {
                let weights = E::numbers::<L>(blocks[r], scales[r], part);
                for c in 0..C {
                    sums[r][c] = L::mul_add(weights, numbers[c], sums[r][c]);
                }
            }
        }
    }
    for r in 0..R {
        for c in 0..C {
            *at.out.add(c * at.out_column + r) = L::sum(sums[r][c]);
        }
    }
}
