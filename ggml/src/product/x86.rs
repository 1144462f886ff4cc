//! Products on x86-64, compiled for two kinds of processors and chosen when the program runs.
//!
//! SAFETY: what is in here works on raw memory and on vectors: every function needs the instructions that it was chosen
//! for, and operands that are really there. `kernel` sees to the first, `product.rs` to the second.
#![allow(unsafe_op_in_unsafe_fn, reason = "nearly every line would be a block of its own")]
#![allow(clippy::missing_safety_doc, reason = "said once, above")]
#![allow(clippy::cast_ptr_alignment, reason = "vectors and scales are loaded at any address")]
#![allow(clippy::inline_always, reason = "what a kernel calls must be compiled with its instructions")]
#![allow(
    clippy::needless_range_loop,
    reason = "iterators are closures, which the compiler may leave out of line, without those"
)]

mod encodings;
mod few;
mod lanes;
mod rows;
mod tile;

use std::arch::x86_64::{_MM_HINT_T0, _MM_HINT_T1, _mm_prefetch};

use llama_cpp_sys_2 as sys;

use self::{
    encodings::{BF16, Encoding, F16, F32, Q4K, Q5K, Q6K, Q8_0},
    lanes::{Avx2, Avx512},
};
use super::{Kernel, Operands};
use crate::DType;

/// With so many columns it pays to decode k-quants once for all of them.
const MANY: usize = 16;

/// What multiplies rows of this type and length with so many columns, if anything here does.
pub(super) fn kernel(dtype: DType, row: usize, columns: usize) -> Option<Kernel> {
    match dtype {
        DType::Q6K if columns < MANY => Some(few::multiply::<{ sys::GGML_TYPE_Q6_K }>),
        DType::Q5K if columns < MANY => Some(few::multiply::<{ sys::GGML_TYPE_Q5_K }>),
        DType::Q4K if columns < MANY => Some(few::multiply::<{ sys::GGML_TYPE_Q4_K }>),
        _ => kernels(dtype, row).into_iter().flatten().next_back(),
    }
}

/// Those that decode rows of this type and length, on vectors of two widths, as far as this processor can run them.
pub(super) fn kernels(dtype: DType, row: usize) -> [Option<Kernel>; 2] {
    match dtype {
        DType::F32 => decoding::<F32>(row),
        DType::F16 => decoding::<F16>(row),
        DType::BF16 => decoding::<BF16>(row),
        DType::Q8_0 => decoding::<Q8_0>(row),
        DType::Q6K => decoding::<Q6K>(row),
        DType::Q5K => decoding::<Q5K>(row),
        DType::Q4K => decoding::<Q4K>(row),
        _ => [None; 2],
    }
}

fn decoding<E: Encoding>(row: usize) -> [Option<Kernel>; 2] {
    let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") && is_x86_feature_detected!("f16c");
    let avx512 = avx2 && is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl");
    let whole = row.is_multiple_of(E::NUMBERS);
    [(whole && avx2).then_some(on_avx2::<E>), (whole && avx512).then_some(on_avx512::<E>)]
}

#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn on_avx2<E: Encoding>(at: Operands, rows: usize, columns: usize) {
    rows::multiply::<Avx2, E>(at, rows, columns);
}

// VL: without it half of the registers are out of reach of what adds a vector's numbers up.
#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512vl")]
unsafe fn on_avx512<E: Encoding>(at: Operands, rows: usize, columns: usize) {
    rows::multiply::<Avx512, E>(at, rows, columns);
}

/// How many times as far ahead weights are fetched into the second cache as into the first. The first alone keeps too few
/// lines on the way: the second before it gave f16 rows a sixth more, q8_0 rows a tenth.
const FAR: usize = 4;

/// Begins to load `bytes` bytes of weights that are used a `stretch` of bytes after those at `from`, and those that are
/// used `FAR` stretches after. They need not be there: an address beyond the end is no fault.
#[inline(always)]
fn fetch(from: *const u8, stretch: usize, bytes: usize) {
    let mut line = 0;
    while line < bytes {
        // SAFETY: hints, for any address.
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(from.wrapping_add(stretch + line).cast());
            _mm_prefetch::<_MM_HINT_T1>(from.wrapping_add(FAR * stretch + line).cast());
        }
        line += 64;
    }
}
