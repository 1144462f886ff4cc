//! The tokenizer's keys: whole as Hugging Face describes it, and once more as llama.cpp reads it.

use mexit_ggml::gguf::{Array, Value};

use crate::{
    Error, TokenId, Tokenizer,
    checkpoint::Config,
    tokenizer::{CONTROL_TOKEN, END_KEY, JSON_KEY, MERGES_KEY, TOKENS_KEY},
};

/// llama.cpp's numbers for ordinary and for unused tokens.
const NORMAL_TOKEN: i32 = 1;
const UNUSED_TOKEN: i32 = 5;

pub(super) fn values(tokenizer: &Tokenizer, vocabulary: usize, config: &Config) -> Result<Vec<(String, Value)>, Error> {
    let json = tokenizer.to_json()?;
    let rows = u32::try_from(vocabulary).unwrap_or(u32::MAX);
    let mut tokens = Vec::with_capacity(vocabulary);
    let mut types = Vec::with_capacity(vocabulary);
    for id in (0..rows).map(TokenId) {
        // llama.cpp aborts unless every row of the embedding has a token of its own.
        let (token, kind) = match tokenizer.spelling(id) {
            Some(token) if tokenizer.is_special(id) => (token.to_owned(), CONTROL_TOKEN),
            Some(token) => (token.to_owned(), NORMAL_TOKEN),
            None => (format!("[PAD{}]", id.0), UNUSED_TOKEN),
        };
        tokens.push(token);
        types.push(kind);
    }
    let text = |key: &str, value: &str| (key.to_owned(), Value::Text(value.into()));
    let mut values = vec![
        text("tokenizer.ggml.model", "gpt2"),
        text("tokenizer.ggml.pre", "gpt-2"),
        (TOKENS_KEY.into(), Value::Array(Array::Text(tokens))),
        ("tokenizer.ggml.token_type".into(), Value::Array(Array::I32(types))),
        (MERGES_KEY.into(), Value::Array(Array::Text(merges(&json)?))),
        ("tokenizer.ggml.add_bos_token".into(), Value::Bool(false)),
    ];
    let ids = [(END_KEY, config.end_of_text), ("tokenizer.ggml.bos_token_id", config.begin_of_text)];
    for (key, id) in ids {
        if let Some(id) = id.filter(|id| *id < rows) {
            values.push((key.into(), Value::U32(id)));
        }
    }
    values.push(text(JSON_KEY, &json));
    Ok(values)
}

/// The merges of a description, "a b" each; versions write them as pairs or as text.
fn merges(json: &str) -> Result<Vec<String>, Error> {
    let refuse = |found: &str| Error::model("the tokenizer", "a byte-level BPE with merges", found);
    let description: serde_json::Value = serde_json::from_str(json).map_err(|e| refuse(&e.to_string()))?;
    let merges = description["model"]["merges"].as_array().ok_or_else(|| refuse("none"))?;
    let one = |merge: &serde_json::Value| match merge {
        serde_json::Value::String(text) => Some(text.clone()),
        pair => Some(format!("{} {}", pair.get(0)?.as_str()?, pair.get(1)?.as_str()?)),
    };
    merges.iter().map(one).collect::<Option<Vec<String>>>().ok_or_else(|| refuse("other merges"))
}
