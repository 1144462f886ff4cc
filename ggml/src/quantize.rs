//! Rows of f32 into any element type and back: by ggml's own functions, or by faster ones that give the same bytes.

mod finite;
mod narrow;

pub use finite::{first_not_finite, first_not_finite_of};
use llama_cpp_sys_2 as sys;

use crate::{DType, Error, error};

/// The type that takes the place of `wanted` for rows of `row` numbers: blocks must divide the row. The k-quants fall
/// back as llama.cpp's do; what nothing divides becomes f16.
#[must_use]
pub fn fitting(wanted: DType, row: usize) -> DType {
    let fits = |dtype: DType| dtype.row_bytes(row as u64).is_some();
    let instead = match wanted {
        DType::Q4K => DType::Q5_0,
        DType::Q5K => DType::Q5_1,
        DType::Q6K => DType::Q8_0,
        other => other,
    };
    [wanted, instead].into_iter().find(|dtype| fits(*dtype)).unwrap_or(DType::F16)
}

/// Encodes whole rows of `row` numbers. The numbers must be finite: a quantizer makes nonsense of NaN.
///
/// # Errors
/// If `values` are not whole rows of whole blocks, or the type is not one of numbers.
pub fn quantize(dtype: DType, values: &[f32], row: usize) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    quantize_into(dtype, values, row, &mut out)?;
    Ok(out)
}

/// As [`quantize`], into a vector that is used again: it has the rows' bytes afterwards, and nothing else.
///
/// # Errors
/// As [`quantize`].
pub fn quantize_into(dtype: DType, values: &[f32], row: usize, out: &mut Vec<u8>) -> Result<(), Error> {
    let bytes = dtype.row_bytes(row as u64).and_then(|b| usize::try_from(b).ok());
    let (Some(bytes), 0, false) = (bytes, values.len().checked_rem(row).unwrap_or(1), dtype == DType::I32) else {
        return Err(error::op("quantize", format!("whole rows of {dtype}"), format!("{} / {row}", values.len())));
    };
    out.resize(values.len() / row * bytes, 0);
    match dtype {
        DType::F32 => out.copy_from_slice(bytemuck::cast_slice(values)),
        DType::F16 => narrow::to_f16(values, out),
        DType::BF16 => narrow::to_bf16(values, out),
        _ => by_ggml(dtype, values, row, out),
    }
    Ok(())
}

/// Encodes whole rows by ggml's own function; the lengths have been checked.
fn by_ggml(dtype: DType, values: &[f32], row: usize, out: &mut [u8]) {
    let [rows, row] = [values.len() / row, row].map(|n| i64::try_from(n).unwrap_or(0));
    // SAFETY: `values` holds rows · row numbers, `out` rows · bytes-per-row bytes; a null importance matrix is allowed.
    unsafe {
        sys::ggml_quantize_chunk(dtype.code(), values.as_ptr(), out.as_mut_ptr().cast(), 0, rows, row, std::ptr::null())
    };
}

/// Decodes whole rows into f32.
///
/// # Errors
/// If the bytes are not whole rows, or those of a quantized type do not start at a multiple of 2.
pub fn dequantize(dtype: DType, bytes: &[u8], row: usize) -> Result<Vec<f32>, Error> {
    let row_bytes = dtype.row_bytes(row as u64).and_then(|b| usize::try_from(b).ok()).filter(|b| *b > 0);
    let mut out = vec![0.0; row_bytes.map_or(0, |row_bytes| bytes.len() / row_bytes * row)];
    dequantize_into(dtype, bytes, row, &mut out)?;
    Ok(out)
}

/// As [`dequantize`], into room for just the rows' numbers.
///
/// # Errors
/// As [`dequantize`], and if the room is of another size.
pub fn dequantize_into(dtype: DType, bytes: &[u8], row: usize, out: &mut [f32]) -> Result<(), Error> {
    let row_bytes = dtype.row_bytes(row as u64).and_then(|b| usize::try_from(b).ok()).filter(|b| *b > 0);
    let plain = matches!(dtype, DType::F32 | DType::F16 | DType::BF16);
    // Blocks are structures of bytes and 16-bit numbers.
    let aligned = (plain || bytes.as_ptr().addr().is_multiple_of(2)) && dtype != DType::I32;
    let fits = |b: &usize| bytes.len().is_multiple_of(*b) && out.len() == bytes.len() / b * row;
    let Some(row_bytes) = row_bytes.filter(|b| aligned && fits(b)) else {
        return Err(error::op(
            "dequantize",
            format!("whole rows of {row} in {dtype}"),
            format!("{} bytes for {} numbers", bytes.len(), out.len()),
        ));
    };
    match dtype {
        DType::F32 => bytemuck::cast_slice_mut(out).copy_from_slice(bytes),
        DType::F16 => narrow::from_f16(bytes, out),
        DType::BF16 => narrow::from_bf16(bytes, out),
        _ => {
            // SAFETY: reads ggml's constant table.
            let traits = unsafe { sys::ggml_get_type_traits(dtype.code()).as_ref() };
            let to_float = traits.and_then(|t| t.to_float);
            let to_float = to_float.ok_or_else(|| error::op("dequantize", "a decoder", dtype.name()))?;
            for (from, to) in bytes.chunks_exact(row_bytes).zip(out.chunks_exact_mut(row)) {
                // SAFETY: `from` holds one encoded row, `to` room for its numbers; rows have even sizes, and the first
                // was checked to be aligned.
                unsafe { to_float(from.as_ptr().cast(), to.as_mut_ptr(), i64::try_from(row).unwrap_or(0)) };
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{by_ggml, dequantize, quantize};
    use crate::DType;

    /// Finite numbers of every size that weights have, and of every kind: zeros, subnormals, ties, runs of one sign.
    fn samples(count: usize) -> Vec<f32> {
        let mut state = 0x9E37_79B9_7F4A_7C15u64;
        let mut next = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as f32 / (1u64 << 31) as f32 - 0.5
        };
        (0..count)
            .map(|i| match i / 256 % 10 {
                0 => next() * next() * next(),
                1 => next() + 0.6,
                2 => -next() - 0.6,
                3 => (next() * 16.0).round() / 8.0,
                4 if i % 3 > 0 => 0.0,
                5 if i % 32 < 16 => next() * 1e-20,
                6 => next() * 1e-41,
                7 if i % 512 == 255 => 40.0,
                // Sub-blocks whose scale is nothing beside their neighbours'.
                8 => next() * 10f32.powi(i32::from(i / 32 % 8 > 3) * [0, -2, -4, -9][i / 32 % 4]),
                // Halves over a scale of 1: q8_0 rounds them away from zero.
                9 => {
                    if i % 32 == 0 {
                        127.0
                    } else {
                        (next() * 250.0).round() / 2.0
                    }
                }
                _ => next() * 0.05,
            })
            .collect()
    }

    #[test]
    fn faster_functions_give_ggmls_bytes() {
        let values = samples(640 * 256);
        for dtype in DType::ALL.into_iter().filter(|dtype| *dtype != DType::I32) {
            let ours = quantize(dtype, &values, 256).expect("rows");
            let mut theirs = vec![0; ours.len()];
            by_ggml(dtype, &values, 256, &mut theirs);
            let wrong = ours.iter().zip(&theirs).position(|(a, b)| a != b);
            assert_eq!(wrong, None, "{dtype}");
        }
    }

    #[test]
    fn plain_numbers_come_back_from_any_address() {
        let values = samples(5 * 1000);
        for dtype in [DType::F32, DType::F16, DType::BF16] {
            let bytes = quantize(dtype, &values, 1000).expect("rows");
            let moved = [&[0], bytes.as_slice()].concat();
            let back = dequantize(dtype, &moved[1..], 1000).expect("rows");
            assert_eq!(quantize(dtype, &back, 1000).expect("rows"), bytes, "{dtype}: they are of that type");
        }
    }
}
