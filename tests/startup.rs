//! The screen is there before its model is.
#![cfg(unix)]

#[path = "support/pty.rs"]
mod pty;

use std::{fs::OpenOptions, process::Command};

use pty::Session;

/// Opening a pipe that nobody writes to waits: whoever would open the model first, or read of it, would draw nothing.
#[test]
fn the_first_picture_does_not_wait_for_the_model() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("model.gguf");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    let mut session = Session::start(&["--model", &pipe.to_string_lossy()], &[]);
    session.shows("opening");
    session.shows("? help");
    // Keys are answered meanwhile.
    session.press("?");
    session.shows("Esc close");
    // Now it can be opened, and is no model.
    drop(OpenOptions::new().write(true).open(&pipe).expect("a reader at the other end"));
    let (status, text) = session.end();
    assert!(!status.success());
    assert!(text.contains("error:") && text.contains("model.gguf"), "{text}");
}
