//! ggml's quantizers, eight numbers at a time. ggml compiles them for the oldest processor of each kind and takes one
//! number after the other: 100 s of a core for a billion numbers in q4_k. Here each of eight lanes does for one
//! sub-block what ggml does for it, operation by operation in the same order and never fused, so the bytes are the same
//! (a test compares them).

mod k_quants;
mod lanes;
mod q8_0;

use crate::DType;

/// Encodes whole rows, if this type has a wide function and this processor can run it.
pub(super) fn encode(dtype: DType, values: &[f32], out: &mut [u8]) -> bool {
    let function = match dtype {
        DType::Q8_0 => q8_0::encode,
        DType::Q4K => k_quants::encode_q4_k,
        DType::Q5K => k_quants::encode_q5_k,
        DType::Q6K => k_quants::encode_q6_k,
        _ => return false,
    };
    let can = std::arch::is_x86_feature_detected!("avx2");
    if can {
        // SAFETY: the processor has the instructions that the function is compiled for.
        unsafe { function(values, out) };
    }
    can
}
