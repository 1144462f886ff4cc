//! Few columns times k-quants: ggml's kernels, with rows fetched ahead.
//!
//! SAFETY: whoever calls this holds to what `x86.rs` asks.

use std::cell::Cell;

use llama_cpp_sys_2 as sys;

use super::{super::Operands, fetch};

/// Rows between use and fetching.
const AHEAD: usize = 4;

thread_local! {
    /// Columns in the type that ggml's kernels multiply. Kept: a thread computes thousands of products.
    static COLUMNS: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// The products of `rows` rows of weights in type number `CODE` with `columns` columns.
///
/// # Safety
/// That much is there, and rows are of whole blocks.
pub(super) unsafe fn multiply<const CODE: u32>(at: Operands, rows: usize, columns: usize) {
    // SAFETY: ggml's table of types has an entry for each of its numbers.
    let kernel = &*sys::ggml_get_type_traits_cpu(CODE);
    let rounded = sys::ggml_row_size(kernel.vec_dot_type, at.row as i64);
    let (Some(dot), Some(round)) = (kernel.vec_dot, (*sys::ggml_get_type_traits_cpu(kernel.vec_dot_type)).from_float)
    else {
        return;
    };
    let mut scratch = COLUMNS.take();
    scratch.resize(scratch.len().max(rounded * columns), 0);
    for column in 0..columns {
        round(at.columns.add(column * at.row), scratch.as_mut_ptr().add(column * rounded).cast(), at.row as i64);
    }
    for r in 0..rows {
        let row = at.weights.add(r * at.row_bytes);
        fetch(row, AHEAD * at.row_bytes, at.row_bytes);
        for column in 0..columns {
            let (to, x) = (at.out.add(column * at.out_column + r), scratch.as_ptr().add(column * rounded));
            dot(at.row as i32, to, 0, row.cast(), 0, x.cast(), 0, 1);
        }
    }
    COLUMNS.set(scratch);
}
