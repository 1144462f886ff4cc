//! Leaving a model early, for real: a token runs through the blocks up to one exit after the other, and stops at any.
//!
//! What it leaves undone, the keys and values of the deeper blocks, is made up for when a later token goes deeper: all
//! tokens before it that are not as deep go along in one batch, which reads the blocks' weights once for all of them
//! (the KV recomputation of EE-LLM, Chen et al., 2023, arXiv 2312.04916). So nothing is made up that the full model would
//! not have computed: CALM's copies of the exit's row (arXiv 2207.07061) are cheaper, and only resemble it.

use mexit_ggml::{Arena, DType, Graph, Ops, Tensor};

use super::{Engine, LogitRows, collect};
use crate::{
    Error, ExitId, TokenId,
    heads::{self, By},
    pace::{Stopwatch, Work},
    trunk::{self, Part},
};

impl Engine {
    /// The tokens read, and those that were left early after them.
    #[must_use]
    pub fn early_len(&self) -> usize {
        self.cache.ids().len() + self.cache.early().ids.len()
    }

    /// Goes on with one more token, which no block has run over yet; see [`Engine::deepen`].
    ///
    /// # Errors
    /// If the token is not one of the model's, or the context is full.
    pub fn begin_early(&mut self, id: TokenId) -> Result<(), Error> {
        let (vocabulary, context) = (self.model.spec.vocabulary, self.cache.context());
        if id.index() >= vocabulary {
            return Err(Error::UnknownToken { id, vocabulary });
        }
        if self.early_len() >= context {
            return Err(Error::ContextFull { context, found: self.early_len() + 1 });
        }
        // A draft's keys and values would lie where this token's go.
        self.cache.discard_draft();
        let early = self.cache.early_mut();
        early.ids.push(id);
        early.depths.push(0);
        Ok(())
    }

    /// Runs the last token up to the block of `exit`, those before it along as far as they are not there yet, and gives
    /// its logits there. Gives the product of blocks and tokens that ran, too. When all blocks have run, the tokens are
    /// part of the text.
    ///
    /// # Errors
    /// If no token was begun, the exit lies below where it is, or computing fails; then what was begun is forgotten.
    pub fn deepen(&mut self, exit: ExitId) -> Result<(LogitRows, usize), Error> {
        let result = self.deepened(exit);
        if result.is_err() {
            self.cache.discard();
        }
        result
    }

    fn deepened(&mut self, exit: ExitId) -> Result<(LogitRows, usize), Error> {
        self.model.require_exit(exit)?;
        let tap = heads::tap_of(&self.model, exit);
        let Some((from, n)) = self.cache.early().front() else {
            // Original after the exit of the last block: that is part of the text already.
            let last = self.cache.ids().len().checked_sub(1).ok_or(Error::EmptyText)?;
            return Ok((self.logits_at(&[last], &[exit])?, 0));
        };
        if tap < from {
            return Err(Error::model("an exit to go on to", format!("one from block {from} on"), exit));
        }
        if tap > from || self.cache.early().rows.is_empty() {
            self.run_blocks(from, tap, n)?;
        }
        if self.cache.early().ids.is_empty() {
            let last = self.cache.ids().len() - 1;
            return Ok((self.logits_at(&[last], &[exit])?, n * (tap - from) as usize));
        }
        Ok((self.early_logits(exit, tap)?, n * (tap - from) as usize))
    }

    /// Runs blocks over the last `n` tokens.
    fn run_blocks(&mut self, from: u32, to: u32, n: usize) -> Result<(), Error> {
        let started = Stopwatch::start();
        let (spec, early) = (&self.model.spec, self.cache.early());
        let n_past = self.cache.ids().len() + early.ids.len() - n;
        let taps = spec.taps();
        let part = Part { n, n_past, blocks: from..to };
        let arena = Arena::new(trunk::tensors(&self.model))?;
        let trunk = trunk::build(&arena, &self.model, &self.cache, &part, self.gelu)?;
        let mut graph = Graph::new(&arena)?;
        trunk.compute_in(&mut graph);
        let first = early.ids.len() - n;
        let entry = if from == 0 {
            trunk::token_bytes(&early.ids[first..], n_past)
        } else {
            let place = taps.iter().position(|tap| *tap == from).unwrap_or(0);
            vec![bytemuck::cast_slice(&early.rows[place][first * spec.width..]).to_vec()]
        };
        let given = trunk.inputs(entry, &part, spec.window);
        let inputs: Vec<_> = given.iter().map(|(tensor, bytes)| (*tensor, &bytes[..])).collect();
        let ran = taps.iter().enumerate().filter(|(_, tap)| (**tap > from || from == 0) && **tap <= to);
        let places: Vec<usize> = ran.map(|(place, _)| place).collect();
        let mut rows = vec![vec![0f32; n * spec.width]; places.len()];
        let mut outputs: Vec<(Tensor<'_>, &mut [f32])> =
            trunk.taps.iter().zip(&mut rows).map(|(tap, out)| (*tap, &mut out[..])).collect();
        self.executor.run(&graph, &inputs, &mut outputs)?;
        drop((outputs, graph, trunk, inputs));
        drop(given);
        drop(arena);
        let (width, blocks) = (spec.width, spec.blocks);
        self.cache.early_mut().deepen(n, to, places.into_iter().zip(rows), width);
        if to == blocks {
            let early = std::mem::take(self.cache.early_mut());
            self.computed += early.ids.len() as u64;
            self.cache.extend(&early.ids, &early.rows);
        }
        self.mind_pace(Work { rows: n, past: n_past, blocks: to - from, heads: 0 }, started);
        Ok(())
    }

    /// Logits of an exit for the last token, from its row after `tap`.
    fn early_logits(&mut self, exit: ExitId, tap: u32) -> Result<LogitRows, Error> {
        let (spec, early) = (&self.model.spec, self.cache.early());
        let place = spec.taps().iter().position(|t| *t == tap).unwrap_or(0);
        let at = early.ids.len() - 1;
        let row = early.rows[place][at * spec.width..].to_vec();
        let arena = Arena::new(2 * heads::tensors(1))?;
        let mut graph = Graph::new(&arena)?;
        let input = Ops::new(&arena).input("row", DType::F32, &[spec.width, 1])?;
        let head = [heads::build(&arena, &self.model, exit, By::Exit, input)?];
        graph.compute(head[0]);
        let shape = (&[exit][..], &[self.cache.ids().len() + at][..], spec.vocabulary);
        self.evaluated += 1;
        collect(&mut self.executor, &graph, &[(input, bytemuck::cast_slice(&row))], &head, shape, &mut [])
    }
}
