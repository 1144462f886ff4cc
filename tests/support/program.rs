//! The real binary, and what it must never do on bad input.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test takes what it needs of this module")]

use std::{
    path::Path,
    process::{Command, Output},
};

pub fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mexit-tui"));
    command.env("RUST_BACKTRACE", "0");
    command
}

pub fn run(args: &[&str]) -> Output {
    command().args(args).output().expect("the program starts")
}

/// A refusal: an exit code above 0, one line on stderr that begins with `error:` and holds every word of `words`.
pub fn refused(what: &str, output: &Output, words: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let code = output.status.code();
    assert!(code.is_some_and(|code| code != 0), "{what}: ended with {:?}, saying {said}", output.status);
    assert!(!said.contains("panicked"), "{what}: {said}");
    assert!(said.starts_with("error:"), "{what}: {said}");
    // Clap's own errors (code 2) add how to use the command.
    assert!(code == Some(2) || said.lines().count() == 1, "{what}: {said}");
    for word in words {
        assert!(said.contains(word), "{what}: `{word}` is missing in: {said}");
    }
}

/// Names of all files in a folder.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("the folder");
    let mut names: Vec<String> =
        entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
