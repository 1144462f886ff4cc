//! Attention of a batch of tokens over everything before them, and the writing down of what later tokens see of them.
//!
//! ggml takes three operations (two copies into the cache and flash attention), multiplies one key at a time, and reads a
//! mask. Here a head is one piece of work: its new keys and values are stored, then read back with the old ones.

#[cfg(all(test, target_arch = "x86_64"))]
mod tests;

use std::ffi::c_void;

use llama_cpp_sys_2 as sys;

use super::share::{self, Pieces};
use crate::{Arena, DType, Error, Tensor};

/// What is attended to, and how.
#[derive(Clone, Copy, Debug)]
pub struct Attention {
    /// Attention heads.
    pub heads: usize,
    /// Tokens before those of the batch: their keys and values are stored.
    pub past: usize,
    /// How many of the last tokens, itself among them, a token sees; 0: all.
    pub window: usize,
    /// What a query's product with a key is multiplied with.
    pub scale: f32,
}

/// One batch and one cache in memory.
#[derive(Clone, Copy)]
pub(super) struct Operands {
    /// Tokens in the batch.
    pub(super) n: usize,
    /// Numbers of a head.
    pub(super) width: usize,
    /// Queries, keys and values of a token, of all heads, one after the other.
    pub(super) qkv: *const f32,
    /// The cache: by head, then position, numbers of a head.
    pub(super) keys: *mut u8,
    pub(super) values: *mut u8,
    /// Bytes of a position, and of a head, in the cache.
    pub(super) position: usize,
    pub(super) head: usize,
    /// By token, all heads' results.
    pub(super) out: *mut f32,
    pub(super) how: Attention,
}

impl Operands {
    /// The positions that the token `t` of the batch sees.
    #[inline]
    pub(super) fn seen(&self, t: usize) -> std::ops::Range<usize> {
        let end = self.how.past + t + 1;
        (if self.how.window == 0 { 0 } else { end.saturating_sub(self.how.window) })..end
    }
}

/// What attends with one head.
///
/// # Safety
/// The operands are there, and nobody else works on this head.
pub(super) type Kernel = unsafe fn(&Operands, usize);

/// What attends over keys of this type and width here, if anything of ours does.
fn kernel(dtype: DType, width: usize) -> Option<Kernel> {
    #[cfg(target_arch = "x86_64")]
    return super::x86::attention(dtype, width).into_iter().flatten().next_back();
    #[cfg(not(target_arch = "x86_64"))]
    None
}

/// Whether attention over this cache, keys and values `[head_dim, context, heads]`, is computed here.
pub(crate) fn is_ours([keys, values]: [Tensor<'_>; 2]) -> bool {
    let ours = |store: Tensor<'_>| store.is_contiguous() && store.is_in_memory();
    let width = keys.shape()[0];
    ours(keys) && ours(values) && keys.dtype().is_some_and(|dtype| kernel(dtype, width).is_some())
}

/// Whether tokens that attend together over keys of this type, in heads of so many numbers, give what each gives alone,
/// up to the order of f32 sums: ggml rounds to f16 in another order.
#[must_use]
pub fn attends_as_single(dtype: DType, width: usize) -> bool {
    dtype == DType::F32 || kernel(dtype, width).is_some()
}

/// Stores the keys and values of `qkv` `[3 d, n]` and gives `[d, n]`.
pub(crate) fn operation<'a>(
    arena: &'a Arena,
    qkv: Tensor<'a>,
    cache: [Tensor<'a>; 2],
    how: Attention,
) -> Result<Tensor<'a>, Error> {
    let [row, columns, ..] = qkv.shape();
    let sources = [qkv, cache[0], cache[1]].map(Some);
    let Attention { heads, past, window, scale } = how;
    let settings = [heads as i32, past as i32, window as i32, scale.to_bits() as i32];
    super::operation(arena, [row / 3, columns], &sources, compute, settings)
}

/// The work: a piece is a head.
struct Heads {
    all: Operands,
    attend: Kernel,
}

// SAFETY: a head's part of the cache and of the results is touched by whoever takes the head alone.
unsafe impl Sync for Heads {}

// SAFETY: as above.
unsafe impl Pieces for Heads {
    fn work(&self, first: usize, some: usize) {
        // SAFETY: the operands are there, as of whoever made this.
        (first..first + some).for_each(|head| unsafe { (self.attend)(&self.all, head) });
    }
}

/// What ggml calls.
///
/// # Safety
/// An operation that was made above, after it was found to be ours, its sources placed and computed.
unsafe extern "C" fn compute(dst: *mut sys::ggml_tensor, _: i32, threads: i32, _: *mut c_void) {
    // SAFETY: the caller's.
    unsafe {
        let [qkv, keys, values] = [0, 1, 2].map(|n| (*dst).src[n]);
        let [heads, past, window, scale] = super::settings(dst);
        let (width, n) = ((*keys).ne[0] as usize, (*dst).ne[1] as usize);
        let Some(attend) = DType::from_code((*keys).type_).and_then(|dtype| kernel(dtype, width)) else { return };
        let how = Attention {
            heads: heads as usize,
            past: past as usize,
            window: window as usize,
            scale: f32::from_bits(scale as u32),
        };
        let [position, head] = [1, 2].map(|n| (*keys).nb[n]);
        let [qkv, out] = [(*qkv).data.cast(), (*dst).data.cast()];
        let [keys, values] = [(*keys).data.cast(), (*values).data.cast()];
        let all = Operands { n, width, qkv, keys, values, position, head, out, how };
        share::share(dst, (how.heads, 1), threads as usize, &Heads { all, attend });
    }
}
