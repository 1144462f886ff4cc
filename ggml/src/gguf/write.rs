//! Writing a GGUF file: header first, then tensor by tensor, into a file beside the target that takes its name at the
//! end. A full disk or a cut leaves nothing behind.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use super::{
    ALIGNMENT, MAGIC,
    value::{Value, encode_text},
};
use crate::DType;

/// Why a file could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The target is there.
    #[error("{0} exists already: give another name, or --force to replace it")]
    Exists(PathBuf),
    /// The system refused.
    #[error(
        "{path} could not be written: {source}; nothing was left behind: check the folder, its rights and the space on the disk"
    )]
    Io {
        /// The target.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The tensors written are not those announced.
    #[error("tensor {name}: expected {expected}, found {found}")]
    Plan {
        /// The tensor.
        name: String,
        /// What was announced.
        expected: String,
        /// What came.
        found: String,
    },
}

/// A tensor to come: name, type, sizes in ggml's order.
pub type Planned = (String, DType, Vec<usize>);

/// A file being written.
pub struct GgufWriter {
    out: BufWriter<NamedTempFile>,
    target: PathBuf,
    force: bool,
    plan: Plan,
    next: usize,
    written: u64,
}

impl GgufWriter {
    /// Starts a file at `target` with its whole header. The tensors follow in this order.
    ///
    /// # Errors
    /// If the target exists and `force` is off, or the system refuses.
    pub fn create(
        target: &Path,
        force: bool,
        values: &[(String, Value)],
        tensors: &[Planned],
    ) -> Result<Self, WriteError> {
        if !force && target.exists() {
            return Err(WriteError::Exists(target.into()));
        }
        let fail = |source| WriteError::Io { path: target.into(), source };
        if target.is_dir() {
            return Err(fail(io::ErrorKind::IsADirectory.into()));
        }
        let folder = target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        builder.prefix(".mexit-").suffix(".part");
        // Not the 0600 of temporary files: the result is an ordinary file, under the user's own mask.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.tempfile_in(folder).map_err(fail)?;
        let mut out = BufWriter::with_capacity(1 << 20, file);
        let (header, plan) = header(values, tensors)?;
        out.write_all(&header).map_err(fail)?;
        Ok(Self { out, target: target.into(), force, plan, next: 0, written: 0 })
    }

    /// Writes the next bytes of the tensor `name`, the one whose turn it is.
    ///
    /// # Errors
    /// If it is another tensor's turn, there are too many bytes, or the system refuses.
    pub fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), WriteError> {
        let (expected, size) = self.plan.get(self.next).cloned().unwrap_or_default();
        if expected != name || self.written + bytes.len() as u64 > size {
            let found = format!("{} bytes after {}", bytes.len(), self.written);
            return Err(WriteError::Plan { name: name.into(), expected: format!("{size} bytes of {expected}"), found });
        }
        self.put(bytes)?;
        self.written += bytes.len() as u64;
        if self.written == size {
            let padding = size.next_multiple_of(ALIGNMENT) - size;
            self.put(&vec![0; usize::try_from(padding).unwrap_or(0)])?;
            self.written = 0;
            self.next += 1;
        }
        Ok(())
    }

    /// Puts the file in its place, once everything is on the disk.
    ///
    /// # Errors
    /// If a tensor is missing, the target has appeared meanwhile, or the system refuses.
    pub fn finish(self) -> Result<(), WriteError> {
        if let Some((name, size)) = self.plan.get(self.next) {
            let expected = format!("{size} bytes");
            return Err(WriteError::Plan { name: name.clone(), expected, found: self.written.to_string() });
        }
        let target = self.target.clone();
        let fail = |source| WriteError::Io { path: target.clone(), source };
        let file = self.out.into_inner().map_err(|e| fail(e.into_error()))?;
        file.as_file().sync_all().map_err(fail)?;
        let placed = if self.force { file.persist(&self.target) } else { file.persist_noclobber(&self.target) };
        placed.map_err(|e| match e.error.kind() {
            io::ErrorKind::AlreadyExists => WriteError::Exists(target.clone()),
            _ => fail(e.error),
        })?;
        // The name itself must reach the disk too; where folders cannot be opened (Windows) there is nothing to sync.
        if let Some(folder) = self.target.parent().and_then(|p| File::open(p).ok()) {
            folder.sync_all().map_err(fail)?;
        }
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        self.out.write_all(bytes).map_err(|source| WriteError::Io { path: self.target.clone(), source })
    }
}

/// Name and size in bytes of each tensor to come.
pub(super) type Plan = Vec<(String, u64)>;

/// The header's bytes, and what follows it.
pub(super) fn header(values: &[(String, Value)], tensors: &[Planned]) -> Result<(Vec<u8>, Plan), WriteError> {
    let mut out = Vec::new();
    out.extend(MAGIC);
    out.extend(3u32.to_le_bytes());
    out.extend((tensors.len() as u64).to_le_bytes());
    out.extend((values.len() as u64).to_le_bytes());
    for (key, value) in values {
        encode_text(key, &mut out);
        out.extend(value.code().to_le_bytes());
        value.encode(&mut out);
    }
    let mut offset = 0u64;
    let mut plan = Vec::with_capacity(tensors.len());
    for (name, dtype, shape) in tensors {
        let row = shape.first().and_then(|n| dtype.row_bytes(*n as u64));
        let size = row.and_then(|row| shape[1..].iter().try_fold(row, |bytes, n| bytes.checked_mul(*n as u64)));
        let size = size.ok_or_else(|| WriteError::Plan {
            name: name.clone(),
            expected: format!("rows of whole {dtype} blocks"),
            found: format!("{shape:?}"),
        })?;
        encode_text(name, &mut out);
        out.extend(u32::try_from(shape.len()).unwrap_or(u32::MAX).to_le_bytes());
        out.extend(shape.iter().flat_map(|n| (*n as u64).to_le_bytes()));
        out.extend(dtype.code().to_le_bytes());
        out.extend(offset.to_le_bytes());
        offset += size.next_multiple_of(ALIGNMENT);
        plan.push((name.clone(), size));
    }
    while !(out.len() as u64).is_multiple_of(ALIGNMENT) {
        out.push(0);
    }
    Ok((out, plan))
}
