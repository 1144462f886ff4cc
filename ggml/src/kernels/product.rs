//! Weights times columns, on processors that we have kernels for: the one operation that a step's time goes into.
//!
//! ggml's own product reads one row of weights at a time, and gets half of what the memory gives; a batch it computes
//! in tiles for some types and shapes only, and rounds the columns to the weights' type first. Here rows are fetched
//! ahead, and columns stay as they are: for f32, f16, bf16 and q8_0 a product is the same to the last bit whether it is
//! computed alone or in a batch, by one thread or by many. With k-quants columns are rounded as ggml rounds them, and
//! multiplied in whole numbers: several times as fast as decoding the weights. Where the processor has no such
//! instructions of 512 bits few columns go through ggml's kernels, and weights are decoded for many.
//!
//! What follows a product (its bias, GELU, a residual) is done to each piece of the result by whoever has computed it.

#[cfg(all(test, target_arch = "x86_64"))]
mod tests;

use std::ffi::c_void;

use llama_cpp_sys_2 as sys;

use super::share::{self, Pieces};
use crate::{Arena, DType, Error, Tensor};

/// Rows that are not torn apart: as many as a batch decodes together.
const LEAST: usize = 16;

/// What happens to a product before it is a result.
#[derive(Clone, Copy, Debug)]
pub enum Then<'a> {
    /// Nothing.
    Done,
    /// GELU in its tanh form, u · σ(2√(2/π) · (u + 0.044715 u³)), in f32.
    Gelu,
    /// This is added, as large as the product: a residual.
    Add(Tensor<'a>),
}

/// Numbers in memory: weights in rows, columns and results as ggml lays them out.
#[derive(Clone, Copy)]
pub(super) struct Operands {
    /// The first weight of the first row.
    pub(super) weights: *const u8,
    /// From one row of weights to the next.
    pub(super) row_bytes: usize,
    /// Numbers in a row, and in a column.
    pub(super) row: usize,
    /// The first number of the first column.
    pub(super) columns: *const f32,
    /// Where the first row's product with the first column goes.
    pub(super) out: *mut f32,
    /// From a row's product with one column to that with the next.
    pub(super) out_column: usize,
}

impl Operands {
    /// The same, `rows` rows further down.
    ///
    /// # Safety
    /// There are as many.
    #[inline]
    pub(super) unsafe fn below(self, rows: usize) -> Self {
        // SAFETY: the caller's.
        unsafe { Self { weights: self.weights.add(rows * self.row_bytes), out: self.out.add(rows), ..self } }
    }

    /// The same, `columns` columns further on.
    ///
    /// # Safety
    /// There are as many.
    #[inline]
    pub(super) unsafe fn beside(self, columns: usize) -> Self {
        // SAFETY: the caller's.
        unsafe {
            Self { columns: self.columns.add(columns * self.row), out: self.out.add(columns * self.out_column), ..self }
        }
    }
}

/// What is done to a product.
#[derive(Clone, Copy)]
pub(super) struct After {
    /// Added to every column first.
    pub(super) bias: Option<*const f32>,
    /// Whether GELU is taken then.
    pub(super) gelu: bool,
    /// Added at last, laid out as the product.
    pub(super) add: Option<*const f32>,
}

impl After {
    /// Whether a product stays as it is.
    fn is_nothing(self) -> bool {
        self.bias.is_none() && self.add.is_none() && !self.gelu
    }

    /// The same, `rows` rows further down.
    fn below(self, rows: usize) -> Self {
        let below = |numbers: *const f32| numbers.wrapping_add(rows);
        Self { bias: self.bias.map(below), add: self.add.map(below), ..self }
    }
}

/// Rounds so many columns for the thread that calls it, where the weights' type asks for it.
///
/// # Safety
/// They are there, as the operands say.
type Prepare = unsafe fn(Operands, usize);

/// The product of so many rows with so many columns, for which this thread has prepared.
///
/// # Safety
/// They are there, as the operands say.
type Multiply = unsafe fn(Operands, usize, usize);

/// Does what follows to so many rows of so many columns of results.
///
/// # Safety
/// They are there, and as many numbers of what is added.
type Follow = unsafe fn(Operands, After, usize, usize);

/// What multiplies weights of one type.
#[derive(Clone, Copy)]
pub(super) struct Kernel {
    pub(super) prepare: Option<Prepare>,
    pub(super) multiply: Multiply,
    pub(super) after: Follow,
}

/// What multiplies such weights here, if anything of ours does.
fn kernel(dtype: DType, row: usize, columns: usize) -> Option<Kernel> {
    #[cfg(target_arch = "x86_64")]
    return super::x86::product(dtype, row, columns);
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

/// Whether products of weights on the processor, of this type and in rows of this length, leave columns as they are.
#[must_use]
pub fn keeps_columns(dtype: DType, row: usize) -> bool {
    match dtype {
        DType::F32 => true,
        DType::F16 | DType::BF16 | DType::Q8_0 => kernel(dtype, row, 1).is_some(),
        _ => false,
    }
}

/// Whether a batch gives what single columns give, up to the order of f32 sums at most: where columns are left as they
/// are, and where both are rounded alike.
#[must_use]
pub fn batches_as_single(dtype: DType, row: usize) -> bool {
    let rounds_batches = || kernel(dtype, row, usize::MAX).is_some_and(|kernel| kernel.prepare.is_some());
    keeps_columns(dtype, row) || rounds_batches()
}

/// The product of a matrix that [`is_ours`] with columns x, plus a bias for each row, and what follows.
pub(crate) fn operation<'a>(
    arena: &'a Arena,
    weight: Tensor<'a>,
    x: Tensor<'a>,
    bias: Option<Tensor<'a>>,
    then: Then<'a>,
) -> Result<Tensor<'a>, Error> {
    let (rows, columns) = (weight.shape()[1], x.shape()[1]);
    let add = if let Then::Add(add) = then { Some(add) } else { None };
    let sources = [Some(weight), Some(x), bias, add];
    super::operation(arena, [rows, columns], &sources, compute, [matches!(then, Then::Gelu).into(), 0, 0, 0])
}

/// The work: a piece is a row of weights, times all columns.
struct Rows {
    kernel: Kernel,
    whole: Operands,
    after: After,
    columns: usize,
}

// SAFETY: a row's products are written by whoever takes the row, and read by nobody meanwhile.
unsafe impl Sync for Rows {}

// SAFETY: as above.
unsafe impl Pieces for Rows {
    fn prepare(&self) {
        if let Some(prepare) = self.kernel.prepare {
            // SAFETY: the operands are there, as of whoever made this.
            unsafe { prepare(self.whole, self.columns) };
        }
    }

    fn work(&self, first: usize, some: usize) {
        // SAFETY: as above, and this thread has prepared.
        unsafe {
            let at = self.whole.below(first);
            (self.kernel.multiply)(at, some, self.columns);
            if !self.after.is_nothing() {
                (self.kernel.after)(at, self.after.below(first), some, self.columns);
            }
        }
    }
}

/// What ggml calls.
///
/// # Safety
/// An operation that was made above, its sources placed and computed; shapes and types were checked.
unsafe extern "C" fn compute(dst: *mut sys::ggml_tensor, _: i32, threads: i32, _: *mut c_void) {
    // SAFETY: the caller's.
    unsafe {
        let [weight, x] = [(*dst).src[0], (*dst).src[1]];
        let [bias, add] = [2, 3].map(|n| Some((*dst).src[n].as_ref()?.data.cast::<f32>().cast_const()));
        let (row, rows, columns) = ((*weight).ne[0] as usize, (*weight).ne[1] as usize, (*dst).ne[1] as usize);
        let together = if (*dst).op_params[super::SINGLY] == 0 { columns } else { 1 };
        let Some(kernel) = DType::from_code((*weight).type_).and_then(|dtype| kernel(dtype, row, together)) else {
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
        let after = After { bias, gelu: super::settings(dst)[0] != 0, add };
        share::share(dst, (rows, LEAST), threads as usize, &Rows { kernel, whole, after, columns });
    }
}
