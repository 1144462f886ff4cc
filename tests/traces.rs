//! `trace` and `report` through the real binary: numbers are those of `generate --json`, every form is written whole or
//! not at all, and what cannot be is refused in one line. And the explorer opens what was traced, and writes it.
#![cfg(unix)]

#[path = "support/program.rs"]
mod program;
#[path = "support/pty.rs"]
mod pty;

use std::{fs, path::Path};

use mexit_models::demo;
use mexit_tui::session::traced::Traced;
use program::{command, names, refused, run};
use serde_json::Value;

fn name(folder: &Path, file: &str) -> String {
    folder.join(file).to_string_lossy().into_owned()
}

fn done(args: &[&str]) -> String {
    let output = run(args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("a text")
}

const PROMPT: &str = "--prompt=In the beginning God created";

#[test]
fn numbers_are_those_of_generate_and_every_form_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = name(folder.path(), "t.jsonl");
    let flags = [PROMPT, "-n=7", "--contrast=original,6", "--threads=1"];
    done(&[&["trace", "-o", &file, "--pin= heaven", "--grid"][..], &flags].concat());
    let traced = Traced::read(Path::new(&file)).expect("a trace");
    assert_eq!((traced.prompt, traced.tokens.len()), (5, 12));
    assert!(traced.slot.is_some() && traced.tokens[1..].iter().all(|token| token.trace.is_some()));
    let pinned = |trace: &mexit_tui::session::trace::StepTrace| trace.pins.iter().any(|pin| pin.id == traced.pins[0]);
    assert!(traced.traces().all(|trace| pinned(trace) && trace.grid.is_some()));
    let lines = done(&[&["generate", "--json"][..], &flags].concat());
    for (line, token) in lines.lines().zip(&traced.tokens[5..]) {
        let step: Value = serde_json::from_str(line).expect("a step");
        let trace = token.trace.as_ref().expect("a trace");
        assert_eq!((&step["id"], &step["position"]), (&token.id.0.into(), &trace.position.into()));
        // A step and a batch sum in other orders: see `tests/steps.rs` for the bound on f16 weights' logits.
        let close = |found: &Value, x: f32| found.as_f64().is_some_and(|y| (y - f64::from(x)).abs() < 0.05);
        for (exit, row) in step["exits"].as_array().expect("exits").iter().zip(trace.exits.iter()) {
            assert!(close(&exit["entropy"], row.entropy) && close(&exit["ln_p"], row.ln_p), "{exit} {row:?}");
        }
    }
    for form in ["html", "svg", "png", "csv", "parquet", "json", "md"] {
        let out = name(folder.path(), &format!("r.{form}"));
        done(&["report", &file, "-o", &out]);
        let first = fs::read(&out).expect("a report");
        assert!(first.len() > 500, "{form}");
        refused(form, &run(&["report", &file, "-o", &out]), &["exists already", "--force"]);
        done(&["report", &file, "-o", &out, "--force"]);
        assert_eq!(first, fs::read(&out).expect("a report"), "{form}: the same again");
    }
    let out = name(folder.path(), "diff.md");
    done(&["report", &file, "--against", &file, "-o", &out]);
    assert!(fs::read_to_string(&out).expect("a comparison").contains("The texts are the same."));
}

#[test]
fn a_given_text_alone_with_all_logits() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, logits) = (name(folder.path(), "t.jsonl"), name(folder.path(), "l.safetensors"));
    done(&["trace", PROMPT, "-n=0", "-o", &file, "--logits", &logits, "--threads=1"]);
    let traced = Traced::read(Path::new(&file)).expect("a trace");
    assert_eq!((traced.prompt, traced.tokens.len(), traced.pair), (5, 5, None));
    let bytes = fs::read(&logits).expect("logits");
    let tensors = safetensors::SafeTensors::deserialize(&bytes).expect("tensors");
    let original = tensors.tensor("original").expect("original");
    assert_eq!(original.shape(), [5, traced.card.vocabulary]);
    // Row p predicts position p + 1: its best token is the trace's.
    for (row, trace) in original.data().chunks_exact(4 * traced.card.vocabulary).zip(traced.traces()) {
        let logit = |four: &[u8]| f32::from_le_bytes(four.try_into().expect("four bytes"));
        let best = row.chunks_exact(4).map(logit).enumerate().max_by(|a, b| a.1.total_cmp(&b.1)).expect("a token").0;
        assert_eq!(best, trace.exits[0].top[0].id.index());
    }
}

#[test]
fn what_cannot_be_is_refused_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let other = tempfile::tempdir().expect("a folder");
    let file = name(other.path(), "t.jsonl");
    done(&["trace", PROMPT, "-n=2", "-o", &file, "--threads=1"]);
    refused("a trace that exists", &run(&["trace", PROMPT, "-o", &file]), &["exists already", "--force"]);
    let out = name(folder.path(), "r.md");
    let report = |file: &str| run(&["report", file, "-o", &out]);
    refused("no ending", &run(&["report", &file, "-o", &name(folder.path(), "r")]), &["html, svg", "--format"]);
    refused("no such file", &report("no-such.jsonl"), &["no-such.jsonl"]);
    refused("a folder", &report("."), &["no plain file"]);
    let diff = run(&["report", &file, "--against", &file, "-o", &name(folder.path(), "r.csv")]);
    refused("a comparison as csv", &diff, &["expected html, json or md"]);
    let whole = fs::read_to_string(&file).expect("a trace");
    let spoiled = name(other.path(), "bad.jsonl");
    let spoil = |text: &str, words: &[&str]| {
        fs::write(&spoiled, text).expect("a file");
        refused(words[0], &report(&spoiled), words);
    };
    spoil("text", &["not a trace of mexit-tui"]);
    spoil(&whole.replacen("\"trace\":1", "\"trace\":2", 1), &["format 2", "reads format 1"]);
    spoil(&whole[..whole.len() / 2], &["damaged", "was the file cut"]);
    let limited = "ulimit -f 4; trap '' XFSZ; exec \"$@\"";
    for args in [vec!["trace", PROMPT, "-o", &out], vec!["report", &file, "-o", &out, "--format", "html"]] {
        let program = command().get_program().to_owned();
        let output = std::process::Command::new("sh").args(["-c", limited, "sh"]).arg(program).args(args).output();
        refused("a full disk", &output.expect("a shell"), &["could not be written", "left behind"]);
    }
    assert!(names(folder.path()).is_empty(), "{:?}", names(folder.path()));
}

#[test]
fn a_broken_model_is_not_traced() {
    let folder = tempfile::tempdir().expect("a folder");
    let (model, out) = (name(folder.path(), "broken.gguf"), name(folder.path(), "t.jsonl"));
    let mut bytes = demo::mapping().to_vec();
    let last = bytes.len() / 4 * 4;
    // The end of the file is the last tensor's: a head.
    bytes[last - 4096..last].as_chunks_mut::<4>().0.iter_mut().for_each(|v| *v = f32::NAN.to_le_bytes());
    fs::write(&model, bytes).expect("a model");
    refused("NaN", &run(&["trace", "--model", &model, PROMPT, "-o", &out]), &["not finite"]);
    assert_eq!(names(folder.path()), ["broken.gguf"]);
}

#[test]
fn the_explorer_opens_a_trace_and_writes_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, again) = (name(folder.path(), "t.jsonl"), name(folder.path(), "again.jsonl"));
    done(&["trace", PROMPT, "-n=6", "--contrast=original,6", "-o", &file, "--threads=1"]);
    let home = folder.path().to_string_lossy().into_owned();
    let env = [("XDG_STATE_HOME", home.as_str()), ("HOME", home.as_str())];
    let mut session = pty::Session::start(&["open", &file], &env);
    session.shows("11/512");
    session.shows("the model is there");
    session.press(":");
    session.press(&format!("save {again}\r"));
    session.shows("trace of this text written");
    // Nothing is unsaved: it ends at once.
    session.press("q");
    let (status, text) = session.end();
    assert_eq!(status.exit_code(), 0, "{text}");
    let (before, after) = (Traced::read(Path::new(&file)), Traced::read(Path::new(&again)));
    let (before, after) = (before.expect("a trace"), after.expect("a trace"));
    let told = |traced: &Traced| format!("{} {:?} {:?}", traced.prompt, traced.tokens, traced.slot);
    assert_eq!(told(&before), told(&after));
}

/// Decodings by scores: `generate --json` says what a trace holds, and a trace read and written again is the same file.
#[test]
fn decodings_by_scores() {
    let ratio = ["--contrast=original,4", "--contrast-beta=1.5", "--alpha=0.2"];
    let dola = ["--dola=2,6,10", "--dola-distance=published", "--alpha=0.05"];
    let expression = ["--contrast=12,2", "--contrast-expr=upper - 0.5*lower where p_upper > alpha*p_max", "--seed=3"];
    let folder = tempfile::tempdir().expect("a folder");
    let file = name(folder.path(), "t.jsonl");
    for (method, flags) in [("log-ratio", ratio), ("dola", dola), ("expression", expression)] {
        let flags = [&flags[..], &[PROMPT, "-n=5", "--threads=1"]].concat();
        done(&[&["trace", "--force", "-o", &file][..], &flags].concat());
        let traced = Traced::read(Path::new(&file)).expect("a trace");
        let lines = done(&[&["generate", "--json"][..], &flags].concat());
        assert_eq!(lines.lines().count(), 5);
        for (line, token) in lines.lines().zip(&traced.tokens[5..]) {
            let step: Value = serde_json::from_str(line).expect("a step");
            let trace = token.trace.as_ref().expect("a trace");
            let scores = trace.scores.as_ref().expect("scores");
            assert_eq!(step["decoding"]["method"], method);
            assert_eq!((&step["id"], &step["contrast"]), (&trace.choice.id.0.into(), &Value::Null));
            assert_eq!(step["scores"]["amateur"], scores.amateur.to_string());
            let listed = step["scores"]["distances"].as_array().map_or(0, Vec::len);
            assert_eq!((scores.distances.len(), listed), if method == "dola" { (3, 3) } else { (0, 0) });
            assert_eq!(step["scores"]["ln_tau"].is_null(), method == "expression");
        }
        let again = name(folder.path(), "again.jsonl");
        mexit_tui::session::saved::whole(Path::new(&again), true, |out| {
            mexit_tui::session::saved::write_trace(&traced, out)
        })
        .expect("written");
        assert_eq!(fs::read_to_string(&again).expect("a file"), fs::read_to_string(&file).expect("a file"), "{method}");
        // A session of it, too.
        let session = name(folder.path(), &format!("{method}.mexit"));
        let saved = traced.session().expect("a session");
        saved.write(Path::new(&session)).expect("written");
        let read = mexit_tui::session::saved::Saved::read(Path::new(&session)).expect("a session");
        assert_eq!(format!("{read:?}"), format!("{saved:?}"), "{method}");
        let report = name(folder.path(), "r.md");
        done(&["report", &file, "--force", "-o", &report]);
        let report = fs::read_to_string(&report).expect("a report");
        let says = [("log-ratio", "β 1.5"), ("dola", "one of 2 6 10"), ("expression", "upper - 0.5")];
        assert!(says.iter().any(|(of, words)| *of == method && report.contains(words)), "{method}: {report}");
    }
}
