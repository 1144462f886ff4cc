//! Memory for tensors: on a device, or bytes of a mapped file used in place.

use std::{ptr::NonNull, sync::Arc};

use llama_cpp_sys_2 as sys;
use memmap2::MmapMut;

use crate::{Device, Error, Mapping, Tensor};

/// A piece of memory in which tensors are placed one after the other.
pub(crate) struct Buffer {
    raw: NonNull<sys::ggml_backend_buffer>,
    size: usize,
    /// Kept alive while tensors lie in it.
    #[expect(dead_code, reason = "owned so that it outlives the buffer over it")]
    memory: Memory,
}

/// What lies under a buffer that ggml did not allocate.
#[expect(dead_code, reason = "as above")]
enum Memory {
    /// ggml's own.
    Own,
    /// A model file.
    Mapping(Arc<Mapping>),
    /// Pages that the system makes zero when they are touched.
    Zeros(MmapMut),
}

// SAFETY: a buffer has no thread affinity; `Buffer` is its one owner.
unsafe impl Send for Buffer {}

impl Buffer {
    /// Zeros for one tensor: a cache. On the processor what is never touched takes no memory.
    pub(crate) fn zeros(tensor: Tensor<'_>, device: Device) -> Result<Self, Error> {
        if !device.is_cpu() {
            return Self::holding(tensor, device);
        }
        let bytes = tensor.bytes();
        let short = |_| Error::OutOfMemory { what: tensor.name(), bytes };
        let mut pages = MmapMut::map_anon(bytes).map_err(short)?;
        // SAFETY: the base is a page, and the pages are kept for as long as the buffer.
        let raw = unsafe { sys::ggml_backend_cpu_buffer_from_ptr(pages.as_mut_ptr().cast(), bytes) };
        let raw = NonNull::new(raw).ok_or_else(|| Error::OutOfMemory { what: tensor.name(), bytes })?;
        let buffer = Self { raw, size: bytes, memory: Memory::Zeros(pages) };
        buffer.place_at(tensor, 0, bytes)?;
        Ok(buffer)
    }

    /// Memory of a device for one tensor, cleared: old NaNs would pass through a mask.
    pub(crate) fn holding(tensor: Tensor<'_>, device: Device) -> Result<Self, Error> {
        device.present()?;
        let kind = device.buffer_type();
        // SAFETY: the buffer type of a registered device, and a valid tensor.
        let bytes = unsafe { sys::ggml_backend_buft_get_alloc_size(kind, tensor.raw()) };
        // SAFETY: a valid buffer type; a refused allocation is null.
        let raw = unsafe { sys::ggml_backend_buft_alloc_buffer(kind, bytes) };
        let short = || device.present().err().unwrap_or(Error::OutOfMemory { what: tensor.name(), bytes });
        let raw = NonNull::new(raw).ok_or_else(short)?;
        // SAFETY: a writable buffer just made.
        unsafe { sys::ggml_backend_buffer_clear(raw.as_ptr(), 0) };
        let buffer = Self { raw, size: bytes, memory: Memory::Own };
        buffer.place_at(tensor, 0, bytes)?;
        Ok(buffer)
    }

    /// Its size in bytes.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// A mapping as CPU memory, in place.
    pub(crate) fn in_place(mapping: Arc<Mapping>) -> Result<Self, Error> {
        let bytes = mapping.len();
        // SAFETY: the base is 32-byte aligned (a page, or `Aligned`), and the mapping is kept for as long as the buffer.
        // ggml takes a mutable pointer but writes only through operations that have the tensor as their target, and a
        // weight never is one.
        let raw = unsafe { sys::ggml_backend_cpu_buffer_from_ptr(mapping.as_ptr().cast_mut().cast(), bytes) };
        let raw = NonNull::new(raw).ok_or_else(|| Error::OutOfMemory { what: "the mapped file".into(), bytes })?;
        Ok(Self { raw, size: bytes, memory: Memory::Mapping(mapping) })
    }

    /// Marks the buffer as one of weights: the scheduler computes where they lie.
    pub(crate) fn holds_weights(&self) {
        // SAFETY: sets a field of a valid buffer.
        unsafe { sys::ggml_backend_buffer_set_usage(self.raw.as_ptr(), sys::GGML_BACKEND_BUFFER_USAGE_WEIGHTS) }
    }

    /// Gives `tensor` the place at `offset` bytes, of which it takes `bytes`.
    pub(crate) fn place_at(&self, tensor: Tensor<'_>, offset: usize, bytes: usize) -> Result<(), Error> {
        let inside = offset.checked_add(bytes).is_some_and(|end| end <= self.size);
        if tensor.is_placed() || !inside || tensor.bytes() > bytes {
            return Err(Error::NoMemory(tensor.name()));
        }
        // SAFETY: a valid buffer, whose base outlives this call.
        let base = unsafe { sys::ggml_backend_buffer_get_base(self.raw.as_ptr()) };
        let address = base.wrapping_byte_add(offset);
        // SAFETY: the tensor has no place yet and the one it gets lies inside the buffer.
        match unsafe { sys::ggml_backend_tensor_alloc(self.raw.as_ptr(), tensor.raw(), address) } {
            sys::GGML_STATUS_SUCCESS => Ok(()),
            status => Err(Error::Compute(status)),
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: made by ggml, freed once; the mapping, if any, is dropped after it.
        unsafe { sys::ggml_backend_buffer_free(self.raw.as_ptr()) }
    }
}

/// Writes all of a tensor's bytes.
pub(crate) fn write(tensor: Tensor<'_>, bytes: &[u8]) -> Result<(), Error> {
    sized(tensor, bytes.len())?;
    // SAFETY: the tensor has memory of exactly this size, and it is not a read-only mapping: only `Weights` and
    // `Executor` call this, for buffers they made on a device.
    unsafe { sys::ggml_backend_tensor_set(tensor.raw(), bytes.as_ptr().cast(), 0, bytes.len()) };
    Ok(())
}

/// Begins to read all of an f32 tensor, which `backend` has computed: `out` is filled once that has been waited for.
pub(crate) fn start_reading(tensor: Tensor<'_>, backend: sys::ggml_backend_t, out: &mut [f32]) -> Result<(), Error> {
    let bytes = size_of_val(out);
    sized(tensor, bytes)?;
    // SAFETY: the tensor has memory of exactly the size of `out`, and every bit pattern is an f32. The one caller, which
    // has borrowed `out` until then, waits before it returns.
    unsafe { sys::ggml_backend_tensor_get_async(backend, tensor.raw(), out.as_mut_ptr().cast(), 0, bytes) };
    Ok(())
}

fn sized(tensor: Tensor<'_>, bytes: usize) -> Result<(), Error> {
    if !tensor.is_placed() {
        return Err(Error::NoMemory(tensor.name()));
    }
    if tensor.bytes() != bytes || !tensor.is_contiguous() {
        return Err(Error::Bytes { name: tensor.name(), expected: tensor.bytes(), found: bytes });
    }
    Ok(())
}
