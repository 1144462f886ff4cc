//! Kernels for x86-64, compiled for two kinds of processors and chosen when the program runs.
//!
//! SAFETY: what is in here works on raw memory and on vectors: every function needs the instructions that it was chosen
//! for, and operands that are really there. The choosing here sees to the first, the modules above to the second.
#![allow(unsafe_op_in_unsafe_fn, reason = "nearly every line would be a block of its own")]
#![allow(clippy::missing_safety_doc, reason = "said once, above")]
#![allow(clippy::cast_ptr_alignment, reason = "vectors and scales are loaded at any address")]
#![allow(clippy::inline_always, reason = "what a kernel calls must be compiled with its instructions")]
#![allow(
    clippy::needless_range_loop,
    reason = "iterators are closures, which the compiler may leave out of line, without those"
)]

mod after;
mod attend;
mod encodings;
mod exp;
mod few;
mod k_quants;
mod lanes;
mod rows;
mod tile;

use std::arch::x86_64::{_MM_HINT_T0, _MM_HINT_T1, _mm_prefetch};

use llama_cpp_sys_2 as sys;

use self::{
    encodings::{BF16, Encoding, F16, F32, Q4K, Q5K, Q6K, Q8_0, Stored},
    lanes::{Avx2, Avx512},
};
use super::{
    attention,
    product::{After, Kernel, Operands},
};
use crate::DType;

/// With so many columns decoding k-quants once for all of them beats ggml's kernels.
const MANY: usize = 16;

/// What multiplies rows of this type and length with so many columns, if anything here does.
pub(super) fn product(dtype: DType, row: usize, columns: usize) -> Option<Kernel> {
    let decoding = products(dtype, row).into_iter().flatten().next_back()?;
    Some(match in_whole_numbers(dtype, decoding) {
        [_, Some(ours)] => ours,
        [Some(ggml_s), _] if columns < MANY => ggml_s,
        _ => decoding,
    })
}

/// Those that multiply rounded columns: ggml's, and ours as far as this processor can run it.
pub(super) fn in_whole_numbers(dtype: DType, other: Kernel) -> [Option<Kernel>; 2] {
    let [ggml_s, ours] = match dtype {
        DType::Q6K => [few::kernel::<{ sys::GGML_TYPE_Q6_K }>(other), k_quants::kernel::<k_quants::Q6K>(other)],
        DType::Q5K => [few::kernel::<{ sys::GGML_TYPE_Q5_K }>(other), k_quants::kernel::<k_quants::Q5K>(other)],
        DType::Q4K => [few::kernel::<{ sys::GGML_TYPE_Q4_K }>(other), k_quants::kernel::<k_quants::Q4K>(other)],
        _ => return [None; 2],
    };
    [Some(ggml_s), has_vnni().then_some(ours)]
}

/// Whether this processor multiplies bytes of wide vectors in whole numbers.
fn has_vnni() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vnni")
}

/// Those that decode rows of this type and length, on vectors of two widths, as far as this processor can run them.
pub(super) fn products(dtype: DType, row: usize) -> [Option<Kernel>; 2] {
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
    let kernels = [
        Kernel { prepare: None, multiply: avx2::multiply::<E>, after: avx2::after },
        Kernel { prepare: None, multiply: avx512::multiply::<E>, after: avx512::after },
    ];
    runnable(kernels).map(|kernel| kernel.filter(|_| row.is_multiple_of(E::NUMBERS)))
}

/// What attends over keys and values of this type in heads of so many numbers, on vectors of two widths.
pub(super) fn attention(dtype: DType, width: usize) -> [Option<attention::Kernel>; 2] {
    match dtype {
        DType::F32 => attending::<F32>(width),
        DType::F16 => attending::<F16>(width),
        _ => [None; 2],
    }
}

/// Widths that a head is expected to have.
fn attending<E: Stored>(width: usize) -> [Option<attention::Kernel>; 2] {
    let [narrow, wide] = match width {
        16 => [avx2::attend::<E, 2> as attention::Kernel, avx512::attend::<E, 1>],
        32 => [avx2::attend::<E, 4>, avx512::attend::<E, 2>],
        64 => [avx2::attend::<E, 8>, avx512::attend::<E, 4>],
        128 => [avx2::attend::<E, 16>, avx512::attend::<E, 8>],
        _ => return [None; 2],
    };
    runnable([narrow, wide])
}

/// Of kernels for vectors of two widths those that this processor can run.
fn runnable<T>([narrow, wide]: [T; 2]) -> [Option<T>; 2] {
    let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") && is_x86_feature_detected!("f16c");
    let avx512 = avx2 && is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl");
    [avx2.then_some(narrow), avx512.then_some(wide)]
}

/// The kernels for one kind of processor, as functions that may use its instructions.
macro_rules! compiled {
    ($name:ident, $lanes:ty, $features:literal) => {
        mod $name {
            #[allow(clippy::wildcard_imports, reason = "what is compiled here is all that is above")]
            use super::*;

            #[target_feature(enable = $features)]
            pub(super) unsafe fn multiply<E: Encoding>(at: Operands, rows: usize, columns: usize) {
                rows::multiply::<$lanes, E>(at, rows, columns);
            }

            #[target_feature(enable = $features)]
            pub(super) unsafe fn after(at: Operands, what: After, rows: usize, columns: usize) {
                after::after::<$lanes>(at, what, rows, columns);
            }

            #[target_feature(enable = $features)]
            pub(super) unsafe fn attend<E: Stored, const P: usize>(at: &attention::Operands, head: usize) {
                attend::attend::<$lanes, E, P>(at, head);
            }
        }
    };
}

compiled!(avx2, Avx2, "avx2,fma,f16c");
// VL: without it half of the registers are out of reach of what adds a vector's numbers up.
compiled!(avx512, Avx512, "avx2,fma,f16c,avx512f,avx512vl");

/// How many times as far ahead weights are fetched into the second cache as into the first. The first alone keeps too few
/// lines on the way: the second before it gave f16 rows a sixth more, q8_0 rows a tenth.
const FAR: usize = 4;

/// Begins to load `bytes` bytes of weights that are used a `stretch` of bytes after those at `from`, and those that are
/// used `FAR` stretches after. They need not be there: an address beyond the end is no fault.
#[inline(always)]
fn fetch(from: *const u8, stretch: usize, bytes: usize) {
    fetch_lines::<_MM_HINT_T0>(from.wrapping_add(stretch), bytes);
    fetch_lines::<_MM_HINT_T1>(from.wrapping_add(FAR * stretch), bytes);
}

/// Begins to load the cache lines that start in these bytes: each once, if the next bytes are fetched next.
#[inline(always)]
fn fetch_lines<const HINT: i32>(from: *const u8, bytes: usize) {
    let mut line = from.addr().wrapping_neg() % 64;
    while line < bytes {
        // SAFETY: a hint, for any address.
        unsafe { _mm_prefetch::<HINT>(from.wrapping_add(line).cast()) };
        line += 64;
    }
}
