//! Cuts the exits off a model file: what is left, stock llama.cpp loads (if it has the architecture).

use std::{fs::File, path::Path};

use mexit_ggml::{
    Mapping,
    gguf::{Gguf, GgufWriter, Planned},
};

use crate::Error;

/// Writes `source` without exits to `target`; gives how many tensors were left out.
///
/// # Errors
/// If the source is no GGUF file, or the target cannot be written.
pub fn strip(source: &Path, target: &Path, force: bool) -> Result<usize, Error> {
    let map = File::open(source).and_then(|file| Mapping::of(&file)).map_err(|e| Error::io(source, e))?;
    let file = Gguf::parse(&map)?;
    let values: Vec<_> = file.values.iter().filter(|(key, _)| !is_ours(key)).cloned().collect();
    let kept: Vec<_> = file.tensors.iter().filter(|info| !info.name.starts_with("exit.")).collect();
    let plan: Vec<Planned> = kept.iter().map(|info| (info.name.clone(), info.dtype, info.shape.clone())).collect();
    let mut writer = GgufWriter::create(target, force, &values, &plan)?;
    for info in &kept {
        writer.write(&info.name, &map[info.data.clone()])?;
    }
    writer.finish()?;
    Ok(file.tensors.len() - kept.len())
}

/// Keys that only we read, and the alignment: we write the usual one.
fn is_ours(key: &str) -> bool {
    key.starts_with("mexit.") || key == "general.alignment"
}
