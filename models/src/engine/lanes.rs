//! Several texts over one model, side by side: each lane has a cache of its own, so that reading them in turns costs what
//! is new in each. Weights, scheduler and threads are shared: one lane computes at a time.

use mexit_ggml::{Arena, DType, Graph, Ops};

use super::{BATCH, Engine, require_memory};
use crate::{Error, TokenId, cache::Cache};

/// Which lane is at work, and what the others remember.
#[derive(Default)]
pub(super) struct Lanes {
    present: usize,
    parked: Vec<(usize, Cache)>,
}

impl Engine {
    /// The lane that is at work: 0 until [`Engine::turn_to`].
    #[must_use]
    pub fn lane(&self) -> usize {
        self.lanes.present
    }

    /// Turns to a lane, which has nothing read if it is new. What the others have read stays.
    ///
    /// # Errors
    /// If there is no memory for the cache of a new lane; then the present one stays at work.
    pub fn turn_to(&mut self, lane: usize) -> Result<(), Error> {
        if lane == self.lanes.present {
            return Ok(());
        }
        let there = self.lanes.parked.iter().position(|(parked, _)| *parked == lane);
        let cache = if let Some(index) = there {
            self.lanes.parked.swap_remove(index).1
        } else {
            let (context, kind) = (self.cache.context(), self.cache.kind());
            require_memory(0, Cache::bytes_for(&self.model, context, kind))?;
            Cache::new(&self.model, context, kind)?
        };
        let before = std::mem::replace(&mut self.cache, cache);
        self.lanes.parked.push((std::mem::replace(&mut self.lanes.present, lane), before));
        Ok(())
    }

    /// Copies into the present lane what another one has read of `text`, if that is more than a token further than it has
    /// read itself: lanes that happen to be alike still pay for their own steps, which are measured.
    ///
    /// Of a text that goes on differently whole batches are copied, counted from its start: what is read after them is
    /// then read in the batches in which [`Engine::read`] reads it from the start, to the last bit.
    ///
    /// # Errors
    /// If copying fails.
    pub fn adopt(&mut self, text: &[TokenId]) -> Result<(), Error> {
        let common = |cache: &Cache| cache.ids().iter().zip(text).take_while(|(a, b)| a == b).count();
        let whole = |tokens: usize| if tokens == text.len() { tokens } else { tokens / BATCH * BATCH };
        let others = self.lanes.parked.iter().map(|(_, cache)| (whole(common(cache)), cache));
        let Some((until, other)) = others.max_by_key(|(tokens, _)| *tokens) else { return Ok(()) };
        let from = common(&self.cache);
        if until <= from + 1 {
            return Ok(());
        }
        self.cache.truncate(from);
        let blocks = self.model.spec.blocks;
        // Of each key and value: two views and the copy.
        let arena = Arena::new(6 * blocks as usize)?;
        let (ops, mut graph) = (Ops::new(&arena), Graph::new(&arena)?);
        let number = if self.cache.kind() == DType::F16 { 2 } else { 4 };
        let position = self.model.spec.head_width() * number;
        let strides = [position, position * self.cache.context()];
        let shape = [self.model.spec.head_width(), until - from, self.model.spec.attention_heads];
        for n in 0..blocks {
            for (label, (to, source)) in ["k", "v"].iter().zip(self.cache.block(n)?.into_iter().zip(other.block(n)?)) {
                let name = format!("adopt.{n}.{label}");
                let source = ops.window(&name, source, shape, strides, from * position)?;
                let to = ops.window(&name, to, shape, strides, from * position)?;
                graph.compute(ops.copy_into(&name, source, to)?);
            }
        }
        self.executor.run(&graph, &[], &mut [])?;
        self.cache.take_from(other, from..until);
        Ok(())
    }
}
