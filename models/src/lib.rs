//! Multi-exit language models: architectures, exits, checkpoints, conversion. No contrast, no sampling, no screen.

mod error;
mod ids;
pub mod layout;
mod spec;

pub use error::Error;
pub use ids::{ExitId, NotAnExit, TokenId};
pub use mexit_ggml::{DType, Device, DeviceKind};
pub use spec::{Architecture, Projection, Spec};
