//! The reference cases: what the original library computed, found by scanning `tests/reference`.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test takes what it needs of this module")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use mexit_models::{
    DType, Engine, EngineOptions, ExitId, Gelu, Model, Placement, TokenId, WeightTypes,
    checkpoint::Checkpoint,
    convert::{ConvertOptions, convert},
};
use mexit_tui::session::trace::{Decoding, Method, Pair, Sampling};
use safetensors::SafeTensors;
use serde::Deserialize;
use tempfile::TempDir;

/// A case.json, as far as the tests read it.
#[derive(Deserialize)]
pub struct Case {
    pub heads: Vec<String>,
    pub vocab_size: usize,
    pub expected: String,
    pub prompts: Vec<Prompt>,
    pub generate: Vec<Run>,
    pub tokenizer_cases: Vec<TokenizerCase>,
    #[serde(skip)]
    pub folder: PathBuf,
}

#[derive(Deserialize)]
pub struct Prompt {
    pub input_ids: Vec<TokenId>,
}

/// A greedy run.
#[derive(Deserialize)]
pub struct Run {
    pub kind: String,
    #[serde(default)]
    pub output_layer_index: Option<serde_json::Value>,
    #[serde(default)]
    pub contrast: Option<Vec<serde_json::Value>>,
    #[serde(default)]
    pub alpha: Option<f32>,
    #[serde(default)]
    pub minimum_candidates: Option<usize>,
    pub prompt: usize,
    pub new_tokens: Vec<TokenId>,
    /// The smallest lead of a token taken over the next one.
    pub min_top2_gap: f32,
    /// The smallest |ln p − ln τ| of the expert.
    #[serde(default)]
    pub min_mask_margin: Option<f32>,
}

impl Run {
    /// How it chose.
    pub fn decoding(&self) -> Decoding {
        let method = match (self.kind.as_str(), &self.contrast) {
            ("contrast", Some(pair)) => Method::Contrast(Pair {
                expert: exit(&pair[0]),
                amateur: exit(&pair[1]),
                alpha: self.alpha.expect("α"),
                min_candidates: self.minimum_candidates.expect("a minimum"),
            }),
            ("exit", _) => Method::Exit(exit(self.output_layer_index.as_ref().expect("a layer"))),
            _ => Method::Exit(ExitId::Original),
        };
        Decoding { method, sampling: Sampling::default() }
    }
}

fn exit(value: &serde_json::Value) -> ExitId {
    let name = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    name.parse().expect("an exit")
}

#[derive(Deserialize)]
pub struct TokenizerCase {
    pub text: String,
    pub ids_no_special: Vec<TokenId>,
}

/// Every case with a model.
pub fn all() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference");
    let mut folders: Vec<PathBuf> =
        fs::read_dir(root).expect("tests/reference").map(|e| e.expect("an entry").path()).collect();
    folders.sort();
    let cases: Vec<Case> = folders.into_iter().filter(|folder| folder.join("case.json").exists()).map(read).collect();
    assert!(cases.len() >= 9, "the reference cases are there");
    cases
}

fn read(folder: PathBuf) -> Case {
    let text = fs::read(folder.join("case.json")).expect("case.json");
    let mut case: Case = serde_json::from_slice(&text).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    case.folder = folder;
    case
}

impl Case {
    /// The checkpoints of the case: one folder or more.
    pub fn models(&self) -> Vec<PathBuf> {
        let mut folders: Vec<PathBuf> =
            fs::read_dir(&self.folder).expect("the case").map(|e| e.expect("an entry").path()).collect();
        folders.retain(|path| path.join("config.json").exists());
        folders.sort();
        assert!(!folders.is_empty(), "{} has a model", self.folder.display());
        folders
    }

    pub fn name(&self) -> String {
        self.folder.file_name().expect("a folder").to_string_lossy().into_owned()
    }

    /// The library's numbers, by name.
    pub fn expected(&self) -> BTreeMap<String, Vec<f32>> {
        let bytes = fs::read(self.folder.join(&self.expected)).expect("the expected numbers");
        let file = SafeTensors::deserialize(&bytes).expect("safetensors");
        let numbers =
            |data: &[u8]| data.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        file.tensors().into_iter().map(|(name, view)| (name, numbers(view.data()))).collect()
    }
}

/// A trunk and heads of two types.
pub const MIXED: WeightTypes = WeightTypes { trunk: DType::F16, heads: DType::Q8_0 };

/// Converts a folder into a temporary GGUF file and puts it to work on one thread.
pub fn engine(folder: &Path, types: impl Into<WeightTypes>, change: impl FnOnce(&mut EngineOptions)) -> Engine {
    let (_scratch, path) = converted(folder, types);
    open(&path, change)
}

/// A folder as a GGUF file, which goes with the temporary folder it is in.
pub fn converted(folder: &Path, types: impl Into<WeightTypes>) -> (TempDir, PathBuf) {
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let path = scratch.path().join("model.gguf");
    let checkpoint = Checkpoint::open(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let options = ConvertOptions { types: types.into(), source: "case".into(), ..ConvertOptions::default() };
    convert(&checkpoint, &path, &options, &mut |_, _| {}).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    (scratch, path)
}

/// Opens a file and puts it to work on one thread.
pub fn open(path: &Path, change: impl FnOnce(&mut EngineOptions)) -> Engine {
    open_on(path, Placement::cpu().expect("a processor"), change)
}

/// The same, placed as wanted.
pub fn open_on(path: &Path, placement: Placement, change: impl FnOnce(&mut EngineOptions)) -> Engine {
    let model = Model::open(path, placement).unwrap_or_else(|e| panic!("{e}"));
    let mut options = EngineOptions { threads: 1, context: usize::MAX, kv_type: DType::F32, gelu: Gelu::Exact };
    change(&mut options);
    Engine::new(model, options).expect("an engine")
}
