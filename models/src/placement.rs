//! What the user wants where: blocks, heads and caches on the processor or on devices beside it.

use mexit_ggml::{DType, Device};

use crate::Error;

/// Where weights are wanted. What becomes of it on a machine is a [`crate::Plan`].
#[derive(Clone, Debug)]
pub struct Placement {
    /// The devices for blocks, lower blocks first. The processor has what no device gets.
    pub devices: Vec<Device>,
    /// How many blocks they get.
    pub layers: Layers,
    /// Where the heads go; without a word, to the last device if every block is on one.
    pub heads: Option<Device>,
    /// Whether the caches of all blocks stay in the processor's memory; else each lies where its block does.
    pub kv_on_processor: bool,
    /// Bytes that may be used on each device at most, however much is free.
    pub limit: Option<u64>,
    /// The cache to leave room for: tokens (the model's context at most) and type.
    pub cache: (usize, DType),
}

/// How many blocks go to devices, counted from the top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layers {
    /// So many.
    Count(u32),
    /// Every block, and the heads.
    All,
    /// As many as there is memory for, then the heads if they fit.
    Auto,
}

impl Placement {
    /// Everything on the processor.
    ///
    /// # Errors
    /// If the processor lacks what this build needs.
    pub fn cpu() -> Result<Self, Error> {
        Device::cpu()?;
        Ok(Self::on(Vec::new(), Layers::Count(0)))
    }

    /// Blocks on some devices, the heads and the caches with them, as far as all that is free goes.
    #[must_use]
    pub fn on(devices: Vec<Device>, layers: Layers) -> Self {
        let cache = (usize::MAX, DType::F32);
        Self { devices, layers, heads: None, kv_on_processor: false, limit: None, cache }
    }
}

impl std::str::FromStr for Layers {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "all" => Ok(Self::All),
            "auto" => Ok(Self::Auto),
            _ => word.parse().map(Self::Count).map_err(|_| "expected a number of blocks, all or auto".into()),
        }
    }
}

impl std::fmt::Display for Layers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Count(blocks) => write!(f, "{blocks}"),
            Self::All => f.write_str("all"),
            Self::Auto => f.write_str("auto"),
        }
    }
}
