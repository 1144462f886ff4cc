//! Files that are there whole or not at all, whenever the program is killed.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::EvalError;

/// Where an evaluation that is not finished is kept, beside its result.
#[must_use]
pub fn state_of(result: &Path) -> PathBuf {
    with_ending(result, "state")
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

/// Takes away what an unfinished evaluation has left.
///
/// # Errors
/// If the system refuses.
pub fn clear(state: &Path) -> Result<(), EvalError> {
    for path in [state, &with_ending(state, "part")] {
        match fs::remove_file(path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => return Err(EvalError::io(path, source)),
            _ => {}
        }
    }
    Ok(())
}

/// Puts `bytes` in place of whatever the file held. Always by the same second name, so that a killed program leaves at
/// most one file behind, which the next one replaces.
///
/// # Errors
/// If the system refuses; then the file is as before.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), EvalError> {
    let part = with_ending(path, "part");
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let put = || {
        let mut file = File::create(&part)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&part, path)?;
        File::open(folder)?.sync_all()
    };
    put().map_err(|source| {
        // What is wrong is said already; the half-written file is of no use.
        let _ = fs::remove_file(&part);
        EvalError::io(path, source)
    })
}
