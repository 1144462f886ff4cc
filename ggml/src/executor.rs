//! Computes graphs: the scheduler places each operation on the device that holds its weights.

use std::ptr::NonNull;

use llama_cpp_sys_2 as sys;

use crate::{Device, Error, Graph, Tensor, buffer, device::Backend, kernels, kernels::How, threads::Threads};

/// What computes. One at a time: graphs are computed one after the other, and results are read before the next.
pub struct Executor {
    // Dropped in this order: the scheduler uses the backends, the processor's backend uses the threads.
    scheduler: NonNull<sys::ggml_backend_sched>,
    backends: Vec<Backend>,
    threads: Threads,
    nodes: usize,
    reference: bool,
    waits_awake: bool,
    crossing: Crossing,
}

/// What a graph came to on devices beside the processor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Crossing {
    /// Pieces in which the graph was handed to devices, the processor's included: 1 where there is nothing else.
    pub pieces: usize,
    /// Bytes of results read back from devices beside the processor.
    pub read: u64,
}

// SAFETY: a scheduler has no thread affinity; `Executor` is its one owner.
unsafe impl Send for Executor {}

impl Executor {
    /// An executor for graphs of up to `nodes` tensors, on some devices and, with `threads` threads, on the processor for
    /// what has no place on one of them.
    ///
    /// # Errors
    /// If a device does not start.
    pub fn new(devices: &[Device], threads: usize, nodes: usize) -> Result<Self, Error> {
        let others = devices.iter().filter(|device| !device.is_cpu()).copied();
        // ggml's scheduler asserts 16, the processor among them.
        if others.clone().count() > 15 {
            return Err(Error::TooManyDevices(others.count()));
        }
        // The scheduler wants the processor last.
        let backends = others.chain([Device::cpu()?]).map(Backend::new).collect::<Result<Vec<_>, _>>()?;
        let mut raw: Vec<sys::ggml_backend_t> = backends.iter().map(Backend::raw).collect();
        let threads = Threads::new(threads, raw[raw.len() - 1])?;
        let count = i32::try_from(raw.len()).unwrap_or(1);
        // What is placed on the processor stays there: no copying of its weights to a device for a batch.
        let (in_parallel, offload, kinds) = (false, false, std::ptr::null_mut());
        // SAFETY: `count` valid backends, the processor last; null buffer types mean each backend's own.
        let scheduler =
            unsafe { sys::ggml_backend_sched_new(raw.as_mut_ptr(), kinds, count, nodes, in_parallel, offload) };
        let scheduler =
            NonNull::new(scheduler).ok_or_else(|| Error::OutOfMemory { what: "the scheduler".into(), bytes: nodes })?;
        Ok(Self {
            scheduler,
            backends,
            threads,
            nodes,
            reference: false,
            waits_awake: false,
            crossing: Crossing::default(),
        })
    }

    /// What the last graph came to.
    #[must_use]
    pub fn crossing(&self) -> Crossing {
        self.crossing
    }

    /// Number of processor threads in use.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.threads.count()
    }

    /// Uses another number of threads from now on.
    ///
    /// # Errors
    /// If they cannot be started.
    pub fn set_threads(&mut self, count: usize) -> Result<(), Error> {
        if count != self.threads() {
            self.threads = Threads::new(count, self.processor())?;
        }
        Ok(())
    }

    /// Whether threads that wait for each other awake have computed the last graph: ggml's, instead of ours.
    #[must_use]
    pub fn waits_awake(&self) -> bool {
        self.waits_awake
    }

    /// Computes with ggml's plain reference kernels, and our products of a batch as those of single steps: slow, and the
    /// same bits for both.
    pub fn set_reference(&mut self, on: bool) {
        self.reference = on;
        // SAFETY: the last backend is the processor's.
        unsafe { sys::ggml_backend_cpu_set_use_ref(self.processor(), on) }
    }

    /// Fills `inputs`, computes `graph`, and copies f32 results out.
    ///
    /// # Errors
    /// If an input or output is not of this graph or has another size, memory is short, a device fails, or one
    /// of another machine is lost.
    pub fn run<'a>(
        &mut self,
        graph: &Graph<'a>,
        inputs: &[(Tensor<'a>, &[u8])],
        outputs: &mut [(Tensor<'a>, &mut [f32])],
    ) -> Result<(), Error> {
        if graph.nodes() > self.nodes {
            return Err(Error::ArenaFull(self.nodes));
        }
        self.present()?;
        let scheduler = self.scheduler.as_ptr();
        // SAFETY: a valid scheduler; a graph that was aborted leaves it in need of this.
        unsafe { sys::ggml_backend_sched_reset(scheduler) };
        for (tensor, device) in graph.placed() {
            if let Some(backend) = self.backends.iter().find(|backend| backend.device() == *device) {
                // SAFETY: one of the scheduler's backends, and a tensor of the graph that comes next.
                unsafe { sys::ggml_backend_sched_set_tensor_backend(scheduler, tensor.raw(), backend.raw()) };
            }
        }
        // SAFETY: the scheduler was made for at least as many nodes as the graph has.
        if !unsafe { sys::ggml_backend_sched_alloc_graph(scheduler, graph.raw()) } {
            self.present()?;
            // ggml does not say on which device, nor how much: all of them together is the most it can have been.
            let what = "intermediate results (all together)".into();
            return Err(Error::OutOfMemory { what, bytes: graph.bytes() });
        }
        self.choose_threads(graph)?;
        for (tensor, bytes) in inputs {
            if !tensor.is_input() {
                return Err(Error::NoMemory(tensor.name()));
            }
            buffer::write(*tensor, bytes)?;
        }
        // SAFETY: allocated just above; shapes and types were checked when the operations were built.
        let status = unsafe { sys::ggml_backend_sched_graph_compute(scheduler, graph.raw()) };
        if status != sys::GGML_STATUS_SUCCESS {
            return Err(Error::Compute(status));
        }
        self.crossing = Crossing::default();
        let started = outputs.iter_mut().try_for_each(|(tensor, out)| self.start_reading(graph, *tensor, out));
        // SAFETY: a valid scheduler. Whatever was started ends here, before anything that it writes to is let go.
        unsafe {
            sys::ggml_backend_sched_synchronize(scheduler);
            self.crossing.pieces = usize::try_from(sys::ggml_backend_sched_get_n_splits(scheduler)).unwrap_or(0);
        }
        // What a lost device was to compute is zeros.
        self.present()?;
        started
    }

    /// Has the graph, which is placed, computed by the threads that are for it.
    fn choose_threads(&mut self, graph: &Graph<'_>) -> Result<(), Error> {
        let (scheduler, processor) = (self.scheduler.as_ptr(), self.processor());
        // SAFETY: tensors of the graph that the scheduler has placed.
        let here = |result| unsafe { sys::ggml_backend_sched_get_tensor_backend(scheduler, result) == processor };
        // SAFETY: as above.
        let is = |what: unsafe fn(_) -> bool| graph.results().any(|result| unsafe { what(result) } && here(result));
        let crew = self.threads.choose(is(kernels::is_ours) && !is(kernels::is_ggml_s_work))?;
        self.waits_awake = crew.is_none();
        let how = How { singly: self.reference, crew };
        // SAFETY: nobody computes them now. Every graph passes through here before it is computed, so that no operation
        // meets a crew of another time or place.
        graph.results().for_each(|result| unsafe { kernels::tell(result, how) });
        Ok(())
    }

    fn start_reading(&mut self, graph: &Graph<'_>, tensor: Tensor<'_>, out: &mut [f32]) -> Result<(), Error> {
        if !graph.holds(tensor) {
            return Err(Error::NoMemory(tensor.name()));
        }
        if !tensor.is_in_memory() {
            self.crossing.read += size_of_val(out) as u64;
        }
        // SAFETY: a tensor of the graph that the scheduler has just computed.
        let backend = unsafe { sys::ggml_backend_sched_get_tensor_backend(self.scheduler.as_ptr(), tensor.raw()) };
        buffer::start_reading(tensor, backend, out)
    }

    /// Whether every device is there.
    fn present(&self) -> Result<(), Error> {
        self.backends.iter().try_for_each(|backend| backend.device().present())
    }

    fn processor(&self) -> sys::ggml_backend_t {
        self.backends.last().map_or(std::ptr::null_mut(), Backend::raw)
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        // SAFETY: made by ggml_backend_sched_new, freed once, before the backends it uses.
        unsafe { sys::ggml_backend_sched_free(self.scheduler.as_ptr()) }
    }
}
