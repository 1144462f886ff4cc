//! `--early-exit` of `generate`.

use std::io::Write;

use anyhow::bail;
use clap::Args;
use mexit_models::{Engine, ExitId, TokenId};

use crate::{
    decode::Sampling,
    session::leaving::{EarlyRun, EarlyWork, Named, Rule},
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
    #[arg(long, value_name = "POLICY", value_parser = policy, conflicts_with_all = ["exit", "contrast", "dola", "json", "speculate"])]
    early_exit: Option<Named>,
}

impl EarlyExitArgs {
    /// The rule, checked against the model.
    pub(super) fn rule(&self, engine: &Engine) -> anyhow::Result<Option<Rule>> {
        let Some(named) = self.early_exit else { return Ok(None) };
        let exits = engine.model().spec.exit_ids();
        require(named, &exits).map(Some)
    }
}

/// The rule of a policy over some exits, one of which must be its own if that is fixed.
pub(super) fn require(named: Named, exits: &[ExitId]) -> anyhow::Result<Rule> {
    let Some(rule) = named.rule(exits) else {
        let known: Vec<String> = exits.iter().skip(1).rev().map(ToString::to_string).collect();
        bail!("--early-exit {named}: expected one of {}", known.join(", "))
    };
    Ok(rule)
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

/// Those that know the answer can be looked at, not used.
fn policy(text: &str) -> Result<Named, String> {
    let named: Named = text.parse()?;
    if named.policy.knows() { Err(format!("{text} knows the answer: no token can be chosen by it")) } else { Ok(named) }
}
