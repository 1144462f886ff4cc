//! `mexit-tui eval`: its numbers against other programs', and that shards, kills and threads change not a bit of them.

#[path = "support/cases.rs"]
mod cases;
#[path = "support/kept.rs"]
mod kept;
#[path = "support/program.rs"]
mod program;

use std::{
    fs,
    hash::{BuildHasher, RandomState},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use mexit_models::{
    DType,
    checkpoint::Checkpoint,
    convert::{ConvertOptions, convert},
};
use mexit_tui::decode::repetition;
use program::{command, refused, run};
use serde_json::Value;

/// Ours and theirs differ by up to 1e-4 a logit (tests/parity.rs), so by twice that in a logarithm of a probability or a
/// mean of such; perplexities by as much of themselves. A divergence of 5 nats moves by no more than a few times that.
/// What early-exit policies take is compared exactly: their thresholds are 2.7e-4 or more from every probability and
/// entropy that they are held against (`nearest_to_a_threshold` in the files).
const BOUND: f64 = 5e-4;

fn reference(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference").join(name)
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("a file")).expect("JSON")
}

/// The result of a run that prints JSON.
fn evaluate(args: &[&str]) -> Value {
    let output = run(&[&["eval", "--json", "--threads", "1"], args].concat());
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Every number of `want` is in `got`: whole numbers exactly, others within the bound, in itself or in its ratio.
fn compare(place: &str, got: &Value, want: &Value) -> usize {
    match (got, want) {
        (Value::Object(got), Value::Object(want)) => want
            .iter()
            .map(|(key, want)| compare(&format!("{place}.{key}"), got.get(key).unwrap_or(&Value::Null), want))
            .sum(),
        (Value::Array(got), Value::Array(want)) => {
            assert_eq!(got.len(), want.len(), "{place}");
            got.iter().zip(want).enumerate().map(|(n, (got, want))| compare(&format!("{place}[{n}]"), got, want)).sum()
        }
        (Value::Number(got), Value::Number(want)) if want.is_f64() => {
            let (got, want) = (got.as_f64().expect("a number"), want.as_f64().expect("a number"));
            assert!((got - want).abs() <= BOUND * want.abs().max(1.0), "{place}: {got}, numpy says {want}");
            1
        }
        _ => {
            assert_eq!(got, want, "{place}");
            1
        }
    }
}

#[test]
fn numbers_are_those_of_numpy_on_the_librarys_logits() {
    let want = json(&reference("eval.json"));
    let folder = tempfile::tempdir().expect("a folder");
    for (name, want) in want.as_object().expect("cases") {
        let case: Value = json(&reference(name).join("case.json"));
        let prompts = case["prompts"].as_array().expect("prompts");
        let lines: String = prompts.iter().map(|p| serde_json::json!({"text": p["text"]}).to_string() + "\n").collect();
        let (texts, model) = (folder.path().join("texts.jsonl"), folder.path().join(format!("{name}.gguf")));
        fs::write(&texts, lines).expect("a file");
        let checkpoint = Checkpoint::open(&reference(name).join("model")).expect("a checkpoint");
        let options = ConvertOptions { types: DType::F32.into(), ..ConvertOptions::default() };
        convert(&checkpoint, &model, &options, &mut |_, _| {}).expect("converted");
        let (texts, model) = (texts.to_string_lossy(), model.to_string_lossy());
        let mut args = vec![&*texts, "--model", &*model];
        for pair in want["contrasts"].as_array().expect("pairs") {
            args.extend(["--contrast", pair.as_str().expect("a pair")]);
        }
        for policy in want["summary"]["policies"].as_array().expect("policies") {
            args.extend(["--early-exit", policy["policy"].as_str().expect("a policy")]);
        }
        if want["lens"] == true {
            args.push("--lens");
        }
        let got = evaluate(&args);
        let compared = compare(name, &got["summary"], &want["summary"]);
        assert!(compared > 300, "{name}: {compared}");

        let runs: Vec<Vec<u32>> = serde_json::from_value(
            case["generate"].as_array().expect("runs").iter().map(|run| run["new_tokens"].clone()).collect(),
        )
        .expect("ids");
        let runs: Vec<&[u32]> = runs.iter().map(Vec::as_slice).collect();
        let rep = [1, 2, 3, 4].map(|n| repetition::repeated(&runs, n));
        let distinct = [1, 2, 3, 4].map(|n| repetition::distinct(&runs, n));
        let got = serde_json::json!({"rep": rep, "distinct": distinct, "diversity": repetition::diversity(&runs)});
        assert_eq!(compare(name, &got, &want["greedy_runs"]), 9);
    }
}

/// Windows that slide, targets after prompts, last words that are right, α and minimum: on a model that knows something.
#[test]
fn numbers_are_those_of_torch_on_the_demo() {
    let want = json(&reference("eval_demo.json"));
    let texts = reference("eval_demo.jsonl");
    let texts = texts.to_string_lossy();
    let mut args = vec![&*texts];
    args.extend(want["flags"].as_array().expect("flags").iter().filter_map(Value::as_str));
    let got = evaluate(&args);
    assert!(compare("demo", &got["summary"], &want["summary"]) > 300);
    let right = got["summary"]["readouts"][0]["last_word_accuracy"].as_f64().expect("a share");
    assert!(right > 0.3 && right < 0.5, "some words are right, some are not: {right}");
}

/// The protocol of the figures that were written down when the demo was trained (models/demo/recipe): 150 windows of 256
/// tokens one after the other, documents joined by the end-of-text token. They are rounded to four digits.
#[test]
fn held_out_figures_are_those_of_training_and_fall_with_depth() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let figures = json(&root.join("models/demo/figures.json"));
    let text = root.join("models/demo/heldout.txt");
    let protocol = ["--split", "paragraphs", "--join", "--window", "256", "--stride", "256", "--limit", "150"];
    let got = evaluate(&[&[&*text.to_string_lossy()], &protocol[..]].concat());
    let readouts = got["summary"]["readouts"].as_array().expect("readouts");
    assert_eq!(readouts.len(), 7);
    assert_eq!(got["summary"]["tokens"], 150 * 256);
    let mut depth = Vec::new();
    for readout in readouts {
        let exit = readout["exit"].as_str().expect("an exit");
        let said = |n: usize| figures["heldout_nats_and_top1"][exit][n].as_f64().expect("a figure");
        let (nats, right) =
            (readout["nats_per_token"].as_f64().expect("nats"), readout["accuracy"].as_f64().expect("a share"));
        assert!((nats - said(0)).abs() < 2e-4, "exit {exit}: {nats}, {} in training", said(0));
        assert!((right - said(1)).abs() < 2e-4, "exit {exit}: {right}, {} in training", said(1));
        if exit != "original" {
            depth.push(nats);
        }
    }
    assert!(depth.windows(2).all(|pair| pair[0] < pair[1]), "from exit 12 down to 2: {depth:?}");
}

/// A small evaluation with everything in it: 29 windows.
fn everything() -> Vec<String> {
    let texts = reference("eval_demo.jsonl").to_string_lossy().into_owned();
    let flags = "--window 24 --stride 12 --lens --contrast original,6 --alphas 0.1,0.5 --exits 12,6,2 \
        --continuations 8 --beginning 8 --length 12 \
        --early-exit confidence:0.3 --early-exit patience:2 --early-exit decided";
    let args = [texts].into_iter().chain(flags.split_whitespace().map(ToOwned::to_owned));
    args.collect()
}

/// The arguments of an evaluation into a file.
fn eval_into(output: &Path, more: &[&str]) -> Command {
    let mut command = command();
    command.arg("eval").args(everything()).arg("-o").arg(output).args(more);
    if !more.contains(&"--threads") {
        command.args(["--threads", "1"]);
    }
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

fn succeed(mut command: Command) {
    let output = command.output().expect("the program starts");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn shards_joined_are_the_whole_bit_for_bit() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    succeed(eval_into(&at("whole.json"), &["--threads", "2"]));
    for shard in ["1/3", "2/3", "3/3"] {
        // One thread or two: the same bits.
        succeed(eval_into(&at(&shard.replace('/', "-")), &["--shard", shard, "--threads", "1"]));
    }
    let mut join = command();
    join.args(["eval", "merge"]).args(["3-3", "1-3", "2-3"].map(at)).arg("-o").arg(at("joined.json"));
    succeed(join);
    let [whole, joined] = ["whole.json", "joined.json"].map(|name| fs::read(at(name)).expect("a result"));
    assert!(whole == joined, "shards joined differ from the whole");
    let whole = json(&at("whole.json"));
    assert_eq!(whole["summary"]["windows"], 29, "each shard has many windows");
    assert_eq!(whole["tally"]["continuations"].as_object().expect("continuations").len(), 8);
    assert_eq!(program::names(folder.path()).len(), 5, "nothing else is left behind");
}

#[test]
fn killed_at_any_moment_it_goes_on_to_the_same_numbers() {
    let folder = tempfile::tempdir().expect("a folder");
    let (whole, cut) = (folder.path().join("whole.json"), folder.path().join("cut.json"));
    let state = folder.path().join("cut.json.state");
    succeed(eval_into(&whole, &[]));
    let mut kills = 0;
    for windows in [1, 3, 5, 7, 9, 12, 15, 18, 21, 24] {
        let mut child = eval_into(&cut, &["--resume", "--keep-every", "0"]).spawn().expect("it starts");
        if kept::wait_for(&mut child, &state, windows) {
            // Anywhere within the next windows, in the midst of writing too: the seed is the system's.
            let micros = RandomState::new().hash_one(windows) % 5_000;
            println!("killed {micros} µs after {windows} windows");
            thread::sleep(Duration::from_micros(micros));
            child.kill().expect("killed");
            kills += 1;
        }
        child.wait().expect("ended");
    }
    assert_eq!(kills, 10, "it was killed before it was done");
    assert!(!cut.exists() && state.exists());
    succeed(eval_into(&cut, &["--resume"]));
    assert!(fs::read(&whole).expect("a result") == fs::read(&cut).expect("a result"), "a killed run differs");
    assert_eq!(program::names(folder.path()), ["cut.json", "whole.json"]);
    // Nothing is left to do, and nothing is done.
    succeed(eval_into(&cut, &["--resume"]));
    assert!(fs::read(&whole).expect("a result") == fs::read(&cut).expect("a result"));
}

#[test]
fn interrupted_it_says_how_to_go_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let cut = folder.path().join("cut.json");
    let state = folder.path().join("cut.json.state");
    let mut child = eval_into(&cut, &["--keep-every", "0"]).spawn().expect("it starts");
    assert!(kept::wait_for(&mut child, &state, 2), "it runs");
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill");
    assert!(sent.success());
    let output = child.wait_with_output().expect("ended");
    refused("Ctrl-C", &output, &["kept in", "cut.json.state", "--resume"]);
    assert!(!cut.exists() && state.exists());
    refused(
        "begun twice",
        &eval_into(&cut, &[]).output().expect("it starts"),
        &["not finished", "--resume", "--force"],
    );
    let other = eval_into(&cut, &["--resume", "--limit", "3"]).output().expect("it starts");
    refused("other settings", &other, &["does not belong", "`limit`", "null", "3"]);
    let sharded = eval_into(&cut, &["--resume", "--shard", "1/2"]).output().expect("it starts");
    refused("another shard", &sharded, &["shard 1/2", "found all"]);
    succeed(eval_into(&cut, &["--resume"]));
    refused("a result is there", &eval_into(&cut, &[]).output().expect("it starts"), &["exists already", "--force"]);
}

/// ggml's reference kernels: the same bits in batches of 5 as in batches of 64.
#[test]
fn under_reference_kernels_the_batch_changes_nothing() {
    let texts = reference("eval_demo.jsonl");
    let texts = texts.to_string_lossy();
    let with = |batch: &str| evaluate(&[&texts, "--limit", "3", "--exits", "6", "--reference", "--batch", batch]);
    let (few, many) = (with("5"), with("64"));
    assert_eq!(few["tally"], many["tally"]);
    assert!(few["summary"]["tokens"].as_u64().expect("tokens") > 50);
}

#[test]
fn what_does_not_belong_together_is_not_joined() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    fs::write(at("a.txt"), "In the beginning God created").expect("a file");
    fs::write(at("b.txt"), "In the beginning God made all").expect("a file");
    let shard = |name: &str, args: &[&str]| {
        let into = at(name);
        evaluate(&[&["-o", &into, "--exits", "2"], args].concat());
        into
    };
    let one = shard("1", &[&at("a.txt"), "--shard", "1/2"]);
    let two = shard("2", &[&at("a.txt"), "--shard", "2/2"]);
    let third = shard("3", &[&at("a.txt"), "--shard", "3/3"]);
    let text = shard("text", &[&at("b.txt"), "--shard", "2/2"]);
    let stride = shard("stride", &[&at("a.txt"), "--shard", "2/2", "--stride", "3"]);
    let whole = shard("whole", &[&at("a.txt")]);
    let join = |shards: &[&str]| run(&[&["eval", "merge"], shards].concat());
    assert!(join(&[&two, &one]).status.success());
    refused("missing", &join(&[&one]), &["shard 2 of 2 is missing"]);
    refused("doubled", &join(&[&one, &one]), &["shard 1 again"]);
    refused("another number", &join(&[&one, &third]), &["one of 2 shards", "one of 3"]);
    refused("another text", &join(&[&one, &text]), &["does not belong", "a.txt", "SHA-256"]);
    refused("another stride", &join(&[&one, &stride]), &["does not belong", "`stride`", "3"]);
    refused("a whole", &join(&[&one, &whole]), &["a shard", "nothing to join"]);
    refused("no evaluation", &join(&[&one, &at("a.txt")]), &["format mexit-eval version 1", "no JSON"]);
    fs::write(at("broken"), fs::read_to_string(&two).expect("text").replace("\"decided\": [", "\"decided\": [7, "))
        .expect("a file");
    refused("broken", &join(&[&one, &at("broken")]), &["counts do not fit"]);
    fs::write(at("newer"), fs::read_to_string(&two).expect("text").replace("\"version\": 1", "\"version\": 2"))
        .expect("a file");
    refused("newer", &join(&[&one, &at("newer")]), &["version 1", "found version 2"]);
}

#[test]
fn refusals() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("a file");
        path.to_string_lossy().into_owned()
    };
    let (text, empty, bytes) =
        (file("a.txt", b"In the beginning"), file("empty.txt", b"\n"), file("b.txt", b"\xff\xfe"));
    let (other, broken) = (file("o.jsonl", b"{\"content\": \"x y\"}\n"), file("b.jsonl", b"{\"text\": \"x\"}\n{\n"));
    for (what, args, words) in [
        ("no file", vec![], &["FILE"][..]),
        ("not there", vec!["nowhere.txt"], &["nowhere.txt"]),
        ("nothing to score", vec![&*empty], &["two tokens"]),
        ("other bytes", vec![&*bytes], &["UTF-8"]),
        ("other fields", vec![&*other], &["line 1", "`text`", "`content`", "--text-field"]),
        ("no JSON", vec![&*broken], &["line 2", "a JSON object a line"]),
        ("a wide window", vec![&*text, "--window", "513"], &["--window 513", "512"]),
        ("a long stride", vec![&*text, "--window", "8", "--stride", "9"], &["--stride 9", "8"]),
        ("no such exit", vec![&*text, "--exits", "3"], &["no exit 3"]),
        ("no such pair", vec![&*text, "--contrast", "original,5"], &["no exit 5"]),
        ("no such policy", vec![&*text, "--early-exit", "sure:1"], &["confidence:P", "oracle"]),
        ("no such fixed exit", vec![&*text, "--early-exit", "fixed:5"], &["fixed:5", "2, 4, 6"]),
        ("not measured", vec![&*text, "--exits", "2", "--early-exit", "fixed:6"], &["expected one of 2"]),
        ("a policy twice", vec![&*text, "--early-exit", "oracle", "--early-exit", "oracle"], &["asked for twice"]),
        ("twice", vec![&*text, "--contrast", "12,2", "--alphas", "0.1,0.1"], &["asked for twice"]),
        ("shard 0", vec![&*text, "-o", "x", "--shard", "0/2"], &["i/n"]),
        ("shard without a file", vec![&*text, "--shard", "1/2"], &["--output"]),
    ] {
        refused(what, &run(&[&["eval"], &args[..]].concat()), words);
    }
}

/// Columns of a Parquet file, by the crate's own reader.
#[test]
fn a_table_for_other_programs() {
    use parquet::{file::reader::FileReader, file::reader::SerializedFileReader, record::RowAccessor};
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("t.parquet");
    let texts = reference("eval_demo.jsonl");
    let (texts, into) = (texts.to_string_lossy(), path.to_string_lossy());
    let got = evaluate(&[
        &texts,
        "--limit",
        "4",
        "--exits",
        "6",
        "--contrast",
        "original,6",
        "--parquet",
        &into,
        "--early-exit",
        "patience:2",
        "--dola",
        "6",
    ]);
    let reader = SerializedFileReader::new(fs::File::open(&path).expect("a file")).expect("Parquet");
    let rows: Vec<_> = reader.get_row_iter(None).expect("rows").map(|row| row.expect("a row")).collect();
    let readouts = got["summary"]["readouts"].as_array().expect("readouts");
    assert_eq!((rows.len(), readouts.len()), (5, 4));
    for (row, readout) in rows.iter().zip(readouts) {
        let names: Vec<&String> = row.get_column_iter().map(|(name, _)| name).collect();
        let place = |name: &str| names.iter().position(|n| *n == name).unwrap_or_else(|| panic!("{name}"));
        assert_eq!(row.get_string(place("name")).expect("text"), readout["name"].as_str().expect("text"));
        for name in ["perplexity", "bits_per_byte", "accuracy", "kl", "js", "calibration_error"] {
            let (got, want) =
                (row.get_double(place(name)).expect("a number"), readout[name].as_f64().expect("a number"));
            // serde_json reads numbers to the last bit but one.
            assert!((got - want).abs() <= 1e-15 * want.abs(), "{name}: {got}, {want}");
        }
    }
    let contrast = &rows[2];
    assert_eq!(contrast.get_string(3).expect("the expert"), "original");
    assert_eq!(contrast.get_double(5).expect("α"), 0.1);
    let dola = &rows[3];
    assert_eq!((dola.get_string(1).expect("its kind"), dola.get_double(5).expect("α")), (&"dola".to_owned(), 0.1));
    // The policy's row, and what stands in its columns and in those of the exits alone.
    let names: Vec<&String> = rows[4].get_column_iter().map(|(name, _)| name).collect();
    let place = |name: &str| names.iter().position(|n| *n == name).unwrap_or_else(|| panic!("{name}"));
    assert_eq!(rows[4].get_string(0).expect("a name"), "patience:2");
    let policy = &got["summary"]["policies"][0];
    for name in ["perplexity", "accuracy", "agreement_with_original", "mean_depth", "work_own_head", "work_every_head"]
    {
        let (got, want) =
            (rows[4].get_double(place(name)).expect("a number"), policy[name].as_f64().expect("a number"));
        assert!((got - want).abs() <= 1e-15 * want.abs(), "{name}: {got}, {want}");
    }
    for (place, exit) in
        [place("taken_original"), place("taken_6")].into_iter().zip(policy["taken"].as_array().expect("exits"))
    {
        assert_eq!(rows[4].get_long(place).expect("a count"), exit["positions"].as_i64().expect("a count"));
        assert!(rows[0].get_long(place).is_err(), "no exit takes exits");
    }
    for (row, exit) in rows.iter().zip(got["tally"]["same_top"].as_array().expect("exits")) {
        assert_eq!(row.get_long(place("same_top_6")).expect("a count"), exit[1].as_i64().expect("a count"));
    }
}

/// What scores nothing but the expert's own ln p is the expert; DoLa of one candidate is its ratio; and what was written is
/// what a resumed run asks for again.
#[test]
fn decodings_by_scores() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("r.json");
    let texts = reference("eval_demo.jsonl");
    let (texts, into) = (texts.to_string_lossy(), path.to_string_lossy());
    let flags = [
        "--contrast",
        "original,4",
        "--alphas",
        "0.1",
        "--contrast-beta",
        "0,0.5",
        "--min-candidates",
        "2",
        "--limit",
        "6",
    ];
    let scored = [
        "--contrast-expr=ln(p_upper)",
        "--contrast-expr=ln(p_upper/p_lower) where p_upper >= alpha*p_max",
        "--dola=4",
        "--dola=2,4,8",
        "--dola-distance=published",
    ];
    let got = evaluate(&[&[&*texts, "--exits", "4", "-o", &into][..], &flags, &scored].concat());
    let readouts = got["summary"]["readouts"].as_array().expect("readouts");
    let of = |name: &str| readouts.iter().find(|r| r["name"] == name).unwrap_or_else(|| panic!("{name}: {readouts:?}"));
    let numbers = ["nats_per_token", "accuracy", "agreement_with_original", "kl", "js", "calibration_error"];
    let same = |one: &str, other: &str| {
        for key in numbers {
            let (a, b) = (of(one)[key].as_f64().expect(key), of(other)[key].as_f64().expect(key));
            // ln p is rounded to f32 once more, and sums of probabilities are off by 2.4e-7 of themselves.
            assert!((a - b).abs() < 2e-5, "{one}, {other}: {key} {a} {b}");
        }
    };
    same("original", "orig▸4 α 0.1 min 2 β 0");
    same("original", "orig▸4 α 0.1 ln(p_upper)");
    same("DoLa 4 α 0.1 published", "orig▸4 α 0.1 ln(p_upper/p_lower) where p_upper >= alpha*p_max");
    let nats = |name: &str| of(name)["nats_per_token"].as_f64().expect("a number");
    assert!(nats("orig▸4 α 0.1 min 2 β 0.5") != nats("original") && nats("DoLa 2,4,8 α 0.1 published").is_finite());
    assert_eq!(of("exit 8")["kind"], "exit", "DoLa's candidates are read");
    let again =
        run(&[&["eval", "--threads", "1", "--resume", &*texts, "--exits", "4", "-o", &into][..], &flags, &scored]
            .concat());
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
    assert_eq!(json(&path)["tally"], got["tally"]);
}

#[test]
fn dola_alone_has_every_alpha() {
    let texts = reference("eval_demo.jsonl");
    let folder = tempfile::tempdir().expect("a folder");
    let into = folder.path().join("r.json");
    let flags = ["--dola", "4", "--alphas", "0.1,0.5", "--limit", "1", "-o"];
    let got = evaluate(&[&[&*texts.to_string_lossy()][..], &flags, &[&*into.to_string_lossy()]].concat());
    let names: Vec<&str> =
        got["summary"]["readouts"].as_array().expect("readouts").iter().filter_map(|r| r["name"].as_str()).collect();
    assert!(names.ends_with(&["DoLa 4 α 0.1", "DoLa 4 α 0.5"]), "{names:?}");
}
