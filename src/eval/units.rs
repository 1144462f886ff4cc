//! From files to windows of tokens, one after the other, each with its number.

use std::{collections::VecDeque, path::PathBuf};

use mexit_models::{TokenId, Tokenizer};

use super::{
    EvalError,
    corpus::{self, Document},
    last_word::{last_word, tokens_of},
    settings::Settings,
    windows::Window,
};

/// A window of tokens that is measured alone: the unit of shards and of resuming.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    /// Its number among all of the evaluation, from 0.
    pub number: u64,
    /// The tokens read.
    pub inputs: Vec<TokenId>,
    /// How many of them come before the first token that is scored: that is scored after as many.
    pub before: usize,
    /// The tokens scored, following each other.
    pub targets: Vec<TokenId>,
    /// Which targets are the document's last word.
    pub word: Option<std::ops::Range<usize>>,
    /// Whether the document's last word begins here and is too long for one stride: it is not measured.
    pub word_too_long: bool,
    /// How much of all there is to read lies before the end of this window: 0 to 1.
    pub fraction: f64,
}

/// The windows of all documents of some files.
pub struct Units<'s> {
    settings: &'s Settings,
    files: VecDeque<(PathBuf, u64)>,
    documents: VecDeque<Document>,
    /// Tokens of the present document, its last word, and what of it is still to come.
    tokens: Vec<TokenId>,
    word: Option<std::ops::Range<usize>>,
    windows: VecDeque<Window>,
    number: u64,
    /// Bytes of all files, of those gone through, and of the present document.
    bytes: u64,
    done: u64,
    present: u64,
}

impl<'s> Units<'s> {
    /// The windows of files, whose lengths are known.
    #[must_use]
    pub fn of(files: &[(PathBuf, u64)], settings: &'s Settings) -> Self {
        Self {
            settings,
            files: files.iter().cloned().collect(),
            documents: VecDeque::new(),
            tokens: Vec::new(),
            word: None,
            windows: VecDeque::new(),
            number: 0,
            bytes: files.iter().map(|(_, bytes)| bytes).sum::<u64>().max(1),
            done: 0,
            present: 0,
        }
    }

    /// The next window.
    ///
    /// # Errors
    /// If a file cannot be read, or is not what it should be.
    pub fn next(&mut self, tokenizer: &Tokenizer) -> Result<Option<Unit>, EvalError> {
        if self.settings.limit.is_some_and(|limit| self.number >= limit) {
            return Ok(None);
        }
        while self.windows.is_empty() {
            if !self.next_document(tokenizer)? {
                return Ok(None);
            }
        }
        Ok(self.windows.pop_front().map(|window| self.unit(&window)))
    }

    fn next_document(&mut self, tokenizer: &Tokenizer) -> Result<bool, EvalError> {
        self.done += std::mem::take(&mut self.present);
        while self.documents.is_empty() {
            let Some((path, _)) = self.files.pop_front() else { return Ok(false) };
            self.documents = corpus::documents(&path, &self.settings.form)?.into();
        }
        if self.settings.join {
            self.read_joined(tokenizer)?;
        } else if let Some(document) = self.documents.pop_front() {
            self.read(&document, tokenizer)?;
        }
        Ok(true)
    }

    fn read(&mut self, document: &Document, tokenizer: &Tokenizer) -> Result<(), EvalError> {
        self.present = document.text.len() as u64;
        self.tokens = tokenizer.encode(&document.text)?;
        let lengths = || self.tokens.iter().map(|id| tokenizer.bytes(*id).len());
        // White space at the prompt's end belongs to the target's first token, as in the lm-evaluation-harness.
        let prompt = document.text[..document.prompt].trim_end().len();
        let from = if prompt == 0 { 0 } else { tokens_of(&(prompt..document.text.len()), lengths()).start };
        let word = last_word(&document.text, document.prompt).map(|bytes| tokens_of(&bytes, lengths()));
        self.word = word.filter(|word| word.start >= from.max(1) && !word.is_empty());
        self.windows = self.settings.slide().over(self.tokens.len(), from, self.word.as_ref()).into();
        Ok(())
    }

    /// All documents that are left, of every file, as one: the end-of-text token parts them.
    fn read_joined(&mut self, tokenizer: &Tokenizer) -> Result<(), EvalError> {
        let end = tokenizer.end_of_text().ok_or(EvalError::NoEnd)?;
        let mut documents: Vec<Document> = self.documents.drain(..).collect();
        for (path, _) in self.files.drain(..) {
            documents.extend(corpus::documents(&path, &self.settings.form)?);
        }
        self.tokens.clear();
        for (n, document) in documents.iter().enumerate() {
            if n > 0 {
                self.tokens.push(end);
            }
            self.tokens.extend(tokenizer.encode(&document.text)?);
            self.present += document.text.len() as u64;
        }
        self.word = None;
        self.windows = self.settings.slide().over(self.tokens.len(), 0, None).into();
        Ok(())
    }

    fn unit(&mut self, window: &Window) -> Unit {
        let scored = window.scored.clone();
        let inside = |word: &&std::ops::Range<usize>| scored.start <= word.start && word.end <= scored.end;
        let word = self.word.as_ref().filter(inside).map(|w| w.start - scored.start..w.end - scored.start);
        let begins = self.word.as_ref().is_some_and(|word| scored.contains(&word.start));
        let in_document = scored.end as f64 / self.tokens.len().max(1) as f64;
        let by_bytes = (self.done as f64 + self.present as f64 * in_document) / self.bytes as f64;
        let number = self.number;
        self.number += 1;
        let by_limit = self.settings.limit.map_or(0.0, |limit| self.number as f64 / limit as f64);
        Unit {
            number,
            inputs: self.tokens[window.start..scored.end - 1].to_vec(),
            before: scored.start - window.start,
            targets: self.tokens[scored].to_vec(),
            word_too_long: begins && word.is_none(),
            word,
            fraction: by_bytes.max(by_limit).min(1.0),
        }
    }
}
