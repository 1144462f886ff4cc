//! Generation that leaves the model early.

use mexit_models::{BATCH, Engine, Error, ExitId, TokenId};

use super::{Glance, Policy, Rule};
use crate::{
    decode::{self, Distribution, Sampling},
    session::reader::ReadError,
};

/// A text that grows, each token taken at the exit where a rule leaves.
pub struct EarlyRun {
    engine: Engine,
    rule: Rule,
    sampling: Sampling,
    /// From the lowest up, original last.
    exits: Vec<ExitId>,
    text: Vec<TokenId>,
    left: usize,
    ended: bool,
    work: EarlyWork,
}

/// A token that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EarlyToken {
    /// The token.
    pub id: TokenId,
    /// The exit that it was taken at.
    pub exit: ExitId,
}

/// What was computed for the tokens so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EarlyWork {
    /// Tokens taken.
    pub tokens: usize,
    /// Blocks times tokens that ran, what was made up for later tokens included.
    pub blocks: usize,
    /// Heads evaluated.
    pub heads: usize,
    /// How often each exit was taken, from the lowest up.
    pub counts: Vec<usize>,
}

impl EarlyRun {
    /// Goes on from `prompt` for at most `most` tokens. A rule that knows the answer cannot: it never leaves early.
    ///
    /// # Errors
    /// If the prompt is empty or longer than the context.
    pub fn new(
        engine: Engine,
        prompt: Vec<TokenId>,
        rule: Rule,
        sampling: Sampling,
        most: usize,
    ) -> Result<Self, Error> {
        let context = engine.context();
        if prompt.is_empty() {
            return Err(Error::EmptyText);
        }
        if prompt.len() > context {
            return Err(Error::ContextFull { context, found: prompt.len() });
        }
        let exits: Vec<ExitId> = engine.model().spec.exit_ids().into_iter().rev().collect();
        let work = EarlyWork { counts: vec![0; exits.len()], ..EarlyWork::default() };
        Ok(Self { engine, rule, sampling, exits, text: prompt, left: most, ended: false, work })
    }

    /// The text so far.
    #[must_use]
    pub fn text(&self) -> &[TokenId] {
        &self.text
    }

    /// The engine: all blocks have run over the text as far as the last token that needed them.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// What was computed so far, without the prompt.
    #[must_use]
    pub fn work(&self) -> &EarlyWork {
        &self.work
    }

    /// Takes the next token; `None` at the end.
    ///
    /// # Errors
    /// If computing fails, or an exit gives a number that is not finite.
    pub fn step(&mut self) -> Result<Option<EarlyToken>, ReadError> {
        let position = self.text.len();
        if self.left == 0 || self.ended || position > self.engine.context() {
            return Ok(None);
        }
        // All but the last token, which goes from exit to exit.
        if self.engine.early_len() + 1 < position {
            self.engine.read(&self.text[..position - 1], BATCH, &mut |_| true)?;
        }
        self.engine.begin_early(self.text[position - 1])?;
        let (mut seen, last) = (Vec::new(), self.exits.len() - 1);
        // A fixed exit is gone to at once; whoever looks, looks at every exit.
        let first = if self.rule.policy == Policy::Fixed { self.rule.taken_fixed().min(last) } else { 0 };
        for at in first..=last {
            let exit = self.exits[at];
            let (logits, blocks) = self.engine.deepen(exit)?;
            self.work.blocks += blocks;
            self.work.heads += 1;
            let logits = logits.finite()?;
            let distribution = Distribution::new(logits.row(exit, 0).unwrap_or_default());
            seen.push(glance(&distribution));
            if at < last && self.rule.policy != Policy::Fixed && !self.rule.leaves(&seen) {
                continue;
            }
            let history: Vec<u32> = self.text.iter().map(|id| id.0).collect();
            let chosen = decode::choose(&distribution.ln_row(), &history, &self.sampling, position);
            let id = TokenId(chosen.id);
            self.text.push(id);
            self.left -= 1;
            self.ended = self.engine.model().tokenizer.end_of_text() == Some(id);
            self.work.tokens += 1;
            self.work.counts[at] += 1;
            return Ok(Some(EarlyToken { id, exit }));
        }
        Ok(None)
    }
}

/// What a rule reads of a distribution; rules that look do not ask how deep it is.
fn glance(distribution: &Distribution<'_>) -> Glance {
    let top = distribution.top(2);
    let p = |n: usize| top.get(n).map_or(0.0, |scored| scored.ln_p.exp());
    let first = top.first().map_or(0, |scored| scored.id);
    Glance { depth: 0, top: first, p: [p(0), p(1)], entropy: distribution.entropy() }
}
