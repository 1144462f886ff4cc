//! Reads a model's file ahead while its first question is being put: page by page, as a computation touches it, a cold
//! file comes at a fraction of the disk's speed.
//!
//! The pages are not locked (mlock): the usual limit is 8 MiB a process, so that it would fail for nearly everyone, and it
//! returns only when all is read. What every step reads stays in memory without it.

use std::sync::{Arc, Weak};

use mexit_ggml::{Mapping, available_memory};

/// Read at a time: the disk is busy with it for some milliseconds, after which a model may have been closed again.
const PART: usize = 8 << 20;

/// Has the system read the file from its start, where the embeddings and lower blocks are, on a thread of its own: asking
/// may wait for the disk. Ends with the model. Nothing is read ahead of what would not fit into memory.
pub(crate) fn start(mapping: &Arc<Mapping>) {
    let bytes = mapping.len();
    if available_memory().is_some_and(|available| available < bytes as u64) {
        return;
    }
    let mapping = Arc::downgrade(mapping);
    // Without a thread it is read as it is touched.
    let _ = std::thread::Builder::new().name("read ahead".into()).spawn(move || {
        for start in (0..bytes).step_by(PART) {
            let Some(mapping) = Weak::upgrade(&mapping) else { return };
            mapping.prefetch(start..bytes.min(start + PART));
        }
    });
}
