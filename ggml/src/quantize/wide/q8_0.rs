//! q8_0 (`quantize_row_q8_0_ref` in ggml-quants.c): 32 numbers over one scale, the largest being 127.

use std::arch::x86_64::{
    _MM_FROUND_NO_EXC, _MM_FROUND_TO_ZERO, _mm256_add_ps, _mm256_and_ps, _mm256_cvttps_epi32, _mm256_max_ps,
    _mm256_mul_ps, _mm256_or_ps, _mm256_round_ps,
};

use half::f16;

use super::lanes::{LANES, all, load, magnitude, store, store_whole};

const BLOCK: usize = 32;

#[target_feature(enable = "avx2")]
pub(super) fn encode(values: &[f32], out: &mut [u8]) {
    // The number just below a half: with a half itself, the one just below a half would become 1.
    let half = 0.5f32.next_down();
    for (values, out) in values.as_chunks::<BLOCK>().0.iter().zip(out.chunks_exact_mut(2 + BLOCK)) {
        let parts = values.as_chunks::<LANES>().0;
        let mut largest = all(0.0);
        for part in parts {
            largest = _mm256_max_ps(largest, magnitude(load(part)));
        }
        let scale = store(largest).into_iter().fold(0.0, f32::max) / 127.0;
        let inverse = if scale == 0.0 { 0.0 } else { 1.0 / scale };
        let (head, codes) = out.split_at_mut(2);
        head.copy_from_slice(&f16::from_f32(scale).to_le_bytes());
        for (part, codes) in parts.iter().zip(codes.as_chunks_mut::<LANES>().0) {
            let value = _mm256_mul_ps(load(part), all(inverse));
            // C's roundf, away from zero at halves: a half of the same sign, then cut.
            let moved = _mm256_add_ps(value, _mm256_or_ps(_mm256_and_ps(value, all(-0.0)), all(half)));
            let rounded = _mm256_round_ps::<{ _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC }>(moved);
            *codes = store_whole(_mm256_cvttps_epi32(rounded)).map(|code| code.to_le_bytes()[0]);
        }
    }
}
