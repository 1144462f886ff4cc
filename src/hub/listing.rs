//! What a repository holds, and which of it makes a model.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use ureq::http::StatusCode;

use super::{
    HubError, Source,
    client::{Ask, Client},
    names,
};

/// The files that are not weights. Each is taken if there.
const DESCRIPTION: [&str; 7] = [
    "config.json",
    "generation_config.json",
    "merges.txt",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.json",
];

/// An answer longer than this describes no repository of ours.
const LONGEST: u64 = 16 << 20;

/// A revision's commit and files.
pub(super) struct Listing {
    /// The commit that the revision names today.
    pub(super) commit: String,
    /// Lengths by name, where the hub says them.
    pub(super) files: BTreeMap<String, Option<u64>>,
}

/// Where the weights are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Weights {
    /// In one file.
    One(&'static str),
    /// In shards, which this index names.
    Index(&'static str),
}

#[derive(Deserialize)]
struct Answer {
    sha: String,
    siblings: Vec<Sibling>,
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
    size: Option<u64>,
}

impl Listing {
    /// Asks the hub. `url` is the one of the revision's description.
    pub(super) fn ask(client: &Client, url: &str, source: &Source) -> Result<Self, HubError> {
        // `blobs` adds the lengths. Mirrors may not know it.
        let mut response = client.ask(&format!("{url}?blobs=true"), Ask::Body(0))?;
        if response.status() != StatusCode::OK {
            return Err(HubError::answer(url, "status 200", response.status()));
        }
        let body = response.body_mut().with_config().limit(LONGEST).read_to_vec();
        let body = body.map_err(|e| HubError::answer(url, "a description of the repository", e))?;
        let answer: Answer =
            serde_json::from_slice(&body).map_err(|e| HubError::answer(url, "a description of the repository", e))?;
        let asked_for = if names::is_commit(source.revision()) { source.revision() } else { &answer.sha };
        if !names::is_commit(&answer.sha) || answer.sha != asked_for {
            return Err(HubError::answer(url, "the commit of the revision", format!("`{}`", answer.sha)));
        }
        let files = answer.siblings.into_iter().map(|file| (file.rfilename, file.size)).collect();
        Ok(Self { commit: answer.sha, files })
    }

    /// The files that are not weights; refuses what cannot make a model before anything is downloaded.
    pub(super) fn description(&self, source: &Source) -> Result<Vec<&'static str>, HubError> {
        let has = |name: &str| self.files.contains_key(name);
        let missing = |expected: &str| HubError::Contents {
            repo: source.to_string(),
            expected: expected.into(),
            found: "no such file".into(),
        };
        if !has("config.json") {
            return Err(missing("config.json"));
        }
        let tokenizes = has("tokenizer.json") || (has("vocab.json") && has("merges.txt"));
        if !tokenizes {
            return Err(missing("tokenizer.json, or vocab.json and merges.txt"));
        }
        Ok(DESCRIPTION.into_iter().filter(|name| has(name)).collect())
    }

    /// Where the weights are, in the order in which a checkpoint's folder is read.
    pub(super) fn weights(&self, source: &Source) -> Result<Weights, HubError> {
        let candidates = [
            Weights::One("model.safetensors"),
            Weights::Index("model.safetensors.index.json"),
            Weights::One("pytorch_model.bin"),
            Weights::Index("pytorch_model.bin.index.json"),
        ];
        let expected = candidates.each_ref().map(Weights::name).join(", ");
        candidates.into_iter().find(|weights| self.files.contains_key(weights.name())).ok_or_else(|| {
            HubError::Contents {
                repo: source.to_string(),
                expected: format!("one of {expected}"),
                found: "none of them".into(),
            }
        })
    }

    /// The shards that an index names, each checked to be a file of the repository with a harmless name.
    pub(super) fn shards(&self, source: &Source, name: &str, index: &[u8]) -> Result<Vec<String>, HubError> {
        #[derive(Deserialize)]
        struct Index {
            weight_map: BTreeMap<String, String>,
        }
        let refuse = |expected: &str, found: String| HubError::Contents {
            repo: format!("{source}, {name}"),
            expected: expected.into(),
            found,
        };
        let index: Index =
            serde_json::from_slice(index).map_err(|e| refuse("an index with a weight_map", e.to_string()))?;
        let end = if name.starts_with("pytorch") { ".bin" } else { ".safetensors" };
        let shards: BTreeSet<String> = index.weight_map.into_values().collect();
        for shard in &shards {
            if !names::is_shard(shard, end) {
                return Err(refuse("the names of files beside it", format!("`{shard}`")));
            }
            if !self.files.contains_key(shard) {
                return Err(refuse("the names of files in the repository", format!("`{shard}`, which is not there")));
            }
        }
        Ok(shards.into_iter().collect())
    }
}

impl Weights {
    /// The file that comes first.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::One(name) | Self::Index(name) => name,
        }
    }
}
