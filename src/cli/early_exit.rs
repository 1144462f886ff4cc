//! `--early-exit` of `generate`.

use std::io::Write;

use anyhow::bail;
use clap::Args;
use mexit_models::{Engine, ExitId, TokenId};

use crate::{
    decode::Sampling,
    session::leaving::{EarlyRun, EarlyWork, Policy, Rule},
};

/// Where to leave the model.
#[derive(Args)]
pub(super) struct EarlyExitArgs {
    /// Take each token at the first exit that is good enough: confidence:P, margin:P, entropy:NATS, patience:N, fixed:EXIT
    ///
    /// confidence: the top token has at least probability P. margin: the top two are at least P apart. entropy: at most
    /// so many nats. patience: the N-th exit in a row with the same top token. Exits are tried from the lowest up, and
    /// only blocks up to the one taken run; when a later token goes deeper, the tokens before it are brought along in
    /// one batch, so that it sees their true keys and values (EE-LLM's recomputation). --stats tells what that saved
    #[arg(long, value_name = "POLICY", value_parser = policy, conflicts_with_all = ["exit", "contrast", "json", "speculate"])]
    early_exit: Option<(Policy, f32)>,
}

impl EarlyExitArgs {
    /// The rule, checked against the model.
    pub(super) fn rule(&self, engine: &Engine) -> anyhow::Result<Option<Rule>> {
        let Some((policy, threshold)) = self.early_exit else { return Ok(None) };
        let spec = &engine.model().spec;
        if policy != Policy::Fixed {
            return Ok(Some(Rule { policy, threshold }));
        }
        let from_below: Vec<ExitId> = spec.exit_ids().into_iter().rev().collect();
        let place = from_below.iter().position(|exit| matches!(exit, ExitId::Block(k) if *k as f32 == threshold));
        let Some(place) = place else {
            let known: Vec<String> = from_below.iter().map(ToString::to_string).collect();
            bail!("--early-exit fixed:{threshold}: expected one of {}", known.join(", "))
        };
        Ok(Some(Rule { policy, threshold: place as f32 }))
    }
}

/// Generates by a rule.
pub(super) fn run(
    engine: Engine,
    (rule, sampling): (Rule, Sampling),
    (prompt, most): (Vec<TokenId>, usize),
    stats: bool,
) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let mut run = EarlyRun::new(engine, prompt, rule, sampling, most)?;
    let mut first: Option<std::time::Instant> = None;
    while let Some(token) = run.step()? {
        first.get_or_insert_with(std::time::Instant::now);
        let tokenizer = &run.engine().model().tokenizer;
        if Some(token.id) != tokenizer.end_of_text() {
            out.write_all(&tokenizer.bytes(token.id))?;
            out.flush()?;
        }
    }
    out.write_all(b"\n")?;
    if stats {
        let seconds = first.map_or(0.0, |first| first.elapsed().as_secs_f64());
        tell(run.work(), run.engine(), seconds);
    }
    Ok(())
}

fn tell(work: &EarlyWork, engine: &Engine, seconds: f64) {
    let spec = &engine.model().spec;
    let n = work.tokens.max(1) as f64;
    let [block, head] = [spec.block_work(), spec.head_work()];
    let full = f64::from(spec.blocks) * block + head;
    let [blocks, heads] = [work.blocks, work.heads].map(|count| count as f64 / n);
    let taken: Vec<String> = spec
        .exit_ids()
        .iter()
        .zip(work.counts.iter().rev())
        .filter(|(_, count)| **count > 0)
        .map(|(exit, count)| format!("{exit} {count}"))
        .collect();
    eprintln!("{} tokens, {:.1} a second after the first", work.tokens, (n - 1.0) / seconds.max(f64::MIN_POSITIVE));
    eprintln!("exits taken: {}", taken.join(", "));
    eprintln!(
        "a token: {blocks:.1} of {} blocks, what was made up for later tokens included, and {heads:.1} heads; work {:.2} of \
         the full model's",
        spec.blocks,
        (blocks * block + heads * head) / full
    );
}

fn policy(text: &str) -> Result<(Policy, f32), String> {
    const EXPECTED: &str =
        "expected confidence:P or margin:P with P from 0 to 1, entropy:NATS, patience:N or fixed:EXIT";
    let (name, threshold) = text.split_once(':').ok_or(EXPECTED)?;
    let threshold: f32 = threshold.parse().map_err(|_| EXPECTED)?;
    let whole = threshold.fract() == 0.0 && (0.0..65_536.0).contains(&threshold);
    let (policy, fits) = match name {
        "confidence" => (Policy::Confidence, (0.0..=1.0).contains(&threshold)),
        "margin" => (Policy::Margin, (0.0..=1.0).contains(&threshold)),
        "entropy" => (Policy::Entropy, threshold >= 0.0 && threshold.is_finite()),
        "patience" => (Policy::Patience, whole && threshold >= 1.0),
        "fixed" => (Policy::Fixed, whole),
        _ => return Err(EXPECTED.into()),
    };
    if fits { Ok((policy, threshold)) } else { Err(EXPECTED.into()) }
}
