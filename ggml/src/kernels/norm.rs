//! Layer norm (Ba et al. 2016, arXiv 1607.06450) with its weight and bias, in one pass over the threads.

use std::{ffi::c_void, slice};

use llama_cpp_sys_2 as sys;

use super::share::{self, Pieces};
use crate::{Arena, Error, Tensor};

/// Whether a norm with these weights is computed here.
pub(crate) fn is_ours(weights: [Tensor<'_>; 2]) -> bool {
    super::are_plain(&weights)
}

/// Columns of x `[d, n]` shifted to mean 0 and scaled to variance 1, ε added under the root, times the weight plus the
/// bias, d numbers each.
pub(crate) fn operation<'a>(
    arena: &'a Arena,
    x: Tensor<'a>,
    [weight, bias]: [Tensor<'a>; 2],
    epsilon: f32,
) -> Result<Tensor<'a>, Error> {
    let [row, columns, ..] = x.shape();
    let sources = [x, weight, bias].map(Some);
    super::operation(arena, [row, columns], &sources, compute, [epsilon.to_bits() as i32, 0, 0, 0])
}

/// The work: a piece is a column.
struct Columns {
    x: *const f32,
    weights: [*const f32; 2],
    epsilon: f32,
    out: *mut f32,
    row: usize,
}

// SAFETY: a column's results are written by whoever takes the column.
unsafe impl Sync for Columns {}

// SAFETY: as above.
unsafe impl Pieces for Columns {
    fn work(&self, first: usize, some: usize) {
        let row = self.row;
        for at in (first..first + some).map(|column| column * row) {
            // SAFETY: everything is there, as of whoever made this, and the results are no source.
            unsafe {
                let weights = self.weights.map(|weight| slice::from_raw_parts(weight, row));
                let out = slice::from_raw_parts_mut(self.out.add(at), row);
                norm(slice::from_raw_parts(self.x.add(at), row), weights, self.epsilon, out);
            }
        }
    }
}

/// What ggml calls.
///
/// # Safety
/// An operation that was made above, its sources placed and computed, none of them its result.
unsafe extern "C" fn compute(dst: *mut sys::ggml_tensor, thread: i32, threads: i32, _: *mut c_void) {
    // SAFETY: the caller's.
    unsafe {
        let [x, weight, bias] = [0, 1, 2].map(|n| (*(*dst).src[n]).data.cast::<f32>().cast_const());
        let [row, columns] = [0, 1].map(|n| (*dst).ne[n] as usize);
        let epsilon = f32::from_bits(super::settings(dst)[0] as u32);
        let all = Columns { x, weights: [weight, bias], epsilon, out: (*dst).data.cast(), row };
        if columns > 1 {
            share::share(dst, (columns, 1), threads as usize, &all);
        } else if thread == 0 {
            // Too little for it to be worth calling anybody.
            all.work(0, 1);
        }
    }
}

fn norm(x: &[f32], weights: [&[f32]; 2], epsilon: f32, out: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        return unsafe { norm_avx2(x, weights, epsilon, out) };
    }
    norm_plain(x, weights, epsilon, out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn norm_avx2(x: &[f32], weights: [&[f32]; 2], epsilon: f32, out: &mut [f32]) {
    norm_plain(x, weights, epsilon, out);
}

/// Sums are in f64: single numbers of a residual row may be a thousand times the others.
#[expect(clippy::inline_always, reason = "to be compiled once more with the instructions of whoever calls it")]
#[inline(always)]
fn norm_plain(x: &[f32], [weight, bias]: [&[f32]; 2], epsilon: f32, out: &mut [f32]) {
    let count = x.len() as f64;
    let mean = (sum(x, |v| v) / count) as f32;
    let variance = sum(x, |v| (v - f64::from(mean)) * (v - f64::from(mean))) / count;
    let scale = (1.0 / (variance + f64::from(epsilon)).sqrt()) as f32;
    for (((out, x), weight), bias) in out.iter_mut().zip(x).zip(weight).zip(bias) {
        *out = (x - mean) * scale * weight + bias;
    }
}

#[expect(clippy::inline_always, reason = "to be compiled once more with the instructions of whoever calls it")]
#[inline(always)]
fn sum(x: &[f32], term: impl Fn(f64) -> f64) -> f64 {
    // Side by side, so that no addition waits for the one before.
    let mut sums = [0.0; 16];
    let (blocks, rest) = x.as_chunks();
    for block in blocks {
        let block: &[f32; 16] = block;
        for (sum, v) in sums.iter_mut().zip(block) {
            *sum += term(f64::from(*v));
        }
    }
    sums.iter().sum::<f64>() + rest.iter().map(|v| term(f64::from(*v))).sum::<f64>()
}
