//! `figures`: what each weight type costs, exit by exit, as a table for the README.

use std::{io::Write, path::PathBuf, sync::Arc};

use anyhow::{Context, ensure};
use clap::Args;
use mexit_models::{
    BATCH, DType, Engine, EngineOptions, ExitId, Gelu, Mapping, Model, Placement, TokenId, WeightTypes,
    convert::{ConvertOptions, requantize_bytes},
    demo,
};

use super::weights::parse_types;
use crate::decode::Distribution;

/// What to measure on what.
#[derive(Args)]
pub(super) struct FiguresArgs {
    /// A GGUF file with f32 weights; the embedded demo model if none is given
    #[arg(long, short, value_name = "FILE")]
    model: Option<PathBuf>,
    /// A text that the model has not been trained on [default: the demo's]
    #[arg(long, value_name = "FILE")]
    text: Option<PathBuf>,
    /// Tokens of it
    #[arg(long, value_name = "N", default_value_t = 2048)]
    tokens: usize,
    /// Types; TRUNK+HEADS where the heads have another
    #[arg(long, value_name = "TYPES", value_parser = parse_types, value_delimiter = ',',
          default_value = "f16,f16+q8_0,bf16,q8_0,q5_0,q4_0")]
    types: Vec<WeightTypes>,
}

/// Tokens read at once, as a text of their own.
const WINDOW: usize = 128;

/// Sums over positions, by exit.
#[derive(Clone, Copy, Default)]
struct Sums {
    kl: f64,
    same: u32,
    largest: f32,
}

/// Prints the table.
pub(super) fn figures(args: &FiguresArgs) -> anyhow::Result<()> {
    let mapping = match &args.model {
        None => demo::mapping(),
        Some(path) => {
            let file = std::fs::File::open(path);
            file.and_then(|file| Mapping::of(&file)).with_context(|| path.display().to_string())?
        }
    };
    let mapping = Arc::new(mapping);
    let mut exact = engine(Model::of(Arc::clone(&mapping), Placement::cpu()?)?)?;
    let main = exact.model().main_type();
    ensure!(main == DType::F32, "figures: expected a model with f32 weights to compare with, found {main}");
    let text = match &args.text {
        None => demo::HELD_OUT.to_owned(),
        Some(path) => std::fs::read_to_string(path).with_context(|| path.display().to_string())?,
    };
    let mut ids = exact.model().tokenizer.encode(&text)?;
    ids.truncate(args.tokens);
    let exits = exact.model().spec.exit_ids();
    let mut out = std::io::stdout().lock();
    let names: Vec<String> = exits.iter().map(ToString::to_string).collect();
    writeln!(
        out,
        "KL(f32 ‖ type) in nats, share of positions with the same top token, largest |Δlogit|; {} tokens",
        ids.len()
    )?;
    writeln!(out, "\n| type | {} |\n| --- |{}", names.join(" | "), " --- |".repeat(names.len()))?;
    let folder = tempfile::tempdir()?;
    for types in &args.types {
        let path = folder.path().join(format!("{}.gguf", types.file_stem()));
        let options = ConvertOptions { types: *types, ..ConvertOptions::default() };
        requantize_bytes(&mapping, &path, &options, &mut |_, _| {})?;
        let mut other = engine(Model::open(&path, Placement::cpu()?)?)?;
        let sums = compare(&mut exact, &mut other, &ids, &exits)?;
        let n = ids.len() as f64;
        let cells: Vec<String> = sums
            .iter()
            .map(|s| format!("{:.1e} {:.1} % {:.1e}", s.kl / n, 100.0 * f64::from(s.same) / n, s.largest))
            .collect();
        writeln!(out, "| {types} | {} |", cells.join(" | "))?;
    }
    Ok(())
}

fn engine(model: Model) -> anyhow::Result<Engine> {
    let options = EngineOptions { threads: 1, context: WINDOW, kv_type: DType::F32, gelu: Gelu::Exact };
    Ok(Engine::new(model, options)?)
}

fn compare(a: &mut Engine, b: &mut Engine, ids: &[TokenId], exits: &[ExitId]) -> anyhow::Result<Vec<Sums>> {
    let mut sums = vec![Sums::default(); exits.len()];
    for window in ids.chunks(WINDOW) {
        let mut logits = Vec::with_capacity(2);
        for engine in [&mut *a, &mut *b] {
            engine.truncate(0);
            engine.read(window, BATCH, &mut |_| true)?;
            logits.push(engine.logits(0..window.len(), exits)?.finite()?);
        }
        for (exit, sum) in exits.iter().zip(&mut sums) {
            for index in 0..window.len() {
                let row = |i: usize| logits[i].row(*exit, index).unwrap_or_default();
                let (exact, other) = (Distribution::new(row(0)), Distribution::new(row(1)));
                sum.kl += f64::from(exact.kl(&other));
                sum.same += u32::from(exact.best().id == other.best().id);
                sum.largest = row(0).iter().zip(row(1)).map(|(a, b)| (a - b).abs()).fold(sum.largest, f32::max);
            }
        }
    }
    Ok(sums)
}
