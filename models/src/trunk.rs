//! The blocks as a graph: ids in, the raw residual rows after every tapped block out.
//!
//! Letters are ggml's: n tokens in this batch, `n_past` before them, `n_kv` = `n_past` + n, d the width, hd numbers an
//! attention head.

use std::ops::Range;

use mexit_ggml::{Arena, Attention, DType, Device, Graph, Ops, Tensor, Then};

use crate::{Error, Model, TokenId, cache::Cache};

/// How the feed-forward layer's activation is computed; both are the same formula.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Gelu {
    /// In f32.
    #[default]
    Exact,
    /// As stock llama.cpp does on the processor: from a table of f16 numbers.
    Table,
}

/// Which blocks run, and over what.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// Tokens in this batch.
    pub(crate) n: usize,
    /// Tokens before them.
    pub(crate) n_past: usize,
    /// The blocks, counted from 0.
    pub(crate) blocks: Range<u32>,
}

/// What a trunk graph takes and gives.
pub(crate) struct Trunk<'a> {
    /// From block 0 on ids and positions, i32 `[n]` each; else the raw rows before the first block, f32 `[d, n]`.
    pub(crate) entry: Vec<Tensor<'a>>,
    /// f16 `[n_kv, n]`: which keys each token sees, for global and for local layers; `None` where nothing asks.
    pub(crate) masks: [Option<Tensor<'a>>; 2],
    /// What writes into the cache: to be computed although nothing may read it.
    pub(crate) writes: Vec<Tensor<'a>>,
    /// What is computed on another device than the weights around it would have it.
    pub(crate) pinned: Vec<(Tensor<'a>, Device)>,
    /// f32 `[d, n]` after each tapped block that ran (and the embeddings), in the order of [`crate::Spec::taps`].
    pub(crate) taps: Vec<Tensor<'a>>,
}

/// Upper bound of the tensors in a trunk graph.
pub(crate) fn tensors(model: &Model) -> usize {
    48 * model.spec.blocks as usize + 32
}

struct Builder<'a> {
    ops: Ops<'a>,
    model: &'a Model,
    cache: &'a Cache,
    gelu: Gelu,
    n: usize,
    n_past: usize,
    masks: [Option<Tensor<'a>>; 2],
    writes: Vec<Tensor<'a>>,
    pinned: Vec<(Tensor<'a>, Device)>,
}

/// Builds a part of the trunk.
pub(crate) fn build<'a>(
    arena: &'a Arena,
    model: &'a Model,
    cache: &'a Cache,
    part: &Part,
    gelu: Gelu,
) -> Result<Trunk<'a>, Error> {
    let (spec, ops, n, n_past) = (&model.spec, Ops::new(arena), part.n, part.n_past);
    let (masks, writes, pinned) = ([None; 2], Vec::new(), Vec::new());
    let mut b = Builder { ops, model, cache, gelu, n, n_past, masks, writes, pinned };
    let first = part.blocks.start;
    let (entry, mut x) = if first == 0 {
        let ids = ops.input("ids", DType::I32, &[n])?;
        let positions = ops.input("positions", DType::I32, &[n])?;
        let tokens = ops.get_rows("embd.token", model.weight("token_embd.weight")?, ids)?;
        let places = ops.get_rows("embd.position", model.weight("position_embd.weight")?, positions)?;
        (vec![ids, positions], ops.add("embd", tokens, places)?)
    } else {
        let rows = ops.input("rows", DType::F32, &[spec.width, n])?;
        (vec![rows], rows)
    };
    let mut taps = Vec::new();
    let wanted = spec.taps();
    for il in first..=part.blocks.end {
        // Rows that were given are no result.
        if wanted.contains(&il) && (il > first || first == 0) {
            taps.push(ops.output(x));
        }
        if il < part.blocks.end {
            x = b.attention(il, x)?;
            x = b.feed_forward(il, x)?;
        }
    }
    Ok(Trunk { entry, masks: b.masks, writes: b.writes, pinned: b.pinned, taps })
}

impl<'a> Trunk<'a> {
    /// Has a graph compute the writes and the tapped rows.
    pub(crate) fn compute_in(&self, graph: &mut Graph<'a>) {
        self.writes.iter().chain(&self.taps).for_each(|result| graph.compute(*result));
        self.pinned.iter().for_each(|(tensor, device)| graph.place(*tensor, *device));
    }

    /// Every input with its bytes, those of the entry given.
    pub(crate) fn inputs(&self, entry: Vec<Vec<u8>>, part: &Part, window: usize) -> Vec<(Tensor<'a>, Vec<u8>)> {
        let masks = self.masks.iter().zip([0, window]);
        let masks = masks.filter_map(|(mask, window)| Some(((*mask)?, mask_bytes(part.n_past, part.n, window))));
        self.entry.iter().copied().zip(entry).chain(masks).collect()
    }
}

/// The bytes of ids and of their positions.
pub(crate) fn token_bytes(ids: &[TokenId], n_past: usize) -> Vec<Vec<u8>> {
    let numbers = |values: &mut dyn Iterator<Item = usize>| -> Vec<u8> {
        values.flat_map(|v| i32::try_from(v).unwrap_or(0).to_ne_bytes()).collect()
    };
    vec![numbers(&mut ids.iter().map(|id| id.index())), numbers(&mut (n_past..n_past + ids.len()))]
}

impl<'a> Builder<'a> {
    /// x `[d, n]` plus attention over its norm and everything before it.
    fn attention(&mut self, il: u32, x: Tensor<'a>) -> Result<Tensor<'a>, Error> {
        let (spec, name) = (&self.model.spec, |part: &str| format!("l{il}.{part}"));
        let normed = self.norm(&format!("blk.{il}.attn_norm"), &name("attn_norm"), x)?;
        let qkv = self.linear(&format!("blk.{il}.attn_qkv"), &name("qkv"), normed, Then::Done)?; // [3d, n]
        let window = if spec.local[il as usize] { spec.window } else { 0 };
        let scale = spec.attention_scale();
        let how = Attention { heads: spec.attention_heads, past: self.n_past, window, scale };
        let mixed = match self.ops.remember_and_attend(&name("kqv"), qkv, self.cache.block(il)?, how)? {
            Some(mixed) => {
                self.writes.push(mixed);
                mixed
            }
            None => self.attention_by_ggml(il, qkv)?,
        };
        let (here, there) = (self.model.plan().block(il), self.model.plan().cache(il));
        if here != there {
            // Where the cache is: a token's row crosses, instead of everything before it.
            self.pinned.push((mixed, there));
        }
        let joined = self.ops.matrix(&name("kqv.joined"), mixed, spec.width, self.n)?;
        self.linear(&format!("blk.{il}.attn_output"), &name("attn_out"), joined, Then::Add(x))
    }

    /// Stores the keys and values of qkv `[3d, n]` and gives what each token's attention makes of them, `[hd, heads, n]`.
    fn attention_by_ggml(&mut self, il: u32, qkv: Tensor<'a>) -> Result<Tensor<'a>, Error> {
        let (ops, spec) = (self.ops, &self.model.spec);
        let (d, hd, heads, n) = (spec.width, spec.head_width(), spec.attention_heads, self.n);
        let name = |part: &str| format!("l{il}.{part}");
        let part = |label: &str, index: usize| -> Result<Tensor<'a>, Error> {
            let rows = ops.window(&name(label), qkv, [hd, heads, n], [4 * hd, 4 * 3 * d], 4 * d * index)?;
            Ok(ops.swap_rows(&name(label), rows)?) // [hd, n, heads]
        };
        let q = part("q", 0)?;
        // Strides of the cache: a number, a position, a head.
        let number = if self.cache.kind() == DType::F16 { 2 } else { 4 };
        let position = hd * number;
        let strides = [position, position * self.cache.context()];
        let mut seen = Vec::with_capacity(2);
        for (label, index, store) in [("k", 1, self.cache.block(il)?[0]), ("v", 2, self.cache.block(il)?[1])] {
            let new = part(label, index)?;
            let place = ops.window(&name("place"), store, [hd, n, heads], strides, self.n_past * position)?;
            self.writes.push(ops.copy_into(&name(&format!("{label}.write")), new, place)?);
            seen.push(ops.window(&name(&format!("{label}.seen")), store, [hd, self.n_past + n, heads], strides, 0)?);
        }
        let mask = self.mask(spec.local[il as usize])?;
        Ok(ops.attention(&name("kqv"), q, [seen[0], seen[1]], mask, spec.attention_scale())?)
    }

    /// Which keys each token sees in a local layer or another; `None` where all are seen.
    fn mask(&mut self, local: bool) -> Result<Option<Tensor<'a>>, Error> {
        // A single token sees everything, unless a window is shorter than the text.
        let wanted = self.n > 1 || local && self.n_past >= self.model.spec.window;
        let mask = &mut self.masks[usize::from(local)];
        if wanted && mask.is_none() {
            let name = if local { "mask.local" } else { "mask" };
            *mask = Some(self.ops.input(name, DType::F16, &[self.n_past + self.n, self.n])?);
        }
        Ok(*mask)
    }

    /// x `[d, n]` plus the feed-forward layer over its norm.
    fn feed_forward(&self, il: u32, x: Tensor<'a>) -> Result<Tensor<'a>, Error> {
        let name = |part: &str| format!("l{il}.{part}");
        let normed = self.norm(&format!("blk.{il}.ffn_norm"), &name("ffn_norm"), x)?;
        let up = |then| self.linear(&format!("blk.{il}.ffn_up"), &name("ffn_up"), normed, then); // [inner, n]
        let active = match self.gelu {
            Gelu::Exact => up(Then::Gelu)?,
            Gelu::Table => self.ops.gelu_table(&name("gelu"), up(Then::Done)?)?,
        };
        self.linear(&format!("blk.{il}.ffn_down"), &name("ffn_down"), active, Then::Add(x))
    }

    fn norm(&self, weight: &str, name: &str, x: Tensor<'a>) -> Result<Tensor<'a>, Error> {
        let [weight, bias] = ["weight", "bias"].map(|part| format!("{weight}.{part}"));
        norm(self.ops, self.model, [&weight, &bias], name, x)
    }

    /// weight · x + bias, if there is a bias, and what follows.
    fn linear(&self, weight: &str, name: &str, x: Tensor<'a>, then: Then<'a>) -> Result<Tensor<'a>, Error> {
        let bias = self.model.weight(&format!("{weight}.bias")).ok();
        Ok(self.ops.linear(name, self.model.weight(&format!("{weight}.weight"))?, bias, x, then)?)
    }
}

/// Layer norm with the weight and the bias of these names.
pub(crate) fn norm<'a>(
    ops: Ops<'a>,
    model: &'a Model,
    [weight, bias]: [&str; 2],
    name: &str,
    x: Tensor<'a>,
) -> Result<Tensor<'a>, Error> {
    Ok(ops.layer_norm(name, x, [model.weight(weight)?, model.weight(bias)?], model.spec.epsilon)?)
}

/// Which keys token i of the batch sees, as the f16 mask wants it: 0 or −inf. `window` 0 is global; a local layer's
/// token sees itself and the `window` − 1 before it.
pub(crate) fn mask_bytes(n_past: usize, n: usize, window: usize) -> Vec<u8> {
    const HIDDEN: u16 = 0xFC00;
    let sees = |i: usize, j: usize| j <= n_past + i && (window == 0 || j + window > n_past + i);
    (0..n)
        .flat_map(|i| (0..n_past + n).map(move |j| if sees(i, j) { 0 } else { HIDDEN }))
        .flat_map(u16::to_ne_bytes)
        .collect()
}
