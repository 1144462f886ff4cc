//! A graph: operations in the order in which they are computed.

use std::{marker::PhantomData, ptr::NonNull};

use llama_cpp_sys_2 as sys;

use crate::{Arena, Device, Error, Tensor, error};

/// What is to be computed. One graph an arena.
pub struct Graph<'a> {
    raw: NonNull<sys::ggml_cgraph>,
    /// Results that are computed on a device of our choice.
    placed: Vec<(Tensor<'a>, Device)>,
    arena: PhantomData<&'a Arena>,
}

impl<'a> Graph<'a> {
    /// An empty graph in `arena`.
    ///
    /// # Errors
    /// If the arena already has one.
    pub fn new(arena: &'a Arena) -> Result<Self, Error> {
        let taken = || error::op("graph", "an arena without a graph", "a second one");
        let context = arena.take_graph().ok_or_else(taken)?;
        // SAFETY: Arena::new made room for one graph of its capacity, and no other was made.
        let raw = unsafe { sys::ggml_new_graph_custom(context, arena.capacity(), false) };
        Ok(Self { raw: NonNull::new(raw).ok_or_else(taken)?, placed: Vec::new(), arena: PhantomData })
    }

    /// Appends `result` and everything that it is computed from and that is not there yet.
    pub fn compute(&mut self, result: Tensor<'a>) {
        // SAFETY: the graph has room for as many nodes as the arena has tensors.
        unsafe { sys::ggml_build_forward_expand(self.raw(), result.raw()) }
    }

    /// Has `result`, which the graph computes, be computed on `device`: else the scheduler goes by where weights are.
    pub fn place(&mut self, result: Tensor<'a>, device: Device) {
        self.placed.push((result, device));
    }

    pub(crate) fn placed(&self) -> &[(Tensor<'a>, Device)] {
        &self.placed
    }

    /// Number of operations.
    #[must_use]
    pub fn nodes(&self) -> usize {
        usize::try_from(self.count()).unwrap_or(0)
    }

    /// Bytes of everything that it computes, views apart.
    pub(crate) fn bytes(&self) -> usize {
        // SAFETY: tensors of this graph.
        let bytes = |tensor: *mut sys::ggml_tensor| unsafe {
            if (*tensor).view_src.is_null() { sys::ggml_nbytes(tensor) } else { 0 }
        };
        self.results().map(bytes).sum()
    }

    /// Whether `tensor` is a result of this graph.
    pub(crate) fn holds(&self, tensor: Tensor<'_>) -> bool {
        // Searched from the end, where outputs are.
        self.results().rev().any(|result| result == tensor.raw())
    }

    /// What its operations make, in order.
    pub(crate) fn results(&self) -> impl DoubleEndedIterator<Item = *mut sys::ggml_tensor> {
        // SAFETY: every index is below the number of nodes.
        (0..self.count()).map(|i| unsafe { sys::ggml_graph_node(self.raw(), i) })
    }

    fn count(&self) -> i32 {
        // SAFETY: a valid graph.
        unsafe { sys::ggml_graph_n_nodes(self.raw()) }
    }

    pub(crate) fn raw(&self) -> *mut sys::ggml_cgraph {
        self.raw.as_ptr()
    }
}
