//! The tensors of a model file: which there must be, and their sizes. Converter and loader read the same table.
//!
//! Trunk tensors are named as llama.cpp names them; GPT-Neo's, for which it has no names, like GPT-2's, with q, k and v
//! in one matrix and no bias on it. Sizes are in ggml's order: row length first.

use mexit_ggml::gguf::Gguf;

use crate::spec::{Architecture, Projection, Spec};

/// One tensor that a model has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Its name in GGUF.
    pub name: String,
    /// Its sizes, row length first.
    pub shape: Vec<usize>,
    /// What it is for, which decides its type and its device.
    pub role: Role,
}

/// What a tensor is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Rows looked up by id, and the output matrix if there is no other.
    Embedding,
    /// The matrix of block n (from 0).
    Matrix(u32),
    /// Bias or norm of block n: always f32.
    Vector(u32),
    /// Norm of the output, or positions: always f32.
    Plain,
    /// A projection to the vocabulary, or a cast before it.
    Head,
}

impl Slot {
    /// True where only f32 will do: ggml aborts on other types here.
    #[must_use]
    pub fn needs_f32(&self) -> bool {
        matches!(self.role, Role::Vector(_) | Role::Plain)
    }
}

/// The name of the head of exit k.
#[must_use]
pub fn head_name(k: u32) -> String {
    format!("exit.{k}.head.weight")
}

/// The name of the cast matrix of exit k.
#[must_use]
pub fn cast_name(k: u32) -> String {
    format!("exit.{k}.cast.weight")
}

/// The model's own output matrix, if it is not the embedding.
pub const OUTPUT: &str = "output.weight";

/// Every tensor that a file of this model must have.
#[must_use]
pub fn of(file: &Gguf, spec: &Spec) -> Vec<Slot> {
    trunk(spec, file.tensor(OUTPUT).is_some()).into_iter().chain(exits(spec)).collect()
}

/// Every tensor of the trunk, in the order in which they are written. `untied`: with an output matrix of its own.
#[must_use]
pub fn trunk(spec: &Spec, untied: bool) -> Vec<Slot> {
    let (d, inner, vocabulary) = (spec.width, spec.inner, spec.vocabulary);
    let slot = |name: String, shape: &[usize], role| Slot { name, shape: shape.to_vec(), role };
    let mut slots = vec![
        slot("token_embd.weight".into(), &[d, vocabulary], Role::Embedding),
        slot("position_embd.weight".into(), &[d, spec.context], Role::Plain),
    ];
    for n in 0..spec.blocks {
        let mut matrix = |name: &str, from: usize, to: usize, bias: bool| {
            slots.push(slot(format!("blk.{n}.{name}.weight"), &[from, to], Role::Matrix(n)));
            if bias {
                slots.push(slot(format!("blk.{n}.{name}.bias"), &[to], Role::Vector(n)));
            }
        };
        matrix("attn_qkv", d, 3 * d, spec.architecture == Architecture::Gpt2);
        matrix("attn_output", d, d, true);
        matrix("ffn_up", d, inner, true);
        matrix("ffn_down", inner, d, true);
        for norm in ["attn_norm", "ffn_norm"] {
            for part in ["weight", "bias"] {
                slots.push(slot(format!("blk.{n}.{norm}.{part}"), &[d], Role::Vector(n)));
            }
        }
    }
    slots.push(slot("output_norm.weight".into(), &[d], Role::Plain));
    slots.push(slot("output_norm.bias".into(), &[d], Role::Plain));
    if untied {
        slots.push(slot(OUTPUT.into(), &[d, vocabulary], Role::Head));
    }
    slots
}

/// The tensors of the exits. In cast mode the exit after the last block needs none: it reads the model's own head.
#[must_use]
pub fn exits(spec: &Spec) -> Vec<Slot> {
    let d = spec.width;
    let of = |k: &u32| match spec.projection {
        Projection::Heads => Some(Slot { name: head_name(*k), shape: vec![d, spec.vocabulary], role: Role::Head }),
        Projection::Cast if *k < spec.blocks => Some(Slot { name: cast_name(*k), shape: vec![d, d], role: Role::Head }),
        Projection::Cast | Projection::Direct => None,
    };
    spec.exits.iter().filter_map(of).collect()
}
