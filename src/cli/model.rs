//! Which model, and how it computes.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context;
use clap::{Args, ValueEnum};
use mexit_models::{DType, Engine, EngineOptions, Gelu, Mapping, Model, demo};

use super::{place::PlaceArgs, pull};

/// A model and the machine's part in it.
#[derive(Args, Clone)]
pub(super) struct ModelArgs {
    /// A GGUF file, or hf:REPO[@REVISION] from the Hugging Face hub (say ibm-research/gpt2-medium-multiexit); the
    /// embedded demo model if none is given
    #[arg(long, short, value_name = "FILE")]
    pub(super) model: Option<String>,
    #[command(flatten)]
    pub(super) machine: MachineArgs,
}

/// How a model computes.
#[derive(Args, Clone)]
pub(super) struct MachineArgs {
    /// Processor threads; fewer are used when they get in each other's way [default: one a core, 8 at most]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(super) threads: Option<u16>,
    /// Longest text in tokens [default: what the model was trained for]
    #[arg(long, value_name = "TOKENS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) ctx: Option<u32>,
    /// Type of the cached keys and values: f16 halves the memory, f32 is exact
    #[arg(long, value_enum, default_value_t = KvType::F32)]
    pub(super) kv_type: KvType,
    #[command(flatten)]
    pub(super) place: PlaceArgs,
}

/// Types of the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum KvType {
    /// Half the memory.
    F16,
    /// Exact.
    F32,
}

impl ModelArgs {
    /// Opens the model.
    pub(super) fn open(&self) -> anyhow::Result<Model> {
        let placement = self.machine.placement()?;
        match &self.model {
            None => Model::of(Arc::new(demo::mapping()), placement).context("the embedded demo model"),
            Some(name) => {
                let path = path(name)?;
                Model::open(&path, placement).with_context(|| path.display().to_string())
            }
        }
    }

    /// The bytes of its file.
    pub(super) fn bytes(&self) -> anyhow::Result<Mapping> {
        let Some(name) = &self.model else { return Ok(demo::mapping()) };
        let path = path(name)?;
        let mapped = std::fs::File::open(&path).and_then(|file| Mapping::of(&file));
        mapped.with_context(|| path.display().to_string())
    }

    /// Opens the model and puts it to work.
    pub(super) fn engine(&self) -> anyhow::Result<Engine> {
        let options = EngineOptions {
            threads: self.machine.threads.map_or_else(default_threads, usize::from),
            context: self.machine.context(),
            kv_type: self.machine.kv_type.dtype(),
            gelu: Gelu::Exact,
        };
        Ok(Engine::new(self.open()?, options)?)
    }

    /// What to call the model: its file's stem, or its repository's name.
    pub(super) fn name(&self) -> String {
        Self::name_of(self.model.as_deref())
    }

    /// What to call the model that is named so.
    pub(super) fn name_of(model: Option<&str>) -> String {
        if let Some(Ok(source)) = model.and_then(pull::source) {
            return source.name().to_owned();
        }
        let stem = |path: &str| Path::new(path).file_stem().map(|stem| stem.to_string_lossy().into_owned());
        model.map_or(Some("demo".into()), stem).unwrap_or_else(|| "model".into())
    }
}

impl MachineArgs {
    /// The longest text; a model's own context is the limit.
    pub(super) fn context(&self) -> usize {
        self.ctx.map_or(usize::MAX, |n| usize::try_from(n).unwrap_or(usize::MAX))
    }
}

impl KvType {
    /// The type.
    pub(super) fn dtype(self) -> DType {
        match self {
            Self::F16 => DType::F16,
            Self::F32 => DType::F32,
        }
    }
}

/// The file that a model's name means.
pub(super) fn path(name: &str) -> anyhow::Result<PathBuf> {
    match pull::source(name) {
        Some(source) => pull::cached(&source?),
        None => Ok(PathBuf::from(name)),
    }
}

/// One a core; beyond eight the barriers between operations cost more than the threads bring on small models.
pub(super) fn default_threads() -> usize {
    std::thread::available_parallelism().map_or(1, |n| n.get().min(8))
}
