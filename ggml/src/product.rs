//! Weights times columns, on processors that we have kernels for: the one operation that a step's time goes into.
//!
//! ggml's own product reads one row of weights at a time, and gets half of what the memory gives; a batch it computes in
//! tiles for some types and shapes only, and rounds the columns to the weights' type first. Here rows are fetched ahead,
//! and columns stay as they are: for f32, f16, bf16 and q8_0 a product is the same to the last bit whether it is computed
//! alone or in a batch, by one thread or by many. With k-quants few columns go through ggml's kernels, which multiply
//! whole numbers: several times as fast there as decoding the weights.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "shapes, which ggml holds as i64 or i32"
)]

mod share;
#[cfg(all(test, target_arch = "x86_64"))]
mod tests;
#[cfg(target_arch = "x86_64")]
mod x86;

use std::ffi::c_void;

use llama_cpp_sys_2 as sys;

use crate::{DType, Tensor};

/// Numbers in memory: weights in rows, columns and results as ggml lays them out.
#[derive(Clone, Copy)]
struct Operands {
    /// The first weight of the first row.
    weights: *const u8,
    /// From one row of weights to the next.
    row_bytes: usize,
    /// Numbers in a row, and in a column.
    row: usize,
    /// The first number of the first column.
    columns: *const f32,
    /// Where the first row's product with the first column goes.
    out: *mut f32,
    /// From a row's product with one column to that with the next.
    out_column: usize,
}

impl Operands {
    /// The same, `rows` rows further down.
    ///
    /// # Safety
    /// There are as many.
    #[inline]
    unsafe fn below(self, rows: usize) -> Self {
        // SAFETY: the caller's.
        unsafe { Self { weights: self.weights.add(rows * self.row_bytes), out: self.out.add(rows), ..self } }
    }

    /// The same, `columns` columns further on.
    ///
    /// # Safety
    /// There are as many.
    #[inline]
    unsafe fn beside(self, columns: usize) -> Self {
        // SAFETY: the caller's.
        unsafe {
            Self { columns: self.columns.add(columns * self.row), out: self.out.add(columns * self.out_column), ..self }
        }
    }
}

/// A product of so many rows with so many columns.
///
/// # Safety
/// They are there, as the operands say.
type Kernel = unsafe fn(Operands, usize, usize);

/// What multiplies such weights here, if anything of ours does.
fn kernel(dtype: DType, row: usize, columns: usize) -> Option<Kernel> {
    #[cfg(target_arch = "x86_64")]
    return x86::kernel(dtype, row, columns);
    #[cfg(not(target_arch = "x86_64"))]
    None
}

/// Whether a product of this matrix (in memory that the processor reads) with f32 columns is ours.
pub(crate) fn is_ours(weight: Tensor<'_>, columns: usize) -> bool {
    let [row, _, planes, volumes] = weight.shape();
    [planes, volumes] == [1, 1]
        && weight.is_contiguous()
        && weight.is_in_memory()
        && weight.dtype().is_some_and(|dtype| kernel(dtype, row, columns).is_some())
}

/// Whether products of weights on the processor, of this type and in rows of this length, leave columns as they are: then a
/// batch gives what single columns give, up to the order of f32 sums at most.
#[must_use]
pub fn keeps_columns(dtype: DType, row: usize) -> bool {
    match dtype {
        DType::F32 => true,
        DType::F16 | DType::BF16 | DType::Q8_0 => kernel(dtype, row, 1).is_some(),
        _ => false,
    }
}

/// Where in an operation's parameters it stands that columns are to be multiplied as if each was alone. ggml uses the first
/// 24 bytes of the 64 for operations like ours, and the rest is zero when one is made.
const SINGLY: usize = 7;

/// Has all columns multiplied as if each was alone, if `result` is a product of ours.
pub(crate) fn set_singly(result: *mut sys::ggml_tensor, singly: bool) {
    // SAFETY: a graph's tensor, which nobody computes now.
    unsafe {
        if (*result).op == sys::GGML_OP_CUSTOM {
            (*result).op_params[SINGLY] = singly.into();
        }
    }
}

/// What ggml calls with each of its threads: `dst` [m, n] = the first source [k, m] times the second [k, n].
///
/// # Safety
/// ggml's: a tensor that [`crate::Ops::mul_mat`] made after [`is_ours`], its sources placed and computed.
pub(crate) unsafe extern "C" fn compute(dst: *mut sys::ggml_tensor, _: i32, threads: i32, _: *mut c_void) {
    // SAFETY: the caller's; shapes and types were checked when the operation was made.
    unsafe {
        let [weight, x] = [(*dst).src[0], (*dst).src[1]];
        let (row, rows, columns) = ((*weight).ne[0] as usize, (*weight).ne[1] as usize, (*dst).ne[1] as usize);
        let together = if (*dst).op_params[SINGLY] == 0 { columns } else { 1 };
        let Some(multiply) = DType::from_code((*weight).type_).and_then(|dtype| kernel(dtype, row, together)) else {
            return;
        };
        let whole = Operands {
            weights: (*weight).data.cast(),
            row_bytes: (*weight).nb[1],
            row,
            columns: (*x).data.cast(),
            out: (*dst).data.cast(),
            out_column: rows,
        };
        share::rows(dst, rows, threads as usize, |first, some| multiply(whole.below(first), some, columns));
    }
}
