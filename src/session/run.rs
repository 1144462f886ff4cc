//! Generation without a screen: one token after the other, by one decoding.

mod filled;

use mexit_models::{Error, TokenId};

use super::{
    protocol::Query,
    reader::{ReadError, Reader},
    speculate::Speculator,
    trace::{Choice, Decoding, StepTrace},
};

pub use filled::Batch;

/// A text that grows.
pub struct Run<'r> {
    reader: &'r mut Reader,
    decoding: Decoding,
    text: Vec<TokenId>,
    left: usize,
    /// Whether traces tell what every pair would choose.
    grid: bool,
    /// What takes several tokens at once, for [`Run::step`].
    speculator: Option<&'r mut Speculator>,
    ended: bool,
}

impl<'r> Run<'r> {
    /// Goes on from `prompt` for at most `most` tokens, or until the end-of-text token or the end of the context.
    ///
    /// # Errors
    /// If the prompt is empty or longer than the context.
    pub fn new(reader: &'r mut Reader, prompt: Vec<TokenId>, decoding: Decoding, most: usize) -> Result<Self, Error> {
        let context = reader.engine().context();
        if prompt.is_empty() {
            return Err(Error::EmptyText);
        }
        if prompt.len() > context {
            return Err(Error::ContextFull { context, found: prompt.len() });
        }
        Ok(Self { reader, decoding, text: prompt, left: most, grid: false, speculator: None, ended: false })
    }

    /// Lets traces tell what every pair of exits would choose, with the parameters of the contrast that decides.
    #[must_use]
    pub fn with_grid(mut self, grid: bool) -> Self {
        self.grid = grid;
        self
    }

    /// Lets [`Run::step`] speculate: the tokens are the same.
    #[must_use]
    pub fn with_speculator(mut self, speculator: &'r mut Speculator) -> Self {
        self.speculator = Some(speculator);
        self
    }

    /// The text so far.
    #[must_use]
    pub fn text(&self) -> &[TokenId] {
        &self.text
    }

    /// True once the end-of-text token has been taken.
    #[must_use]
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// The bytes of a token.
    #[must_use]
    pub fn bytes(&self, id: TokenId) -> Vec<u8> {
        self.reader.model().tokenizer.bytes(id)
    }

    /// Takes the next token; `None` at the end.
    ///
    /// # Errors
    /// If computing fails.
    pub fn step(&mut self) -> Result<Option<Choice>, ReadError> {
        let Some(query) = self.next_query(0) else { return Ok(None) };
        let choice = match &mut self.speculator {
            Some(speculator) => speculator.choose(self.reader, &query, self.left)?,
            None => self.reader.choose(&query)?,
        };
        self.take(choice);
        Ok(Some(choice))
    }

    /// Takes the next token and tells everything about it, with `candidates` of each exit; `None` at the end.
    ///
    /// # Errors
    /// If computing fails.
    pub fn traced_step(&mut self, candidates: usize) -> Result<Option<StepTrace>, ReadError> {
        let Some(query) = self.next_query(candidates) else { return Ok(None) };
        let trace = self.reader.answer(&query, &mut |_| true)?;
        // Without a screen there is nobody to look at the rest of a broken model.
        if let Some(exit) = trace.broken().next() {
            return Err(Error::NotFinite { exit, position: trace.position - 1 }.into());
        }
        if trace.choice.ln_p.is_nan() {
            return Err(ReadError::NoScore(trace.position));
        }
        self.take(trace.choice);
        Ok(Some(trace))
    }

    fn next_query(&self, candidates: usize) -> Option<Query> {
        // The last token of a full context still has a prediction, but no position for it to be read at.
        let full = self.text.len() > self.reader.engine().context();
        (self.left > 0 && !self.ended && !full).then(|| self.query(candidates))
    }

    fn query(&self, candidates: usize) -> Query {
        let grid = self.decoding.method.contrast().filter(|_| self.grid);
        Query { candidates, grid, ..Query::after(self.text.as_slice(), self.decoding.clone()) }
    }

    fn take(&mut self, choice: Choice) {
        self.text.push(choice.id);
        self.left -= 1;
        self.ended = self.reader.model().tokenizer.end_of_text() == Some(choice.id);
    }
}
