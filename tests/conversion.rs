//! Conversion: the same file by any number of threads, types for trunk and heads, and nothing left of what was stopped.

#[path = "support/cases.rs"]
mod cases;
#[path = "support/program.rs"]
mod program;

use std::{
    fs,
    num::NonZero,
    path::Path,
    sync::{Arc, atomic::AtomicBool},
};

use mexit_models::{
    DType, Error, Model, Placement, WeightTypes,
    checkpoint::Checkpoint,
    convert::{ConvertOptions, convert, requantize, requantize_bytes},
    demo,
};

fn options(types: impl Into<WeightTypes>, threads: usize) -> ConvertOptions {
    ConvertOptions { types: types.into(), threads: NonZero::new(threads), ..ConvertOptions::default() }
}

fn converted(folder: &Path, options: &ConvertOptions) -> Vec<u8> {
    let scratch = tempfile::tempdir().expect("a folder");
    let path = scratch.path().join("model.gguf");
    let checkpoint = Checkpoint::open(folder).expect("a checkpoint");
    let mut last = 0;
    let report = convert(&checkpoint, &path, options, &mut |done, _| {
        assert!(done > last, "every piece is told, the later with more");
        last = done;
    });
    assert_eq!(last, report.expect("a file").parameters, "all of it was told");
    fs::read(path).expect("the file")
}

#[test]
fn any_number_of_threads_writes_the_same_file() {
    let scratch = tempfile::tempdir().expect("a folder");
    let path = scratch.path().join("model.gguf");
    for types in [DType::F32.into(), DType::BF16.into(), DType::Q4_0.into(), cases::MIXED] {
        for case in cases::all() {
            let folder = &case.models()[0];
            let one = converted(folder, &options(types, 1));
            for threads in [2, 7] {
                assert!(converted(folder, &options(types, threads)) == one, "{} {types} {threads}", case.name());
            }
        }
        let of_demo = |threads: usize| {
            let options = ConvertOptions { force: true, ..options(types, threads) };
            requantize_bytes(&demo::mapping(), &path, &options, &mut |_, _| {}).expect("the demo");
            fs::read(&path).expect("the file")
        };
        let one = of_demo(1);
        assert!([2, 7].into_iter().all(|threads| of_demo(threads) == one), "{types}");
    }
}

/// A checkpoint whose matrices are cut into many pieces, in every type that rows of 512 can have.
#[test]
fn large_tensors_are_cut_where_rows_end() {
    let scratch = tempfile::tempdir().expect("a folder");
    let folder = scratch.path().join("random");
    let shape = ["--blocks=2", "--width=512", "--attention-heads=8", "--context=64", "--vocabulary=2003"];
    let made = program::command().arg("make-random").arg(&folder).args(shape).output().expect("the program");
    assert!(made.status.success());
    let whole = scratch.path().join("f32.gguf");
    fs::write(&whole, converted(&folder, &options(DType::F32, 3))).expect("a file");
    for dtype in [DType::F16, DType::Q8_0, DType::Q6K, DType::Q4K] {
        let direct = converted(&folder, &options(dtype, 3));
        let path = scratch.path().join(format!("{dtype}.gguf"));
        requantize(&whole, &path, &options(dtype, 2), &mut |_, _| {}).expect("from the f32 file");
        let tensors = |path: &Path| {
            let model = Model::open(path, Placement::cpu().expect("a processor")).expect("a model");
            let bytes = fs::read(path).expect("the file");
            let parts = model.file.tensors.iter().map(|t| (t.name.clone(), t.dtype, bytes[t.data.clone()].to_vec()));
            parts.collect::<Vec<_>>()
        };
        let once = scratch.path().join("once.gguf");
        fs::write(&once, direct).expect("a file");
        assert!(tensors(&once) == tensors(&path), "{dtype}: the way over f32 gives the same bytes");
    }
}

#[test]
fn heads_have_their_own_type_and_tied_embeddings_follow() {
    for case in cases::all() {
        let engine = cases::engine(&case.models()[0], cases::MIXED, |_| {});
        let model = engine.model();
        let tied = model.file.tensor("output.weight").is_none();
        for tensor in &model.file.tensors {
            let is_head = tensor.name.starts_with("exit.")
                || tensor.name == "output.weight"
                || (tied && tensor.name == "token_embd.weight");
            let expected = match tensor.shape.as_slice() {
                [_] => DType::F32,
                _ if tensor.name == "position_embd.weight" => DType::F32,
                _ if is_head => DType::Q8_0,
                _ => DType::F16,
            };
            assert_eq!(tensor.dtype, expected, "{}: {}", case.name(), tensor.name);
        }
        assert_eq!(model.types(), cases::MIXED, "{}", case.name());
    }
}

#[test]
fn info_tells_both_types() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("mixed.gguf");
    let path = path.to_string_lossy();
    let source = cases::all()[0].models()[0].to_string_lossy().into_owned();
    let args = ["convert", &source, "-o", &path, "--head-type", "q8_0", "--threads", "2"];
    assert!(program::run(&args).status.success());
    let says = String::from_utf8(program::run(&["info", &path]).stdout).expect("text");
    assert!(says.contains("trunk f16, heads q8_0"), "{says}");
    let json: serde_json::Value =
        serde_json::from_slice(&program::run(&["info", "--json", &path]).stdout).expect("JSON");
    assert_eq!((&json["trunk_type"], &json["head_type"]), (&"f16".into(), &"q8_0".into()));
}

#[test]
fn what_is_stopped_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.gguf");
    let stopped = ConvertOptions { stop: Arc::new(AtomicBool::new(true)), ..options(DType::F16, 3) };
    let checkpoint = Checkpoint::open(&cases::all()[0].models()[0]).expect("a checkpoint");
    for result in [
        convert(&checkpoint, &path, &stopped, &mut |_, _| {}),
        requantize_bytes(&demo::mapping(), &path, &stopped, &mut |_, _| {}),
    ] {
        assert!(matches!(result, Err(Error::Stopped)), "{result:?}");
        assert!(program::names(folder.path()).is_empty());
    }
}

/// The configuration is a pipe: the program waits in it, and is certain to have the signal before its first piece.
#[cfg(unix)]
#[test]
fn a_signal_leaves_nothing_and_ends_the_program() {
    use std::os::unix::process::ExitStatusExt;
    let (source, target) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let model = &cases::all()[0].models()[0];
    for name in program::names(model) {
        fs::copy(model.join(&name), source.path().join(&name)).expect("a copy");
    }
    let config = source.path().join("config.json");
    let text = fs::read(&config).expect("config.json");
    fs::remove_file(&config).expect("gone");
    let made = std::process::Command::new("mkfifo").arg(&config).status().expect("mkfifo");
    assert!(made.success());
    let out = target.path().join("out.gguf");
    let mut command = program::command();
    command.arg("convert").arg(source.path()).arg("-o").arg(&out).stderr(std::process::Stdio::piped());
    let child = command.spawn().expect("the program");
    // Opening waits for the program to open its end, by when it holds signals back.
    let pipe = fs::OpenOptions::new().write(true).open(&config).expect("the pipe");
    let sent = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill");
    assert!(sent.success());
    std::io::Write::write_all(&mut &pipe, &text).expect("the configuration");
    drop(pipe);
    let output = child.wait_with_output().expect("the program's end");
    assert_eq!(output.status.signal(), Some(2), "{:?}", output.status);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "stopped: nothing was left behind\n");
    assert!(program::names(target.path()).is_empty());
}
