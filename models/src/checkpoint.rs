//! A Hugging Face folder: its configuration, and where each tensor's numbers lie. Nothing in it is run or trusted.

mod config;
mod pickle;
mod safetensors;
mod torch;

use std::{
    collections::{BTreeMap, HashSet},
    fs::File,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

pub use config::{Config, ModelType};
use mexit_ggml::{DType, Mapping};

use crate::Error;

/// A folder with a model.
pub struct Checkpoint {
    /// The folder.
    pub folder: PathBuf,
    /// What config.json says.
    pub config: Config,
    /// Tensors by name, without the mask buffers that old versions stored.
    pub tensors: BTreeMap<String, Stored>,
    /// Which sort of files holds them.
    pub format: &'static str,
}

/// A tensor's numbers in a mapped file: row-major, without gaps, at any address.
#[derive(Clone)]
pub struct Stored {
    /// f32, f16 or bf16; `None` for anything else.
    pub dtype: Option<DType>,
    /// Sizes, slowest first, as the checkpoint has them.
    pub shape: Vec<usize>,
    file: Arc<Mapping>,
    data: Range<usize>,
}

impl Checkpoint {
    /// Opens a folder: reads the configuration and the tensors' descriptions, not the tensors.
    ///
    /// # Errors
    /// If a file is missing or is not what its name says.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let config = Config::read(&folder.join("config.json"))?;
        let candidates = [
            ("model.safetensors", "safetensors"),
            ("model.safetensors.index.json", "safetensors, sharded"),
            ("pytorch_model.bin", "pickle"),
            ("pytorch_model.bin.index.json", "pickle, sharded"),
        ];
        let found = candidates.into_iter().find(|(name, _)| folder.join(name).exists());
        let (name, format) = found.ok_or_else(|| {
            let names = candidates.map(|(name, _)| name).join(", ");
            Error::model(folder.display().to_string(), format!("one of {names}"), "none of them")
        })?;
        let mut tensors = BTreeMap::new();
        if format.ends_with("sharded") {
            let map = shards(&folder.join(name))?;
            let files: HashSet<&String> = map.values().collect();
            let mut all = BTreeMap::new();
            for file in files {
                read_file(&folder.join(file), format.starts_with("pickle"), &mut all)?;
            }
            for tensor in map.keys() {
                let stored = all.remove(tensor);
                let stored = stored.ok_or_else(|| {
                    Error::model(
                        format!("tensor {tensor}"),
                        format!("it in {}, as {name} says", map[tensor]),
                        "no such tensor",
                    )
                })?;
                tensors.insert(tensor.clone(), stored);
            }
        } else {
            read_file(&folder.join(name), format.starts_with("pickle"), &mut tensors)?;
        }
        tensors.retain(|name, _| !is_mask_buffer(name));
        Ok(Self { folder: folder.into(), config, tensors, format })
    }
}

impl Stored {
    /// How many numbers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether it holds no number.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The file, and which of its bytes are the tensor's.
    #[must_use]
    pub fn place(&self) -> (&Mapping, Range<usize>) {
        (&self.file, self.data.clone())
    }

    /// Whether the other is the same part of the same file, as tied matrices are in a pickle.
    #[must_use]
    pub fn is_same_place(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.file, &other.file) && self.data == other.data && self.dtype == other.dtype
    }

    /// A description of `shape` numbers at `offset` of `file`; checked to lie inside it.
    fn new(
        name: &str,
        file: &Arc<Mapping>,
        (dtype, element): (Option<DType>, u64),
        shape: Vec<usize>,
        (offset, available): (u64, u64),
    ) -> Result<Self, Error> {
        let bytes = shape.iter().try_fold(element, |bytes, n| bytes.checked_mul(*n as u64));
        let end = bytes.filter(|bytes| *bytes <= available).and_then(|bytes| offset.checked_add(bytes));
        let range = |end: u64| Some(usize::try_from(offset).ok()?..usize::try_from(end).ok()?);
        match end.and_then(range).filter(|data| data.end <= file.len()) {
            Some(data) => Ok(Self { dtype, shape, file: Arc::clone(file), data }),
            None => {
                Err(Error::model(format!("tensor {name}"), format!("at most {available} bytes"), format!("{shape:?}")))
            }
        }
    }
}

/// Old versions of transformers stored the causal mask with the weights. It is no weight.
fn is_mask_buffer(name: &str) -> bool {
    [".attn.bias", ".attn.masked_bias", ".attention.bias", ".attention.masked_bias"]
        .iter()
        .any(|end| name.ends_with(end))
}

fn read_file(path: &Path, pickled: bool, tensors: &mut BTreeMap<String, Stored>) -> Result<(), Error> {
    let file = File::open(path).and_then(|file| Mapping::of(&file)).map_err(|e| Error::io(path, e))?;
    let file = Arc::new(file);
    let found = if pickled { torch::read(path, &file)? } else { safetensors::read(path, &file)? };
    for (name, stored) in found {
        if tensors.insert(name.clone(), stored).is_some() {
            return Err(Error::model(format!("tensor {name}"), "it once", format!("it again in {}", path.display())));
        }
    }
    Ok(())
}

/// The weight map of an index: tensor to file. Only plain names of files beside the index are taken.
fn shards(index: &Path) -> Result<BTreeMap<String, String>, Error> {
    #[derive(serde::Deserialize)]
    struct Index {
        weight_map: BTreeMap<String, String>,
    }
    let text = std::fs::read(index).map_err(|e| Error::io(index, e))?;
    let index_name = index.display().to_string();
    let index: Index =
        serde_json::from_slice(&text).map_err(|e| Error::model(&index_name, "an index with a weight_map", e))?;
    for (tensor, file) in &index.weight_map {
        let plain = Path::new(file).file_name().is_some_and(|name| name == file.as_str()) && !file.contains('\\');
        if !plain {
            let what = format!("{index_name}, tensor {tensor}");
            return Err(Error::model(what, "the name of a file in the same folder", format!("`{file}`")));
        }
    }
    Ok(index.weight_map)
}
