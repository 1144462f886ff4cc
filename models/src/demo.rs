//! The model that is part of the program; `models/demo/README.md` says how it was made.

use mexit_ggml::{Aligned, Mapping};

static MODEL: &Aligned<[u8]> = &Aligned(*include_bytes!("../demo/demo.gguf"));

/// Text that the model has not been trained on, for measuring.
pub const HELD_OUT: &str = include_str!("../demo/heldout.txt");

/// The model's file.
#[must_use]
pub fn mapping() -> Mapping {
    Mapping::Static(MODEL)
}
