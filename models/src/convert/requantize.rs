//! From one model file to another with other types.

use std::{fs::File, path::Path};

use mexit_ggml::{
    DType, Mapping, dequantize, fitting,
    gguf::{Gguf, GgufWriter, Planned, Value},
    quantize,
};

use super::{ConvertOptions, ConvertReport, file_type};
use crate::Error;

/// Writes `source` to `target` with matrices of another type. What is f32 because nothing else will do stays so.
///
/// # Errors
/// If the source is no GGUF file or holds numbers that are not finite, or the target cannot be written.
pub fn requantize(
    source: &Path,
    target: &Path,
    options: &ConvertOptions,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<ConvertReport, Error> {
    let map = File::open(source).and_then(|file| Mapping::of(&file)).map_err(|e| Error::io(source, e))?;
    requantize_bytes(&map, target, options, progress)
}

/// As [`requantize`], from a file's bytes.
///
/// # Errors
/// As [`requantize`].
pub fn requantize_bytes(
    bytes: &[u8],
    target: &Path,
    options: &ConvertOptions,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<ConvertReport, Error> {
    let file = Gguf::parse(bytes)?;
    let mut values = file.values.clone();
    values.retain(|(key, _)| key != "general.file_type" && key != "general.alignment");
    values.push(("general.file_type".into(), Value::U32(file_type(options.dtype))));
    let mut report = ConvertReport { tensors: file.tensors.len(), ..Default::default() };
    let mut plan: Vec<Planned> = Vec::with_capacity(file.tensors.len());
    for info in &file.tensors {
        let keep = info.shape.len() < 2 || info.name == "position_embd.weight" || info.dtype == DType::I32;
        let dtype = if keep { info.dtype } else { fitting(options.dtype, info.shape[0]) };
        if !keep && dtype != options.dtype {
            report.fallbacks.push((info.name.clone(), dtype));
        }
        report.parameters += info.shape.iter().product::<usize>() as u64;
        plan.push((info.name.clone(), dtype, info.shape.clone()));
    }
    let mut writer = GgufWriter::create(target, options.force, &values, &plan)?;
    let mut done = 0;
    for (info, (name, dtype, shape)) in file.tensors.iter().zip(&plan) {
        let data = &bytes[info.data.clone()];
        let row_bytes = data.len() / shape[1..].iter().product::<usize>().max(1);
        let rows = (super::CHUNK / 4 / shape[0]).max(1);
        for part in data.chunks(row_bytes * rows) {
            if info.dtype == *dtype {
                writer.write(name, part)?;
            } else {
                let numbers = dequantize(info.dtype, part, shape[0])?;
                if numbers.iter().any(|v| !v.is_finite()) {
                    return Err(Error::model(format!("tensor {name}"), "finite numbers", "another"));
                }
                writer.write(name, &quantize(*dtype, &numbers, shape[0])?)?;
            }
            done += (part.len() / row_bytes * shape[0]) as u64;
            progress(done, report.parameters);
        }
    }
    writer.finish()?;
    Ok(report)
}
