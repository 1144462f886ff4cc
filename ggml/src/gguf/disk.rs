//! Writing at a place of a file, from any thread; room for the whole asked for first; and the disk at work meanwhile.

use std::{fs::File, io};

/// Writes less than this at once and the disk is not told to begin: it would be busy with small change.
const WORTH_STARTING: usize = 64 << 10;

/// Gives the file its length and asks for the room on the disk, so that a full disk is known before hours of work.
/// What is not written afterwards reads as zeros.
pub(super) fn reserve(file: &File, bytes: u64) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use std::os::fd::AsRawFd;
        let length = i64::try_from(bytes).map_err(|_| io::ErrorKind::FileTooLarge)?;
        // SAFETY: a file that is open for writing, and numbers.
        if unsafe { libc::fallocate(file.as_raw_fd(), 0, 0, length) } != 0 {
            let error = io::Error::last_os_error();
            // Other refusals are of file systems that cannot reserve: there the writes will tell.
            if matches!(error.raw_os_error(), Some(libc::ENOSPC | libc::EFBIG | libc::EDQUOT | libc::EIO)) {
                return Err(error);
            }
        }
    }
    file.set_len(bytes)
}

/// Writes all bytes at an offset.
pub(super) fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    #[cfg(unix)]
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)?;
    #[cfg(windows)]
    {
        let (mut bytes, mut offset) = (bytes, offset);
        while !bytes.is_empty() {
            let written = std::os::windows::fs::FileExt::seek_write(file, bytes, offset)?;
            bytes = &bytes[written..];
            offset += written as u64;
        }
    }
    start(file, bytes.len(), offset);
    Ok(())
}

/// Has the system begin to bring written bytes to the disk: left to itself it waits for gigabytes of them, and the disk
/// would be idle until the end.
fn start(file: &File, bytes: usize, offset: u64) {
    #[cfg(target_os = "linux")]
    if bytes >= WORTH_STARTING {
        use std::os::fd::AsRawFd;
        let (Ok(offset), Ok(bytes)) = (i64::try_from(offset), i64::try_from(bytes)) else { return };
        // SAFETY: an open file, and numbers. A hint: what it refuses, the final sync does.
        unsafe { libc::sync_file_range(file.as_raw_fd(), offset, bytes, libc::SYNC_FILE_RANGE_WRITE) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (file, bytes, offset, WORTH_STARTING);
}
