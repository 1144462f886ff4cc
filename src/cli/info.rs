//! `info`.

use std::{collections::BTreeMap, io::Write};

use clap::Args;
use mexit_models::{DType, Model, Plan};
use serde::Serialize;

use super::{
    model::{MachineArgs, ModelArgs},
    plan::Whereabouts,
};

/// Which file.
#[derive(Args)]
pub(super) struct InfoArgs {
    /// A GGUF file, or hf:REPO[@REVISION]; the embedded demo model if none is given
    model: Option<String>,
    /// As JSON
    #[arg(long)]
    json: bool,
    /// Where every tensor would go on this machine's devices, and the bytes; nothing is loaded
    #[arg(long)]
    plan: bool,
    #[command(flatten)]
    machine: MachineArgs,
}

/// What a model file is.
#[derive(Serialize)]
struct Info {
    name: String,
    architecture: &'static str,
    blocks: u32,
    width: usize,
    attention_heads: usize,
    context: usize,
    vocabulary: usize,
    projection: &'static str,
    exits: Vec<u32>,
    parameters: u64,
    bytes: usize,
    trunk_type: &'static str,
    head_type: &'static str,
    types: BTreeMap<&'static str, usize>,
    tokenizer: TokenizerInfo,
    fingerprint: String,
    source: BTreeMap<String, String>,
}

#[derive(Serialize)]
struct TokenizerInfo {
    tokens: usize,
    end_of_text: Option<u32>,
}

/// Says what a file is.
pub(super) fn info(args: &InfoArgs) -> anyhow::Result<()> {
    let model_args = ModelArgs { model: args.model.clone(), machine: args.machine.clone() };
    if args.plan {
        return plan(args, &model_args);
    }
    let info = Info::of(&model_args.open()?, model_args.name());
    let mut out = std::io::stdout().lock();
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&info)?)?;
    } else {
        info.write(&mut out)?;
    }
    Ok(())
}

/// Says where everything would go.
fn plan(args: &InfoArgs, model: &ModelArgs) -> anyhow::Result<()> {
    let (plan, placed) = Plan::read(&model.bytes()?, &model.machine.placement()?)?;
    let whereabouts = Whereabouts::of(&plan, placed)?;
    let mut out = std::io::stdout().lock();
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&whereabouts)?)?;
    } else {
        whereabouts.write(&mut out)?;
    }
    Ok(())
}

impl Info {
    fn of(model: &Model, name: String) -> Self {
        let spec = &model.spec;
        let mut types = BTreeMap::new();
        for tensor in &model.file.tensors {
            *types.entry(DType::name(tensor.dtype)).or_insert(0) += tensor.data.len();
        }
        let source = |(key, value): &(String, mexit_models::Value)| {
            let name = key.strip_prefix("mexit.source.")?;
            Some((name.to_owned(), value.as_text()?.to_owned()))
        };
        Self {
            name,
            architecture: spec.architecture.name(),
            blocks: spec.blocks,
            width: spec.width,
            attention_heads: spec.attention_heads,
            context: spec.context,
            vocabulary: spec.vocabulary,
            projection: spec.projection.name(),
            exits: spec.exits.clone(),
            parameters: model.file.tensors.iter().map(|t| t.shape.iter().product::<usize>() as u64).sum(),
            bytes: model.file.tensors.iter().map(|t| t.data.len()).sum(),
            trunk_type: model.types().trunk.name(),
            head_type: model.types().heads.name(),
            types,
            tokenizer: TokenizerInfo {
                tokens: model.tokenizer.len(),
                end_of_text: model.tokenizer.end_of_text().map(|id| id.0),
            },
            fingerprint: model.fingerprint().to_owned(),
            source: model.file.values.iter().filter_map(source).collect(),
        }
    }

    fn write(&self, out: &mut impl Write) -> std::io::Result<()> {
        let mib = |bytes: usize| bytes as f64 / f64::from(1 << 20);
        writeln!(out, "model         {}", self.name)?;
        writeln!(
            out,
            "architecture  {}: {} blocks of width {}, {} attention heads, context {}, vocabulary {}",
            self.architecture, self.blocks, self.width, self.attention_heads, self.context, self.vocabulary
        )?;
        let exits: Vec<String> = self.exits.iter().map(ToString::to_string).collect();
        let how = match self.projection {
            "heads" => "each with a trained head",
            "cast" => "each by a trained cast, then the model's own head",
            _ => "each by the model's own head, untrained (logit lens)",
        };
        writeln!(out, "exits         original, and after blocks {}: {how}", exits.join(", "))?;
        let heads = if self.head_type == self.trunk_type { "as the trunk's" } else { self.head_type };
        writeln!(out, "types         trunk {}, heads {heads}", self.trunk_type)?;
        let types: Vec<String> =
            self.types.iter().map(|(name, bytes)| format!("{name} {:.1} MiB", mib(*bytes))).collect();
        writeln!(out, "weights       {:.1} M numbers: {}", self.parameters as f64 / 1e6, types.join(", "))?;
        let end = self.tokenizer.end_of_text.map_or("none".into(), |id| id.to_string());
        writeln!(out, "tokenizer     {} tokens, end of text {end}", self.tokenizer.tokens)?;
        writeln!(out, "fingerprint   {}", self.fingerprint)?;
        for (key, value) in &self.source {
            writeln!(out, "source        {key}: {value}")?;
        }
        Ok(())
    }
}
