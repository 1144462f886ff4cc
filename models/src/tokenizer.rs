//! Text to ids, and ids to bytes. The work is the `tokenizers` crate's; ids are the truth from here on.

use std::{collections::HashSet, path::Path, str::FromStr};

use mexit_ggml::gguf::{Array, Gguf, Value};
use serde_json::json;
use tokenizers::{Tokenizer as HuggingFace, models::bpe::BPE};

use crate::{Error, TokenId, byte_level::bytes_of};

/// Keys of a GGUF file.
pub(crate) const JSON_KEY: &str = "tokenizer.huggingface.json";
pub(crate) const TOKENS_KEY: &str = "tokenizer.ggml.tokens";
pub(crate) const MERGES_KEY: &str = "tokenizer.ggml.merges";
/// llama.cpp's number for special tokens.
pub(crate) const CONTROL_TOKEN: i32 = 3;
pub(crate) const END_KEY: &str = "tokenizer.ggml.eos_token_id";

/// A tokenizer and what its ids stand for.
pub struct Tokenizer {
    inner: HuggingFace,
    /// Spelling of every id, as in the vocabulary; `None` for padded rows.
    spellings: Vec<Option<String>>,
    /// Ids that stand beside the byte-level vocabulary: spelled as they are.
    added: HashSet<TokenId>,
    special: HashSet<TokenId>,
    end: Option<TokenId>,
}

impl Tokenizer {
    /// The tokenizer of a model file with `vocabulary` rows: Hugging Face's description if the file holds it, else one
    /// built from the tokens and merges that llama.cpp reads.
    ///
    /// # Errors
    /// If the file holds neither, or nonsense.
    pub fn of(file: &Gguf, vocabulary: usize) -> Result<Self, Error> {
        let end = file.get(END_KEY).and_then(Value::as_u64).and_then(|id| u32::try_from(id).ok()).map(TokenId);
        if let Some(json) = file.get(JSON_KEY).and_then(Value::as_text) {
            let inner = HuggingFace::from_str(json)
                .map_err(|e| Error::model(JSON_KEY, "a tokenizer's description", first_line(&e.to_string())))?;
            return Ok(Self::new(inner, vocabulary, end));
        }
        let (Some(Value::Array(Array::Text(tokens))), Some(Value::Array(Array::Text(merges)))) =
            (file.get(TOKENS_KEY), file.get(MERGES_KEY))
        else {
            return Err(Error::model("the tokenizer", format!("{JSON_KEY}, or {TOKENS_KEY} and merges"), "neither"));
        };
        let types = match file.get("tokenizer.ggml.token_type") {
            Some(Value::Array(Array::I32(types))) => types.as_slice(),
            _ => &[],
        };
        let mut pairs = Vec::with_capacity(merges.len());
        for merge in merges {
            let pair = merge.split_once(' ').map(|(a, b)| (a.to_owned(), b.to_owned()));
            pairs.push(pair.ok_or_else(|| Error::model(MERGES_KEY, "pairs with a space between", merge))?);
        }
        let vocab = tokens.iter().cloned().zip(0..);
        let special =
            tokens.iter().zip(types).filter(|(_, kind)| **kind == CONTROL_TOKEN).map(|(token, _)| token.clone());
        let inner = byte_level_bpe(vocab, pairs, &special.collect::<Vec<String>>())?;
        Ok(Self::new(inner, vocabulary, end))
    }

    /// The tokenizer of a Hugging Face folder: `tokenizer.json`, or else `vocab.json` with `merges.txt`.
    ///
    /// # Errors
    /// If the folder holds neither, or nonsense.
    pub fn of_folder(folder: &Path, vocabulary: usize, end: Option<TokenId>) -> Result<Self, Error> {
        let json = folder.join("tokenizer.json");
        let refuse = |path: &Path, e: String| Error::model(path.display().to_string(), "a tokenizer", first_line(&e));
        if json.exists() {
            let inner = HuggingFace::from_file(&json).map_err(|e| refuse(&json, e.to_string()))?;
            return Ok(Self::new(inner, vocabulary, end));
        }
        let (vocab, merges) = (folder.join("vocab.json"), folder.join("merges.txt"));
        if !vocab.exists() || !merges.exists() {
            let expected = "tokenizer.json, or vocab.json and merges.txt";
            return Err(Error::model(folder.display().to_string(), expected, "neither"));
        }
        let (map, pairs) = BPE::read_file(&vocab.to_string_lossy(), &merges.to_string_lossy())
            .map_err(|e| refuse(&vocab, e.to_string()))?;
        // GPT-2's one special token; older folders name it nowhere else.
        let special: Vec<String> = map.keys().filter(|token| *token == "<|endoftext|>").cloned().collect();
        let inner = byte_level_bpe(map, pairs, &special)?;
        Ok(Self::new(inner, vocabulary, end))
    }

    fn new(inner: HuggingFace, vocabulary: usize, end: Option<TokenId>) -> Self {
        let rows = u32::try_from(vocabulary).unwrap_or(u32::MAX);
        let spellings = (0..rows).map(|id| inner.id_to_token(id)).collect();
        let decoder = inner.get_added_tokens_decoder();
        let special = decoder.iter().filter(|(_, token)| token.special).map(|(id, _)| TokenId(*id)).collect();
        let added = decoder.keys().map(|id| TokenId(*id)).collect();
        Self { inner, spellings, added, special, end: end.filter(|id| id.index() < vocabulary) }
    }

    /// The ids of a text. No token is added before or after it: GPT-2 has none.
    ///
    /// # Errors
    /// If the tokenizer makes ids that the model does not have.
    pub fn encode(&self, text: &str) -> Result<Vec<TokenId>, Error> {
        let encoding = self.inner.encode_fast(text, false);
        let encoding = encoding.map_err(|e| Error::model("the text", "text", first_line(&e.to_string())))?;
        let ids: Vec<TokenId> = encoding.get_ids().iter().map(|id| TokenId(*id)).collect();
        match ids.iter().find(|id| id.index() >= self.spellings.len()) {
            Some(id) => Err(Error::UnknownToken { id: *id, vocabulary: self.spellings.len() }),
            None => Ok(ids),
        }
    }

    /// The bytes that a token stands for; none for a padded row.
    #[must_use]
    pub fn bytes(&self, id: TokenId) -> Vec<u8> {
        match self.spellings.get(id.index()) {
            Some(Some(token)) if self.added.contains(&id) => token.as_bytes().to_vec(),
            Some(Some(token)) => bytes_of(token),
            _ => Vec::new(),
        }
    }

    /// The bytes of a text.
    #[must_use]
    pub fn decode(&self, ids: &[TokenId]) -> Vec<u8> {
        ids.iter().flat_map(|id| self.bytes(*id)).collect()
    }

    /// Whether the token is a special one.
    #[must_use]
    pub fn is_special(&self, id: TokenId) -> bool {
        self.special.contains(&id)
    }

    /// The token that ends a text.
    #[must_use]
    pub fn end_of_text(&self) -> Option<TokenId> {
        self.end
    }

    /// Rows that have a spelling; the vocabulary may have more, padded.
    #[must_use]
    pub fn len(&self) -> usize {
        self.spellings.iter().flatten().count()
    }

    /// Whether no row has a spelling.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The spelling of an id in the vocabulary.
    #[must_use]
    pub fn spelling(&self, id: TokenId) -> Option<&str> {
        self.spellings.get(id.index())?.as_deref()
    }

    /// Hugging Face's description of this tokenizer.
    ///
    /// # Errors
    /// If it cannot be written down.
    pub fn to_json(&self) -> Result<String, Error> {
        self.inner.to_string(false).map_err(|e| Error::model("the tokenizer", "a description", e))
    }
}

/// GPT-2's tokenizer over a vocabulary, put as the description that the crate reads.
fn byte_level_bpe(
    vocab: impl IntoIterator<Item = (String, u32)>,
    merges: Vec<(String, String)>,
    special: &[String],
) -> Result<HuggingFace, Error> {
    let vocab: serde_json::Map<String, serde_json::Value> =
        vocab.into_iter().map(|(token, id)| (token, id.into())).collect();
    let added = |token: &String| {
        let id = vocab.get(token)?;
        Some(json!({"id": id, "content": token, "special": true, "single_word": false, "lstrip": false,
            "rstrip": false, "normalized": false}))
    };
    let added: Vec<_> = special.iter().filter_map(added).collect();
    let byte_level = json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true});
    let description = json!({
        "version": "1.0", "added_tokens": added, "normalizer": null, "truncation": null, "padding": null,
        "pre_tokenizer": byte_level, "post_processor": null, "decoder": byte_level,
        "model": {"type": "BPE", "vocab": vocab, "merges": merges},
    });
    serde_json::from_value(description)
        .map_err(|e| Error::model("the tokenizer", "merges of known tokens", first_line(&e.to_string())))
}

/// Errors of other crates can be pages long.
fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(120).collect()
}
