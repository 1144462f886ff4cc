//! Rows of f32 into any element type, by ggml's own quantizers.

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
    let bytes = dtype.row_bytes(row as u64).and_then(|b| usize::try_from(b).ok());
    let (Some(bytes), 0, false) = (bytes, values.len().checked_rem(row).unwrap_or(1), dtype == DType::I32) else {
        return Err(error::op("quantize", format!("whole rows of {dtype}"), format!("{} / {row}", values.len())));
    };
    let rows = values.len() / row;
    let mut out = vec![0u8; rows * bytes];
    let [rows, row] = [rows, row].map(|n| i64::try_from(n).unwrap_or(0));
    // SAFETY: `values` holds rows · row numbers, `out` rows · bytes-per-row bytes; a null importance matrix is allowed.
    // f32, f16 and bf16 are copied or rounded by the same function.
    unsafe {
        sys::ggml_quantize_chunk(dtype.code(), values.as_ptr(), out.as_mut_ptr().cast(), 0, rows, row, std::ptr::null())
    };
    Ok(out)
}

/// Decodes whole rows into f32.
///
/// # Errors
/// If the bytes are not whole rows, or do not start at a multiple of 4.
pub fn dequantize(dtype: DType, bytes: &[u8], row: usize) -> Result<Vec<f32>, Error> {
    let row_bytes = dtype.row_bytes(row as u64).and_then(|b| usize::try_from(b).ok()).filter(|b| *b > 0);
    let aligned = bytes.as_ptr().addr().is_multiple_of(4);
    let Some(row_bytes) = row_bytes.filter(|b| bytes.len().is_multiple_of(*b) && aligned && dtype != DType::I32) else {
        return Err(error::op(
            "dequantize",
            format!("whole rows of {row} in {dtype}"),
            format!("{} bytes", bytes.len()),
        ));
    };
    if dtype == DType::F32 {
        // ggml's table has no function for what needs none.
        return Ok(bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect());
    }
    // SAFETY: reads ggml's constant table.
    let traits = unsafe { sys::ggml_get_type_traits(dtype.code()).as_ref() };
    let to_float = traits.and_then(|t| t.to_float).ok_or_else(|| error::op("dequantize", "a decoder", dtype.name()))?;
    let mut out = vec![0f32; bytes.len() / row_bytes * row];
    for (from, to) in bytes.chunks_exact(row_bytes).zip(out.chunks_exact_mut(row)) {
        // SAFETY: `from` holds one encoded row, `to` room for its numbers. The blocks are structures of bytes and
        // 16-bit numbers, rows have even sizes, and the first was checked to be aligned.
        unsafe { to_float(from.as_ptr().cast(), to.as_mut_ptr(), i64::try_from(row).unwrap_or(0)) };
    }
    Ok(out)
}
