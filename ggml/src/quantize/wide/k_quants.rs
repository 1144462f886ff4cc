//! The k-quants (`quantize_row_q4_K_ref`, `_q5_K_ref`, `_q6_K_ref` in ggml-quants.c): blocks of 256, whose sub-blocks have
//! scales that are whole numbers of one scale. Each lane looks for the scale of one sub-block.

mod affine;
mod symmetric;

use std::arch::x86_64::{__m256, _mm256_add_ps, _mm256_div_ps};

use half::f16;

use super::lanes::{LANES, all, load, nearest, nearest_one, store_whole};

/// Numbers in a block.
const BLOCK: usize = 256;
/// Sub-blocks of q4_k and q5_k, one a lane; their length.
const LONG: usize = BLOCK / LANES;

/// Eight sub-blocks of N numbers, lane by lane: row i has number i of each.
fn turned<const N: usize>(values: &[f32]) -> [[f32; LANES]; N] {
    std::array::from_fn(|i| std::array::from_fn(|lane| values[lane * N + i]))
}

#[target_feature(enable = "avx2")]
pub(super) fn encode_q4_k(values: &[f32], out: &mut [u8]) {
    for (values, out) in values.as_chunks::<BLOCK>().0.iter().zip(out.as_chunks_mut::<144>().0) {
        let codes = scales_and_codes::<15, 20>(-1.0, values, &mut out[..16]);
        for (codes, out) in codes.chunks_exact(2 * LONG).zip(out[16..].chunks_exact_mut(LONG)) {
            for (l, out) in out.iter_mut().enumerate() {
                *out = codes[l] | (codes[l + LONG] << 4);
            }
        }
    }
}

#[target_feature(enable = "avx2")]
pub(super) fn encode_q5_k(values: &[f32], out: &mut [u8]) {
    for (values, out) in values.as_chunks::<BLOCK>().0.iter().zip(out.as_chunks_mut::<176>().0) {
        let codes = scales_and_codes::<31, 15>(-0.5, values, &mut out[..16]);
        let (high, low) = out[16..].split_at_mut(LONG);
        high.fill(0);
        for (pair, (codes, low)) in codes.chunks_exact(2 * LONG).zip(low.chunks_exact_mut(LONG)).enumerate() {
            for l in 0..LONG {
                let (first, second) = (codes[l], codes[l + LONG]);
                high[l] |= (first >> 4) << (2 * pair) | (second >> 4) << (2 * pair + 1);
                low[l] = (first & 15) | ((second & 15) << 4);
            }
        }
    }
}

/// What q4_k and q5_k share: d, dmin and the eight pairs of 6-bit scales into `head`, and a code for each number.
#[inline]
#[target_feature(enable = "avx2")]
fn scales_and_codes<const MOST: i32, const STEPS: u8>(
    first: f32,
    values: &[f32; BLOCK],
    head: &mut [u8],
) -> [u8; BLOCK] {
    let turned = turned::<LONG>(values);
    let found = affine::search::<MOST, STEPS>(first, &turned);
    let most =
        |values: &[f32; LANES]| values.iter().fold(0.0, |most: f32, value| if *value > most { *value } else { most });
    let (most_scale, most_min) = (most(&found.scales), most(&found.mins));
    let inverse = |most: f32| if most > 0.0 { 63.0 / most } else { 0.0 };
    let (by_scale, by_min) = (inverse(most_scale), inverse(most_min));
    let (scale, min) = (f16::from_f32(most_scale / 63.0), f16::from_f32(most_min / 63.0));
    head[..2].copy_from_slice(&scale.to_le_bytes());
    head[2..4].copy_from_slice(&min.to_le_bytes());
    let packed = &mut head[4..];
    packed.fill(0);
    let mut codes = [0; BLOCK];
    for j in 0..LANES {
        // As C's conversion to uint8_t: the lowest byte.
        let six_bits = |value: f32| nearest_one(value).to_le_bytes()[0].min(63);
        let (s, m) = (six_bits(by_scale * found.scales[j]), six_bits(by_min * found.mins[j]));
        if j < 4 {
            (packed[j], packed[j + 4]) = (packed[j] | s, packed[j + 4] | m);
        } else {
            packed[j + 4] = (s & 15) | ((m & 15) << 4);
            packed[j - 4] |= (s >> 4) << 6;
            packed[j] |= (m >> 4) << 6;
        }
        let range = j * LONG..(j + 1) * LONG;
        let (d, dm) = (scale.to_f32() * f32::from(s), min.to_f32() * f32::from(m));
        if d == 0.0 {
            // ggml leaves what the search had found.
            for (code, row) in codes[range].iter_mut().zip(&turned) {
                *code = found.code(j, row[j], MOST);
            }
            continue;
        }
        divide(&values[range.clone()], all(dm), d, (0, MOST), &mut codes[range]);
    }
    codes
}

/// Codes of numbers over a scale: the nearest of (x + shift) / d.
#[inline]
#[target_feature(enable = "avx2")]
fn divide(values: &[f32], shift: __m256, d: f32, (least, most): (i32, i32), codes: &mut [u8]) {
    for (values, codes) in values.as_chunks::<LANES>().0.iter().zip(codes.as_chunks_mut::<LANES>().0) {
        let code = nearest(_mm256_div_ps(_mm256_add_ps(load(values), shift), all(d)), least, most);
        *codes = store_whole(code).map(|code| code.to_le_bytes()[0]);
    }
}

#[target_feature(enable = "avx2")]
pub(super) fn encode_q6_k(values: &[f32], out: &mut [u8]) {
    const SHORT: usize = 16;
    for (values, out) in values.as_chunks::<BLOCK>().0.iter().zip(out.as_chunks_mut::<210>().0) {
        let halves = [turned::<SHORT>(&values[..BLOCK / 2]), turned::<SHORT>(&values[BLOCK / 2..])];
        let found = halves.map(|turned| symmetric::search(&turned));
        let all_scales = found.iter().flat_map(|found| found.scales);
        let largest = all_scales.clone().fold(0.0, |a: f32, b| if b.abs() > a.abs() { b } else { a });
        out.fill(0);
        if largest.abs() < symmetric::NOTHING {
            continue;
        }
        let inverse = -128.0 / largest;
        let d = f16::from_f32(1.0 / inverse);
        let mut codes = [0; BLOCK];
        let (low, rest) = out.split_at_mut(128);
        let (high, rest) = rest.split_at_mut(64);
        let (scales, head) = rest.split_at_mut(16);
        head.copy_from_slice(&d.to_le_bytes());
        for (j, scale) in all_scales.enumerate() {
            let whole = nearest_one(inverse * scale).min(127).to_le_bytes()[0];
            scales[j] = whole;
            let d = d.to_f32() * f32::from(whole.cast_signed());
            let range = j * SHORT..(j + 1) * SHORT;
            if d == 0.0 {
                let (half, lane) = (j / LANES, j % LANES);
                for (code, row) in codes[range].iter_mut().zip(&halves[half]) {
                    *code = found[half].code(lane, row[lane]);
                }
                continue;
            }
            divide(&values[range.clone()], all(0.0), d, (-32, 31), &mut codes[range.clone()]);
            for code in &mut codes[range] {
                *code = code.wrapping_add(32);
            }
        }
        for (n, codes) in codes.chunks_exact(128).enumerate() {
            for l in 0..32 {
                let of = |part: usize| codes[l + 32 * part];
                low[64 * n + l] = (of(0) & 15) | ((of(2) & 15) << 4);
                low[64 * n + l + 32] = (of(1) & 15) | ((of(3) & 15) << 4);
                high[32 * n + l] = (of(0) >> 4) | ((of(1) >> 4) << 2) | ((of(2) >> 4) << 4) | ((of(3) >> 4) << 6);
            }
        }
    }
}
