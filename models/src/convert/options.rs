//! What a conversion is asked for, and what it did.

use std::{
    num::NonZero,
    sync::{Arc, atomic::AtomicBool},
};

use mexit_ggml::DType;

use crate::WeightTypes;

/// What to write, and how.
#[derive(Clone, Debug)]
pub struct ConvertOptions {
    /// Types of the matrices.
    pub types: WeightTypes,
    /// Replace the target if it exists.
    pub force: bool,
    /// Where the checkpoint came from, for the file's provenance: a repository, or a folder's name.
    pub source: String,
    /// Which revision of it, if known.
    pub revision: Option<String>,
    /// Threads that encode; one a core unless said otherwise. They do not change the file.
    pub threads: Option<NonZero<usize>>,
    /// Set by another thread, or by a signal: the conversion ends after the pieces under way, and leaves nothing behind.
    pub stop: Arc<AtomicBool>,
}

impl Default for ConvertOptions {
    fn default() -> Self {
        Self {
            types: DType::F16.into(),
            force: false,
            source: String::new(),
            revision: None,
            threads: None,
            stop: Arc::default(),
        }
    }
}

impl ConvertOptions {
    /// How many threads, and what stops them.
    pub(super) fn work(&self) -> (usize, &AtomicBool) {
        let threads = self.threads.or_else(|| std::thread::available_parallelism().ok());
        (threads.map_or(1, NonZero::get), &self.stop)
    }
}

/// What a conversion did.
#[derive(Clone, Debug, Default)]
pub struct ConvertReport {
    /// Tensors that the type could not hold, with the type that they have instead.
    pub fallbacks: Vec<(String, DType)>,
    /// Tensors written.
    pub tensors: usize,
    /// Numbers in them.
    pub parameters: u64,
}
