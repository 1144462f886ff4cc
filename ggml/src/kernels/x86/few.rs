//! Few columns times k-quants: ggml's kernels, with rows fetched ahead.
//!
//! SAFETY: whoever calls this holds to what `x86.rs` asks.

use std::cell::Cell;

use llama_cpp_sys_2 as sys;

use super::{
    super::product::{Kernel, Operands},
    fetch,
};

/// Rows between use and fetching.
const AHEAD: usize = 4;

thread_local! {
    /// Columns in the type that ggml's kernels multiply. Kept: a thread computes thousands of products.
    static COLUMNS: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// The kernel for weights in type number `CODE`; the rest as another has it.
pub(super) fn kernel<const CODE: u32>(other: Kernel) -> Kernel {
    Kernel { prepare: Some(round::<CODE>), multiply: multiply::<CODE>, ..other }
}

/// Rounds the columns, for this thread.
unsafe fn round<const CODE: u32>(at: Operands, columns: usize) {
    let (_, kind, bytes) = traits::<CODE>(at.row);
    // SAFETY: ggml's table of types has an entry for each of its numbers.
    let Some(round) = (*sys::ggml_get_type_traits_cpu(kind)).from_float else { return };
    let mut scratch = COLUMNS.take();
    scratch.resize(scratch.len().max(bytes * columns), 0);
    for column in 0..columns {
        round(at.columns.add(column * at.row), scratch.as_mut_ptr().add(column * bytes).cast(), at.row as i64);
    }
    COLUMNS.set(scratch);
}

/// What multiplies a row of type number `CODE`, which type it wants the columns in, and how many bytes a column then has.
unsafe fn traits<const CODE: u32>(row: usize) -> (sys::ggml_vec_dot_t, sys::ggml_type, usize) {
    // SAFETY: as above.
    let kernel = &*sys::ggml_get_type_traits_cpu(CODE);
    (kernel.vec_dot, kernel.vec_dot_type, sys::ggml_row_size(kernel.vec_dot_type, row as i64))
}

/// The products of `rows` rows of weights with the columns that this thread has rounded.
unsafe fn multiply<const CODE: u32>(at: Operands, rows: usize, columns: usize) {
    let (Some(dot), _, bytes) = traits::<CODE>(at.row) else { return };
    let rounded = COLUMNS.take();
    for r in 0..rows {
        let row = at.weights.add(r * at.row_bytes);
        fetch(row, AHEAD * at.row_bytes, at.row_bytes);
        for column in 0..columns {
            let (to, x) = (at.out.add(column * at.out_column + r), rounded.as_ptr().add(column * bytes));
            dot(at.row as i32, to, 0, row.cast(), 0, x.cast(), 0, 1);
        }
    }
    COLUMNS.set(rounded);
}
