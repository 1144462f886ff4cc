//! `bench`.

mod table;

use std::{fs::File, io::Write, sync::Arc};

use anyhow::{Context, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use mexit_models::{DType, Mapping, demo, shape};

use super::{
    model::{KvType, MachineArgs, ModelArgs, default_threads, path},
    place::PlaceArgs,
    weights::WeightType,
};
use crate::measure::{Origin, Settings, Subject, measure};

/// What to measure, and how.
#[derive(Args)]
#[command(after_long_help = "\
Each round does everything once; figures are medians with quartiles over all rounds. The limit is what reading the \
weights from memory and multiplying them in the cache take at least, measured in the same rounds; \
where a device beside the processor has a part there is none. Measure on an idle machine: what other programs took of the processor is told.")]
pub(super) struct BenchArgs {
    /// A GGUF file, or hf:REPO[@REVISION]; the embedded demo model if neither this nor --shape is given
    #[arg(long, short, value_name = "FILE", conflicts_with_all = ["shape", "dtype", "head_type"])]
    model: Option<String>,
    /// Random weights in memory, shaped like gpt2-medium, gpt2 or gpt-neo-125m; or demo, the embedded model itself
    #[arg(long, value_name = "SHAPE", default_value = "demo")]
    shape: String,
    /// Type of the matrices [default: f32]
    #[arg(long = "type", value_enum, value_name = "TYPE")]
    dtype: Option<WeightType>,
    /// Type of the heads, and of the embedding that is a head too [default: as --type]
    #[arg(long, value_enum, value_name = "TYPE")]
    head_type: Option<WeightType>,
    /// Rounds [default: as many as take about a minute and a half, 2 to 5]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    repeats: Option<u16>,
    /// Processor threads [default: one a core, 8 at most]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// Type of the cached keys and values
    #[arg(long, value_enum, default_value_t = KvType::F32)]
    kv_type: KvType,
    #[command(flatten)]
    place: PlaceArgs,
    /// One JSON object, with everything
    #[arg(long)]
    json: bool,
}

/// Measures.
pub(super) fn bench(args: &BenchArgs) -> anyhow::Result<()> {
    let subject = args.subject()?;
    let machine = MachineArgs { threads: args.threads, ctx: None, kv_type: args.kv_type, place: args.place.clone() };
    let settings = Settings {
        placement: machine.placement()?,
        threads: args.threads.map_or_else(default_threads, usize::from),
        kv_type: args.kv_type.dtype(),
        repeats: args.repeats.map(usize::from),
    };
    // Drawn on a terminal alone.
    let bar = ProgressBar::new(1000);
    let style = ProgressStyle::with_template("{bar:30} {elapsed} {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let report = measure(&subject, &settings, &mut |done, what| {
        bar.set_message(what.to_owned());
        bar.set_position(per_mille(done));
    })?;
    bar.finish_and_clear();
    let mut out = std::io::stdout().lock();
    if args.json {
        writeln!(out, "{}", serde_json::to_string(&report)?)?;
    } else {
        write!(out, "{}", table::of(&report))?;
    }
    Ok(())
}

impl BenchArgs {
    fn subject(&self) -> anyhow::Result<Subject> {
        if let Some(name) = &self.model {
            let path = path(name)?;
            let mapping = File::open(&path).and_then(|file| Mapping::of(&file));
            let mapping = Arc::new(mapping.with_context(|| path.display().to_string())?);
            let name = ModelArgs::name_of(Some(name));
            return Ok(Subject { mapping, name, origin: Origin::File });
        }
        let types = self.types();
        let mapping = match (shape::named(&self.shape), self.shape.as_str()) {
            (Some(spec), _) => {
                let (dtype, head_type) = types.unwrap_or((DType::F32, DType::F32));
                shape::random(&spec, dtype, head_type)?
            }
            (None, "demo") => match types {
                None => demo::mapping(),
                Some((dtype, head_type)) => shape::retyped(&demo::mapping(), dtype, head_type)?,
            },
            (None, other) => bail!("--shape {other}: expected {} or demo", shape::NAMES.join(", ")),
        };
        let origin = if self.shape == "demo" { Origin::Demo } else { Origin::Random };
        Ok(Subject { mapping: Arc::new(mapping), name: self.shape.clone(), origin })
    }

    /// The types asked for, of the matrices and of the heads.
    fn types(&self) -> Option<(DType, DType)> {
        let dtype = self.dtype.map(WeightType::dtype);
        let head_type = self.head_type.map(WeightType::dtype);
        let first = dtype.or(head_type.map(|_| DType::F32))?;
        Some((first, head_type.unwrap_or(first)))
    }
}

/// Thousandths.
fn per_mille(part: f64) -> u64 {
    (0..=1000u16).rev().find(|n| f64::from(*n) <= part * 1000.0).map_or(0, u64::from)
}
