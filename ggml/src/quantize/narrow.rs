//! f32 to 16 bits and back, many at a time: f16 by the processor's own instructions where it has them, which ggml's
//! portable functions (one number at a time, in integers) do not use.

use half::{
    f16,
    slice::{HalfBitsSliceExt, HalfFloatSliceExt},
};

/// Numbers converted at a time: they stay in the innermost cache, and their bytes may lie at any address.
const STRIP: usize = 2048;

/// f32 to f16, rounded to the nearest, ties to even.
pub(super) fn to_f16(values: &[f32], out: &mut [u8]) {
    strips(values, out, |values, bits| bits.reinterpret_cast_mut::<f16>().convert_from_f32_slice(values));
}

/// f32 to bf16, rounded to the nearest, ties to even; the numbers are finite.
pub(super) fn to_bf16(values: &[f32], out: &mut [u8]) {
    strips(values, out, |values, bits| {
        for (value, bits) in values.iter().zip(bits) {
            let whole = value.to_bits();
            // What is added reaches the kept half if the rest is more than a half, or just one and the kept half is odd.
            let [_, _, low, high] = (whole.wrapping_add(0x7FFF + (whole >> 16 & 1))).to_le_bytes();
            *bits = u16::from_le_bytes([low, high]);
        }
    });
}

/// Bytes of f16 to f32.
pub(super) fn from_f16(bytes: &[u8], out: &mut [f32]) {
    let mut strip = [0u16; STRIP];
    for (bytes, out) in bytes.chunks(2 * STRIP).zip(out.chunks_mut(STRIP)) {
        let bits = &mut strip[..out.len()];
        bytemuck::cast_slice_mut(bits).copy_from_slice(bytes);
        bits.reinterpret_cast::<f16>().convert_to_f32_slice(out);
    }
}

/// Bytes of bf16 to f32: the upper halves.
pub(super) fn from_bf16(bytes: &[u8], out: &mut [f32]) {
    for (bytes, out) in bytes.chunks_exact(2).zip(out) {
        *out = f32::from_bits(u32::from(u16::from_le_bytes([bytes[0], bytes[1]])) << 16);
    }
}

fn strips(values: &[f32], out: &mut [u8], convert: impl Fn(&[f32], &mut [u16])) {
    let mut strip = [0u16; STRIP];
    for (values, out) in values.chunks(STRIP).zip(out.chunks_mut(2 * STRIP)) {
        let bits = &mut strip[..values.len()];
        convert(values, bits);
        out.copy_from_slice(bytemuck::cast_slice(bits));
    }
}
