//! The processor's threads, kept between graphs: starting them anew for each costs more than a small graph.
//!
//! There are two kinds. Graphs whose work our own kernels do are computed with a [`Crew`], all others by ggml's own
//! threads. Either is started when the first such graph comes.

#[cfg(test)]
mod tests;

use std::ptr::NonNull;

use llama_cpp_sys_2 as sys;

use crate::{Error, crew::Crew};

/// Most threads that we start; ggml's own limit is 512.
pub(crate) const MOST: usize = 256;

/// The threads of one backend, the processor's.
pub(crate) struct Threads {
    processor: sys::ggml_backend_t,
    count: usize,
    crew: Option<Crew>,
    /// What ggml computes with beside the crew: the calling thread.
    alone: Pool,
    many: Option<Pool>,
}

// SAFETY: the backend has no thread affinity; `Threads` lives beside it in the executor, and is used with it.
unsafe impl Send for Threads {}

impl Threads {
    /// `count` threads (at least one), which `processor` shall use instead of those it had.
    pub(crate) fn new(count: usize, processor: sys::ggml_backend_t) -> Result<Self, Error> {
        let threads = Self { processor, count: count.clamp(1, MOST), crew: None, alone: Pool::new(1)?, many: None };
        threads.alone.give_to(processor);
        Ok(threads)
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The threads for the next graph: the crew's if our kernels do its work, or else ggml's, whose operations call on
    /// no crew.
    pub(crate) fn choose(&mut self, ours: bool) -> Result<Option<&Crew>, Error> {
        if ours || self.count == 1 {
            self.alone.give_to(self.processor);
            let crew = match self.crew.take() {
                Some(crew) => crew,
                None => Crew::new(self.count).map_err(|_| none())?,
            };
            return Ok(Some(self.crew.insert(crew)));
        }
        let many = match self.many.take() {
            Some(pool) => pool,
            None => Pool::new(self.count)?,
        };
        self.many.insert(many).give_to(self.processor);
        Ok(None)
    }
}

/// Threads of ggml's.
struct Pool {
    raw: NonNull<sys::ggml_threadpool>,
    count: i32,
}

impl Pool {
    fn new(count: usize) -> Result<Self, Error> {
        let count = i32::try_from(count).unwrap_or(1);
        // SAFETY: fills a plain structure.
        let mut params = unsafe { sys::ggml_threadpool_params_default(count) };
        // Between graphs the threads sleep: by default they would spin for some hundred milliseconds after each one,
        // while the user reads. Waking them costs microseconds a graph.
        params.poll = 0;
        // SAFETY: valid parameters. Without room for it, or threads, ggml ends the process.
        let raw = unsafe { sys::ggml_threadpool_new(&raw mut params) };
        Ok(Self { raw: NonNull::new(raw).ok_or_else(none)?, count })
    }

    fn give_to(&self, processor: sys::ggml_backend_t) {
        // SAFETY: the processor's backend and a valid pool of so many threads; ggml pauses the pool it had before.
        unsafe {
            sys::ggml_backend_cpu_set_threadpool(processor, self.raw.as_ptr());
            sys::ggml_backend_cpu_set_n_threads(processor, self.count);
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // SAFETY: made by ggml_threadpool_new, freed once; the backend has another pool by now, or is gone.
        unsafe { sys::ggml_threadpool_free(self.raw.as_ptr()) }
    }
}

fn none() -> Error {
    Error::OutOfMemory { what: "threads".into(), bytes: 0 }
}
