//! Waiting for what an evaluation leaves behind.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test takes what it needs of this module")]

use std::{path::Path, process::Child};

/// Waits until at least `windows` windows are kept in a state file; false if the program has ended before.
pub fn wait_for(child: &mut Child, state: &Path, windows: u64) -> bool {
    loop {
        // The file is there whole or not at all, or the program has finished and taken it away.
        if let Ok(text) = std::fs::read_to_string(state) {
            let value: serde_json::Value = serde_json::from_str(&text).expect("a state file is whole");
            if value["next"].as_u64().is_some_and(|next| next >= windows) {
                return true;
            }
        }
        if child.try_wait().expect("a child").is_some() {
            return false;
        }
        std::thread::yield_now();
    }
}
