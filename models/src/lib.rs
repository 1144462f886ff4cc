//! Multi-exit language models: architectures, exits, checkpoints, conversion. No contrast, no sampling, no screen.

mod ids;

pub use ids::{ExitId, NotAnExit, TokenId};
