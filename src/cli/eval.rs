//! `eval`.

mod progress;
mod settings;

use std::{
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{bail, ensure};
use clap::{Args, Subcommand};

use self::{progress::Watch, settings::MeasureArgs};
use super::model::ModelArgs;
use crate::{
    eval::{
        columns::columns,
        corpus::FileCard,
        evaluation::{Evaluation, ModelCard, Shard, merge},
        run::{Keep, clear, run, state_of, write},
        table::table,
    },
    report::parquet,
};

/// What to measure, and where to.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct EvalArgs {
    #[command(subcommand)]
    merge: Option<Join>,
    /// Texts: plain (one document each, see --split), or JSON lines (.jsonl) with a field `text`, or `prompt` and `target`
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    measure: MeasureArgs,
    /// Measure every n-th window only, from the i-th on: `eval merge` joins the results of 1/n to n/n
    #[arg(long, value_name = "i/n", value_parser = shard, requires = "output")]
    shard: Option<Shard>,
    /// Go on with what an earlier run of the same command has left; from the beginning if there is nothing
    #[arg(long, requires = "output", conflicts_with = "force")]
    resume: bool,
    /// Keep an unfinished result after the first window that ends so many seconds after the last time
    #[arg(long, value_name = "SECONDS", default_value_t = 3)]
    keep_every: u64,
    #[command(flatten)]
    out: OutArgs,
}

/// What to do with finished shards.
#[derive(Subcommand)]
enum Join {
    /// Join the results of all shards: the same bits as one run over all
    Merge(MergeArgs),
}

#[derive(Args)]
struct MergeArgs {
    /// The shards' results
    #[arg(required = true, value_name = "SHARD")]
    shards: Vec<PathBuf>,
    #[command(flatten)]
    out: OutArgs,
}

/// Where a result goes.
#[derive(Args)]
struct OutArgs {
    /// Write the result as JSON; an unfinished one is kept beside it
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write a row for every exit, lens, contrast and policy as a Parquet file
    #[arg(long, value_name = "FILE")]
    parquet: Option<PathBuf>,
    /// Print the JSON in place of the table
    #[arg(long)]
    json: bool,
    /// Replace files that exist
    #[arg(long)]
    force: bool,
}

/// Measures, or joins.
pub(super) fn eval(args: &EvalArgs) -> anyhow::Result<()> {
    match &args.merge {
        Some(Join::Merge(args)) => join(args),
        None => measure(args),
    }
}

fn join(args: &MergeArgs) -> anyhow::Result<()> {
    args.out.require_free()?;
    let read = |path: &PathBuf| Ok((path.clone(), Evaluation::read(path)?));
    let parts: Vec<_> = args.shards.iter().map(read).collect::<anyhow::Result<_>>()?;
    args.out.give(&merge(parts)?)
}

fn measure(args: &EvalArgs) -> anyhow::Result<()> {
    let mut engine = args.model.engine()?;
    let settings = args.measure.settings(&engine, &args.model.machine)?;
    let cards: Vec<FileCard> = args.files.iter().map(|path| FileCard::of(path)).collect::<Result<_, _>>()?;
    let files: Vec<(PathBuf, u64)> = args.files.iter().cloned().zip(cards.iter().map(|card| card.bytes)).collect();
    let model = ModelCard {
        name: args.model.name(),
        fingerprint: engine.model().fingerprint().to_owned(),
        weights: engine.model().main_type().name().to_owned(),
    };
    let fresh = Evaluation::new(model, cards, settings, args.shard);
    let state = args.out.output.as_deref().map(state_of);
    let mut evaluation = args.start(fresh, state.as_deref())?;
    let watch = Watch::new(args.out.output.is_some())?;
    let keep = state.as_deref().map(|path| Keep { path, every: Duration::from_secs(args.keep_every) });
    let finished = run(&mut engine, &files, &mut evaluation, keep, &mut |progress| watch.see(progress))?;
    watch.end();
    if let Some(notice) = engine.take_notice() {
        eprintln!("note: {notice}");
    }
    let name = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
    if !finished {
        let windows = evaluation.tally.windows;
        bail!("stopped; {windows} windows are kept in {}: the same command with --resume goes on", name(&state));
    }
    ensure!(
        evaluation.tally.tokens > 0 || args.shard.is_some(),
        "nothing to score: expected a text of two tokens or more"
    );
    args.out.give(&evaluation)?;
    state.map_or(Ok(()), |state| Ok(clear(&state)?))
}

impl EvalArgs {
    /// What to begin with: nothing, or what is there already.
    fn start(&self, fresh: Evaluation, state: Option<&Path>) -> anyhow::Result<Evaluation> {
        let (Some(output), Some(state)) = (&self.out.output, state) else { return Ok(fresh) };
        if !self.resume {
            if state.exists() && !self.out.force {
                let state = state.display();
                bail!("{state} is an evaluation that was not finished: --resume goes on with it, --force begins anew");
            }
            self.out.require_free()?;
            return Ok(fresh);
        }
        let Some(path) = [state, output].into_iter().find(|path| path.exists()) else { return Ok(fresh) };
        let kept = Evaluation::read(path)?;
        fresh.require_same(&kept, path)?;
        let said = |shard: Option<Shard>| shard.map_or("all".into(), |s| format!("shard {}/{}", s.index, s.of));
        ensure!(
            fresh.shard == kept.shard,
            "{}: expected {}, found {}: give the same --shard",
            path.display(),
            said(fresh.shard),
            said(kept.shard)
        );
        Ok(kept)
    }
}

impl OutArgs {
    fn require_free(&self) -> anyhow::Result<()> {
        for path in [&self.output, &self.parquet].into_iter().flatten() {
            if path.exists() && !self.force {
                bail!("{} exists already: give another name, or --force to replace it", path.display());
            }
        }
        Ok(())
    }

    fn give(&self, evaluation: &Evaluation) -> anyhow::Result<()> {
        let json = evaluation.to_json();
        if let Some(path) = &self.output {
            write(path, json.as_bytes())?;
        }
        if let Some(path) = &self.parquet {
            write(path, &parquet::bytes(&columns(evaluation))?)?;
        }
        let mut out = std::io::stdout().lock();
        out.write_all(if self.json { json } else { table(evaluation) }.as_bytes())?;
        Ok(())
    }
}

fn shard(text: &str) -> Result<Shard, String> {
    let numbers = || {
        let (index, of) = text.split_once('/')?;
        Some(Shard { index: index.parse().ok()?, of: of.parse().ok()? })
    };
    numbers()
        .filter(|shard| (1..=shard.of).contains(&shard.index))
        .ok_or_else(|| "expected i/n, from 1/n to n/n".into())
}
