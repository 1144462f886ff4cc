//! What the parts of a model take on a device.

use mexit_ggml::gguf::Gguf;

use crate::{
    BATCH, Placement, Spec,
    layout::{self, OUTPUT, Role},
};

/// Bytes of the parts.
pub(crate) struct Sizes {
    /// By block: its weights, and its cache if that lies with it.
    pub(crate) blocks: Vec<u64>,
    /// Keys and values of one block.
    pub(crate) cache: u64,
    /// Every head, the copies of what they need, and the results of a batch.
    pub(crate) heads: u64,
    /// Intermediate results of a batch, on any device that has blocks.
    pub(crate) working: u64,
}

impl Sizes {
    pub(crate) fn of(file: &Gguf, spec: &Spec, placement: &Placement) -> Self {
        let (tokens, kind) = placement.cache;
        let numbers = 2 * spec.width as u64 * tokens.min(spec.context) as u64;
        let cache = kind.row_bytes(numbers).unwrap_or(u64::MAX);
        let with_block = if placement.kv_on_processor { 0 } else { cache };
        let mut blocks = vec![with_block; spec.blocks as usize];
        let tied = file.tensor(OUTPUT).is_none();
        let mut heads = 0;
        for slot in layout::of(file, spec) {
            let bytes = file.tensor(&slot.name).map_or(0, |tensor| padded(tensor.data.len()));
            match slot.role {
                Role::Matrix(n) | Role::Vector(n) => blocks[n as usize] += bytes,
                Role::Head => heads += bytes,
                Role::Embedding if tied => heads += bytes,
                Role::Embedding | Role::Plain => {}
            }
        }
        let (rows, number) = (BATCH as u64, size_of::<f32>() as u64);
        // Logits of a batch by one head, or of one token by every head; what the heads' norms take is below that.
        let exits = spec.exit_ids().len() as u64;
        heads += rows.max(exits) * spec.vocabulary as u64 * number;
        // Of the block at work: rows, their norm, q, k, v, the feed-forward layer and the parts of its GELU; every tapped row.
        let width = 8 * spec.width as u64 + 4 * spec.inner as u64 + spec.taps().len() as u64 * spec.width as u64;
        let mask = 2 * 2 * tokens.min(spec.context) as u64;
        Self { blocks, cache, heads, working: rows * (width * number + mask) }
    }
}

/// What a tensor takes in memory of its own: devices give it in pieces.
fn padded(bytes: usize) -> u64 {
    (bytes as u64).next_multiple_of(256)
}
