//! Which types the matrices of a model have: the trunk's, and the heads', which may be narrower or wider.

use std::fmt;

use mexit_ggml::DType;

use crate::layout::{OUTPUT, Role, Slot};

/// The types of a model's matrices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeightTypes {
    /// Of the blocks' matrices, and of the embeddings if there is an output matrix beside them.
    pub trunk: DType,
    /// Of the exits' heads and casts, and of the output matrix. Where that is the embeddings, of them: looking rows up
    /// in them costs next to nothing, as the original's head they are read whole at every step.
    pub heads: DType,
}

impl WeightTypes {
    /// The type of a tensor in a model whose output matrix is the embeddings (`tied`) or is not.
    #[must_use]
    pub(crate) fn of(self, role: Role, tied: bool) -> DType {
        match role {
            Role::Vector(_) | Role::Plain => DType::F32,
            Role::Head => self.heads,
            Role::Embedding if tied => self.heads,
            Role::Embedding | Role::Matrix(_) => self.trunk,
        }
    }

    /// As [`WeightTypes::of`], for a matrix by its name: any architecture of llama.cpp's calls these tensors so.
    #[must_use]
    pub(crate) fn of_matrix(self, name: &str, tied: bool) -> DType {
        match name {
            "token_embd.weight" => self.of(Role::Embedding, tied),
            name if name == OUTPUT || name.starts_with("exit.") => self.of(Role::Head, tied),
            _ => self.trunk,
        }
    }

    /// What most bytes of each sort are stored as.
    #[must_use]
    pub(crate) fn found(slots: &[(&Slot, DType, usize)], tied: bool) -> Self {
        let main = |heads: bool| {
            let bytes = |dtype: DType| -> usize {
                let is_head = |role| role == Role::Head || (role == Role::Embedding && tied);
                let of_sort = slots.iter().filter(|(slot, ..)| !slot.needs_f32() && is_head(slot.role) == heads);
                of_sort.filter(|(_, found, _)| *found == dtype).map(|(.., bytes)| bytes).sum()
            };
            DType::ALL.into_iter().max_by_key(|dtype| bytes(*dtype)).unwrap_or(DType::F32)
        };
        Self { trunk: main(false), heads: main(true) }
    }

    /// Whether numbers are stored as they are, rounded at most: neither of the types is made of blocks.
    #[must_use]
    pub fn are_plain(self) -> bool {
        self.trunk.block_len() == 1 && self.heads.block_len() == 1
    }

    /// A file's name, without its end, that tells the types: `f16`, or `f16-heads-q8_0`.
    #[must_use]
    pub fn file_stem(self) -> String {
        if self.trunk == self.heads { self.trunk.to_string() } else { format!("{}-heads-{}", self.trunk, self.heads) }
    }
}

impl From<DType> for WeightTypes {
    fn from(dtype: DType) -> Self {
        Self { trunk: dtype, heads: dtype }
    }
}

impl fmt::Display for WeightTypes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.trunk == self.heads { self.trunk.fmt(f) } else { write!(f, "{}, heads {}", self.trunk, self.heads) }
    }
}
