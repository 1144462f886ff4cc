//! Element types of tensors: the ones we read, write and compute with.

use llama_cpp_sys_2 as sys;

/// How the numbers of a tensor are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are ggml's and say it all")]
pub enum DType {
    F32,
    F16,
    BF16,
    Q8_0,
    Q6K,
    Q5K,
    Q4K,
    Q5_0,
    Q5_1,
    Q4_0,
    Q4_1,
    I32,
}

impl DType {
    /// All of them; every conversion below searches this table.
    pub const ALL: [Self; 12] = [
        Self::F32,
        Self::F16,
        Self::BF16,
        Self::Q8_0,
        Self::Q6K,
        Self::Q5K,
        Self::Q4K,
        Self::Q5_0,
        Self::Q5_1,
        Self::Q4_0,
        Self::Q4_1,
        Self::I32,
    ];

    /// ggml's number of this type, as it stands in GGUF files.
    #[must_use]
    pub fn code(self) -> u32 {
        match self {
            Self::F32 => sys::GGML_TYPE_F32,
            Self::F16 => sys::GGML_TYPE_F16,
            Self::BF16 => sys::GGML_TYPE_BF16,
            Self::Q8_0 => sys::GGML_TYPE_Q8_0,
            Self::Q6K => sys::GGML_TYPE_Q6_K,
            Self::Q5K => sys::GGML_TYPE_Q5_K,
            Self::Q4K => sys::GGML_TYPE_Q4_K,
            Self::Q5_0 => sys::GGML_TYPE_Q5_0,
            Self::Q5_1 => sys::GGML_TYPE_Q5_1,
            Self::Q4_0 => sys::GGML_TYPE_Q4_0,
            Self::Q4_1 => sys::GGML_TYPE_Q4_1,
            Self::I32 => sys::GGML_TYPE_I32,
        }
    }

    /// The type with this number, if it is one of ours.
    #[must_use]
    pub fn from_code(code: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|ty| ty.code() == code)
    }

    /// Lower-case name, as on the command line: `q8_0`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::BF16 => "bf16",
            Self::Q8_0 => "q8_0",
            Self::Q6K => "q6_k",
            Self::Q5K => "q5_k",
            Self::Q4K => "q4_k",
            Self::Q5_0 => "q5_0",
            Self::Q5_1 => "q5_1",
            Self::Q4_0 => "q4_0",
            Self::Q4_1 => "q4_1",
            Self::I32 => "i32",
        }
    }

    /// Elements in a block: rows must be a multiple of it. 1 for plain types.
    #[must_use]
    pub fn block_len(self) -> u64 {
        match self {
            Self::F32 | Self::F16 | Self::BF16 | Self::I32 => 1,
            Self::Q8_0 | Self::Q5_0 | Self::Q5_1 | Self::Q4_0 | Self::Q4_1 => 32,
            Self::Q6K | Self::Q5K | Self::Q4K => 256,
        }
    }

    /// Bytes of a block.
    #[must_use]
    pub fn block_bytes(self) -> u64 {
        match self {
            Self::F32 | Self::I32 => 4,
            Self::F16 | Self::BF16 => 2,
            Self::Q8_0 => 34,
            Self::Q6K => 210,
            Self::Q5K => 176,
            Self::Q4K => 144,
            Self::Q5_0 => 22,
            Self::Q5_1 => 24,
            Self::Q4_0 => 18,
            Self::Q4_1 => 20,
        }
    }

    /// Bytes of a row of `len` elements; `None` if the row does not divide into blocks or overflows.
    #[must_use]
    pub fn row_bytes(self, len: u64) -> Option<u64> {
        len.is_multiple_of(self.block_len()).then(|| (len / self.block_len()).checked_mul(self.block_bytes())).flatten()
    }
}

impl std::fmt::Display for DType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_ggmls() {
        for ty in DType::ALL {
            // SAFETY: both functions only read a constant table at an index that is one of its own.
            let (len, bytes) = unsafe { (sys::ggml_blck_size(ty.code()), sys::ggml_type_size(ty.code())) };
            assert_eq!((ty.block_len(), ty.block_bytes()), (u64::try_from(len).unwrap(), bytes as u64), "{ty}");
            assert_eq!(DType::from_code(ty.code()), Some(ty));
        }
    }
}
