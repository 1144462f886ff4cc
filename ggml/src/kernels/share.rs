//! How threads share the work of an operation.

use std::sync::atomic::{AtomicI32, Ordering};

use llama_cpp_sys_2 as sys;

use super::{DONE, TAKEN, crew_of};

/// An operation in pieces that threads do at the same time.
///
/// # Safety
/// Different pieces can be done by different threads at once.
pub(super) unsafe trait Pieces: Sync {
    /// What every thread does before its first piece.
    fn prepare(&self) {}

    /// Does so many pieces, from `first` on.
    fn work(&self, first: usize, some: usize);
}

/// Has `all` pieces done, in multiples of `least` that are not torn apart. `threads` threads of ggml's call this for the
/// same operation; a single one has the crew help, if there is one.
///
/// # Safety
/// `dst` is an operation that all threads compute now, as ggml does: none begins the next before all have ended this.
pub(super) unsafe fn share(
    dst: *mut sys::ggml_tensor,
    (all, least): (usize, usize),
    threads: usize,
    pieces: &impl Pieces,
) {
    // SAFETY: the tensor lives, and during the operation these two numbers are only used here.
    let [taken, done] = unsafe { [TAKEN, DONE].map(|at| AtomicI32::from_ptr(&raw mut (*dst).op_params[at])) };
    // SAFETY: the executor has set it for this graph.
    let crew = unsafe { crew_of(dst) }.filter(|_| threads == 1);
    let together = crew.map_or(threads, crate::crew::Crew::count);
    let work = || {
        if taken.load(Ordering::Relaxed) as usize >= all {
            // Too late to be of help.
            return;
        }
        pieces.prepare();
        ranges(taken, (all, least), together, |first, some| pieces.work(first, some));
    };
    match crew {
        // SAFETY: one graph is computed at a time, and one of its operations.
        Some(crew) => unsafe { crew.run(&work) },
        None => work(),
    }
    // The last leaves the counts as they were, for the next time that the graph is computed.
    if done.fetch_add(1, Ordering::AcqRel) + 1 == threads as i32 {
        taken.store(0, Ordering::Relaxed);
        done.store(0, Ordering::Release);
    }
}

/// Hands ranges (first, how many) of `all` to `work` until all are taken, where `threads` threads do the same.
///
/// Ranges begin large, so that a thread reads on end, and become small, so that all end together although one is slower
/// or interrupted.
fn ranges(taken: &AtomicI32, (all, least): (usize, usize), threads: usize, work: impl Fn(usize, usize)) {
    let some = |first: i32| {
        let left = all.saturating_sub(first as usize);
        (3 * left / (4 * threads)).next_multiple_of(least).max(least).min(left)
    };
    let next = |first: i32| Some(first + some(first) as i32).filter(|_| (first as usize) < all);
    while let Ok(first) = taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next) {
        work(first as usize, some(first));
    }
}
