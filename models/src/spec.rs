//! What a model is: the numbers that its graph is built from, as they stand in a GGUF file.

use mexit_ggml::gguf::{Array, Gguf, Value};

use crate::{Error, ExitId};

/// The architectures whose graph we have. GPT-Neo's is GPT-2's without scaled scores and with local layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    /// GPT-2.
    Gpt2,
    /// GPT-Neo; ours alone: llama.cpp has no graph for it.
    GptNeo,
}

impl Architecture {
    /// Its name in GGUF, and the prefix of its keys.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gpt2 => "gpt2",
            Self::GptNeo => "gptneo",
        }
    }
}

/// How an exit turns its row into logits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Projection {
    /// By a trained head of its own.
    Heads,
    /// By a trained matrix, then the model's own head.
    Cast,
    /// By the model's own head, untrained: the logit lens.
    Direct,
}

impl Projection {
    /// Its name in `mexit.projection`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Heads => "heads",
            Self::Cast => "cast",
            Self::Direct => "direct",
        }
    }
}

/// The numbers of a model. In shapes: d is `width`, V `vocabulary`.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// Which graph.
    pub architecture: Architecture,
    /// Number of blocks, L.
    pub blocks: u32,
    /// Length of a hidden row, d.
    pub width: usize,
    /// Attention heads; they divide d.
    pub attention_heads: usize,
    /// Width of the feed-forward layer.
    pub inner: usize,
    /// Learned positions: the longest text.
    pub context: usize,
    /// Rows of the vocabulary, V.
    pub vocabulary: usize,
    /// Added under the root of every normalization.
    pub epsilon: f32,
    /// For local layers: how many tokens they see, the present one included.
    pub window: usize,
    /// By block, from 0: whether its attention is local.
    pub local: Vec<bool>,
    /// How exits are read.
    pub projection: Projection,
    /// After which blocks there are exits, ascending; 0 is the embeddings.
    pub exits: Vec<u32>,
}

/// Sizes beyond which a header is held to be a lie: they bound every product that follows.
const MOST: [(&str, u64); 5] = [
    ("block_count", 512),
    ("embedding_length", 65_536),
    ("feed_forward_length", 1 << 20),
    ("context_length", 1 << 20),
    ("attention.head_count", 1024),
];

impl Spec {
    /// Multiply-adds a token of one block's matrices: q, k, v, output, and the feed-forward layer's two.
    #[must_use]
    pub fn block_work(&self) -> f64 {
        let [d, inner] = [self.width, self.inner].map(|n| n as f64);
        4.0 * d * d + 2.0 * d * inner
    }

    /// Multiply-adds a token of one head, with the cast before it where there is one.
    #[must_use]
    pub fn head_work(&self) -> f64 {
        let [d, vocabulary] = [self.width, self.vocabulary].map(|n| n as f64);
        d * vocabulary + if self.projection == Projection::Cast { d * d } else { 0.0 }
    }

    /// Reads the numbers of a file.
    ///
    /// # Errors
    /// On a missing or absurd number, or an architecture that we do not have.
    pub fn of(file: &Gguf) -> Result<Self, Error> {
        let name = file.get("general.architecture").and_then(Value::as_text).unwrap_or("nothing");
        let architecture = match name {
            "gpt2" => Architecture::Gpt2,
            "gptneo" => Architecture::GptNeo,
            other => return Err(Error::model("general.architecture", "gpt2 or gptneo", other)),
        };
        let number = |key: &str| {
            let most = MOST.iter().find(|(name, _)| *name == key).map_or(u64::MAX, |(_, most)| *most);
            let key = format!("{name}.{key}");
            let found = file.get(&key).and_then(Value::as_u64);
            let kept = found.filter(|n| (1..=most).contains(n)).and_then(|n| usize::try_from(n).ok());
            kept.ok_or_else(|| Error::model(&key, format!("a number from 1 to {most}"), show(file.get(&key))))
        };
        let epsilon_key = format!("{name}.attention.layer_norm_epsilon");
        let epsilon = match file.get(&epsilon_key) {
            Some(Value::F32(eps)) if *eps > 0.0 && *eps < 1.0 => *eps,
            other => return Err(Error::model(&epsilon_key, "a number between 0 and 1", show(other))),
        };
        let embedding =
            file.tensor("token_embd.weight").ok_or_else(|| Error::missing("token_embd.weight"))?.shape.clone();
        let blocks = u32::try_from(number("block_count")?).unwrap_or(u32::MAX);
        let (window, local) = match architecture {
            Architecture::Gpt2 => (0, vec![false; blocks as usize]),
            Architecture::GptNeo => (number("attention.sliding_window")?, local_layers(file, blocks)?),
        };
        let (projection, exits) = exits_of(file, blocks)?;
        let spec = Self {
            architecture,
            blocks,
            width: number("embedding_length")?,
            attention_heads: number("attention.head_count")?,
            inner: number("feed_forward_length")?,
            context: number("context_length")?,
            vocabulary: embedding.get(1).copied().unwrap_or(1),
            epsilon,
            window,
            local,
            projection,
            exits,
        };
        if !spec.width.is_multiple_of(spec.attention_heads) {
            let expected = format!("a divisor of the width {}", spec.width);
            return Err(Error::model(format!("{name}.attention.head_count"), expected, spec.attention_heads));
        }
        Ok(spec)
    }

    /// The keys under which [`Spec::of`] finds these numbers.
    #[must_use]
    pub fn values(&self) -> Vec<(String, Value)> {
        let name = self.architecture.name();
        let key = |key: &str| format!("{name}.{key}");
        let number = |n: usize| Value::U32(u32::try_from(n).unwrap_or(u32::MAX));
        let mut values = vec![
            ("general.architecture".into(), Value::Text(name.into())),
            (key("block_count"), Value::U32(self.blocks)),
            (key("context_length"), number(self.context)),
            (key("embedding_length"), number(self.width)),
            (key("feed_forward_length"), number(self.inner)),
            (key("attention.head_count"), number(self.attention_heads)),
            (key("attention.layer_norm_epsilon"), Value::F32(self.epsilon)),
        ];
        if self.architecture == Architecture::GptNeo {
            let local = self.local.iter().map(|l| u32::from(*l)).collect();
            values.push((key("attention.sliding_window"), number(self.window)));
            values.push((key("attention.local_layers"), Value::Array(Array::U32(local))));
        }
        values
    }

    /// The keys that make a file one of a multi-exit model.
    #[must_use]
    pub fn exit_values(&self) -> Vec<(String, Value)> {
        vec![
            ("mexit.version".into(), Value::U32(1)),
            ("mexit.projection".into(), Value::Text(self.projection.name().into())),
            ("mexit.exit_layers".into(), Value::Array(Array::U32(self.exits.clone()))),
        ]
    }

    /// Every exit, original first, then downwards.
    #[must_use]
    pub fn exit_ids(&self) -> Vec<ExitId> {
        std::iter::once(ExitId::Original).chain(self.exits.iter().rev().map(|k| ExitId::Block(*k))).collect()
    }

    /// Numbers in one attention head's row.
    #[must_use]
    pub fn head_width(&self) -> usize {
        self.width / self.attention_heads
    }

    /// What scores are multiplied with: GPT-Neo's are not scaled.
    #[must_use]
    pub fn attention_scale(&self) -> f32 {
        match self.architecture {
            Architecture::Gpt2 => 1.0 / (self.head_width() as f32).sqrt(),
            Architecture::GptNeo => 1.0,
        }
    }

    /// After which blocks a row is kept: every exit's, and the last block's for the original; ascending.
    #[must_use]
    pub fn taps(&self) -> Vec<u32> {
        let mut taps = self.exits.clone();
        taps.push(self.blocks);
        taps.dedup();
        taps
    }
}

/// Projection and exits. A file without our keys is a stock one: an exit after every block, read directly.
fn exits_of(file: &Gguf, blocks: u32) -> Result<(Projection, Vec<u32>), Error> {
    match file.get("mexit.version") {
        None => return Ok((Projection::Direct, (1..=blocks).collect())),
        Some(Value::U32(1)) => {}
        other => return Err(Error::model("mexit.version", "1: a newer mexit-tui may read it", show(other))),
    }
    let projection = match file.get("mexit.projection").and_then(Value::as_text) {
        Some("heads") => Projection::Heads,
        Some("cast") => Projection::Cast,
        Some("direct") => Projection::Direct,
        _ => return Err(Error::model("mexit.projection", "heads, cast or direct", show(file.get("mexit.projection")))),
    };
    match file.get("mexit.exit_layers") {
        Some(Value::Array(Array::U32(exits)))
            if exits.windows(2).all(|pair| pair[0] < pair[1]) && exits.iter().all(|k| *k <= blocks) =>
        {
            Ok((projection, exits.clone()))
        }
        other => Err(Error::model("mexit.exit_layers", format!("ascending u32 from 0 to {blocks}"), show(other))),
    }
}

fn local_layers(file: &Gguf, blocks: u32) -> Result<Vec<bool>, Error> {
    match file.get("gptneo.attention.local_layers") {
        Some(Value::Array(Array::U32(flags))) if flags.len() == blocks as usize && flags.iter().all(|f| *f < 2) => {
            Ok(flags.iter().map(|f| *f == 1).collect())
        }
        other => Err(Error::model("gptneo.attention.local_layers", format!("{blocks} times 0 or 1"), show(other))),
    }
}

/// A value as an error shows it: cut, so that a hostile one stays a line.
fn show(value: Option<&Value>) -> String {
    value.map_or("nothing".into(), |value| {
        let mut text = format!("{value:?}");
        text.truncate(text.floor_char_boundary(80));
        text
    })
}
