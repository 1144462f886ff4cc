//! `pytorch_model.bin`: a zip archive of a pickle that describes the tensors and one stored file a storage.

use std::{
    collections::HashMap,
    io::{Cursor, Read},
    path::Path,
    sync::Arc,
};

use mexit_ggml::Mapping;
use zip::{CompressionMethod, ZipArchive};

use super::{Stored, pickle};
use crate::Error;

/// Largest description that we read: GPT-2 Medium's takes 0.1 MB.
const LARGEST_PICKLE: u64 = 64 << 20;
/// More entries than any model has tensors.
const MOST_ENTRIES: usize = 1 << 20;

/// Descriptions of all tensors in the file.
pub(super) fn read(path: &Path, file: &Arc<Mapping>) -> Result<Vec<(String, Stored)>, Error> {
    let name = path.display().to_string();
    let magic = file.get(..4).unwrap_or_default();
    if magic != b"PK\x03\x04" {
        let remedy =
            "a zip archive, as torch has written since 1.6; load and save it with a newer torch, as safetensors";
        return Err(Error::model(name, remedy, format!("`{}`", magic.escape_ascii())));
    }
    let refuse = |e: zip::result::ZipError| Error::model(&name, "a whole zip archive", e);
    let mut archive = ZipArchive::new(Cursor::new(&file[..])).map_err(refuse)?;
    if archive.len() > MOST_ENTRIES {
        return Err(Error::model(&name, format!("at most {MOST_ENTRIES} entries"), archive.len()));
    }
    let mut storages = HashMap::new();
    let mut description = None;
    for index in 0..archive.len() {
        let mut entry = archive.by_index_raw(index).map_err(refuse)?;
        let entry_name = entry.name().map_err(refuse)?.into_owned();
        let Some((_, inner)) = entry_name.split_once('/') else { continue };
        if inner != "data.pkl" && !inner.starts_with("data/") {
            continue;
        }
        // torch stores, it never compresses: what is compressed here may be a bomb.
        if entry.compression() != CompressionMethod::Stored
            || entry.size() != entry.compressed_size()
            || entry.encrypted()
        {
            return Err(Error::model(format!("{name}, entry {inner}"), "stored bytes", "compressed or encrypted ones"));
        }
        if inner == "data.pkl" {
            if entry.size() > LARGEST_PICKLE {
                return Err(Error::model(
                    format!("{name}, data.pkl"),
                    format!("at most {LARGEST_PICKLE} bytes"),
                    entry.size(),
                ));
            }
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).map_err(|e| Error::io(path, e))?;
            description = Some(bytes);
        } else if let Some(key) = inner.strip_prefix("data/") {
            let start = entry.data_start().ok_or_else(|| Error::model(&name, "an entry with data", key))?;
            storages.insert(key.to_owned(), (start, entry.size()));
        }
    }
    let description = description.ok_or_else(|| Error::model(&name, "an entry data.pkl", "none"))?;
    let length = file.len() as u64;
    let mut found = Vec::new();
    for tensor in
        pickle::tensors(&description).map_err(|e| Error::model(format!("{name}, data.pkl"), e.expected, e.found))?
    {
        let what = || format!("{name}, tensor {}", tensor.name);
        let (start, size) = *storages
            .get(&tensor.storage)
            .ok_or_else(|| Error::model(what(), format!("an entry data/{}", tensor.storage), "none"))?;
        let (dtype, element) = tensor.element;
        let skipped = (tensor.offset as u64).checked_mul(element).filter(|skip| *skip <= size);
        let end = start.checked_add(size).filter(|end| *end <= length);
        let (Some(skipped), Some(_)) = (skipped, end) else {
            return Err(Error::model(what(), "bytes inside the file", format!("{size} from {start} on")));
        };
        let place = (start + skipped, size - skipped);
        found.push((tensor.name.clone(), Stored::new(&tensor.name, file, (dtype, element), tensor.shape, place)?));
    }
    Ok(found)
}
