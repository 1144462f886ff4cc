//! Multi-exit language models: architectures, exits, checkpoints, conversion. No contrast, no sampling, no screen.

mod byte_level;
mod cache;
pub mod checkpoint;
pub mod convert;
pub mod demo;
mod drafted;
mod early;
mod engine;
mod error;
mod fingerprint;
mod heads;
mod ids;
pub mod layout;
mod model;
mod pace;
mod placement;
mod plan;
mod read_ahead;
pub mod shape;
mod sizes;
mod spec;
mod tokenizer;
mod trunk;
mod weight_types;

pub use engine::{BATCH, Engine, EngineOptions, LogitRows};
pub use error::Error;
pub use ids::{ExitId, NotAnExit, TokenId};
pub use mexit_ggml::{
    Crossing, DType, Device, DeviceKind, Error as DeviceError, Mapping, arm_terminal, disarm_terminal, exit_now,
    gguf::Value, keep_f32, provoke_abort, remote, require_processor, roofline,
};
pub use model::Model;
pub use placement::{Layers, Placement};
pub use plan::{Placed, Plan};
pub use spec::{Architecture, Projection, Spec};
pub use tokenizer::Tokenizer;
pub use trunk::Gelu;
pub use weight_types::WeightTypes;
