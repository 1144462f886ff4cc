//! Which distribution decides, and how a token is drawn from it.

use anyhow::bail;
use clap::Args;
use mexit_models::{ExitId, Model};

use super::method::MethodArgs;
use crate::{
    decode::Sampling,
    session::trace::{Decoding, Pair},
};

/// A pair of exits and its parameters, for commands that only show it.
#[derive(Args, Clone)]
pub(super) struct ShownArgs {
    /// Contrast this expert with this amateur: EXPERT,AMATEUR, such as original,12
    #[arg(long, value_name = "E,A", value_parser = pair)]
    pub(super) contrast: Option<(ExitId, ExitId)>,
    /// A token is plausible from this fraction of the expert's largest probability on [default: 0.1]
    #[arg(long, value_name = "α", value_parser = alpha)]
    pub(super) alpha: Option<f32>,
    /// So many tokens are plausible at least [default: 1]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(super) min_candidates: Option<usize>,
}

/// A decoding.
#[derive(Args)]
pub(super) struct DecodingArgs {
    /// Decode with one exit: original, or the number of a block
    #[arg(long, value_name = "EXIT", conflicts_with = "contrast")]
    pub(super) exit: Option<ExitId>,
    #[command(flatten)]
    pub(super) shown: ShownArgs,
    #[command(flatten)]
    method: MethodArgs,
    #[command(flatten)]
    pub(super) sampling: SamplingArgs,
}

/// How tokens are drawn; greedy unless one of temperature, top-k, top-p, min-p or seed is given.
#[derive(Args)]
pub(super) struct SamplingArgs {
    /// Draw tokens, dividing log-probabilities by this
    #[arg(long, value_name = "T", value_parser = positive)]
    temperature: Option<f32>,
    /// Draw among so many most probable tokens
    #[arg(long, value_name = "K", value_parser = at_least_one)]
    top_k: Option<usize>,
    /// Draw from the smallest set with this mass
    #[arg(long, value_name = "P", value_parser = fraction)]
    top_p: Option<f32>,
    /// Draw among tokens with this fraction of the largest probability
    #[arg(long, value_name = "P", value_parser = fraction)]
    min_p: Option<f32>,
    /// Multiply the log-probabilities of tokens in the text
    #[arg(long, value_name = "R", default_value_t = 1.0, value_parser = positive)]
    repetition_penalty: f32,
    /// Key of the random numbers: the same seed draws the same tokens
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

impl ShownArgs {
    /// The pair, if there is one, checked against the model.
    pub(super) fn pair(&self, model: &Model) -> anyhow::Result<Option<Pair>> {
        self.pair_with(model, "--min-candidates")
    }

    /// The same, where the minimum of candidates is called so.
    pub(super) fn pair_with(&self, model: &Model, minimum: &str) -> anyhow::Result<Option<Pair>> {
        let Some((expert, amateur)) = self.contrast else { return Ok(None) };
        model.require_exit(expert)?;
        model.require_exit(amateur)?;
        let most = model.spec.vocabulary;
        let min_candidates = self.min_candidates.unwrap_or(1);
        if min_candidates > most {
            bail!("{minimum} {min_candidates}: expected 1 to {most}, the size of the vocabulary");
        }
        Ok(Some(Pair { expert, amateur, alpha: self.alpha.unwrap_or(0.1), min_candidates }))
    }
}

impl DecodingArgs {
    /// The decoding, checked against the model.
    pub(super) fn decoding(&self, model: &Model) -> anyhow::Result<Decoding> {
        let method = self.method.method(self.exit, &self.shown, model)?;
        Ok(Decoding { method, sampling: self.sampling.sampling() })
    }
}

impl SamplingArgs {
    /// The sampling.
    pub(super) fn sampling(&self) -> Sampling {
        let default = Sampling::default();
        let random = self.temperature.is_some()
            || self.top_k.is_some()
            || self.top_p.is_some()
            || self.min_p.is_some()
            || self.seed.is_some();
        Sampling {
            random,
            temperature: self.temperature.unwrap_or(default.temperature),
            top_k: self.top_k.unwrap_or(default.top_k),
            top_p: self.top_p.unwrap_or(default.top_p),
            min_p: self.min_p.unwrap_or(default.min_p),
            repetition_penalty: self.repetition_penalty,
            seed: self.seed.unwrap_or(default.seed),
            draw: 0,
        }
    }
}

pub(super) fn pair(text: &str) -> Result<(ExitId, ExitId), String> {
    let (expert, amateur) = text.split_once(',').ok_or("expected EXPERT,AMATEUR, such as original,12")?;
    let exit = |name: &str| name.parse::<ExitId>().map_err(|e| e.to_string());
    Ok((exit(expert)?, exit(amateur)?))
}

fn number(text: &str, expected: &str, allowed: impl Fn(f32) -> bool) -> Result<f32, String> {
    text.parse().ok().filter(|value| allowed(*value)).ok_or_else(|| format!("expected {expected}"))
}

pub(super) fn alpha(text: &str) -> Result<f32, String> {
    number(text, "a number above 0, up to 1", |a| a > 0.0 && a <= 1.0)
}

fn fraction(text: &str) -> Result<f32, String> {
    number(text, "a number above 0, up to 1", |p| p > 0.0 && p <= 1.0)
}

fn positive(text: &str) -> Result<f32, String> {
    number(text, "a number above 0", |t| t > 0.0 && t.is_finite())
}

pub(super) fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|n| *n > 0).ok_or_else(|| "expected a number from 1 on".into())
}
