//! Owned, checked handles over ggml: the only crate with unsafe code.
#![allow(unsafe_code)]

mod arena;
mod dtype;
mod error;
mod ops;

pub use arena::{Arena, Tensor};
pub use dtype::DType;
pub use error::Error;
pub use ops::Ops;
