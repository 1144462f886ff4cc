//! What a device can compute, asked with operations that are built and never run.

use llama_cpp_sys_2 as sys;

use crate::{Arena, DType, Device, Error, Ops, Tensor};

impl Device {
    /// Whether it multiplies rows of `row` weights of a type with f32 columns, one or many.
    #[must_use]
    pub fn multiplies(self, dtype: DType, row: usize) -> bool {
        [1, 64].into_iter().all(|columns| {
            self.runs(|arena, ops| {
                let weights = arena.tensor("weights", dtype, &[row, 64])?;
                ops.mul_mat("product", weights, ops.input("columns", DType::F32, &[row, columns])?)
            })
        })
    }

    /// Whether it computes attention over keys and values of a type, in heads of `width` numbers.
    #[must_use]
    pub fn attends(self, kind: DType, width: usize) -> bool {
        self.runs(|arena, ops| {
            let q = ops.input("q", DType::F32, &[width, 2, 4])?;
            let [k, v] = [arena.tensor("k", kind, &[width, 8, 4])?, arena.tensor("v", kind, &[width, 8, 4])?];
            let mask = ops.input("mask", DType::F16, &[8, 2])?;
            ops.attention("mixed", q, [k, v], Some(mask), 1.0)
        })
    }

    fn runs(self, build: impl for<'a> FnOnce(&'a Arena, Ops<'a>) -> Result<Tensor<'a>, Error>) -> bool {
        let Ok(arena) = Arena::new(8) else { return false };
        let Ok(result) = build(&arena, Ops::new(&arena)) else { return false };
        // SAFETY: a registered device and an operation with all its operands; nothing is computed.
        unsafe { sys::ggml_backend_dev_supports_op(self.raw(), result.raw()) }
    }
}
