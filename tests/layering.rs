//! Who may know whom, as a test: arrows never run back.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// All Rust files below a folder of the project, with their text.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    fn collect(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                collect(&path, found);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = fs::read_to_string(&path).expect("a source file");
                found.push((path, text));
            }
        }
    }
    let mut found = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut found);
    assert!(!found.is_empty(), "{folder} has sources");
    found
}

/// Lines of code that mention a name; comments may.
fn mentions(sources: &[(PathBuf, String)], name: &str) -> Vec<String> {
    let code = |line: &&str| !line.trim_start().starts_with("//") && line.contains(name);
    let in_file = |(path, text): &(PathBuf, String)| {
        text.lines().filter(code).map(|line| format!("{}: {}", path.display(), line.trim())).collect::<Vec<_>>()
    };
    sources.iter().flat_map(in_file).collect()
}

fn outside(folder: &str, than: &str) -> Vec<(PathBuf, String)> {
    let than = Path::new(env!("CARGO_MANIFEST_DIR")).join(than);
    let mut all = sources(folder);
    all.retain(|(path, _)| !path.starts_with(&than) && *path != than.with_extension("rs"));
    all
}

fn never(sources: &[(PathBuf, String)], names: &[&str]) {
    for name in names {
        let found = mentions(sources, name);
        assert!(found.is_empty(), "{name}: {found:#?}");
    }
}

#[test]
fn layers() {
    never(&sources("src/decode"), &["crate::session", "crate::tui", "crate::cli", "mexit_models", "mexit_ggml"]);
    never(
        &sources("src/tui"),
        &[
            "mexit_models",
            "mexit_ggml",
            "crate::cli",
            "crate::config",
            "crate::decode",
            "crate::measure",
            "crate::report",
        ],
    );
    never(&sources("src/session"), &["crate::tui", "crate::cli", "crate::measure", "crate::report", "mexit_ggml"]);
    never(&sources("src/measure"), &["crate::tui", "crate::cli", "crate::config", "crate::report", "mexit_ggml"]);
    never(&sources("src/report"), &["crate::tui", "crate::cli", "mexit_models", "mexit_ggml"]);
    never(&sources("src/eval"), &["crate::tui", "crate::cli", "mexit_ggml"]);
    for folder in ["src/decode", "src/session", "src/report", "src/tui"] {
        never(&sources(folder), &["crate::eval"]);
    }
    never(&sources("models/src"), &["llama_cpp", "mexit_tui", "ratatui", "clap"]);
    never(&sources("ggml/src"), &["mexit_models", "mexit_tui", "tokenizers", "ratatui"]);
}

#[test]
fn each_library_has_its_place() {
    never(&outside("src", "src/tui"), &["ratatui"]);
    never(&outside("src", "src/cli"), &["clap::", "indicatif"]);
    never(&outside("src", "src/hub"), &["hf_hub"]);
    never(&outside("src", "src/report"), &["parquet::basic", "parquet::file", "parquet::schema"]);
}

/// Views read the state and nothing else: they neither change it, nor wait, nor ask.
#[test]
fn views_are_pure() {
    never(
        &sources("src/tui/view"),
        &["&mut State", "session::worker", "session::reader", "std::fs", "std::io", "std::thread"],
    );
}

#[test]
fn no_source_is_longer_than_five_hundred_lines() {
    for folder in ["src", "models/src", "ggml/src", "tests", "benches", "examples"] {
        for (path, text) in sources(folder) {
            let lines = text.lines().count();
            assert!(lines <= 500, "{}: {lines} lines", path.display());
        }
    }
}

/// The word itself, not `unsafe_code` in a lint.
fn unsafe_lines(text: &str) -> impl Iterator<Item = usize> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| line.contains("unsafe ") && !line.trim_start().starts_with("//"))
        .map(|(n, _)| n)
}

#[test]
fn unsafe_code_is_in_ggml_alone_and_argues() {
    for folder in ["src", "models/src", "tests"] {
        let mut all = sources(folder);
        all.retain(|(path, _)| !path.ends_with("layering.rs"));
        assert!(all.iter().all(|(_, text)| unsafe_lines(text).next().is_none()), "{folder}");
    }
    for (path, text) in sources("ggml/src") {
        let lines: Vec<&str> = text.lines().collect();
        // Kernels argue once, in what stands above the file.
        let argued_above = lines.iter().take_while(|line| line.starts_with("//!")).any(|line| line.contains("SAFETY:"));
        for n in unsafe_lines(&text).filter(|_| !argued_above) {
            let argues = |line: &&str| line.contains("SAFETY:") || line.contains("/// # Safety");
            let argued = lines[n.saturating_sub(6)..=n].iter().any(argues);
            assert!(argued, "{}:{}: {}", path.display(), n + 1, lines[n]);
        }
    }
}
