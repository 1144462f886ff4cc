//! What of a model we compute on the processor ourselves, in place of ggml: products with what is done to their
//! results, layer norms, and attention. Each is one operation of a graph, where ggml takes two to seven, between which
//! all threads wait for each other; and each gives a token the same bits, whether it is computed alone or in a batch
//! (but for products of k-quants on processors that ggml's kernels multiply them on).
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "shapes, which ggml holds as i64 or i32"
)]

pub(crate) mod attention;
pub(crate) mod norm;
pub(crate) mod product;
mod share;
#[cfg(test)]
pub(crate) mod tests;
#[cfg(target_arch = "x86_64")]
mod x86;

use std::ffi::c_void;

use llama_cpp_sys_2 as sys;

use crate::{Arena, Error, Tensor, crew::Crew};

/// What ggml calls with each of its threads: the operation to compute, which thread this is, and of how many.
///
/// # Safety
/// ggml's: its sources are placed and computed, and nobody else computes it.
type Compute = unsafe extern "C" fn(*mut sys::ggml_tensor, i32, i32, *mut c_void);

// Where in an operation's parameters ours keep numbers: ggml uses the first six of the sixteen for operations like these,
// and the rest is zero when one is made.
/// That all columns are to be multiplied as if each was alone.
const SINGLY: usize = 7;
/// How much of the work is taken.
const TAKEN: usize = 8;
/// How many threads are done.
const DONE: usize = 9;
/// What the operation was made with: four numbers.
const SETTINGS: usize = 10;
/// Where the crew is that helps with it, in two numbers.
const CREW: usize = 14;

/// An operation of ours, computed by all threads, whose result is an f32 matrix `[rows, columns]`.
fn operation<'a>(
    arena: &'a Arena,
    [rows, columns]: [usize; 2],
    sources: &[Option<Tensor<'a>>],
    compute: Compute,
    settings: [i32; 4],
) -> Result<Tensor<'a>, Error> {
    let mut raw: Vec<_> = sources.iter().map(|source| source.map_or(std::ptr::null_mut(), Tensor::raw)).collect();
    let [rows, columns, count] = [rows, columns, raw.len()].map(|n| n as i64);
    // All threads: GGML_N_TASKS_MAX in ggml.h, which the bindings leave out.
    let (kind, all, none) = (sys::GGML_TYPE_F32, -1, std::ptr::null_mut());
    // SAFETY: fewer sources than ggml has room for, which it copies out of the array and skips where there is none; a
    // function for any number of threads; the arena has room.
    unsafe {
        let context = arena.take()?;
        let sources = raw.as_mut_ptr();
        let made =
            sys::ggml_custom_4d(context, kind, rows, columns, 1, 1, sources, count as i32, Some(compute), all, none);
        (&mut (*made).op_params)[SETTINGS..][..settings.len()].copy_from_slice(&settings);
        Ok(Tensor::from_raw(made))
    }
}

/// What an operation was made with.
///
/// # Safety
/// One that [`operation`] made.
unsafe fn settings(made: *mut sys::ggml_tensor) -> [i32; 4] {
    // SAFETY: the caller's.
    std::array::from_fn(|n| unsafe { (*made).op_params[SETTINGS + n] })
}

/// How the operations of a graph are to be computed.
#[derive(Clone, Copy)]
pub(crate) struct How<'a> {
    /// All columns of a product as if each was alone.
    pub(crate) singly: bool,
    /// Who helps where ggml computes with a single thread.
    pub(crate) crew: Option<&'a Crew>,
}

/// Tells an operation, if it is one of ours, how it is to be computed.
///
/// # Safety
/// A graph's tensor, which nobody computes now, and which is not computed after the crew is gone or has moved.
pub(crate) unsafe fn tell(result: *mut sys::ggml_tensor, how: How<'_>) {
    // SAFETY: the caller's.
    unsafe {
        if is_ours(result) {
            let params = &mut (*result).op_params;
            params[SINGLY] = how.singly.into();
            let crew = how.crew.map_or(std::ptr::null(), std::ptr::from_ref).expose_provenance() as u64;
            params[CREW..][..2].copy_from_slice(&[crew as i32, (crew >> 32) as i32]);
        }
    }
}

/// The crew of an operation of ours.
///
/// # Safety
/// It was told a crew that still is there, or none.
unsafe fn crew_of<'a>(made: *mut sys::ggml_tensor) -> Option<&'a Crew> {
    // SAFETY: the caller's.
    unsafe {
        let [low, high] = [0, 1].map(|n| u64::from((*made).op_params[CREW + n].cast_unsigned()));
        std::ptr::with_exposed_provenance::<Crew>((high << 32 | low) as usize).as_ref()
    }
}

/// Whether an operation is one of ours.
///
/// # Safety
/// A graph's tensor.
pub(crate) unsafe fn is_ours(result: *mut sys::ggml_tensor) -> bool {
    // SAFETY: the caller's.
    unsafe { (*result).op == sys::GGML_OP_CUSTOM }
}

/// Whether an operation is one of ggml's that many threads are for.
///
/// # Safety
/// A graph's tensor.
pub(crate) unsafe fn is_ggml_s_work(result: *mut sys::ggml_tensor) -> bool {
    // SAFETY: the caller's.
    unsafe { [sys::GGML_OP_MUL_MAT, sys::GGML_OP_FLASH_ATTN_EXT].contains(&(*result).op) }
}

/// Whether all of these are f32 numbers on end in memory that the processor reads: weights that our kernels can use.
pub(crate) fn are_plain(weights: &[Tensor<'_>]) -> bool {
    weights.iter().all(|weight| {
        weight.dtype() == Some(crate::DType::F32)
            && weight.is_contiguous()
            && weight.is_weight()
            && weight.is_in_memory()
    })
}
