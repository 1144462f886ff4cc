//! From one model file to another with other types.

use std::{fs::File, path::Path};

use mexit_ggml::{
    DType, Mapping, fitting,
    gguf::{Gguf, GgufWriter, Planned, TensorInfo, Value},
};

use super::{
    ConvertOptions, ConvertReport, file_type,
    pieces::{self, Feed},
    rows::Rows,
};
use crate::{Error, layout::OUTPUT};

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

/// As [`requantize`], from a file that is mapped, or part of the program.
///
/// # Errors
/// As [`requantize`].
pub fn requantize_bytes(
    bytes: &Mapping,
    target: &Path,
    options: &ConvertOptions,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<ConvertReport, Error> {
    let file = Gguf::parse(bytes)?;
    let mut values = file.values.clone();
    values.retain(|(key, _)| key != "general.file_type" && key != "general.alignment");
    values.push(("general.file_type".into(), Value::U32(file_type(options.types.trunk))));
    let mut report = ConvertReport { tensors: file.tensors.len(), ..Default::default() };
    let mut plan: Vec<Planned> = Vec::with_capacity(file.tensors.len());
    let tied = file.tensor(OUTPUT).is_none();
    for info in &file.tensors {
        let keep = info.shape.len() < 2 || info.name == "position_embd.weight" || info.dtype == DType::I32;
        let wanted = options.types.of_matrix(&info.name, tied);
        let dtype = if keep { info.dtype } else { fitting(wanted, info.shape[0]) };
        if !keep && dtype != wanted {
            report.fallbacks.push((info.name.clone(), dtype));
        }
        report.parameters += info.shape.iter().product::<usize>() as u64;
        plan.push((info.name.clone(), dtype, info.shape.clone()));
    }
    let writer = GgufWriter::create(target, options.force, &values, &plan)?;
    let feeds: Vec<Feed<'_>> =
        file.tensors.iter().zip(&plan).map(|(info, (_, dtype, _))| feed(bytes, info, *dtype)).collect();
    let total = report.parameters;
    pieces::write(&feeds, &writer, options.work(), &mut |done| progress(done, total))?;
    writer.finish()?;
    Ok(report)
}

fn feed<'m>(file: &'m Mapping, info: &'m TensorInfo, dtype: DType) -> Feed<'m> {
    let size = (info.shape[0], info.shape[1..].iter().product());
    let rows = Rows { name: &info.name, file, data: info.data.clone(), dtype: info.dtype, size, transposed: false };
    Feed { dtype, parts: vec![rows] }
}
