//! An evaluation as it is written down: what was measured how, and the tally. Whole, a shard, or not finished yet.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{EvalError, corpus::FileCard, settings::Settings, summary::Summary, tally::Tally};

/// The `format` of every file of ours.
pub const FORMAT: &str = "mexit-eval";
/// The `version` of the format.
pub const VERSION: u32 = 1;

/// An evaluation, or a part of one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// [`FORMAT`].
    pub format: String,
    /// [`VERSION`].
    pub version: u32,
    /// The version of the program.
    pub program: String,
    /// The model.
    pub model: ModelCard,
    /// The files, in order.
    pub files: Vec<FileCard>,
    /// What was measured, and how.
    pub settings: Settings,
    /// Which shards this holds; absent for all there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// The window to go on from; absent once there is none left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
    /// What was counted.
    pub tally: Tally,
}

/// A model, so that no other is taken for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelCard {
    /// What it is called; another name is no other model.
    pub name: String,
    /// What tells it from every other.
    pub fingerprint: String,
    /// The type of most weights.
    pub weights: String,
}

/// A part of the windows: those whose number, divided by `of`, leaves `index − 1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    /// From 1 to `of`.
    pub index: u64,
    /// How many shards there are.
    pub of: u64,
}

impl Shard {
    /// Whether a window is in it.
    #[must_use]
    pub fn holds(self, window: u64) -> bool {
        window % self.of == self.index - 1
    }
}

/// With everything that follows from the tally.
#[derive(Serialize)]
struct Written<'e> {
    #[serde(flatten)]
    evaluation: &'e Evaluation,
    summary: Summary,
}

impl Evaluation {
    /// An evaluation of which nothing is measured yet.
    #[must_use]
    pub fn new(model: ModelCard, files: Vec<FileCard>, settings: Settings, shard: Option<Shard>) -> Self {
        let tally = Tally::new(&settings);
        let program = env!("CARGO_PKG_VERSION").into();
        let (format, version) = (FORMAT.into(), VERSION);
        Self { format, version, program, model, files, settings, shard, next: Some(0), tally }
    }

    /// The file's text.
    #[must_use]
    pub fn to_json(&self) -> String {
        let written = Written { evaluation: self, summary: Summary::of(&self.settings, &self.tally) };
        // Numbers, texts and lists with keys of text: nothing that JSON cannot say.
        serde_json::to_string_pretty(&written).map(|text| text + "\n").unwrap_or_default()
    }

    /// Reads a file.
    ///
    /// # Errors
    /// If it cannot be read or is none of ours.
    pub fn read(path: &Path) -> Result<Self, EvalError> {
        let refuse = |expected: String, found: String| EvalError::File {
            path: path.into(),
            place: String::new(),
            expected,
            found,
        };
        let bytes = std::fs::read(path).map_err(|source| EvalError::io(path, source))?;
        let expected = || format!("an evaluation, format {FORMAT} version {VERSION}");
        let value: Value = serde_json::from_slice(&bytes).map_err(|e| refuse(expected(), format!("no JSON ({e})")))?;
        let said = (value.get("format").and_then(Value::as_str), value.get("version").and_then(Value::as_u64));
        match said {
            (Some(FORMAT), Some(version)) if version == u64::from(VERSION) => {}
            (Some(FORMAT), Some(version)) => return Err(refuse(expected(), format!("version {version}"))),
            _ => return Err(refuse(expected(), "other JSON".into())),
        }
        let found: Self =
            serde_json::from_value(value).map_err(|e| refuse(expected(), format!("a broken one ({e})")))?;
        let shard_is_one = found.shard.is_none_or(|shard| (1..=shard.of).contains(&shard.index));
        if !found.tally.fits(&found.settings) || !shard_is_one {
            return Err(refuse(expected(), "a broken one (counts do not fit the settings)".into()));
        }
        Ok(found)
    }

    /// Refuses another evaluation, found in a file, that was not made with the same model, text and settings.
    ///
    /// # Errors
    /// With the first difference.
    pub fn require_same(&self, other: &Self, path: &Path) -> Result<(), EvalError> {
        let differs = |what: &str, expected: &dyn ToString, found: &dyn ToString| EvalError::Differs {
            path: path.into(),
            what: what.into(),
            expected: expected.to_string(),
            found: found.to_string(),
        };
        if self.program != other.program {
            return Err(differs("the version of mexit-tui", &self.program, &other.program));
        }
        if self.model.fingerprint != other.model.fingerprint {
            let said = |model: &ModelCard| {
                let fingerprint: String = model.fingerprint.chars().take(12).collect();
                format!("{} ({fingerprint})", model.name)
            };
            return Err(differs("the model", &said(&self.model), &said(&other.model)));
        }
        if self.files.len() != other.files.len() {
            return Err(differs("the number of files", &self.files.len(), &other.files.len()));
        }
        for (own, theirs) in self.files.iter().zip(&other.files) {
            if own.sha256 != theirs.sha256 {
                let said = |file: &FileCard| {
                    let hash: String = file.sha256.chars().take(12).collect();
                    format!("{} bytes with SHA-256 {hash}…", file.bytes)
                };
                return Err(differs(&own.name, &said(own), &said(theirs)));
            }
        }
        let [own, theirs] = [&self.settings, &other.settings].map(|s| serde_json::to_value(s).unwrap_or_default());
        match first_difference(&own, &theirs) {
            Some((name, own, theirs)) => Err(differs(&name, &own, &theirs)),
            None => Ok(()),
        }
    }
}

/// The first setting that differs, by its name, with both values.
fn first_difference(own: &Value, theirs: &Value) -> Option<(String, String, String)> {
    if let (Value::Object(own), Value::Object(theirs)) = (own, theirs) {
        let nothing = Value::Null;
        return own.iter().find_map(|(key, value)| {
            let (name, a, b) = first_difference(value, theirs.get(key).unwrap_or(&nothing))?;
            Some((if name.is_empty() { format!("`{key}`") } else { name }, a, b))
        });
    }
    (own != theirs).then(|| (String::new(), own.to_string(), theirs.to_string()))
}

/// Joins all shards of an evaluation: what comes out is, to the last bit, what one run over all would have written.
///
/// # Errors
/// If they do not belong together, one is missing, doubled or not finished.
pub fn merge(parts: Vec<(PathBuf, Evaluation)>) -> Result<Evaluation, EvalError> {
    let refuse = |path: &Path, expected: &str, found: String| EvalError::File {
        path: path.into(),
        place: String::new(),
        expected: expected.into(),
        found,
    };
    let mut whole: Option<(Evaluation, u64)> = None;
    let mut have: Vec<u64> = Vec::new();
    for (path, part) in parts {
        let Some(shard) = part.shard else {
            return Err(refuse(&path, "a shard", "a whole evaluation: there is nothing to join".into()));
        };
        if let Some(next) = part.next {
            let found = format!("one that stopped before window {next}: --resume finishes it");
            return Err(refuse(&path, "a finished shard", found));
        }
        if have.contains(&shard.index) {
            return Err(refuse(&path, "each shard once", format!("shard {} again", shard.index)));
        }
        have.push(shard.index);
        whole = match whole {
            None => Some((Evaluation { shard: None, ..part }, shard.of)),
            Some((mut whole, of)) => {
                whole.require_same(&part, &path)?;
                if shard.of != of {
                    return Err(refuse(&path, &format!("one of {of} shards"), format!("one of {}", shard.of)));
                }
                whole.tally.add(&part.tally);
                Some((whole, of))
            }
        };
    }
    let Some((whole, of)) = whole else { return Err(EvalError::Missing { missing: 1, of: 1 }) };
    match (1..=of).find(|index| !have.contains(index)) {
        Some(missing) => Err(EvalError::Missing { missing, of }),
        None => Ok(whole),
    }
}
