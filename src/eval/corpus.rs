//! Documents of plain text and JSON lines.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::EvalError;

/// One text that is measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// All of it.
    pub text: String,
    /// Bytes at its beginning that are read and not scored.
    pub prompt: usize,
}

/// How a plain file falls into documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// It is one.
    #[default]
    Whole,
    /// Empty lines part them.
    Paragraphs,
    /// Every line is one.
    Lines,
}

/// What kind of file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Text as it is.
    Text,
    /// A JSON object a line.
    Jsonl,
}

impl Kind {
    /// By the file's ending.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        match path.extension().and_then(|end| end.to_str()) {
            Some("jsonl" | "ndjson" | "json") => Self::Jsonl,
            _ => Self::Text,
        }
    }
}

/// How files are read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Form {
    /// The kind of every file; `None`: by its ending.
    pub kind: Option<Kind>,
    /// How plain files are split.
    pub split: Split,
    /// The field with a whole text.
    pub text_field: String,
    /// The field with what is read and not scored.
    pub prompt_field: String,
    /// The field with what is scored after it.
    pub target_field: String,
}

/// A file, so that no other is taken for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileCard {
    /// Its name, without its folder.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

impl FileCard {
    /// Reads a file to know it again.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn of(path: &Path) -> Result<Self, EvalError> {
        let mut file = fs::File::open(path).map_err(|source| EvalError::io(path, source))?;
        let mut hash = Sha256::new();
        let bytes = std::io::copy(&mut file, &mut hash).map_err(|source| EvalError::io(path, source))?;
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let sha256 = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { name, bytes, sha256 })
    }
}

/// The documents of a file, in order, without those that hold nothing.
///
/// # Errors
/// If it cannot be read, is not UTF-8, or a line is not as `form` says.
pub fn documents(path: &Path, form: &Form) -> Result<Vec<Document>, EvalError> {
    let bytes = fs::read(path).map_err(|source| EvalError::io(path, source))?;
    let text = String::from_utf8(bytes).map_err(|_| EvalError::File {
        path: path.into(),
        place: String::new(),
        expected: "text in UTF-8".into(),
        found: "other bytes".into(),
    })?;
    let whole = |text: &str| Document { text: text.to_owned(), prompt: 0 };
    let mut found: Vec<Document> = match (form.kind.unwrap_or_else(|| Kind::of(path)), form.split) {
        (Kind::Jsonl, _) => {
            let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
            lines.map(|(n, line)| object(path, n + 1, line, form)).collect::<Result<_, _>>()?
        }
        (Kind::Text, Split::Whole) => vec![whole(&text)],
        (Kind::Text, Split::Lines) => text.lines().map(whole).collect(),
        (Kind::Text, Split::Paragraphs) => paragraphs(&text).iter().map(|text| whole(text)).collect(),
    };
    found.retain(|document| !document.text.is_empty());
    Ok(found)
}

/// Runs of lines that are not empty, without the last line's end.
fn paragraphs(text: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    for line in text.lines() {
        match (line.trim().is_empty(), found.last_mut()) {
            (false, Some(last)) if last.is_empty() => last.push_str(line),
            (false, Some(last)) => {
                last.push('\n');
                last.push_str(line);
            }
            _ => found.push(String::new()),
        }
    }
    found.retain(|paragraph| !paragraph.is_empty());
    found
}

fn object(path: &Path, line: usize, text: &str, form: &Form) -> Result<Document, EvalError> {
    let refuse = |expected: String, found: &str| EvalError::File {
        path: PathBuf::from(path),
        place: format!("line {line}: "),
        expected,
        found: found.into(),
    };
    let value: Value =
        serde_json::from_str(text).map_err(|e| refuse("a JSON object a line".into(), &format!("other text ({e})")))?;
    let field = |name: &str| match value.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(refuse(format!("text in the field `{name}`"), "something else")),
    };
    match (field(&form.text_field)?, field(&form.prompt_field)?, field(&form.target_field)?) {
        (_, Some(prompt), Some(target)) => Ok(Document { text: format!("{prompt}{target}"), prompt: prompt.len() }),
        (Some(text), None, None) => Ok(Document { text: text.into(), prompt: 0 }),
        _ => {
            let Form { text_field, prompt_field, target_field, .. } = form;
            let expected = format!("a field `{text_field}`, or `{prompt_field}` and `{target_field}`");
            let found: Vec<&str> = value.as_object().map_or_else(Vec::new, |o| o.keys().map(String::as_str).collect());
            let found = if found.is_empty() { "none".into() } else { format!("`{}`", found.join("`, `")) };
            Err(refuse(format!("{expected}; --text-field and the like name others"), &found))
        }
    }
}
