//! Writing a GGUF file: header first, then the tensors, in turn or from many threads at once, into a file beside the
//! target that takes its name at the end. A full disk or an error leaves nothing behind.

use std::{
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use tempfile::NamedTempFile;

use super::{
    ALIGNMENT, MAGIC, disk,
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
    file: NamedTempFile,
    target: PathBuf,
    force: bool,
    plan: Vec<Place>,
    next: usize,
}

/// Where a tensor's bytes go.
pub(super) struct Place {
    name: String,
    offset: u64,
    pub(super) size: u64,
    written: AtomicU64,
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
        let mut file = builder.tempfile_in(folder).map_err(fail)?;
        let (header, plan) = header(values, tensors)?;
        let end = plan.last().map_or(header.len() as u64, |last| (last.offset + last.size).next_multiple_of(ALIGNMENT));
        disk::reserve(file.as_file(), end).map_err(fail)?;
        file.write_all(&header).map_err(fail)?;
        Ok(Self { file, target: target.into(), force, plan, next: 0 })
    }

    /// Writes the next bytes of the tensor `name`, the one whose turn it is.
    ///
    /// # Errors
    /// If it is another tensor's turn, there are too many bytes, or the system refuses.
    pub fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), WriteError> {
        let turn = self.next;
        let place = self.plan.get(turn).filter(|place| place.name == name).ok_or_else(|| {
            let expected = self.plan.get(turn).map_or("the end", |place| &place.name);
            WriteError::Plan { name: name.into(), expected: format!("the turn of {expected}"), found: "another".into() }
        })?;
        self.write_at(turn, place.written.load(Ordering::Relaxed), bytes)?;
        self.next += usize::from(place.is_whole());
        Ok(())
    }

    /// Writes bytes of the tensor that was announced as number `tensor`, from its byte `offset` on: in any order, from
    /// any thread, each byte once.
    ///
    /// # Errors
    /// If there is no such tensor, the bytes do not lie inside it, or the system refuses.
    pub fn write_at(&self, tensor: usize, offset: u64, bytes: &[u8]) -> Result<(), WriteError> {
        let length = bytes.len() as u64;
        let inside = |place: &&Place| offset.checked_add(length).is_some_and(|end| end <= place.size);
        let place = self.plan.get(tensor).filter(inside).ok_or_else(|| {
            let (name, size) = self.plan.get(tensor).map_or(("", 0), |place| (&place.name, place.size));
            let found = format!("{length} bytes from {offset} on");
            WriteError::Plan { name: name.into(), expected: format!("{size} bytes in all"), found }
        })?;
        disk::write_at(self.file.as_file(), bytes, place.offset + offset)
            .map_err(|source| WriteError::Io { path: self.target.clone(), source })?;
        place.written.fetch_add(length, Ordering::Relaxed);
        Ok(())
    }

    /// Puts the file in its place, once everything is on the disk.
    ///
    /// # Errors
    /// If a tensor is missing, the target has appeared meanwhile, or the system refuses.
    pub fn finish(self) -> Result<(), WriteError> {
        if let Some(place) = self.plan.iter().find(|place| !place.is_whole()) {
            let found = place.written.load(Ordering::Relaxed).to_string();
            return Err(WriteError::Plan {
                name: place.name.clone(),
                expected: format!("{} bytes", place.size),
                found,
            });
        }
        let (target, file) = (self.target, self.file);
        let fail = |source| WriteError::Io { path: target.clone(), source };
        file.as_file().sync_all().map_err(fail)?;
        let placed = if self.force { file.persist(&target) } else { file.persist_noclobber(&target) };
        placed.map_err(|e| match e.error.kind() {
            io::ErrorKind::AlreadyExists => WriteError::Exists(target.clone()),
            _ => fail(e.error),
        })?;
        // The name itself must reach the disk too; where folders cannot be opened (Windows) there is nothing to sync.
        if let Some(folder) = target.parent().and_then(|p| File::open(p).ok()) {
            folder.sync_all().map_err(fail)?;
        }
        Ok(())
    }
}

impl Place {
    fn is_whole(&self) -> bool {
        self.written.load(Ordering::Relaxed) == self.size
    }
}

/// The header's bytes, and where in the file each tensor goes.
pub(super) fn header(values: &[(String, Value)], tensors: &[Planned]) -> Result<(Vec<u8>, Vec<Place>), WriteError> {
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
        plan.push(Place { name: name.clone(), offset, size, written: AtomicU64::new(0) });
        offset += size.next_multiple_of(ALIGNMENT);
    }
    while !(out.len() as u64).is_multiple_of(ALIGNMENT) {
        out.push(0);
    }
    for place in &mut plan {
        place.offset += out.len() as u64;
    }
    Ok((out, plan))
}
