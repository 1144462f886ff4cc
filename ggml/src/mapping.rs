//! The bytes of a model file: mapped, compiled into the program, or made in memory.

use std::{
    fs::File,
    io,
    ops::{Deref, Range},
};

use memmap2::{Mmap, MmapMut};

/// Bytes in the program at an address that ggml takes (it wants a multiple of 32).
#[repr(C, align(64))]
pub struct Aligned<B: ?Sized>(pub B);

/// Immutable bytes whose address is a multiple of 32.
pub enum Mapping {
    /// A file, read as it is touched. Shortening the file while it is mapped ends the process (SIGBUS).
    File(Mmap),
    /// Part of the program.
    Static(&'static Aligned<[u8]>),
    /// Made in memory, in whole pages, and read-only since.
    Owned(Mmap),
}

impl Mapping {
    /// Maps a whole file.
    ///
    /// # Errors
    /// If it is no ordinary file, or the system refuses.
    pub fn of(file: &File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        // Mapping these fails too, but with "no such device".
        if metadata.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "a file is needed, this is a folder"));
        }
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "an ordinary file is needed, this is none"));
        }
        // SAFETY: the mapping is read only and private to us as far as a file can be; that another program may shorten
        // the file is what the SIGBUS handler in `crash` is for, and our own writer replaces files, never rewrites them.
        let map = unsafe { Mmap::map(file) }?;
        // What is read from now on comes in large pages, where the file system keeps files in such (ext4 from Linux 6.16
        // on): a run of GPT-2 Medium's shape in q8_0 then makes 43 tokens a second instead of 36, three times in turn.
        #[cfg(target_os = "linux")]
        let _ = map.advise(memmap2::Advice::HugePage);
        Ok(Self::File(map))
    }

    /// Has the system read a part into its cache. A hint: where it is refused or unknown, the part is read as it is
    /// touched. It may wait for the disk.
    pub fn prefetch(&self, part: Range<usize>) {
        #[cfg(unix)]
        if let (Self::File(map), true) = (self, part.start < part.end && part.end <= self.len()) {
            // Asked to read ahead, Linux reads in small pages; what is touched it reads in large ones. Touched pages would
            // count as the process's memory, though nobody may want them.
            #[cfg(target_os = "linux")]
            if map.advise_range(memmap2::Advice::PopulateRead, part.start, part.len()).is_ok() {
                return self.release(part);
            }
            let _ = map.advise_range(memmap2::Advice::WillNeed, part.start, part.len());
        }
        #[cfg(not(unix))]
        let _ = part;
    }

    /// Lets go of a part that was read, so that a large file that is read once does not count as the process's memory.
    /// What is touched again comes back from the system's cache.
    pub fn release(&self, part: Range<usize>) {
        #[cfg(unix)]
        if let (Self::File(map), true) = (self, part.start < part.end && part.end <= self.len()) {
            // SAFETY: the mapping is of a file and is never written to, so that a dropped page is read from the file
            // again: the bytes behind a `&[u8]` into it stay the same.
            let _ = unsafe { map.unchecked_advise_range(memmap2::UncheckedAdvice::DontNeed, part.start, part.len()) };
        }
        #[cfg(not(unix))]
        let _ = part;
    }

    /// Whether the bytes are nobody's but this process's.
    #[must_use]
    pub fn is_owned(&self) -> bool {
        matches!(self, Self::Owned(_))
    }

    /// Bytes that `fill` writes into zeros.
    ///
    /// # Errors
    /// If the system has no room for so many, or `fill` fails.
    pub fn filled<E: From<io::Error>>(len: usize, fill: impl FnOnce(&mut [u8]) -> Result<(), E>) -> Result<Self, E> {
        let mut pages = MmapMut::map_anon(len)?;
        // Fewer pages to look up. Three pairs of runs in turn read 300 MB of q8_0 rows at 19 to 25 GB/s with large pages and
        // at 11 to 18 with small ones; of f32 rows, at 25 to 31 and 15 to 31.
        #[cfg(target_os = "linux")]
        let _ = pages.advise(memmap2::Advice::HugePage);
        fill(&mut pages)?;
        Ok(Self::Owned(pages.make_read_only()?))
    }
}

impl Deref for Mapping {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::File(map) | Self::Owned(map) => map,
            Self::Static(bytes) => &bytes.0,
        }
    }
}
