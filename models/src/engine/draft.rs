//! Self-speculation with the exits: lower blocks run ahead of the text, the upper ones follow over several tokens at
//! once. LayerSkip (Elhoushi et al., arXiv 2404.16710, section 4.3) is the published idea; nothing that the lower blocks
//! have computed (rows, keys, values) is computed again.
//!
//! What has been drafted is no part of the text: [`Engine::ids`] and every stored row end before it until
//! [`Engine::accept`] says how much of it stays, and reading or stepping forgets it.

use mexit_ggml::{Arena, DType, Graph, Ops, Tensor, attends_as_single, batches_as_single};

use super::{Engine, LogitRows, collect};
use crate::{
    Error, ExitId, TokenId,
    heads::{self, By},
    pace::{Stopwatch, Work},
    trunk::{self, Part, Trunk},
};

impl Engine {
    /// Tokens drafted and not accepted.
    #[must_use]
    pub fn drafted(&self) -> usize {
        self.cache.drafted().ids.len()
    }

    /// Whether a batch gives a step's logits up to the order of f32 sums (or to the bit, under the reference kernels).
    /// What ggml multiplies is rounded by other kernels for one row than for several.
    #[must_use]
    pub fn batches_as_it_steps(&self) -> bool {
        let plain = || {
            let mut tensors = self.model.file.tensors.iter();
            tensors.all(|tensor| batches_as_single(tensor.dtype, tensor.shape[0]))
        };
        let attends = attends_as_single(self.cache.kind(), self.model.spec.head_width());
        self.reference || (self.model.plan().devices().is_empty() && attends && plain())
    }

    /// Runs the blocks below `exit` over one more token after the text and what has been drafted of it, and gives the
    /// logits of `exits` there, of which none may be above. All tokens of a draft go to the same exit.
    ///
    /// # Errors
    /// If there is no room in the context, the token or an exit is not one of the model's, the exit is not a lower one,
    /// or computing fails.
    pub fn draft(&mut self, id: TokenId, exit: ExitId, exits: &[ExitId]) -> Result<LogitRows, Error> {
        let started = Stopwatch::start();
        let blocks = self.lower(exit)?;
        // What was left early lies where the draft's keys and values go.
        self.cache.discard_early();
        let (spec, drafted) = (&self.model.spec, self.cache.drafted());
        let n_past = self.cache.ids().len() + drafted.ids.len();
        if n_past >= self.cache.context() {
            return Err(Error::ContextFull { context: self.cache.context(), found: n_past + 1 });
        }
        if id.index() >= spec.vocabulary {
            return Err(Error::UnknownToken { id, vocabulary: spec.vocabulary });
        }
        if !drafted.ids.is_empty() && drafted.blocks != blocks {
            return Err(Error::model("a draft", format!("exit {} to the end", drafted.blocks), exit));
        }
        let part = Part { n: 1, n_past, blocks: 0..blocks };
        let arena = Arena::new(trunk::tensors(&self.model) + 2 * heads::tensors(exits.len()))?;
        let trunk = trunk::build(&arena, &self.model, &self.cache, &part, self.gelu)?;
        let mut graph = graph_of(&arena, &trunk)?;
        let taps: Vec<u32> = spec.taps().into_iter().take_while(|tap| *tap <= blocks).collect();
        let mut heads = Vec::with_capacity(exits.len());
        for exit in exits {
            self.model.require_exit(*exit)?;
            let tap = heads::tap_of(&self.model, *exit);
            let place = taps.iter().position(|t| *t == tap).ok_or_else(|| above(*exit, blocks))?;
            heads.push(heads::build(&arena, &self.model, *exit, By::Exit, trunk.taps[place])?);
        }
        for logits in &heads {
            graph.compute(*logits);
        }
        let given = trunk.inputs(trunk::token_bytes(&[id], n_past), &part, spec.window);
        let inputs: Vec<_> = given.iter().map(|(tensor, bytes)| (*tensor, &bytes[..])).collect();
        let mut rows = vec![vec![0f32; spec.width]; taps.len()];
        let mut outputs = outputs_of(&trunk, &mut rows);
        let shape = (exits, &[n_past][..], spec.vocabulary);
        let logits = collect(&mut self.executor, &graph, &inputs, &heads, shape, &mut outputs)?;
        drop((outputs, graph, heads, trunk, inputs));
        drop(given);
        drop(arena);
        let drafted = self.cache.drafted_mut();
        drafted.blocks = blocks;
        drafted.push(id, rows);
        self.mind_pace(Work { rows: 1, past: n_past, blocks, heads: exits.len() }, started);
        Ok(logits)
    }

    /// Runs the remaining blocks over everything drafted, in one batch, and gives the logits of `exits` after each of
    /// its tokens. The text is as before until [`Engine::accept`].
    ///
    /// # Errors
    /// If nothing has been drafted, an exit is not the model's, or computing fails; then the draft is forgotten.
    pub fn verify(&mut self, exits: &[ExitId]) -> Result<LogitRows, Error> {
        let result = self.verified(exits);
        if result.is_err() {
            self.cache.discard();
        }
        result
    }

    /// Makes the first `n` of the verified tokens part of the text, and forgets the others.
    ///
    /// # Errors
    /// If there are not so many, or they have not been verified.
    pub fn accept(&mut self, n: usize) -> Result<(), Error> {
        let (blocks, found) = (self.model.spec.blocks, self.cache.drafted());
        if n > found.ids.len() || found.blocks != blocks {
            let found = format!("{} that {} blocks have run over", found.ids.len(), found.blocks);
            return Err(Error::model("a draft", format!("{n} verified tokens"), found));
        }
        let width = self.model.spec.width;
        let (ids, rows) = std::mem::take(self.cache.drafted_mut()).first(n, width);
        self.cache.extend(&ids, &rows);
        Ok(())
    }

    fn verified(&mut self, exits: &[ExitId]) -> Result<LogitRows, Error> {
        let (spec, drafted, started) = (&self.model.spec, self.cache.drafted(), Stopwatch::start());
        let (n, n_past, below) = (drafted.ids.len(), self.cache.ids().len(), drafted.blocks);
        if n == 0 || below >= spec.blocks {
            return Err(Error::model("a draft", "tokens to be verified", format!("{n} after {below} blocks")));
        }
        let part = Part { n, n_past, blocks: below..spec.blocks };
        let arena = Arena::new(trunk::tensors(&self.model) + 2 * heads::tensors(exits.len()))?;
        let ops = Ops::new(&arena);
        let trunk = trunk::build(&arena, &self.model, &self.cache, &part, self.gelu)?;
        let mut graph = graph_of(&arena, &trunk)?;
        let taps = spec.taps();
        let stored = |tap: u32| {
            let place = taps.iter().position(|t| *t == tap).unwrap_or(0);
            bytemuck::cast_slice::<f32, u8>(&drafted.rows[place]).to_vec()
        };
        // Block 0 begins with ids.
        let entry = if below == 0 { trunk::token_bytes(&drafted.ids, n_past) } else { vec![stored(below)] };
        let mut given = trunk.inputs(entry, &part, spec.window);
        let ran: Vec<u32> = taps.iter().copied().filter(|tap| *tap > below || below == 0).collect();
        let mut heads = Vec::with_capacity(exits.len());
        for exit in exits {
            self.model.require_exit(*exit)?;
            let tap = heads::tap_of(&self.model, *exit);
            let rows = if let Some(place) = ran.iter().position(|t| *t == tap) {
                trunk.taps[place]
            } else {
                let rows = ops.input(&format!("rows.{exit}"), DType::F32, &[spec.width, n])?;
                given.push((rows, stored(tap)));
                rows
            };
            heads.push(heads::build(&arena, &self.model, *exit, By::Exit, rows)?);
        }
        for logits in &heads {
            graph.compute(*logits);
        }
        let inputs: Vec<_> = given.iter().map(|(tensor, bytes)| (*tensor, &bytes[..])).collect();
        let mut rows = vec![vec![0f32; n * spec.width]; ran.len()];
        let mut outputs = outputs_of(&trunk, &mut rows);
        let positions: Vec<usize> = (n_past..n_past + n).collect();
        let shape = (exits, &positions[..], spec.vocabulary);
        let logits = collect(&mut self.executor, &graph, &inputs, &heads, shape, &mut outputs)?;
        drop((outputs, graph, heads, trunk, inputs));
        drop(given);
        drop(arena);
        let all = self.model.spec.blocks;
        let drafted = self.cache.drafted_mut();
        if below == 0 {
            drafted.rows.clear();
        }
        drafted.rows.extend(rows);
        drafted.blocks = all;
        self.computed += n as u64;
        self.mind_pace(Work { rows: n, past: n_past, blocks: all - below, heads: exits.len() }, started);
        Ok(logits)
    }

    /// How many blocks run before an exit that a draft can go to.
    fn lower(&self, exit: ExitId) -> Result<u32, Error> {
        self.model.require_exit(exit)?;
        let blocks = self.model.spec.blocks;
        match exit {
            ExitId::Block(k) if k < blocks => Ok(k),
            _ => Err(Error::model("the exit of a draft", format!("one below block {blocks}, the last"), exit)),
        }
    }
}

fn above(exit: ExitId, blocks: u32) -> Error {
    Error::model("an exit in a draft", format!("none above block {blocks}, where the draft ends"), exit)
}

/// A graph of a part of the trunk.
fn graph_of<'a>(arena: &'a Arena, trunk: &Trunk<'a>) -> Result<Graph<'a>, Error> {
    let mut graph = Graph::new(arena)?;
    trunk.compute_in(&mut graph);
    Ok(graph)
}

fn outputs_of<'a, 'r>(trunk: &Trunk<'a>, rows: &'r mut [Vec<f32>]) -> Vec<(Tensor<'a>, &'r mut [f32])> {
    trunk.taps.iter().zip(rows).map(|(tap, out)| (*tap, &mut out[..])).collect()
}
