//! What is measured, and how: whatever can change a number of the result.

mod written;

use std::fmt;

use mexit_models::ExitId;
use serde::{Deserialize, Serialize};

use super::{corpus::Form, early_exit::EarlyExit, windows::Slide};
use crate::session::trace::{Method, Pair};

/// Everything that can change a number, so that only what was made alike is joined.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// How files are read.
    pub form: Form,
    /// Whether all documents are read as one, with the end-of-text token between them.
    pub join: bool,
    /// Most tokens read at once.
    pub window: usize,
    /// Tokens by which windows move on.
    pub stride: usize,
    /// So many windows at most.
    pub limit: Option<u64>,
    /// Tokens computed at once: another number changes the last bits, except under the reference kernels.
    pub batch: usize,
    /// Whether ggml's reference kernels compute.
    pub reference: bool,
    /// Type of the cached keys and values.
    pub kv_type: String,
    /// What computes.
    pub device: String,
    /// What is measured at every position.
    pub readouts: Vec<Readout>,
    /// Greedy continuations.
    pub continuations: Continuations,
    /// Early-exit policies.
    #[serde(default)]
    pub early_exit: EarlyExit,
}

/// Greedy continuations of the beginnings of windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Continuations {
    /// Of the first so many windows.
    pub windows: u64,
    /// Tokens that each begins with.
    pub prompt: usize,
    /// Tokens that are added at most.
    pub length: usize,
}

/// A distribution that is measured.
#[derive(Clone, Debug, PartialEq)]
pub enum Readout {
    /// An exit as the model has it.
    Exit(ExitId),
    /// An exit's layer through the model's own head.
    Lens(ExitId),
    /// A contrast.
    Contrast(Pair),
    /// A decoding by scores. What has a score shares the mass that the expert gives it, all else keeps the expert's
    /// probability, so that every text has one.
    Scored(Method),
}

/// A readout as it is written down.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Written {
    Exit { exit: String },
    Lens { exit: String },
    Contrast { expert: String, amateur: String, alpha: f32, min_candidates: usize },
    Scored(written::Scored),
}

impl Serialize for Readout {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let written = match self {
            Self::Exit(exit) => Written::Exit { exit: exit.to_string() },
            Self::Lens(exit) => Written::Lens { exit: exit.to_string() },
            Self::Contrast(Pair { expert, amateur, alpha, min_candidates }) => Written::Contrast {
                expert: expert.to_string(),
                amateur: amateur.to_string(),
                alpha: *alpha,
                min_candidates: *min_candidates,
            },
            Self::Scored(method) => Written::Scored(written::Scored::of(method)),
        };
        written.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Readout {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let exit = |name: &str| name.parse::<ExitId>().map_err(serde::de::Error::custom);
        Ok(match Written::deserialize(deserializer)? {
            Written::Exit { exit: name } => Self::Exit(exit(&name)?),
            Written::Lens { exit: name } => Self::Lens(exit(&name)?),
            Written::Contrast { expert, amateur, alpha, min_candidates } => {
                Self::Contrast(Pair { expert: exit(&expert)?, amateur: exit(&amateur)?, alpha, min_candidates })
            }
            Written::Scored(scored) => Self::Scored(scored.method().map_err(serde::de::Error::custom)?),
        })
    }
}

impl fmt::Display for Readout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit(ExitId::Original) => f.write_str("original"),
            Self::Exit(exit) => write!(f, "exit {exit}"),
            Self::Lens(exit) => write!(f, "lens {exit}"),
            Self::Scored(method) => f.write_str(&written::name(method)),
            Self::Contrast(pair) => f.write_str(&written::pair_name(pair)),
        }
    }
}

impl Settings {
    /// How windows slide.
    #[must_use]
    pub fn slide(&self) -> Slide {
        Slide { window: self.window, stride: self.stride }
    }

    /// The exits measured, original first, then downwards.
    #[must_use]
    pub fn exits(&self) -> Vec<ExitId> {
        let exit = |readout: &Readout| if let Readout::Exit(exit) = readout { Some(*exit) } else { None };
        self.readouts.iter().filter_map(exit).collect()
    }

    /// The exits whose layer is also read through the model's own head.
    #[must_use]
    pub fn lenses(&self) -> Vec<ExitId> {
        let exit = |readout: &Readout| if let Readout::Lens(exit) = readout { Some(*exit) } else { None };
        self.readouts.iter().filter_map(exit).collect()
    }

    /// The contrasts.
    #[must_use]
    pub fn contrasts(&self) -> Vec<Pair> {
        let pair = |readout: &Readout| if let Readout::Contrast(pair) = readout { Some(*pair) } else { None };
        self.readouts.iter().filter_map(pair).collect()
    }
}
