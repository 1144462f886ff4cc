//! `convert` and `strip`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use mexit_models::{
    DType,
    checkpoint::Checkpoint,
    convert::{self, ConvertOptions, ConvertReport},
};

/// What to convert, and into what.
#[derive(Args)]
pub(super) struct ConvertArgs {
    /// A folder with config.json and weights, or a GGUF file
    source: PathBuf,
    /// The file to write
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// Type of the matrices
    #[arg(long = "type", value_enum, default_value_t = WeightType::F16)]
    dtype: WeightType,
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

/// Types of weights.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub(super) enum WeightType {
    F32,
    F16,
    Bf16,
    #[value(name = "q8_0")]
    Q8_0,
    #[value(name = "q6_k")]
    Q6K,
    #[value(name = "q5_k")]
    Q5K,
    #[value(name = "q4_k")]
    Q4K,
    #[value(name = "q5_0")]
    Q5_0,
    #[value(name = "q4_0")]
    Q4_0,
}

impl WeightType {
    /// The type.
    pub(super) fn dtype(self) -> DType {
        match self {
            Self::F32 => DType::F32,
            Self::F16 => DType::F16,
            Self::Bf16 => DType::BF16,
            Self::Q8_0 => DType::Q8_0,
            Self::Q6K => DType::Q6K,
            Self::Q5K => DType::Q5K,
            Self::Q4K => DType::Q4K,
            Self::Q5_0 => DType::Q5_0,
            Self::Q4_0 => DType::Q4_0,
        }
    }
}

/// Converts a folder or requantizes a file.
pub(super) fn convert(args: &ConvertArgs) -> anyhow::Result<()> {
    let options = ConvertOptions {
        dtype: args.dtype.dtype(),
        force: args.force,
        source: args.source.file_name().map_or_else(|| "checkpoint".into(), |name| name.to_string_lossy().into_owned()),
        revision: None,
    };
    let report = if args.source.is_dir() {
        let checkpoint = Checkpoint::open(&args.source)?;
        with_bar(|progress| convert::convert(&checkpoint, &args.output, &options, progress))?
    } else {
        with_bar(|progress| convert::requantize(&args.source, &args.output, &options, progress))?
    };
    report_to_stderr(&report, &args.output, options.dtype);
    Ok(())
}

/// Strips a file.
pub(super) fn strip(args: &StripArgs) -> anyhow::Result<()> {
    let left_out = convert::strip(&args.source, &args.output, args.force)?;
    eprintln!("{}: {left_out} tensors of exits left out", args.output.display());
    Ok(())
}

/// Runs a conversion under a bar with size and time left, which is drawn only on a terminal.
pub(super) fn with_bar<T>(work: impl FnOnce(&mut dyn FnMut(u64, u64)) -> T) -> T {
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
pub(super) fn report_to_stderr(report: &ConvertReport, path: &Path, wanted: DType) {
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
            eprintln!("  {fallback} instead of {wanted}, whose blocks do not divide the rows: {first}{others}");
        }
    }
}
