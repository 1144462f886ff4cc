//! Tensors that outlive a graph: weights, used in place where the file is mapped, and caches.

use std::{collections::HashMap, ops::Range, ptr::NonNull, sync::Arc};

use llama_cpp_sys_2 as sys;

use crate::{
    Arena, DType, Device, Error, Mapping, Tensor,
    buffer::{self, Buffer},
};

/// Named tensors with their memory.
pub struct Weights {
    buffers: Vec<Buffer>,
    tensors: HashMap<String, NonNull<sys::ggml_tensor>>,
    arena: Arena,
    in_place: Option<Buffer>,
    mapping: Option<Arc<Mapping>>,
    /// Bytes of memory of its own, by device.
    held: Vec<(Device, usize)>,
}

// SAFETY: `Weights` owns the arena whose tensors it points at.
unsafe impl Send for Weights {}

/// Where a tensor's bytes come from.
pub enum Source<'s> {
    /// A part of the mapping: used in place on the CPU, copied to any other device.
    Mapped(Range<usize>),
    /// Bytes made for it, copied.
    Bytes(&'s [u8]),
    /// Zeros: a cache.
    Zeros,
}

impl Weights {
    /// Room for `tensors` tensors, some of them in `mapping`.
    ///
    /// # Errors
    /// If there is no memory.
    pub fn new(tensors: usize, mapping: Option<Arc<Mapping>>) -> Result<Self, Error> {
        let in_place = mapping.clone().map(Buffer::in_place).transpose()?;
        if let Some(buffer) = &in_place {
            buffer.holds_weights();
        }
        let arena = Arena::new(tensors)?;
        Ok(Self { buffers: Vec::new(), tensors: HashMap::new(), arena, in_place, mapping, held: Vec::new() })
    }

    /// Adds a tensor on `device`. A mapped source must start at a multiple of 32 to be used in place; it is copied
    /// otherwise.
    ///
    /// # Errors
    /// If there is no memory, the bytes do not fit the shape, or the name is taken.
    pub fn add(
        &mut self,
        name: &str,
        (dtype, shape): (DType, &[usize]),
        device: Device,
        source: &Source<'_>,
    ) -> Result<(), Error> {
        let tensor = self.arena.tensor(name, dtype, shape)?;
        if self.tensors.contains_key(name) {
            return Err(Error::NoMemory(format!("{name} (named twice)")));
        }
        let bytes = match source {
            Source::Mapped(range) => {
                Some(self.mapping.as_ref().and_then(|m| m.get(range.clone())).ok_or_else(|| Error::Bytes {
                    name: name.into(),
                    expected: tensor.bytes(),
                    found: 0,
                })?)
            }
            Source::Bytes(bytes) => Some(*bytes),
            Source::Zeros => None,
        };
        if let Some(bytes) = bytes.filter(|b| b.len() != tensor.bytes()) {
            return Err(Error::Bytes { name: name.into(), expected: tensor.bytes(), found: bytes.len() });
        }
        match (source, &self.in_place) {
            (Source::Mapped(range), Some(mapped)) if device.is_cpu() && range.start.is_multiple_of(32) => {
                mapped.place_at(tensor, range.start, range.len())?;
            }
            _ => {
                let buffer = match source {
                    Source::Zeros => Buffer::zeros(tensor, device)?,
                    _ => Buffer::holding(tensor, device)?,
                };
                if let Some(bytes) = bytes {
                    buffer.holds_weights();
                    buffer::write(tensor, bytes)?;
                }
                match self.held.iter_mut().find(|(known, _)| *known == device) {
                    Some((_, held)) => *held += buffer.size(),
                    None => self.held.push((device, buffer.size())),
                }
                self.buffers.push(buffer);
            }
        }
        device.present()?;
        self.tensors.extend(NonNull::new(tensor.raw()).map(|raw| (name.to_owned(), raw)));
        Ok(())
    }

    /// The tensor called `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Tensor<'_>> {
        self.tensors.get(name).map(|raw| Tensor::from_raw(raw.as_ptr()))
    }

    /// Bytes held in a device's memory; of the mapping nothing is held.
    #[must_use]
    pub fn held_on(&self, device: Device) -> usize {
        self.held.iter().find(|(known, _)| *known == device).map_or(0, |(_, held)| *held)
    }
}
