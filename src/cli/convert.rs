//! `convert` and `strip`.

use std::{
    num::NonZero,
    path::{Path, PathBuf},
};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use mexit_models::{
    DType, WeightTypes,
    checkpoint::Checkpoint,
    convert::{self, ConvertOptions, ConvertReport},
};

use super::{signals::Signals, weights::TypeArgs};

/// What to convert, and into what.
#[derive(Args)]
pub(super) struct ConvertArgs {
    /// A folder with config.json and weights, or a GGUF file
    source: PathBuf,
    /// The file to write
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    types: TypeArgs,
    /// Threads that encode; one a core unless said otherwise. The file is the same
    #[arg(long, value_name = "N")]
    threads: Option<NonZero<usize>>,
    /// Replace the file if it exists
    #[arg(long)]
    force: bool,
}

/// What to cut the exits off.
#[derive(Args)]
pub(super) struct StripArgs {
    /// A GGUF file with exits
    source: PathBuf,
    /// The file to write
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// Replace the file if it exists
    #[arg(long)]
    force: bool,
}

/// Converts a folder or requantizes a file.
pub(super) fn convert(args: &ConvertArgs) -> anyhow::Result<()> {
    let signals = Signals::catch()?;
    let options = ConvertOptions {
        types: args.types.types(),
        force: args.force,
        source: args.source.file_name().map_or_else(|| "checkpoint".into(), |name| name.to_string_lossy().into_owned()),
        revision: None,
        threads: args.threads,
        stop: signals.stop(),
    };
    let report = if args.source.is_dir() {
        let checkpoint = Checkpoint::open(&args.source)?;
        with_bar(|progress| convert::convert(&checkpoint, &args.output, &options, progress))
    } else {
        with_bar(|progress| convert::requantize(&args.source, &args.output, &options, progress))
    };
    report_to_stderr(&signals.end(report)?, &args.output, options.types);
    Ok(())
}

/// Strips a file.
pub(super) fn strip(args: &StripArgs) -> anyhow::Result<()> {
    let left_out = convert::strip(&args.source, &args.output, args.force)?;
    eprintln!("{}: {left_out} tensors of exits left out", args.output.display());
    Ok(())
}

/// Runs a conversion under a bar with size and time left, which is drawn only on a terminal.
fn with_bar<T>(work: impl FnOnce(&mut dyn FnMut(u64, u64)) -> T) -> T {
    let bar = ProgressBar::no_length();
    let style = "{bar:30} {human_pos} of {human_len} numbers, {eta} left";
    bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
    let result = work(&mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    result
}

/// Says what was written, and where the type could not be had.
fn report_to_stderr(report: &ConvertReport, path: &Path, wanted: WeightTypes) {
    let bytes = std::fs::metadata(path).map_or(0, |m| m.len());
    let size = indicatif::HumanBytes(bytes);
    eprintln!(
        "{}: {} tensors, {:.1} M numbers, {size}",
        path.display(),
        report.tensors,
        report.parameters as f64 / 1e6
    );
    for fallback in DType::ALL {
        let names: Vec<&str> =
            report.fallbacks.iter().filter(|(_, dtype)| *dtype == fallback).map(|(name, _)| name.as_str()).collect();
        if let Some(first) = names.first() {
            let others = if names.len() > 1 { format!(" and {} others", names.len() - 1) } else { String::new() };
            eprintln!("  {fallback} where the blocks of {wanted} do not divide the rows: {first}{others}");
        }
    }
}
