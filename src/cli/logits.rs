//! `logits`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::Args;
use mexit_models::{BATCH, Engine, TokenId};
use safetensors::{Dtype, tensor::TensorView};

use super::{decoding::ShownArgs, model::ModelArgs, prompt::PromptArgs};
use crate::{
    decode::{Distribution, contrast},
    session::{saved, trace::Pair},
};

/// Which text, and where to.
#[derive(Args)]
pub(super) struct LogitsArgs {
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    prompt: PromptArgs,
    /// The safetensors file to write
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    shown: ShownArgs,
    /// Replace the file if it exists
    #[arg(long)]
    force: bool,
}

/// Computes and writes f32 tensors `original`, `exit.K` and, if asked for, `contrast`, each [positions, vocabulary].
pub(super) fn logits(args: &LogitsArgs) -> anyhow::Result<()> {
    let target = args.output.display();
    if args.output.exists() && !args.force {
        bail!("{target} exists already: give another name, or --force to replace it");
    }
    let engine = args.model.engine()?;
    let pair = args.shown.pair(engine.model())?;
    let ids = args.prompt.ids(&engine.model().tokenizer)?;
    write(engine, &ids, pair, &args.output, args.force)
}

/// Computes and writes the logits of a text.
pub(super) fn write(
    mut engine: Engine,
    ids: &[TokenId],
    pair: Option<Pair>,
    output: &Path,
    force: bool,
) -> anyhow::Result<()> {
    engine.read(ids, BATCH, &mut |_| true)?;
    let (n, vocabulary) = (ids.len(), engine.model().spec.vocabulary);
    let exits = engine.model().spec.exit_ids();
    let mut tensors: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for first in (0..n).step_by(BATCH) {
        let rows = engine.logits(first..n.min(first + BATCH), &exits)?.finite()?;
        for exit in &exits {
            let name = match exit {
                mexit_models::ExitId::Original => "original".to_owned(),
                mexit_models::ExitId::Block(k) => format!("exit.{k}"),
            };
            let values = rows.rows(*exit).unwrap_or_default();
            tensors.entry(name).or_default().extend(values.iter().flat_map(|v| v.to_le_bytes()));
        }
        if let Some(pair) = pair {
            let bytes = tensors.entry("contrast".into()).or_default();
            for index in 0..rows.positions() {
                let row = |exit| rows.row(exit, index).map(Distribution::new);
                let (Some(expert), Some(amateur)) = (row(pair.expert), row(pair.amateur)) else { continue };
                let result = contrast(&expert, &amateur, pair.alpha, pair.min_candidates).row(&expert);
                bytes.extend(result.iter().flat_map(|v| v.to_le_bytes()));
            }
        }
    }
    let views: Vec<(&String, TensorView<'_>)> = tensors
        .iter()
        .map(|(name, bytes)| Ok((name, TensorView::new(Dtype::F32, vec![n, vocabulary], bytes)?)))
        .collect::<anyhow::Result<_>>()?;
    let bytes = safetensors::serialize(views, None)?;
    let target = output.display();
    saved::whole(output, force, |out| out.write_all(&bytes))
        .with_context(|| format!("{target} could not be written; nothing was left behind"))?;
    eprintln!("{target}: {} tensors of [{n}, {vocabulary}]", tensors.len());
    Ok(())
}
