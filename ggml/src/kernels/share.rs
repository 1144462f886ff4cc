//! How threads share the work of an operation.

use std::sync::atomic::{AtomicI32, Ordering};

use llama_cpp_sys_2 as sys;

use super::{DONE, TAKEN};

/// Hands ranges (first, how many) of `all` to `work` until all are taken; each of `threads` threads calls this. What is
/// shared are pieces of `least`, which are not torn apart.
///
/// Ranges begin large, so that a thread reads on end, and become small, so that all end together although one is slower
/// or interrupted.
///
/// # Safety
/// `dst` is an operation that all threads compute now, as ggml does: none begins the next before all have ended this.
pub(super) unsafe fn ranges(
    dst: *mut sys::ggml_tensor,
    (all, least): (usize, usize),
    threads: usize,
    mut work: impl FnMut(usize, usize),
) {
    // SAFETY: the tensor lives, and during the operation these two numbers are only used here.
    let [taken, done] = unsafe { [TAKEN, DONE].map(|at| AtomicI32::from_ptr(&raw mut (*dst).op_params[at])) };
    let some = |first: i32| {
        let left = all.saturating_sub(first as usize);
        (3 * left / (4 * threads)).next_multiple_of(least).max(least).min(left)
    };
    let next = |first: i32| Some(first + some(first) as i32).filter(|_| (first as usize) < all);
    while let Ok(first) = taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next) {
        work(first as usize, some(first));
    }
    // The last leaves the counts as they were, for the next time that the graph is computed.
    if done.fetch_add(1, Ordering::AcqRel) + 1 == threads as i32 {
        taken.store(0, Ordering::Relaxed);
        done.store(0, Ordering::Release);
    }
}
