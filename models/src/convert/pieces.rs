//! All tensors of a file, piece by piece, on several threads: each reads some rows, checks them, encodes them and writes
//! them where they belong. Rows do not depend on each other, so the file is the same however many threads there are.
//!
//! Plain scoped threads with one counter, not a pool that steals work: pieces are taken in the file's order, so that the
//! disk is read and written in order too. Memory beside the system's cache is what the threads' pieces take, 3 MB each
//! for rows of usual length, and the mapped pieces behind them that are not yet let go of.

use std::{
    ops::Range,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
};

use mexit_ggml::{DType, gguf::GgufWriter, quantize_into};

use super::rows::{Rows, Scratch};
use crate::Error;

/// Numbers in a piece, unless a single row has more: 1 MiB of f32, which stays in a core's cache from one step to the next.
const PIECE: usize = 256 << 10;
/// Pieces that the disk is asked for before they are needed: a transposed matrix of usual size, which is read all over.
const AHEAD: usize = 32;
/// Pieces behind that are let go of: near ones may still be in use.
const BEHIND: usize = 32;

/// A tensor to be written: its type, and where its rows come from, one part after the other.
pub(super) struct Feed<'m> {
    pub(super) dtype: DType,
    pub(super) parts: Vec<Rows<'m>>,
}

/// Some rows of a part, and where they go.
struct Piece<'f, 'm> {
    from: &'f Rows<'m>,
    rows: Range<usize>,
    /// This piece's share of the part's bytes: those of the rows, or as many of a transposed matrix.
    share: Range<usize>,
    dtype: DType,
    tensor: usize,
    offset: u64,
}

/// What went wrong first, in the file's order: the same with any number of threads.
type Failure = Mutex<Option<(usize, Error)>>;

/// Writes every tensor. `progress` is told how many numbers are done.
pub(super) fn write(
    feeds: &[Feed<'_>],
    writer: &GgufWriter,
    (threads, stop): (usize, &AtomicBool),
    progress: &mut dyn FnMut(u64),
) -> Result<(), Error> {
    let pieces = cut(feeds);
    let (next, failure) = (AtomicUsize::new(0), Failure::default());
    for piece in pieces.iter().take(AHEAD) {
        piece.from.file.prefetch(piece.share.clone());
    }
    let (done, finished) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, pieces.len().max(1)) {
            let done = done.clone();
            scope.spawn(|| work(&pieces, writer, (&next, stop, &failure), done));
        }
        drop(done);
        let mut numbers = 0;
        for count in finished {
            numbers += count;
            progress(numbers);
        }
    });
    match failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some((_, error)) => Err(error),
        None if stop.load(Ordering::Relaxed) => Err(Error::Stopped),
        None => Ok(()),
    }
}

/// One thread's part: the next piece, until there is none, or something is wrong with one.
fn work(
    pieces: &[Piece<'_, '_>],
    writer: &GgufWriter,
    (next, stop, failure): (&AtomicUsize, &AtomicBool, &Failure),
    done: mpsc::Sender<u64>,
) {
    let (mut scratch, mut encoded) = (Scratch::default(), Vec::new());
    let failed = || failure.lock().unwrap_or_else(PoisonError::into_inner);
    while !stop.load(Ordering::Relaxed) && failed().is_none() {
        let index = next.fetch_add(1, Ordering::Relaxed);
        let Some(piece) = pieces.get(index) else { return };
        if let Some(later) = pieces.get(index + AHEAD) {
            later.from.file.prefetch(later.share.clone());
        }
        match piece.write(writer, &mut scratch, &mut encoded) {
            Ok(()) => {
                let _ = done.send((piece.rows.len() * piece.from.size.0) as u64);
            }
            Err(error) => {
                let mut first = failed();
                if first.as_ref().is_none_or(|(at, _)| index < *at) {
                    *first = Some((index, error));
                }
            }
        }
        if let Some(earlier) = index.checked_sub(BEHIND) {
            pieces[earlier].from.file.release(pieces[earlier].share.clone());
        }
    }
}

impl Piece<'_, '_> {
    fn write(&self, writer: &GgufWriter, scratch: &mut Scratch, encoded: &mut Vec<u8>) -> Result<(), Error> {
        let rows = self.rows.clone();
        if self.dtype == self.from.dtype && !self.from.transposed {
            // From the mapping to the file: nothing in between.
            return Ok(writer.write_at(self.tensor, self.offset, self.from.bytes(rows)?)?);
        }
        let numbers = self.from.numbers(rows, scratch)?;
        if self.dtype == DType::F32 {
            return Ok(writer.write_at(self.tensor, self.offset, bytemuck::cast_slice(numbers))?);
        }
        quantize_into(self.dtype, numbers, self.from.size.0, encoded)?;
        Ok(writer.write_at(self.tensor, self.offset, encoded)?)
    }
}

/// The pieces of all tensors, in the file's order.
fn cut<'f, 'm>(feeds: &'f [Feed<'m>]) -> Vec<Piece<'f, 'm>> {
    let mut pieces = Vec::new();
    for (tensor, feed) in feeds.iter().enumerate() {
        let mut offset = 0;
        for from in &feed.parts {
            let (width, all) = from.size;
            // The plan holds whole rows of whole blocks only, or the writer would have refused it.
            let row_bytes = feed.dtype.row_bytes(width as u64).unwrap_or(0);
            let step = (PIECE / width).max(1);
            for first in (0..all).step_by(step) {
                let rows = first..all.min(first + step);
                let stored = from.data.len() / all;
                let share = from.data.start + rows.start * stored..from.data.start + rows.end * stored;
                let bytes = row_bytes * rows.len() as u64;
                pieces.push(Piece { from, rows, share, dtype: feed.dtype, tensor, offset });
                offset += bytes;
            }
        }
    }
    pieces
}
