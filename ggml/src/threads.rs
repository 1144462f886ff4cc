//! The processor's threads, kept between graphs: starting them anew for each costs more than a small graph.

use std::ptr::NonNull;

use llama_cpp_sys_2 as sys;

use crate::Error;

/// Most threads that we start; ggml's own limit is 512.
pub(crate) const MOST: usize = 256;

/// A running set of threads, given to one backend.
pub(crate) struct Threads {
    pool: NonNull<sys::ggml_threadpool>,
    count: usize,
}

// SAFETY: the pool is only handed to ggml; `Threads` is its one owner.
unsafe impl Send for Threads {}

impl Threads {
    /// Starts `count` threads (at least one) and makes `processor` use them instead of those it had.
    pub(crate) fn start(count: usize, processor: sys::ggml_backend_t) -> Result<Self, Error> {
        let count = count.clamp(1, MOST);
        let n = i32::try_from(count).unwrap_or(1);
        // SAFETY: fills a plain structure.
        let mut params = unsafe { sys::ggml_threadpool_params_default(n) };
        // Between graphs the threads sleep: by default they would spin for some hundred milliseconds after each one,
        // while the user reads. Waking them costs microseconds a graph.
        params.poll = 0;
        // SAFETY: valid parameters; a failure is null.
        let pool = unsafe { sys::ggml_threadpool_new(&raw mut params) };
        let pool = NonNull::new(pool).ok_or_else(|| Error::OutOfMemory { what: "threads".into(), bytes: 0 })?;
        // SAFETY: the processor's backend and a valid pool; ggml pauses the pool it had before.
        unsafe { sys::ggml_backend_cpu_set_threadpool(processor, pool.as_ptr()) };
        // SAFETY: as above; the pool has exactly so many threads.
        unsafe { sys::ggml_backend_cpu_set_n_threads(processor, n) };
        Ok(Self { pool, count })
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // SAFETY: made by ggml_threadpool_new, freed once; the backend has another pool by now, or is gone.
        unsafe { sys::ggml_threadpool_free(self.pool.as_ptr()) }
    }
}
