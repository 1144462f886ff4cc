//! What a model remembers of a text: keys and values of every block, and the raw rows after every exit's block.

use mexit_ggml::{DType, Source, Tensor, Weights};

use crate::{Error, Model, TokenId, drafted::Drafted, early::Early};

/// The memory of one text. A value of its own, so that texts share a model.
pub(crate) struct Cache {
    kv: Weights,
    kind: DType,
    context: usize,
    width: usize,
    taps: Vec<u32>,
    /// By tap: rows of d numbers, one a position, not normalized.
    hidden: Vec<Vec<f32>>,
    ids: Vec<TokenId>,
    /// What goes on from the text without being part of it.
    drafted: Drafted,
    /// What goes on from the text and was left early.
    early: Early,
}

impl Cache {
    /// An empty cache for up to `context` tokens, its keys and values in f32 or f16.
    ///
    /// # Errors
    /// If there is no memory for it.
    pub(crate) fn new(model: &Model, context: usize, kind: DType) -> Result<Self, Error> {
        let spec = &model.spec;
        let mut kv = Weights::new(2 * spec.blocks as usize, None)?;
        // Head by head: a head's keys then lie in one piece, which is what a step reads (ggml-notes measured 1.5×).
        let shape = [spec.head_width(), context, spec.attention_heads];
        for n in 0..spec.blocks {
            let device = model.plan().cache(n);
            for name in [key_name(n), value_name(n)] {
                kv.add(&name, (kind, &shape), device, &Source::Zeros)
                    .map_err(|e| Error::on(device, model.held_on(device) + kv.held_on(device), e))?;
            }
        }
        let taps = spec.taps();
        let hidden = vec![Vec::new(); taps.len()];
        Ok(Self {
            kv,
            kind,
            context,
            width: spec.width,
            taps,
            hidden,
            ids: Vec::new(),
            drafted: Drafted::default(),
            early: Early::default(),
        })
    }

    /// Bytes that the keys and values of `context` tokens take in the processor's memory.
    pub(crate) fn bytes_for(model: &Model, context: usize, kind: DType) -> u64 {
        let blocks = (0..model.spec.blocks).filter(|n| model.plan().cache(*n).is_cpu()).count() as u64;
        let numbers = 2 * blocks * model.spec.width as u64 * context as u64;
        kind.row_bytes(numbers).unwrap_or(u64::MAX)
    }

    /// The tokens remembered.
    pub(crate) fn ids(&self) -> &[TokenId] {
        &self.ids
    }

    /// The longest text that fits.
    pub(crate) fn context(&self) -> usize {
        self.context
    }

    /// Forgets everything from position `len` on; what is kept is not computed again.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.discard();
        self.ids.truncate(len);
        self.hidden.iter_mut().for_each(|rows| rows.truncate(len * self.width));
    }

    /// The raw rows after block `tap` at `positions`, d numbers each.
    pub(crate) fn rows(&self, tap: u32, positions: std::ops::Range<usize>) -> Option<&[f32]> {
        let index = self.taps.iter().position(|t| *t == tap)?;
        self.hidden[index].get(positions.start * self.width..positions.end * self.width)
    }

    /// Appends tokens with their rows, `rows` by tap.
    pub(crate) fn extend(&mut self, ids: &[TokenId], rows: &[Vec<f32>]) {
        self.discard();
        self.ids.extend_from_slice(ids);
        self.hidden.iter_mut().zip(rows).for_each(|(stored, new)| stored.extend_from_slice(new));
    }

    /// Appends tokens of another cache with their rows, from the end of this one on.
    pub(crate) fn take_from(&mut self, other: &Self, positions: std::ops::Range<usize>) {
        self.discard();
        self.ids.extend_from_slice(&other.ids[positions.clone()]);
        let numbers = positions.start * self.width..positions.end * self.width;
        for (stored, rows) in self.hidden.iter_mut().zip(&other.hidden) {
            stored.extend_from_slice(&rows[numbers.clone()]);
        }
    }

    /// What has been drafted.
    pub(crate) fn drafted(&self) -> &Drafted {
        &self.drafted
    }

    /// The same, to be changed.
    pub(crate) fn drafted_mut(&mut self) -> &mut Drafted {
        &mut self.drafted
    }

    /// What was left early.
    pub(crate) fn early(&self) -> &Early {
        &self.early
    }

    /// The same, to be changed.
    pub(crate) fn early_mut(&mut self) -> &mut Early {
        &mut self.early
    }

    /// Forgets what has been drafted or left early: its keys and values lie where the next token's will.
    pub(crate) fn discard(&mut self) {
        self.discard_draft();
        self.discard_early();
    }

    /// Forgets what has been drafted.
    pub(crate) fn discard_draft(&mut self) {
        self.drafted = Drafted::default();
    }

    /// Forgets what was left early.
    pub(crate) fn discard_early(&mut self) {
        self.early = Early::default();
    }

    pub(crate) fn kind(&self) -> DType {
        self.kind
    }

    /// Keys and values of block n (from 0), each `[head_dim, context, heads]`.
    pub(crate) fn block(&self, n: u32) -> Result<[Tensor<'_>; 2], Error> {
        let get = |name: String| self.kv.get(&name).ok_or_else(|| Error::missing(&name));
        Ok([get(key_name(n))?, get(value_name(n))?])
    }
}

fn key_name(n: u32) -> String {
    format!("cache.{n}.k")
}

fn value_name(n: u32) -> String {
    format!("cache.{n}.v")
}
