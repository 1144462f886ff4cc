//! Arenas hold the descriptions of tensors (never their data) and die as a whole.

use std::{cell::Cell, ffi::CString, marker::PhantomData, ptr::NonNull};

use llama_cpp_sys_2 as sys;

use crate::{DType, Error, error};

/// Room for a fixed number of tensor descriptions and, if wanted, one graph.
pub struct Arena {
    raw: NonNull<sys::ggml_context>,
    capacity: usize,
    used: Cell<usize>,
    graphed: Cell<bool>,
}

// SAFETY: a ggml_context is plain memory without thread affinity; `Arena` is its one owner, and the absence of Sync
// keeps its cells on one thread at a time.
unsafe impl Send for Arena {}

impl Arena {
    /// An arena for `tensors` descriptions and a graph of as many nodes.
    ///
    /// # Errors
    /// If there is no memory for it.
    pub fn new(tensors: usize) -> Result<Self, Error> {
        // SAFETY: both functions compute a size and touch nothing.
        let bytes = unsafe { tensors * sys::ggml_tensor_overhead() + sys::ggml_graph_overhead_custom(tensors, false) };
        let params = sys::ggml_init_params { mem_size: bytes, mem_buffer: std::ptr::null_mut(), no_alloc: true };
        // SAFETY: with a null mem_buffer ggml allocates the memory itself and frees it in ggml_free.
        let raw = unsafe { sys::ggml_init(params) };
        let raw = NonNull::new(raw).ok_or(Error::OutOfMemory { what: "a graph".into(), bytes })?;
        Ok(Self { raw, capacity: tensors, used: Cell::new(0), graphed: Cell::new(false) })
    }

    /// Counts one more tensor: a full arena makes ggml abort, so we never let it fill.
    pub(crate) fn take(&self) -> Result<*mut sys::ggml_context, Error> {
        if self.used.get() >= self.capacity {
            return Err(Error::ArenaFull(self.capacity));
        }
        self.used.set(self.used.get() + 1);
        Ok(self.raw.as_ptr())
    }

    /// The arena for its one graph: a second one would leave tensors of the first with memory that is no longer theirs.
    pub(crate) fn take_graph(&self) -> Option<*mut sys::ggml_context> {
        (!self.graphed.replace(true)).then_some(self.raw.as_ptr())
    }

    /// How many tensors and graph nodes fit.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// A tensor without data; `shape` in ggml's order (row length first), 1 to 4 numbers above 0.
    ///
    /// # Errors
    /// On a shape that ggml would abort on.
    pub fn tensor(&self, name: &str, dtype: DType, shape: &[usize]) -> Result<Tensor<'_>, Error> {
        let refuse = || {
            error::op(
                format!("tensor {name}"),
                "1 to 4 positive sizes, rows of whole blocks",
                format!("{dtype} {shape:?}"),
            )
        };
        let ne: Vec<i64> = shape.iter().map(|n| i64::try_from(*n).unwrap_or(0)).collect();
        let total = shape.iter().try_fold(16usize, |bytes, n| bytes.checked_mul(*n));
        let row = shape.first().and_then(|n| dtype.row_bytes(*n as u64));
        if ne.is_empty() || ne.len() > 4 || ne.iter().any(|n| *n < 1) || total.is_none() || row.is_none() {
            return Err(refuse());
        }
        let dims = i32::try_from(ne.len()).map_err(|_| refuse())?;
        // SAFETY: `ne` holds `dims` positive sizes whose product was checked, and the arena has room.
        let raw = unsafe { sys::ggml_new_tensor(self.take()?, dtype.code(), dims, ne.as_ptr()) };
        Ok(Tensor::from_raw(raw).named(name))
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        // SAFETY: made by ggml_init, freed once; every Tensor borrows the arena, so none outlives it.
        unsafe { sys::ggml_free(self.raw.as_ptr()) }
    }
}

/// A tensor's description in an arena. Copies name the same tensor.
#[derive(Clone, Copy)]
pub struct Tensor<'a> {
    raw: NonNull<sys::ggml_tensor>,
    arena: PhantomData<&'a Arena>,
}

impl Tensor<'_> {
    /// Wraps what an operation returned. ggml's constructors never return null: they abort instead.
    pub(crate) fn from_raw(raw: *mut sys::ggml_tensor) -> Self {
        Self { raw: NonNull::new(raw).expect("ggml returned no tensor"), arena: PhantomData }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> String {
        let bytes: Vec<u8> = self.get().name.iter().take_while(|c| **c != 0).map(|c| c.cast_unsigned()).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Whether it lies (or its origin, for a view) among weights, which may be a read-only mapping.
    pub(crate) fn is_weight(self) -> bool {
        let origin = NonNull::new(self.get().view_src).unwrap_or(self.raw);
        // SAFETY: a view's origin is a tensor of an arena that lives as long as the view's operands.
        let buffer = unsafe { origin.as_ref() }.buffer;
        // SAFETY: a valid buffer: those of weights live as long as their tensors.
        !buffer.is_null()
            && unsafe { sys::ggml_backend_buffer_get_usage(buffer) } == sys::GGML_BACKEND_BUFFER_USAGE_WEIGHTS
    }

    /// Whether its data lies in memory that the processor reads.
    pub(crate) fn is_in_memory(self) -> bool {
        let buffer = self.get().buffer;
        // SAFETY: a valid buffer: it lives as long as the tensors placed in it.
        !buffer.is_null() && unsafe { sys::ggml_backend_buffer_is_host(buffer) }
    }

    /// Whether it was made to be filled before a graph runs.
    pub(crate) fn is_input(self) -> bool {
        self.get().flags & i32::try_from(sys::GGML_TENSOR_FLAG_INPUT).unwrap_or(0) != 0
    }

    /// Whether its data has a place in memory.
    pub(crate) fn is_placed(self) -> bool {
        !self.get().buffer.is_null()
    }

    pub(crate) fn raw(self) -> *mut sys::ggml_tensor {
        self.raw.as_ptr()
    }

    pub(crate) fn get(&self) -> &sys::ggml_tensor {
        // SAFETY: the arena that owns the description is alive for the lifetime of `self`.
        unsafe { self.raw.as_ref() }
    }

    /// Gives the tensor a name (cut at 63 bytes): it stands in errors and in ggml's own messages.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        let c_name = CString::new(name.replace('\0', "")).unwrap_or_default();
        // SAFETY: a valid tensor and a terminated string, which ggml copies, cutting it to its field.
        unsafe { sys::ggml_set_name(self.raw(), c_name.as_ptr()) };
        self
    }

    /// Sizes in ggml's order, always four.
    #[must_use]
    pub fn shape(self) -> [usize; 4] {
        self.get().ne.map(|n| usize::try_from(n).unwrap_or(0))
    }

    /// Bytes from one element, row, plane to the next.
    #[must_use]
    pub fn strides(self) -> [usize; 4] {
        self.get().nb
    }

    /// Its element type, if it is one of ours.
    #[must_use]
    pub fn dtype(self) -> Option<DType> {
        DType::from_code(self.get().type_)
    }

    /// Bytes of its data.
    #[must_use]
    pub fn bytes(self) -> usize {
        // SAFETY: reads the description only.
        unsafe { sys::ggml_nbytes(self.raw()) }
    }

    /// Whether its elements lie one after the other.
    #[must_use]
    pub fn is_contiguous(self) -> bool {
        // SAFETY: reads the description only.
        unsafe { sys::ggml_is_contiguous(self.raw()) }
    }
}

impl std::fmt::Debug for Tensor<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.dtype() {
            Some(dtype) => write!(f, "{dtype} {:?}", self.shape()),
            None => write!(f, "type {} {:?}", self.get().type_, self.shape()),
        }
    }
}
