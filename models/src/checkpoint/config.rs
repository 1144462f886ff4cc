//! config.json: the numbers of the model, and the flags that would change its arithmetic.

use std::path::Path;

use serde_json::{Map, Value};

use crate::{Architecture, Error};

/// The architectures that a checkpoint may name, as `model_type`.
pub type ModelType = Architecture;

/// What config.json says.
#[derive(Clone, Debug)]
pub struct Config {
    /// The architecture, by `model_type`: the name in `architectures` changed between versions.
    pub model_type: ModelType,
    /// Number of blocks.
    pub blocks: u32,
    /// Length of a hidden row.
    pub width: usize,
    /// Attention heads.
    pub attention_heads: usize,
    /// Width of the feed-forward layer.
    pub inner: usize,
    /// Learned positions.
    pub context: usize,
    /// Rows of the vocabulary.
    pub vocabulary: usize,
    /// Added under the root of a norm.
    pub epsilon: f32,
    /// Tokens that a local layer sees; 0 without local layers.
    pub window: usize,
    /// Which blocks are local.
    pub local: Vec<bool>,
    /// After which blocks there are exits, ascending; empty if the file names none.
    pub exits: Vec<u32>,
    /// The token that ends a text.
    pub end_of_text: Option<u32>,
    /// The token that begins a text.
    pub begin_of_text: Option<u32>,
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// If it is missing, no JSON, of another architecture, or asks for arithmetic that we do not have.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read(path).map_err(|e| Error::io(path, e))?;
        let name = path.display().to_string();
        let map: Map<String, Value> =
            serde_json::from_slice(&text).map_err(|e| Error::model(&name, "a JSON object", e))?;
        Fields { name, map }.config()
    }
}

struct Fields {
    name: String,
    map: Map<String, Value>,
}

impl Fields {
    fn config(&self) -> Result<Config, Error> {
        let gpt2 = match self.map.get("model_type").and_then(Value::as_str) {
            Some("gpt2") => true,
            Some("gpt_neo") => false,
            other => return Err(self.refuse("model_type", "gpt2 or gpt_neo", other.unwrap_or("nothing"))),
        };
        self.only(
            "activation_function",
            &["gelu_new", "gelu_pytorch_tanh"].map(Value::from),
            &Value::from("gelu_new"),
        )?;
        self.only("scale_attn_weights", &[true.into()], &true.into())?;
        self.only("scale_attn_by_inverse_layer_idx", &[false.into()], &false.into())?;
        self.only("add_cross_attention", &[false.into()], &false.into())?;
        // Upcasting changes only how half precision rounds: we compute in f32 anyway.
        let names = if gpt2 {
            ["n_layer", "n_embd", "n_head", "n_positions", "n_inner"]
        } else {
            ["num_layers", "hidden_size", "num_heads", "max_position_embeddings", "intermediate_size"]
        };
        let [blocks, width, heads, context, inner] = names;
        let blocks = u32::try_from(self.number(blocks, 512)?).unwrap_or(0);
        let width = self.number(width, 65_536)?;
        let attention_heads = self.number(heads, 1024)?;
        if !width.is_multiple_of(attention_heads) {
            return Err(self.refuse(heads, format!("a divisor of {width}"), attention_heads));
        }
        let inner =
            if self.map.get(inner).is_none_or(Value::is_null) { 4 * width } else { self.number(inner, 1 << 20)? };
        let local = if gpt2 { vec![false; blocks as usize] } else { self.local_layers(blocks)? };
        let window = if local.contains(&true) { self.number("window_size", 1 << 20)? } else { usize::from(!gpt2) };
        let epsilon = self.map.get("layer_norm_epsilon").map_or(Some(1e-5), Value::as_f64);
        let epsilon = epsilon.filter(|e| *e > 0.0 && *e < 1.0);
        #[expect(clippy::cast_possible_truncation, reason = "the model computes in f32")]
        let epsilon =
            epsilon.ok_or_else(|| self.refuse("layer_norm_epsilon", "a number between 0 and 1", "another"))? as f32;
        let id = |key: &str| self.map.get(key).and_then(Value::as_u64).and_then(|id| u32::try_from(id).ok());
        Ok(Config {
            model_type: if gpt2 { Architecture::Gpt2 } else { Architecture::GptNeo },
            blocks,
            width,
            attention_heads,
            inner,
            context: self.number(context, 1 << 20)?,
            vocabulary: self.number("vocab_size", 1 << 24)?,
            epsilon,
            window,
            local,
            exits: self.exits(blocks)?,
            end_of_text: id("eos_token_id"),
            begin_of_text: id("bos_token_id"),
        })
    }

    fn number(&self, key: &str, most: u64) -> Result<usize, Error> {
        let value = self.map.get(key);
        let number = value.and_then(Value::as_u64).filter(|n| (1..=most).contains(n));
        let number = number.and_then(|n| usize::try_from(n).ok());
        number.ok_or_else(|| self.refuse(key, format!("a number from 1 to {most}"), show(value)))
    }

    /// Refuses a flag that changes the arithmetic.
    fn only(&self, key: &str, allowed: &[Value], default: &Value) -> Result<(), Error> {
        let value = self.map.get(key).unwrap_or(default);
        let names: Vec<String> = allowed.iter().map(ToString::to_string).collect();
        if allowed.contains(value) { Ok(()) } else { Err(self.refuse(key, names.join(" or "), value)) }
    }

    /// GPT-Neo's pattern: `attention_layers`, or `attention_types` as [[pattern], times] pairs.
    fn local_layers(&self, blocks: u32) -> Result<Vec<bool>, Error> {
        let names: Vec<&Value> = match (self.map.get("attention_layers"), self.map.get("attention_types")) {
            (Some(Value::Array(layers)), _) => layers.iter().collect(),
            (_, Some(Value::Array(types))) => {
                let mut names = Vec::new();
                for pair in types {
                    let pattern = pair.get(0).and_then(Value::as_array);
                    let times = pair.get(1).and_then(Value::as_u64).filter(|n| *n <= u64::from(blocks));
                    if let (Some(pattern), Some(times)) = (pattern, times) {
                        (0..times).for_each(|_| names.extend(pattern.iter().take(blocks as usize)));
                    }
                }
                names
            }
            _ => Vec::new(),
        };
        let flag = |name: &&Value| match name.as_str() {
            Some("local") => Some(true),
            Some("global") => Some(false),
            _ => None,
        };
        let flags: Option<Vec<bool>> = names.iter().map(flag).collect();
        flags
            .filter(|flags| flags.len() == blocks as usize)
            .ok_or_else(|| self.refuse("attention_layers", format!("{blocks} times `global` or `local`"), names.len()))
    }

    fn exits(&self, blocks: u32) -> Result<Vec<u32>, Error> {
        let Some(value) = self.map.get("lm_head_layer_indices").filter(|v| !v.is_null()) else { return Ok(Vec::new()) };
        let layer = |v: &Value| v.as_u64().and_then(|k| u32::try_from(k).ok()).filter(|k| *k <= blocks);
        let layers: Option<Vec<u32>> =
            value.as_array().map(|list| list.iter().map(layer).collect()).unwrap_or_default();
        let expected = format!("layers from 0 to {blocks}, each once");
        let mut layers = layers.ok_or_else(|| self.refuse("lm_head_layer_indices", &expected, value))?;
        layers.sort_unstable();
        if layers.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(self.refuse("lm_head_layer_indices", expected, value));
        }
        Ok(layers)
    }

    fn refuse(&self, key: &str, expected: impl ToString, found: impl ToString) -> Error {
        let found: String = found.to_string().chars().take(80).collect();
        Error::model(format!("{}, {key}", self.name), expected, found)
    }
}

fn show(value: Option<&Value>) -> String {
    value.map_or("nothing".into(), ToString::to_string)
}
