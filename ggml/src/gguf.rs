//! GGUF, the file format of llama.cpp: read and written in Rust, because ggml's own reader trusts what it is given.
//!
//! Layout (version 3, little endian): magic, version, counts; key-value pairs; tensor descriptions; padding to the
//! alignment; tensor data, each aligned. Source: docs/gguf.md of ggml.

mod disk;
mod memory;
mod read;
mod value;
mod write;

pub use memory::{MemoryError, in_memory};
pub use read::{Gguf, GgufError, TensorInfo};
pub use value::{Array, Value};
pub use write::{GgufWriter, Planned, WriteError};

/// First bytes of every file.
pub(crate) const MAGIC: &[u8; 4] = b"GGUF";
/// Where tensors start unless the file says otherwise, and the only alignment that we write.
pub(crate) const ALIGNMENT: u64 = 32;
/// The key that says otherwise.
pub(crate) const ALIGNMENT_KEY: &str = "general.alignment";
