//! How threads share the rows of a product.

use std::sync::atomic::{AtomicI32, Ordering};

use llama_cpp_sys_2 as sys;

/// Rows that are not torn apart: as many as a batch decodes together.
const LEAST: usize = 16;
/// Where in an operation's parameters the rows taken and the threads done are counted: behind what ggml keeps there for
/// operations like ours (24 bytes of 64), and zero when it is made.
const TAKEN: usize = 8;
const DONE: usize = 9;

/// Hands ranges of `rows` (first, how many) to `work` until all are taken; each of `threads` threads calls this.
///
/// Ranges begin large, so that a thread reads on end, and become small, so that all end together although one is slower
/// or interrupted.
///
/// # Safety
/// `dst` is an operation that all threads compute now, as ggml does: none begins the next before all have ended this.
pub(super) unsafe fn rows(dst: *mut sys::ggml_tensor, rows: usize, threads: usize, work: impl Fn(usize, usize)) {
    // SAFETY: the tensor lives, and during the operation these two numbers are only used here.
    let [taken, done] = unsafe { [TAKEN, DONE].map(|at| AtomicI32::from_ptr(&raw mut (*dst).op_params[at])) };
    let some = |first: i32| {
        let left = rows.saturating_sub(first as usize);
        (left / (2 * threads)).next_multiple_of(LEAST).max(LEAST).min(left)
    };
    let next = |first: i32| Some(first + some(first) as i32).filter(|_| (first as usize) < rows);
    while let Ok(first) = taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next) {
        work(first as usize, some(first));
    }
    // The last leaves the counts as they were, for the next time that the graph is computed.
    if done.fetch_add(1, Ordering::AcqRel) + 1 == threads as i32 {
        taken.store(0, Ordering::Relaxed);
        done.store(0, Ordering::Release);
    }
}
