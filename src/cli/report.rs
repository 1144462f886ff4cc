//! `report`.

use std::{ops::Range, path::PathBuf};

use anyhow::{Context, bail};
use clap::Args;

use crate::{
    report::{self, Format, Look, Measure, diff::Diff},
    session::{saved, traced::Traced},
};

/// Of which trace, and in which form.
#[derive(Args)]
pub(super) struct ReportArgs {
    /// A trace made by `mexit-tui trace`, or a saved session: its present text
    trace: PathBuf,
    /// The form: html, svg, png, csv, parquet, json or md [default: what the ending of the output names]
    #[arg(long, value_name = "FORM")]
    format: Option<Format>,
    /// The file to write
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// Compare with this trace, as html, json or md
    #[arg(long, value_name = "TRACE")]
    against: Option<PathBuf>,
    /// What the colours of svg and png show: probability, entropy, kl, js or decision
    #[arg(long, value_name = "MEASURE", default_value_t = Measure::default())]
    measure: Measure,
    /// In svg and png, only the positions from the first to before the second, counted from 0
    #[arg(long, value_name = "FROM..TO", value_parser = range)]
    positions: Option<Range<usize>>,
    /// Width of svg and png in pixels; longer texts go on below
    #[arg(long, value_name = "PIXELS", default_value_t = 960, value_parser = clap::value_parser!(u16).range(300..=20_000))]
    width: u16,
    /// Pixels of a png for each pixel of the svg
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=8))]
    scale: u8,
    /// Replace the file if it exists
    #[arg(long)]
    force: bool,
}

/// Writes a report.
pub(super) fn report(args: &ReportArgs) -> anyhow::Result<()> {
    let target = args.output.display();
    let Some(format) = args.format.or_else(|| Format::of(&args.output)) else {
        let names = Format::ALL.map(|(name, _)| name).join(", ");
        bail!("{target}: its ending names no form: expected one of {names}, or --format");
    };
    let comparable = matches!(format, Format::Html | Format::Json | Format::Markdown);
    if args.against.is_some() && !comparable {
        bail!("--against: {format} cannot compare two traces: expected html, json or md");
    }
    if args.output.exists() && !args.force {
        bail!("{target} exists already: give another name, or --force to replace it");
    }
    let traced = Traced::read(&args.trace)?;
    let other = args.against.as_ref().map(|file| Traced::read(file)).transpose()?;
    let (width, scale) = (f32::from(args.width), f32::from(args.scale));
    let look = Look { measure: args.measure, positions: args.positions.clone(), width, scale };
    saved::whole(&args.output, args.force, |out| match &other {
        Some(other) => report::write_diff(&Diff::of(&traced, other), format, out),
        None => report::write(&traced, format, &look, out),
    })
    .with_context(|| format!("{target} could not be written; nothing was left behind"))?;
    eprintln!("{target}: {} tokens, {} exits", traced.tokens.len(), traced.card.exits.len());
    Ok(())
}

fn range(text: &str) -> Result<Range<usize>, String> {
    let parts = text.split_once("..").and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?));
    parts.filter(|range: &Range<usize>| !range.is_empty()).ok_or_else(|| "expected FROM..TO, such as 10..40".into())
}
