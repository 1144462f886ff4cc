//! Multi-exit language models: architectures, exits, checkpoints, conversion. No contrast, no sampling, no screen.

mod byte_level;
mod error;
mod ids;
pub mod layout;
mod model;
mod spec;
mod tokenizer;

pub use error::Error;
pub use ids::{ExitId, NotAnExit, TokenId};
pub use mexit_ggml::{DType, Device, DeviceKind};
pub use model::{Model, Placement};
pub use spec::{Architecture, Projection, Spec};
pub use tokenizer::Tokenizer;
