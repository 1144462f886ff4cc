//! The two ids that everything else speaks in: a token of the vocabulary and a place where the model can be read out.

use std::{fmt, str::FromStr};

/// Index of a token in the vocabulary. Ids are the truth: text is shown, never encoded again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct TokenId(pub u32);

impl TokenId {
    /// The id as an index into a vocabulary row.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A place where the model can be read out. Lower exits order before higher ones, `Original` after all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExitId {
    /// After block k, counted from 1; 0 is the embeddings.
    Block(u32),
    /// The model's own output. Not the same as an exit after the last block, which may have a head of its own.
    Original,
}

impl fmt::Display for ExitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Block(k) => write!(f, "{k}"),
            Self::Original => f.write_str("original"),
        }
    }
}

/// The text is neither `original` nor the number of a block.
#[derive(Clone, Debug, thiserror::Error)]
#[error("`{0}` names no exit: write `original` or the number of a block, such as 12")]
pub struct NotAnExit(String);

impl FromStr for ExitId {
    type Err = NotAnExit;

    fn from_str(text: &str) -> Result<Self, NotAnExit> {
        match text.trim() {
            "original" | "orig" => Ok(Self::Original),
            number => number.parse().map(Self::Block).map_err(|_| NotAnExit(text.into())),
        }
    }
}
