//! What can be wrong with a model, a checkpoint or a text.

use std::path::{Path, PathBuf};

use mexit_ggml::{
    Device,
    gguf::{GgufError, MemoryError, WriteError},
};

use crate::{ExitId, TokenId};

/// Why a model cannot be used, read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system refused a file.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is no GGUF file.
    #[error(transparent)]
    Gguf(#[from] GgufError),
    /// The file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// There is no memory for a model without a file.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// ggml or the machine refused.
    #[error(transparent)]
    Ggml(#[from] mexit_ggml::Error),
    /// Something in a file is not as it must be.
    #[error("{what}: expected {expected}, found {found}")]
    Model {
        /// Where.
        what: String,
        /// What should be there.
        expected: String,
        /// What is.
        found: String,
    },
    /// A text longer than the model's positions.
    #[error("the text has {found} tokens, the model's context holds {context}: shorten it")]
    ContextFull {
        /// The model's positions.
        context: usize,
        /// The text's tokens.
        found: usize,
    },
    /// A token that the model does not have.
    #[error("token {id}: expected an id below {vocabulary}, the size of the vocabulary", id = .id.0)]
    UnknownToken {
        /// The id.
        id: TokenId,
        /// The vocabulary's size.
        vocabulary: usize,
    },
    /// An exit that the model does not have.
    #[error("the model has no exit {exit}; it has {known}")]
    UnknownExit {
        /// The exit asked for.
        exit: ExitId,
        /// The exits there are.
        known: String,
    },
    /// A text without a token.
    #[error("the text is empty: GPT-2 predicts nothing before the first token; give a prompt")]
    EmptyText,
    /// A logit that is not a number: a broken weight.
    #[error(
        "exit {exit} gives a logit that is not finite at position {position}: the file holds a broken weight; convert or download it again"
    )]
    NotFinite {
        /// The exit.
        exit: ExitId,
        /// The position, from 0.
        position: usize,
    },
    /// The model needs more memory than there is.
    #[error(
        "the model needs about {needed} MiB of memory, {available} MiB are available: take a smaller type, --ctx, or close programs"
    )]
    TooLarge {
        /// Estimated need.
        needed: u64,
        /// What the system says is available.
        available: u64,
    },
    /// More is wanted on devices than is free there.
    #[error("{free} free: {largest} is the most that fits; {asked} needs {needed}")]
    DeviceMemory {
        /// Devices with their free memory.
        free: String,
        /// What was asked for.
        asked: String,
        /// What that takes.
        needed: String,
        /// What would fit.
        largest: String,
    },
    /// A device lacks an operation.
    #[error("{device} cannot compute {what}: {remedy}")]
    Unable {
        /// The device.
        device: String,
        /// What.
        what: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A device refused memory that it had said to be free.
    #[error(
        "{device} has no memory for {what} after {held} MiB: take fewer blocks with --gpu-layers, or --device-memory {held}MiB"
    )]
    DeviceFull {
        /// The device.
        device: String,
        /// What did not fit.
        what: String,
        /// What had found room until then.
        held: u64,
    },
    /// It was asked to.
    #[error("stopped: nothing was left behind")]
    Stopped,
}

impl Error {
    pub(crate) fn model(what: impl Into<String>, expected: impl ToString, found: impl ToString) -> Self {
        Self::Model { what: what.into(), expected: expected.to_string(), found: found.to_string() }
    }

    /// What ggml says when a tensor finds no place on a device, of which `held` bytes are in use.
    pub(crate) fn on(device: Device, held: usize, error: mexit_ggml::Error) -> Self {
        match error {
            mexit_ggml::Error::OutOfMemory { what, .. } if !device.is_cpu() => {
                Self::DeviceFull { device: device.name(), what, held: held as u64 >> 20 }
            }
            other => other.into(),
        }
    }

    pub(crate) fn missing(tensor: &str) -> Self {
        Self::model(format!("tensor {tensor}"), "it in the file", "no such tensor")
    }

    pub(crate) fn io(path: &Path, source: std::io::Error) -> Self {
        Self::Io { path: path.into(), source }
    }
}
