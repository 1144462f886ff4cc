//! Bad input through the real binary: each kind gets one clear line, an exit code above 0, and leaves nothing behind.

#[path = "support/program.rs"]
mod program;

use std::{
    fs,
    path::{Path, PathBuf},
};

use mexit_models::demo;
use program::{command, names, refused, run};

fn reference(case: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference").join(case).join("model")
}

/// A folder with a copy of a case's checkpoint to spoil.
fn checkpoint(case: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for entry in fs::read_dir(reference(case)).expect("a case") {
        let entry = entry.expect("an entry");
        fs::copy(entry.path(), folder.path().join(entry.file_name())).expect("a copy");
    }
    folder
}

/// Where in a file's header some text stands.
fn find(bytes: &[u8], text: &[u8]) -> usize {
    bytes.windows(text.len()).position(|window| window == text).expect("the text")
}

fn demo_bytes() -> Vec<u8> {
    demo::mapping().to_vec()
}

/// Opens a spoiled copy of the demo by `info`, or by `generate` where only computing can tell.
fn gguf(what: &str, words: &[&str], spoil: impl FnOnce(&mut Vec<u8>)) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("bad.gguf");
    let mut bytes = demo_bytes();
    spoil(&mut bytes);
    fs::write(&path, bytes).expect("a file");
    refused(what, &run(&["info", &path.to_string_lossy()]), words);
}

/// The byte after a tensor's name: number of dimensions, sizes, type, offset.
fn info_of(bytes: &[u8], tensor: &str) -> usize {
    let mut named = (tensor.len() as u64).to_le_bytes().to_vec();
    named.extend(tensor.as_bytes());
    find(bytes, &named) + named.len()
}

fn set(bytes: &mut [u8], at: usize, value: u64) {
    bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
}

#[test]
fn headers_of_model_files() {
    gguf("empty", &["first 4 bytes"], Vec::clear);
    gguf("wrong magic", &["GGUF", "first 4 bytes"], |b| b[..4].copy_from_slice(b"PK\x03\x04"));
    gguf("absurd version", &["version", "77"], |b| b[4] = 77);
    gguf("cut in the version", &["version"], |b| b.truncate(6));
    gguf("cut in the counts", &["number of"], |b| b.truncate(14));
    gguf("cut in the keys", &["tokenizer.ggml.tokens"], |b| b.truncate(20_000));
    gguf("lying tensor count", &["number of tensors"], |b| set(b, 8, 1 << 60));
    gguf("lying key count", &["number of keys"], |b| set(b, 16, u64::MAX));
    gguf("lying text length", &["the length of key 0"], |b| set(b, 24, 1 << 50));
    gguf("key twice", &["twice"], |b| {
        let at = find(b, b"gpt2.block_count");
        b[at..at + 16].copy_from_slice(b"gpt2.block_count");
        let other = find(b, b"mexit.projection");
        b[other..other + 16].copy_from_slice(b"gpt2.block_count");
    });
    gguf("unknown architecture", &["general.architecture", "gpt2 or gptneo"], |b| {
        let at = find(b, b"general.architecture") + 20 + 4 + 8;
        b[at..at + 4].copy_from_slice(b"gpt9");
    });
    gguf("zero blocks", &["gpt2.block_count", "1 to 512"], |b| {
        let at = find(b, b"gpt2.block_count") + 16 + 4;
        b[at] = 0;
    });
    gguf("newer version of ours", &["mexit.version"], |b| {
        let at = find(b, b"mexit.version") + 13 + 4;
        b[at] = 9;
    });
    gguf("an exit above the last block", &["mexit.exit_layers"], |b| {
        let at = find(b, b"mexit.exit_layers") + 17 + 4 + 4 + 8 + 5 * 4;
        b[at] = 200;
    });
    gguf("a broken tokenizer", &["tokenizer.huggingface.json"], |b| {
        let at = find(b, b"\"added_tokens\"");
        b[at] = b'}';
    });
}

#[test]
fn tensors_of_model_files() {
    gguf("cut in the data", &["cut short"], |b| b.truncate(b.len() - 4096));
    gguf("cut in the descriptions", &["before the end"], |b| {
        let at = info_of(b, "blk.3.attn_qkv.weight");
        b.truncate(at + 9);
    });
    gguf("absurd dimension", &["token_embd.weight"], |b| {
        let at = info_of(b, "token_embd.weight");
        set(b, at + 4, u64::MAX / 6);
    });
    gguf("zero dimension", &["token_embd.weight", "sizes from 1"], |b| {
        let at = info_of(b, "token_embd.weight");
        set(b, at + 4, 0);
    });
    gguf("nine dimensions", &["1 to 4 dimensions"], |b| {
        let at = info_of(b, "token_embd.weight");
        b[at] = 9;
    });
    gguf("unknown type", &["token_embd.weight", "type 99"], |b| {
        let at = info_of(b, "token_embd.weight");
        b[at + 20] = 99;
    });
    gguf("offset beyond the file", &["output_norm.bias"], |b| {
        let at = info_of(b, "output_norm.bias");
        set(b, at + 4 + 8 + 4, 1 << 40);
    });
    gguf("odd offset", &["multiple of 32"], |b| {
        let at = info_of(b, "output_norm.bias");
        b[at + 4 + 8 + 4] += 1;
    });
    gguf("overlapping tensors", &["belong to"], |b| {
        let at = info_of(b, "output_norm.bias");
        set(b, at + 4 + 8 + 4, 0);
    });
    gguf("a tensor twice", &["twice"], |b| {
        let at = find(b, b"blk.1.ffn_norm.bias");
        b[at + 4] = b'2';
    });
    gguf("a missing tensor", &["blk.1.ffn_norm.bias", "no such tensor"], |b| {
        let at = find(b, b"blk.1.ffn_norm.bias");
        b[at + 15..at + 19].copy_from_slice(b"hugo");
    });
    gguf("a tensor too many", &["blk.9"], |b| {
        // One block less than there are tensors for.
        let at = find(b, b"gpt2.block_count") + 16 + 4;
        b[at] = 12 - 1;
        let exits = find(b, b"mexit.exit_layers") + 17 + 4 + 4 + 8 + 5 * 4;
        b[exits] = 11;
        let head = find(b, b"exit.12.head.weight");
        b[head + 6] = b'1';
        let last = find(b, b"blk.11.attn_qkv.weight");
        b[last..last + 6].copy_from_slice(b"blk.99");
    });
    gguf("a wrong shape", &["attn_norm.weight", "sizes [128]"], |b| {
        let at = info_of(b, "blk.0.attn_norm.weight");
        set(b, at + 4, 64);
    });
}

#[test]
fn a_broken_weight_is_found_at_the_first_logit_that_is_not_finite() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("nan.gguf");
    let mut bytes = demo_bytes();
    let end = bytes.len();
    bytes[end - 4096..end - 4092].copy_from_slice(&f32::NAN.to_le_bytes());
    fs::write(&path, bytes).expect("a file");
    let output = run(&["generate", "--model", &path.to_string_lossy(), "--prompt", "a", "--json"]);
    refused("NaN in a head", &output, &["not finite"]);
}

/// Converts a spoiled checkpoint; the target's folder stays empty.
fn converting(what: &str, case: &str, words: &[&str], spoil: impl FnOnce(&Path)) {
    let (source, target) = (checkpoint(case), tempfile::tempdir().expect("a folder"));
    spoil(source.path());
    let out = target.path().join("out.gguf");
    let output = run(&["convert", &source.path().to_string_lossy(), "-o", &out.to_string_lossy()]);
    refused(what, &output, words);
    assert!(names(target.path()).is_empty(), "{what}: {:?}", names(target.path()));
}

fn config(folder: &Path, from: &str, to: &str) {
    let path = folder.join("config.json");
    let text = fs::read_to_string(&path).expect("config.json");
    assert!(text.contains(from));
    fs::write(path, text.replace(from, to)).expect("config.json");
}

const HEADS: &str = "a_gpt2_layer_specific";
const SHARDS: &str = "b2_gpt2_sharded";
const PICKLE: &str = "b1_gpt2_bin";

#[test]
fn checkpoints() {
    converting("no config", HEADS, &["config.json"], |f| fs::remove_file(f.join("config.json")).expect("gone"));
    converting("config is no JSON", HEADS, &["config.json"], |f| fs::write(f.join("config.json"), "{").expect("{"));
    converting("another architecture", HEADS, &["model_type", "gpt2"], |f| config(f, "\"gpt2\"", "\"bert\""));
    converting("another activation", HEADS, &["activation_function"], |f| config(f, "gelu_new", "relu"));
    converting("scaled by layer", HEADS, &["scale_attn_by_inverse_layer_idx"], |f| {
        config(f, "\"scale_attn_by_inverse_layer_idx\": false", "\"scale_attn_by_inverse_layer_idx\": true");
    });
    converting("an exit without a head", HEADS, &["lm_head_5", "no such tensor"], |f| config(f, "    4,", "    5,"));
    converting("a head too many", HEADS, &["name_to_lm_exit_head.lm_head_4"], |f| config(f, "    4,", ""));
    converting("another width", HEADS, &["sizes"], |f| config(f, "\"n_embd\": 64", "\"n_embd\": 32"));
    converting("no weights", HEADS, &["none of them"], |f| fs::remove_file(f.join("model.safetensors")).expect("gone"));
    converting("no tokenizer", HEADS, &["tokenizer.json"], |f| {
        for name in ["tokenizer.json", "vocab.json", "merges.txt"] {
            fs::remove_file(f.join(name)).expect("gone");
        }
    });
    let weights = |f: &Path, spoil: &dyn Fn(&mut Vec<u8>)| {
        let path = f.join("model.safetensors");
        let mut bytes = fs::read(&path).expect("weights");
        spoil(&mut bytes);
        fs::write(path, bytes).expect("weights");
    };
    converting("weights cut short", HEADS, &["whole safetensors file"], |f| weights(f, &|b| b.truncate(b.len() / 2)));
    converting("a header that lies", HEADS, &["safetensors"], |f| weights(f, &|b| set(b, 0, 1 << 62)));
    converting("NaN", HEADS, &["finite numbers", "NaN"], |f| {
        weights(f, &|b| {
            let end = b.len();
            b[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
        });
    });
    converting("a map out of the folder", SHARDS, &["same folder", "../"], |f| {
        let path = f.join("model.safetensors.index.json");
        let text = fs::read_to_string(&path).expect("the index");
        fs::write(path, text.replacen("\"model-00001", "\"../model-00001", 1)).expect("the index");
    });
    converting("a shard that is not there", SHARDS, &["model-00002"], |f| {
        fs::remove_file(f.join("model-00002-of-00006.safetensors")).expect("gone");
    });
    let pickle = |f: &Path, bytes: &[u8]| fs::write(f.join("pytorch_model.bin"), bytes).expect("a pickle");
    converting("the old torch layout", PICKLE, &["newer torch"], |f| {
        pickle(f, b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.");
    });
    converting("a zip cut short", PICKLE, &["zip"], |f| {
        let bytes = fs::read(f.join("pytorch_model.bin")).expect("a pickle");
        pickle(f, &bytes[..bytes.len() / 2]);
    });
    converting("a pickle that calls", PICKLE, &["posix.system"], |f| pickle(f, &zip(b"cposix\nsystem\n)R.", false)));
    converting("a zip bomb", PICKLE, &["stored bytes"], |f| pickle(f, &zip(&vec![b'N'; 1 << 20], true)));
    converting("a pickle cut short", PICKLE, &["end of the pickle"], |f| pickle(f, &zip(b"\x80\x02}q", false)));
}

/// A zip archive with this data.pkl.
fn zip(pickle: &[u8], deflated: bool) -> Vec<u8> {
    use std::io::Write;
    let method = if deflated { zip::CompressionMethod::Deflated } else { zip::CompressionMethod::Stored };
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(method);
    archive.start_file("archive/data.pkl", options).expect("an entry");
    archive.write_all(pickle).expect("an entry");
    archive.finish().expect("an archive").into_inner()
}

#[test]
fn arguments() {
    let long = "word ".repeat(600);
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("a prompt beyond the context", &["generate", "--prompt", &long], &["tokens", "512"]),
        ("an empty prompt", &["generate", "--prompt", ""], &["empty"]),
        ("an id out of the vocabulary", &["generate", "--ids", "5000"], &["5000", "4096"]),
        ("an unknown exit", &["generate", "--prompt", "a", "--exit", "7"], &["no exit 7", "original, 12, 10"]),
        ("an exit that is none", &["generate", "--prompt", "a", "--exit", "top"], &["names no exit"]),
        ("an unknown amateur", &["generate", "--prompt", "a", "--contrast", "original,3"], &["no exit 3"]),
        ("α 0", &["generate", "--prompt", "a", "--contrast", "original,2", "--alpha", "0"], &["above 0"]),
        ("α above 1", &["generate", "--prompt", "a", "--alpha", "1.5"], &["up to 1"]),
        ("α no number", &["generate", "--prompt", "a", "--alpha", "nan"], &["up to 1"]),
        ("no candidates", &["generate", "--prompt", "a", "--min-candidates", "0"], &["from 1"]),
        (
            "too many candidates",
            &["generate", "--prompt", "a", "--contrast", "original,2", "--min-candidates", "5000"],
            &["5000", "4096"],
        ),
        ("no candidate exit", &["generate", "--prompt", "a", "--dola", "3,4"], &["no exit 3"]),
        ("candidates that are none", &["generate", "--prompt", "a", "--dola", "original"], &["low, high, or exits"]),
        ("DoLa and a contrast", &["generate", "--prompt", "a", "--dola", "low", "--contrast", "12,2"], &["--contrast"]),
        ("DoLa and a grid", &["generate", "--json", "--grid", "--prompt", "a", "--dola", "low"], &["--grid", "--dola"]),
        (
            "early exit and DoLa",
            &["generate", "--prompt", "a", "--dola", "low", "--early-exit", "fixed:6"],
            &["--dola", "--early-exit"],
        ),
        (
            "an expression that begins with a sign, and is none",
            &["generate", "--prompt", "a", "--contrast", "12,2", "--contrast-expr", "-lover"],
            &["column 2", "`lover`"],
        ),
        ("β without a contrast", &["generate", "--prompt", "a", "--contrast-beta", "1"], &["--contrast"]),
        ("β below 0", &["generate", "--prompt", "a", "--contrast", "12,2", "--contrast-beta", "-1"], &["0 to 100"]),
        (
            "an expression that is none",
            &["generate", "--prompt", "a", "--contrast", "12,2", "--contrast-expr", "upper - lover"],
            &["column 9", "    upper - lover\n            ^", "`lover`"],
        ),
        (
            "an expression that scores nothing",
            &["generate", "--prompt", "a", "--contrast", "12,2", "--contrast-expr", "ln(-1)"],
            &["no token a score"],
        ),
        ("temperature 0", &["generate", "--prompt", "a", "--temperature", "0"], &["above 0"]),
        ("no thread", &["generate", "--prompt", "a", "--threads", "0"], &["--threads"]),
        ("no context", &["generate", "--prompt", "a", "--ctx", "0"], &["--ctx"]),
        ("an unknown device", &["generate", "--prompt", "a", "--device", "abacus"], &["abacus", "CPU"]),
        ("a model that is not there", &["info", "/nowhere/x.gguf"], &["/nowhere/x.gguf"]),
        ("a folder as a model", &["info", "/"], &["/"]),
        ("a prompt file that is not there", &["generate", "--prompt-file", "/nowhere/x"], &["/nowhere/x"]),
        ("a source that is not there", &["convert", "/nowhere/x", "-o", "/tmp/never.gguf"], &["/nowhere/x"]),
        ("the screen without a terminal", &[], &["terminal"]),
    ];
    for (what, args, words) in cases {
        refused(what, &run(args), words);
    }
}

#[test]
fn targets() {
    let folder = tempfile::tempdir().expect("a folder");
    let (source, taken) = (reference("a_gpt2_layer_specific"), folder.path().join("taken.gguf"));
    let source = source.to_string_lossy();
    fs::write(&taken, "mine").expect("a file");
    let to = |target: &Path| run(&["convert", &source, "-o", &target.to_string_lossy()]);
    refused("a target that exists", &to(&taken), &["exists already", "--force"]);
    assert_eq!(fs::read(&taken).expect("the file"), b"mine");
    refused("a folder as target", &to(folder.path()), &["exists already"]);
    refused("a folder that is not there", &to(Path::new("/nowhere/x.gguf")), &["/nowhere/x.gguf"]);
    let stripped = run(&["strip", &taken.to_string_lossy(), "-o", &folder.path().join("s").to_string_lossy()]);
    refused("no model to strip", &stripped, &["GGUF"]);
    let taken = taken.to_string_lossy();
    refused("logits onto a file", &run(&["logits", "--prompt", "a", "-o", &taken]), &["exists already"]);
    assert_eq!(names(folder.path()), ["taken.gguf"]);
}

/// A full disk, as a limit on the size of files: writing fails halfway.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out.gguf").to_string_lossy().into_owned();
    let source = reference("a_gpt2_layer_specific").to_string_lossy().into_owned();
    for args in [["convert", &source, "-o", &out], ["logits", "--prompt=In the beginning", "-o", &out]] {
        let limited = "ulimit -f 64; trap '' XFSZ; exec \"$@\"";
        let program = command().get_program().to_owned();
        let output = std::process::Command::new("sh").args(["-c", limited, "sh"]).arg(program).args(args).output();
        refused("a full disk", &output.expect("a shell"), &["could not be written", "left behind"]);
        assert!(names(folder.path()).is_empty(), "{:?}", names(folder.path()));
    }
}

#[cfg(unix)]
#[test]
fn a_reader_that_leaves_is_no_error() {
    let program = command().get_program().to_owned();
    let script =
        "\"$0\" generate --prompt 'In the beginning' -n 200 --json | head -c 1 >/dev/null; echo ${PIPESTATUS[0]}";
    let output = std::process::Command::new("bash").args(["-c", script]).arg(program).output().expect("bash");
    assert_eq!((String::from_utf8_lossy(&output.stdout).trim(), output.stderr.len()), ("0", 0));
}
