//! How fast checkpoints become model files, beside what the disk gives in the same run: encoding in memory by type, then
//! whole conversions, on one thread and on all.
//!
//! `cargo bench --profile release --workspace --bench convert [-- FOLDER]`; a checkpoint of 185 million random numbers
//! without a folder. The source is read once before, so that it is in the system's cache if it fits there; "copy" is the
//! same result copied to another file and synced, which a conversion that costs nothing would take.

use std::{
    fs::{self, File},
    hint::black_box,
    num::NonZero,
    path::{Path, PathBuf},
    process::Command,
    thread::{available_parallelism, scope},
    time::Instant,
};

use mexit_ggml::{dequantize_into, first_not_finite, quantize_into};
use mexit_models::{
    DType, WeightTypes,
    checkpoint::Checkpoint,
    convert::{ConvertOptions, convert},
};

const TYPES: [DType; 7] = [DType::F32, DType::F16, DType::BF16, DType::Q8_0, DType::Q6K, DType::Q4K, DType::Q4_0];
/// As a conversion's pieces.
const ROW: usize = 1024;
const ROWS: usize = 256;

fn seconds(work: impl FnOnce()) -> f64 {
    let started = Instant::now();
    work();
    started.elapsed().as_secs_f64()
}

/// Fastest of five, in millions of numbers a second, of work on one piece that each thread does so many times.
fn rate(threads: usize, times: usize, work: impl Fn(&[f32], &mut Vec<u8>) + Sync) -> f64 {
    let values: Vec<f32> = (0..ROWS * ROW).map(|i| (i as f32 * 0.618).sin() * 0.1).collect();
    let round = || {
        scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    let mut out = Vec::new();
                    for _ in 0..times {
                        work(black_box(&values), &mut out);
                        black_box(&out);
                    }
                });
            }
        });
    };
    let fastest = (0..5).map(|_| seconds(round)).fold(f64::INFINITY, f64::min);
    (threads * times * values.len()) as f64 / fastest / 1e6
}

fn encoding(cores: usize) {
    println!("in memory, million numbers a second: 1 thread, {cores} threads\n");
    println!("| | 1 | {cores} |\n| --- | ---: | ---: |");
    let line = |name: &str, times, work: &(dyn Fn(&[f32], &mut Vec<u8>) + Sync)| {
        println!("| {name} | {:.0} | {:.0} |", rate(1, times, work), rate(cores, times, work));
    };
    line("are all finite?", 200, &|values, _| assert!(first_not_finite(values).is_none()));
    for dtype in TYPES {
        let times = if dtype.block_len() == 1 { 100 } else { 20 };
        line(&format!("to {dtype}"), times, &|values, out| quantize_into(dtype, values, ROW, out).expect("rows"));
    }
    for dtype in [DType::F16, DType::BF16] {
        line(&format!("from {dtype}"), 100, &|values, out| {
            if out.is_empty() {
                quantize_into(dtype, values, ROW, out).expect("rows");
            }
            let mut numbers = [0f32; ROW];
            for row in out.chunks_exact(2 * ROW) {
                dequantize_into(dtype, row, ROW, &mut numbers).expect("a row");
                black_box(&numbers);
            }
        });
    }
}

fn whole(folder: &Path, scratch: &Path, cores: usize) {
    let files = fs::read_dir(folder).expect("the folder").flatten().map(|entry| entry.path());
    let read: u64 = files
        .map(|path| std::io::copy(&mut File::open(path).expect("a file"), &mut std::io::sink()).expect("read"))
        .sum();
    println!(
        "\nwhole conversions of {:.2} GB: seconds, times as long as copying and syncing the result\n",
        read as f64 / 1e9
    );
    println!("| types | GB written | copy | 1 thread | {cores} threads |\n| --- | ---: | ---: | ---: | ---: |");
    let mixed = WeightTypes { trunk: DType::F16, heads: DType::Q8_0 };
    let types = [DType::F32, DType::F16, DType::Q8_0, DType::Q6K, DType::Q4K].map(WeightTypes::from);
    let (target, other) = (scratch.join("target.gguf"), scratch.join("copy.gguf"));
    for types in types.into_iter().chain([mixed]) {
        let times = [1, cores].map(|threads| {
            let options =
                ConvertOptions { types, force: true, threads: NonZero::new(threads), ..ConvertOptions::default() };
            seconds(|| {
                let checkpoint = Checkpoint::open(folder).expect("a checkpoint");
                convert(&checkpoint, &target, &options, &mut |_, _| {}).expect("a conversion");
            })
        });
        let copy = seconds(|| {
            fs::copy(&target, &other).expect("a copy");
            File::open(&other).and_then(|file| file.sync_all()).expect("synced");
        });
        let size = fs::metadata(&target).expect("the result").len() as f64 / 1e9;
        let [one, all] = times.map(|time| format!("{time:.2} ({:.2})", time / copy));
        println!("| {types} | {size:.2} | {copy:.2} | {one} | {all} |");
        for path in [&target, &other] {
            fs::remove_file(path).expect("removed");
        }
    }
}

fn main() {
    let cores = available_parallelism().map_or(1, NonZero::get);
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let given = std::env::args().skip(1).find(|word| !word.starts_with("--")).map(PathBuf::from);
    encoding(cores);
    let folder = given.unwrap_or_else(|| {
        let folder = scratch.path().join("random");
        let shape = ["--blocks=8", "--vocabulary=16384"];
        let made = Command::new(env!("CARGO_BIN_EXE_mexit-tui")).arg("make-random").arg(&folder).args(shape).status();
        assert!(made.expect("the program").success());
        folder
    });
    whole(&folder, scratch.path(), cores);
}
