//! What is measured, and how, as flags.

use anyhow::{bail, ensure};
use clap::{ArgGroup, Args, ValueEnum};
use mexit_models::{BATCH, Engine, ExitId, Projection};

use super::super::{
    decoding::{alpha, at_least_one, pair},
    early_exit,
    method::ScoredArgs,
    model::{KvType, MachineArgs},
};
use crate::{
    eval::{
        corpus::{Form, Kind, Split},
        early_exit::{EarlyExit, Written},
        settings::{Continuations, Readout, Settings},
    },
    session::{
        leaving::Named,
        trace::{Method, Pair},
    },
};

/// What to measure at every position, and how texts are read.
#[derive(Args)]
#[command(group = ArgGroup::new("contrasts").args(["contrast", "dola"]).multiple(true))]
pub(super) struct MeasureArgs {
    /// Kind of the files [default: by their ending]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// How plain files fall into documents
    #[arg(long, value_enum, default_value_t = SplitArg::Whole)]
    split: SplitArg,
    /// Read all documents as one, with the end-of-text token between them; there are no last words then
    #[arg(long)]
    join: bool,
    /// Field of JSON lines with a whole text
    #[arg(long, value_name = "NAME", default_value = "text")]
    text_field: String,
    /// Field with what is read and not scored
    #[arg(long, value_name = "NAME", default_value = "prompt")]
    prompt_field: String,
    /// Field with what is scored after it
    #[arg(long, value_name = "NAME", default_value = "target")]
    target_field: String,
    /// Most tokens read at once [default: the context]
    #[arg(long, value_name = "TOKENS", value_parser = at_least_one)]
    window: Option<usize>,
    /// Tokens by which windows move on: every token is scored once, after more than window − stride others of its
    /// document if it has as many [default: half a window]
    #[arg(long, value_name = "TOKENS", value_parser = at_least_one)]
    stride: Option<usize>,
    /// Measure so many windows at most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// Measure these exits [default: all]; original is always one
    #[arg(long, value_name = "EXIT,EXIT,…", value_delimiter = ',')]
    exits: Option<Vec<ExitId>>,
    /// Also read every exit's layer through the model's own head, and compare
    #[arg(long)]
    lens: bool,
    /// Contrast this expert with this amateur, such as original,12; may be given more than once
    #[arg(long, value_name = "E,A", value_parser = pair)]
    contrast: Vec<(ExitId, ExitId)>,
    /// Every contrast, and DoLa, with each of these α
    #[arg(long, value_name = "α,α,…", value_delimiter = ',', value_parser = alpha, default_values_t = [0.1], requires = "contrasts")]
    alphas: Vec<f32>,
    /// So many tokens are plausible at least
    #[arg(long, value_name = "N", value_parser = at_least_one, default_value_t = 1, requires = "contrast")]
    min_candidates: usize,
    #[command(flatten)]
    scored: ScoredArgs,
    /// Continue the first N windows' beginnings greedily, by every exit and contrast
    #[arg(long, value_name = "N", default_value_t = 0)]
    continuations: u64,
    /// Tokens of a beginning
    #[arg(long, value_name = "TOKENS", value_parser = at_least_one, default_value_t = 32)]
    beginning: usize,
    /// Tokens that a continuation adds at most
    #[arg(long, value_name = "TOKENS", value_parser = at_least_one, default_value_t = 64)]
    length: usize,
    /// Also tell where an early-exit policy would leave the model at every position: confidence:P, margin:P, entropy:NATS,
    /// patience:N, fixed:EXIT as for generate, and oracle and decided, which know the answer; may be given more than once
    #[arg(long, value_name = "POLICY")]
    early_exit: Vec<Named>,
    /// Tokens computed at once; other batches change the last digits, except with --reference
    #[arg(long, value_name = "TOKENS", value_parser = at_least_one, default_value_t = BATCH)]
    batch: usize,
    /// Compute with ggml's slow reference kernels: the same bits whatever the batch
    #[arg(long)]
    reference: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// Plain text
    Text,
    /// A JSON object a line
    Jsonl,
}

#[derive(Clone, Copy, ValueEnum)]
enum SplitArg {
    /// A file is a document
    Whole,
    /// Empty lines part documents
    Paragraphs,
    /// A line is a document
    Lines,
}

impl MeasureArgs {
    /// The settings, checked against the model.
    pub(super) fn settings(&self, engine: &Engine, machine: &MachineArgs) -> anyhow::Result<Settings> {
        let context = engine.context();
        let window = self.window.unwrap_or(context);
        ensure!(window <= context, "--window {window}: expected {context}, the model's context, or fewer");
        let stride = self.stride.unwrap_or_else(|| window.div_ceil(2));
        ensure!(stride <= window, "--stride {stride}: expected {window}, the window, or fewer");
        let kind = |format| if matches!(format, Format::Text) { Kind::Text } else { Kind::Jsonl };
        let split = match self.split {
            SplitArg::Whole => Split::Whole,
            SplitArg::Paragraphs => Split::Paragraphs,
            SplitArg::Lines => Split::Lines,
        };
        let readouts = self.readouts(engine)?;
        Ok(Settings {
            early_exit: self.early_exit(engine, &readouts)?,
            form: Form {
                kind: self.format.map(kind),
                split,
                text_field: self.text_field.clone(),
                prompt_field: self.prompt_field.clone(),
                target_field: self.target_field.clone(),
            },
            join: self.join,
            window,
            stride,
            limit: self.limit,
            batch: self.batch,
            reference: self.reference,
            kv_type: if machine.kv_type == KvType::F16 { "f16" } else { "f32" }.into(),
            device: machine.place.told(),
            readouts,
            continuations: Continuations { windows: self.continuations, prompt: self.beginning, length: self.length },
        })
    }

    /// The policies, over the exits that are measured.
    fn early_exit(&self, engine: &Engine, readouts: &[Readout]) -> anyhow::Result<EarlyExit> {
        let spec = &engine.model().spec;
        let exit = |readout: &Readout| if let Readout::Exit(exit) = readout { Some(*exit) } else { None };
        let exits: Vec<ExitId> = readouts.iter().filter_map(exit).collect();
        for (n, named) in self.early_exit.iter().enumerate() {
            early_exit::require(*named, &exits)?;
            ensure!(!self.early_exit[..n].contains(named), "--early-exit {named} is asked for twice");
        }
        if self.early_exit.is_empty() {
            return Ok(EarlyExit::default());
        }
        Ok(EarlyExit {
            policies: self.early_exit.iter().copied().map(Written).collect(),
            blocks: spec.blocks,
            block_work: spec.block_work(),
            head_work: spec.head_work(),
        })
    }

    /// Exits, then lenses, then contrasts.
    fn readouts(&self, engine: &Engine) -> anyhow::Result<Vec<Readout>> {
        let model = engine.model();
        let (mut exits, most) = (model.spec.exit_ids(), model.spec.vocabulary);
        if let Some(wanted) = &self.exits {
            wanted.iter().try_for_each(|exit| model.require_exit(*exit))?;
            let mut read: Vec<ExitId> = self.contrast.iter().flat_map(|(e, a)| [*e, *a]).collect();
            read.extend(self.scored.dolas(&self.alphas, model)?.iter().flat_map(Method::exits));
            exits.retain(|exit| *exit == ExitId::Original || wanted.contains(exit) || read.contains(exit));
        }
        if self.lens && model.spec.projection == Projection::Direct {
            bail!(
                "--lens: expected exits with heads or casts of their own, found a model that is read by the lens already"
            );
        }
        let min = self.min_candidates;
        ensure!(min <= most, "--min-candidates {min}: expected 1 to {most}, the size of the vocabulary");
        let lenses = exits.iter().copied().filter(|exit| self.lens && *exit != ExitId::Original);
        let mut readouts: Vec<Readout> = exits.iter().copied().map(Readout::Exit).collect();
        readouts.extend(lenses.map(Readout::Lens));
        for (expert, amateur) in &self.contrast {
            model.require_exit(*expert)?;
            model.require_exit(*amateur)?;
            for alpha in &self.alphas {
                let pair = Pair { expert: *expert, amateur: *amateur, alpha: *alpha, min_candidates: min };
                readouts.push(Readout::Contrast(pair));
                readouts.extend(self.scored.of_pair(pair).into_iter().map(Readout::Scored));
            }
        }
        readouts.extend(self.scored.dolas(&self.alphas, model)?.into_iter().map(Readout::Scored));
        for (place, readout) in readouts.iter().enumerate() {
            ensure!(!readouts[..place].contains(readout), "{readout} is asked for twice");
        }
        Ok(readouts)
    }
}
