//! Safetensors files, by the crate: only the header is read here.

use std::{path::Path, sync::Arc};

use mexit_ggml::{DType, Mapping};
use safetensors::{Dtype, SafeTensors};

use super::Stored;
use crate::Error;

/// Descriptions of all tensors in the file.
pub(super) fn read(path: &Path, file: &Arc<Mapping>) -> Result<Vec<(String, Stored)>, Error> {
    let refuse = |e: safetensors::SafeTensorError| {
        Error::model(path.display().to_string(), "a whole safetensors file", e.to_string())
    };
    let (header, metadata) = SafeTensors::read_metadata(file).map_err(refuse)?;
    let start = header as u64 + 8;
    let mut found = Vec::new();
    for (name, info) in metadata.tensors() {
        let element = match info.dtype {
            Dtype::F32 => (Some(DType::F32), 4),
            Dtype::F16 => (Some(DType::F16), 2),
            Dtype::BF16 => (Some(DType::BF16), 2),
            // Kept without a type: an error only if it turns out to be a weight.
            _ => (None, 0),
        };
        let (begin, end) = (info.data_offsets.0 as u64, info.data_offsets.1 as u64);
        let stored = Stored::new(&name, file, element, info.shape.clone(), (start + begin, end - begin))?;
        found.push((name, stored));
    }
    Ok(found)
}
