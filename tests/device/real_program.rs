//! The real program on the device: what it writes, measures and shows, and a session that moves.
#![cfg(unix)]

use std::{path::Path, sync::Arc};

use mexit_models::{Layers, Model, Placement, demo};
use mexit_tui::session::saved::Saved;
use safetensors::SafeTensors;

use super::{placing::device, program::run, pty::Session};

/// Longer than eight tokens: for each shorter batch Vulkan has a kernel of its own, which lavapipe compiles for minutes.
const PROMPT: &str = "In the beginning God created the heaven and the earth. And the earth was without form";

/// What a command says that must end well.
fn said(args: &[&str]) -> String {
    let output = run(args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
#[ignore = "needs a device: make test-device DEVICE=…"]
fn generate_and_logits() {
    let (name, folder) = (device().name(), tempfile::tempdir().expect("a folder"));
    let layers = [Layers::All, Layers::Count(6), Layers::Auto].map(|layers| layers.to_string());
    let generate = ["generate", "--prompt", PROMPT, "-n", "12", "--threads", "1", "--contrast", "original,6"];
    let want = said(&[&generate[..], &["--device", "cpu"]].concat());
    for layers in &layers {
        assert_eq!(said(&[&generate[..], &["--device", &name, "--gpu-layers", layers]].concat()), want, "{layers}");
    }
    // The demo's tokens lead by more than what is left of rounding.
    let numbers = |device: &str| -> Vec<f32> {
        let path = folder.path().join(device);
        let out = path.to_str().expect("a name");
        said(&["logits", "--prompt", PROMPT, "-o", out, "--threads", "1", "--device", device]);
        let bytes = std::fs::read(&path).expect("a file");
        let file = SafeTensors::deserialize(&bytes).expect("safetensors");
        let mut tensors = file.tensors();
        tensors.sort_by(|a, b| a.0.cmp(&b.0));
        let data = tensors.iter().flat_map(|(_, view)| view.data().chunks_exact(4));
        data.map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
    };
    let (a, b) = (numbers("cpu"), numbers(&name));
    assert_eq!(a.len(), b.len());
    let worst = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    println!("logits: largest difference {worst:.1e}");
    assert!(worst <= super::engine::bound(), "{worst}");
}

#[test]
#[ignore = "needs a device: make test-device DEVICE=…"]
fn bench_says_where() {
    let name = device().name();
    let args = ["bench", "--repeats", "1", "--threads", "1", "--device", &name, "--gpu-layers"];
    let table = said(&[&args[..], &["6"]].concat());
    for words in [&format!("6 blocks on CPU, 6 blocks on {name}, heads on CPU"), "no limit is told"] {
        assert!(table.contains(words), "`{words}` is missing in:\n{table}");
    }
    let report: serde_json::Value =
        serde_json::from_str(&said(&[&args[..], &["all", "--json"]].concat())).expect("one JSON object");
    assert_eq!(report["machine"]["blocks_on"], serde_json::json!([[&name, 12]]));
    assert_eq!(report["machine"]["heads_on"], serde_json::json!(&name));
    for part in ["limits", "reached", "bound_ms"] {
        assert!(report[part].is_null(), "{part}");
    }
}

/// In a home of its own, but with the kernels that drivers have compiled before, lavapipe for minutes.
fn start(folder: &Path, args: &[&str]) -> Session {
    let folder = folder.to_str().expect("a name");
    let home = std::env::var("HOME").map(|home| format!("{home}/.cache"));
    let kernels = std::env::var("XDG_CACHE_HOME").or(home).unwrap_or_default();
    Session::start(args, &[("XDG_STATE_HOME", folder), ("HOME", folder), ("XDG_CACHE_HOME", &kernels)])
}

fn steps(session: &mut Session, from: usize, to: usize) {
    for n in from + 1..=to {
        session.press(" ");
        session.shows(&format!("{n}/512"));
    }
}

/// The tokens of a session with one branch.
fn tokens(file: &Path) -> Vec<u32> {
    let saved = Saved::read(file).expect("a session");
    saved.nodes.iter().map(|node| node.token.0).collect()
}

/// Begun on one, gone on with on the other, a step back on the way: the text is the one that the processor makes alone.
#[test]
#[ignore = "needs a device: make test-device DEVICE=…"]
fn a_session_moves_between_devices() {
    let name = device().name();
    let tokenizer =
        Model::of(Arc::new(demo::mapping()), Placement::cpu().expect("a processor")).expect("the demo").tokenizer;
    let start_at = tokenizer.encode(PROMPT).expect("ids").len();
    let mut want = None;
    for (first, second) in [("cpu", "cpu"), (name.as_str(), "cpu"), ("cpu", name.as_str())] {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("s.mexit");
        let path = file.to_str().expect("a name");
        let mut session = start(folder.path(), &["--prompt", PROMPT, "--device", first]);
        session.shows(&format!("{start_at}/512"));
        session.shows("next: ");
        steps(&mut session, start_at, start_at + 3);
        session.press(&format!(":save {path}\r"));
        session.shows("saved as");
        session.press("q");
        session.end();
        let mut session = start(folder.path(), &["open", path, "--device", second]);
        session.shows(&format!("{}/512", start_at + 3));
        session.shows("the model is there");
        session.press("\x7f");
        session.shows(&format!("{}/512", start_at + 2));
        steps(&mut session, start_at + 2, start_at + 6);
        session.press("\x13");
        session.shows("saved as");
        session.press("q");
        session.end();
        let found = tokens(&file)[start_at..].to_vec();
        assert_eq!(found.len(), 6);
        assert_eq!(*want.get_or_insert(found.clone()), found, "{first}, then {second}");
    }
}
