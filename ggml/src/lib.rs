//! Owned, checked handles over ggml: the only crate with unsafe code.
#![allow(unsafe_code)]

mod dtype;

pub use dtype::DType;
