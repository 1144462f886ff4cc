//! `trace`.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;

use super::{decoding::DecodingArgs, logits, method::require_grid, model::ModelArgs, open, prompt::PromptArgs};
use crate::session::{saved, traced::Traced, tracing};

/// Which text, and where to.
#[derive(Args)]
pub(super) struct TraceArgs {
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    prompt: PromptArgs,
    #[command(flatten)]
    decoding: DecodingArgs,
    /// Take so many tokens at most; with 0 only the given text is traced
    #[arg(long, short = 'n', value_name = "N", default_value_t = 40)]
    max_new_tokens: usize,
    /// Candidates of each exit
    #[arg(long, value_name = "K", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    candidates: u16,
    /// Follow the first token of a text over the exits, beside the exits' own top tokens; can be given several times
    #[arg(long, value_name = "TEXT")]
    pin: Vec<String>,
    /// What every pair of exits would choose, too
    #[arg(long, requires = "contrast")]
    grid: bool,
    /// The trace to write
    #[arg(long, short, value_name = "FILE.jsonl")]
    output: PathBuf,
    /// The logits of every exit at every token of the text, too, as a safetensors file
    #[arg(long, value_name = "FILE")]
    logits: Option<PathBuf>,
    /// Replace files that exist
    #[arg(long)]
    force: bool,
}

/// Traces every position of a text and of what the decoding makes of it.
pub(super) fn trace(args: &TraceArgs) -> anyhow::Result<()> {
    for file in [Some(&args.output), args.logits.as_ref()].into_iter().flatten() {
        if file.exists() && !args.force {
            bail!("{} exists already: give another name, or --force to replace it", file.display());
        }
    }
    let engine = args.model.engine()?;
    let decoding = args.decoding.decoding(engine.model())?;
    require_grid(args.grid, &decoding.method)?;
    let tokenizer = &engine.model().tokenizer;
    let first = |text: &String| {
        let ids = tokenizer.encode(text)?;
        ids.first().copied().with_context(|| format!("--pin {text:?}: no token"))
    };
    let asked = tracing::Asked {
        pins: args.pin.iter().map(first).collect::<anyhow::Result<_>>()?,
        prompt: args.prompt.ids(tokenizer)?,
        decoding,
        most: args.max_new_tokens,
        candidates: usize::from(args.candidates),
        grid: args.grid,
    };
    let place = args.model.model.as_deref().map(open::place);
    let (traced, mut reader) = tracing::trace(engine, place, &args.model.name(), asked)?;
    let target = args.output.display();
    saved::whole(&args.output, args.force, |out| saved::write_trace(&traced, out))
        .with_context(|| format!("{target} could not be written; nothing was left behind"))?;
    if let Some(notice) = reader.take_notice() {
        eprintln!("note: {notice}");
    }
    eprintln!("{target}: {} tokens, {} exits", traced.tokens.len(), traced.card.exits.len());
    if let Some(file) = &args.logits {
        let ids: Vec<_> = traced.tokens.iter().map(|token| token.id).collect();
        logits::write(reader.into_engine(), &ids, Traced::pair_of(&traced.decoding), file, args.force)?;
    }
    Ok(())
}
