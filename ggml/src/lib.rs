//! Owned, checked handles over ggml: the only crate with unsafe code.
#![allow(unsafe_code)]

mod ability;
mod arena;
mod buffer;
mod crash;
mod crew;
mod device;
mod dtype;
mod error;
mod exact;
mod executor;
pub mod gguf;
mod graph;
mod kernels;
mod mapping;
mod ops;
mod processor;
mod quantize;
pub mod remote;
pub mod roofline;
mod threads;
mod weights;

pub use arena::{Arena, Tensor};
pub use crash::{arm_terminal, disarm_terminal, exit_now, provoke_abort};
pub use device::{Device, DeviceKind, available_memory};
pub use dtype::DType;
pub use error::Error;
pub use exact::keep_f32;
pub use executor::{Crossing, Executor};
pub use graph::Graph;
pub use kernels::{
    attention::{Attention, attends_as_single},
    product::{Then, batches_as_single, keeps_columns},
};
pub use mapping::{Aligned, Mapping};
pub use ops::Ops;
pub use processor::{processor_time, require_processor};
pub use quantize::{
    dequantize, dequantize_into, first_not_finite, first_not_finite_of, fitting, quantize, quantize_into,
};
pub use weights::{Source, Weights};
