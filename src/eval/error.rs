//! Why there is no result.

use std::{
    io,
    path::{Path, PathBuf},
};

/// Why a corpus cannot be measured, or results cannot be joined.
#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    /// The model or the machine refused.
    #[error(transparent)]
    Model(#[from] mexit_models::Error),
    /// The system refused a file.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is not as it must be.
    #[error("{path}: {place}expected {expected}, found {found}")]
    File {
        /// The file.
        path: PathBuf,
        /// Where in it, with a colon; may be empty.
        place: String,
        /// What should be there.
        expected: String,
        /// What is.
        found: String,
    },
    /// Two evaluations that do not belong together.
    #[error("{path} does not belong here: {what} is {found} there, {expected} here")]
    Differs {
        /// The file with the other one.
        path: PathBuf,
        /// In what they differ.
        what: String,
        /// Here.
        expected: String,
        /// There.
        found: String,
    },
    /// Joining documents needs a token that parts them.
    #[error("--join parts documents by the model's end-of-text token, but its tokenizer has none: leave --join out")]
    NoEnd,
    /// A shard is missing.
    #[error("shard {missing} of {of} is missing: give all {of}")]
    Missing {
        /// Its number.
        missing: u64,
        /// How many there are.
        of: u64,
    },
}

impl EvalError {
    pub(super) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.into(), source }
    }
}
