//! Answers questions about texts with an engine, and keeps what it has just computed: changing the contrast, or coming
//! back to a position, runs nothing again.

use mexit_models::{BATCH, Engine, Error, Model, TokenId};

use super::{
    about::about,
    analyze::{Analysis, Question},
    kept::{Kept, Memory},
    protocol::{ModelCard, Query},
    trace::{Choice, Decoding, ExitId, Method, Pair, StepTrace},
    vocabulary::Vocabulary,
};

/// Logits computed at once for positions that can wait: bounds the memory, whatever the model.
const FILL_BYTES: usize = 128 << 20;
/// Positions filled in at once. See `benches/parts.rs`: more gain little, and a newer question waits for them.
const FILL_ROWS: usize = 16;

/// An engine with the logits of the last positions asked about.
pub struct Reader {
    engine: Engine,
    exits: Vec<ExitId>,
    kept: Memory,
}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The model or the machine refused.
    #[error(transparent)]
    Model(#[from] Error),
    /// A newer question has come.
    #[error("interrupted")]
    Interrupted,
}

impl Reader {
    /// Reads with an engine, evaluating every exit.
    #[must_use]
    pub fn new(engine: Engine) -> Self {
        let exits = engine.model().spec.exit_ids();
        Self { engine, exits, kept: Memory::default() }
    }

    /// Reads with an engine, evaluating only what `decoding` needs: good for [`Reader::choose`] alone.
    #[must_use]
    pub fn for_choices(engine: Engine, decoding: &Decoding) -> Self {
        Self { engine, exits: exits_of(decoding), kept: Memory::default() }
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The engine, without what was kept.
    #[must_use]
    pub fn into_engine(self) -> Engine {
        self.engine
    }

    /// The engine, to be left with a beginning of the text that it has read.
    pub(super) fn engine_mut(&mut self) -> &mut Engine {
        &mut self.engine
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &Model {
        self.engine.model()
    }

    /// Something that the user should know, once.
    pub fn take_notice(&mut self) -> Option<String> {
        self.engine.take_notice()
    }

    /// Answers a query about its position. `progress` is told the tokens read of a long text and may stop.
    ///
    /// # Errors
    /// If the text, the position or an exit is not one of the model's, or computing fails.
    pub fn answer(&mut self, query: &Query, progress: &mut dyn FnMut(usize) -> bool) -> Result<StepTrace, ReadError> {
        self.require_exits(&query.decoding, query.shown_pair)?;
        let exits = self.exits.clone();
        let row = self.evaluate(query, &exits, progress)?;
        Ok(self.trace_of(row, query))
    }

    /// As [`Reader::answer`], but where the trunk has run already, `part` is first given original and the exits that the
    /// decoding and the pair read, and may stop. See `benches/parts.rs` for what that is worth.
    ///
    /// # Errors
    /// As [`Reader::answer`].
    pub fn answer_in_parts(
        &mut self,
        query: &Query,
        progress: &mut dyn FnMut(usize) -> bool,
        part: &mut dyn FnMut(StepTrace) -> bool,
    ) -> Result<StepTrace, ReadError> {
        self.require_exits(&query.decoding, query.shown_pair)?;
        let shown = query.shown_pair.iter().flat_map(|pair| [pair.expert, pair.amateur]);
        let wanted: Vec<ExitId> = shown.chain(exits_of(&query.decoding)).chain([ExitId::Original]).collect();
        let first: Vec<ExitId> = self.exits.iter().copied().filter(|exit| wanted.contains(exit)).collect();
        let row = self.evaluate(query, &first, progress)?;
        let is_part = self.kept.get(row).is_some_and(|kept| !kept.has(&self.exits));
        if is_part && !part(self.trace_of(row, &Query { grid: None, ..query.clone() })) {
            return Err(ReadError::Interrupted);
        }
        self.answer(query, progress)
    }

    /// How many positions [`Reader::fill`] is best given at once.
    #[must_use]
    pub fn fill_rows(&self) -> usize {
        let row = size_of::<f32>() * self.exits.len() * self.model().spec.vocabulary;
        (FILL_BYTES / row.max(1)).clamp(1, FILL_ROWS)
    }

    /// Answers a query at several positions, in one batch of every head. `progress` is told the tokens read, also
    /// between one head and the next, and may stop.
    ///
    /// # Errors
    /// As [`Reader::answer`].
    pub fn fill(
        &mut self,
        query: &Query,
        positions: &[usize],
        progress: &mut dyn FnMut(usize) -> bool,
    ) -> Result<Vec<StepTrace>, ReadError> {
        self.require_exits(&query.decoding, query.shown_pair)?;
        let Some(last) = positions.iter().copied().max() else { return Ok(Vec::new()) };
        let text = text_before(last, query)?;
        if positions.contains(&0) {
            return Err(Error::EmptyText.into());
        }
        self.read(text, &query.text, progress)?;
        let is_kept = |position: &usize| self.kept.get(position - 1).is_some_and(|kept| kept.has(&self.exits));
        let rows: Vec<usize> = positions.iter().filter(|p| !is_kept(p)).map(|p| p - 1).collect();
        let mut parts = Vec::new();
        for exit in self.exits.iter().filter(|_| !rows.is_empty()) {
            parts.push(self.engine.logits_at(&rows, &[*exit])?);
            if !progress(last) {
                return Err(ReadError::Interrupted);
            }
        }
        let mut traces = Vec::with_capacity(positions.len());
        for position in positions {
            let analysis = match rows.iter().position(|row| *row == position - 1) {
                Some(index) => Analysis::new(&parts, &self.exits, index),
                None => Analysis::new(self.kept.get(position - 1).map_or(&[], |kept| &kept.parts), &self.exits, 0),
            };
            traces.push(analysis.trace(*position, &question(query, *position)));
            if !progress(last) {
                return Err(ReadError::Interrupted);
            }
        }
        Ok(traces)
    }

    /// Every token at a query's position, if it asks for that.
    ///
    /// # Errors
    /// As [`Reader::answer`].
    pub fn vocabulary(&mut self, query: &Query) -> Result<Option<Vocabulary>, ReadError> {
        let Some(pair) = query.vocabulary else { return Ok(None) };
        self.require_exits(&query.decoding, Some(pair))?;
        let exits = self.exits.clone();
        let row = self.evaluate(query, &exits, &mut |_| true)?;
        Ok(Some(self.analysis(row).vocabulary(query.position, pair, &query.decoding, &query.text[..query.position])))
    }

    /// What the decoding of a query takes.
    ///
    /// # Errors
    /// As [`Reader::answer`], or if an exit that decides gives a number that is not finite.
    pub fn choose(&mut self, query: &Query) -> Result<Choice, ReadError> {
        self.require_exits(&query.decoding, None)?;
        let exits = self.exits.clone();
        let row = self.evaluate(query, &exits, &mut |_| true)?;
        let analysis = self.analysis(row);
        let choice = analysis.choose(query.position, &query.decoding, &query.text[..query.position]);
        let broken = || exits_of(&query.decoding).into_iter().find(|exit| analysis.exit(*exit).is_none());
        let exit = broken().unwrap_or(ExitId::Original);
        choice.ok_or_else(|| Error::NotFinite { exit, position: row }.into())
    }

    fn analysis(&self, row: usize) -> Analysis<'_> {
        Analysis::new(self.kept.get(row).map_or(&[], |kept| &kept.parts), &self.exits, 0)
    }

    fn trace_of(&self, row: usize, query: &Query) -> StepTrace {
        self.analysis(row).trace(query.position, &question(query, query.position))
    }

    /// Makes the logits of `exits` before the query's position be kept, and says after which row.
    fn evaluate(
        &mut self,
        query: &Query,
        exits: &[ExitId],
        progress: &mut dyn FnMut(usize) -> bool,
    ) -> Result<usize, ReadError> {
        let text = text_before(query.position, query)?;
        let row = text.len() - 1;
        let common = self.common(&query.text);
        // Rows of another text are of no use.
        self.kept.truncate(common);
        if self.kept.get(row).is_some_and(|kept| kept.has(exits)) {
            return Ok(row);
        }
        if common == row {
            // One more token: the trunk and every head in one graph.
            self.engine.truncate(common);
            let logits = self.engine.step(text[row], &self.exits)?;
            self.kept.of(row).parts = vec![logits];
            return Ok(row);
        }
        self.read(text, &query.text, progress)?;
        let missing = self.kept.get(row).map_or_else(|| exits.to_vec(), |kept: &Kept| kept.missing(exits));
        let logits = self.engine.logits(row..row + 1, &missing)?;
        self.kept.of(row).parts.push(logits);
        Ok(row)
    }

    /// How many tokens from the start of a text have been read.
    #[must_use]
    pub fn common(&self, text: &[TokenId]) -> usize {
        self.engine.ids().iter().zip(text).take_while(|(a, b)| a == b).count()
    }

    /// Reads `text` unless that has been done; `whole` is what it goes on with: what was read of it stays.
    fn read(
        &mut self,
        text: &[TokenId],
        whole: &[TokenId],
        progress: &mut dyn FnMut(usize) -> bool,
    ) -> Result<(), ReadError> {
        let common = self.common(whole);
        self.kept.truncate(common);
        if common < text.len() {
            self.engine.read(text, BATCH, progress)?;
        }
        if self.engine.ids().len() < text.len() {
            return Err(ReadError::Interrupted);
        }
        Ok(())
    }

    fn require_exits(&self, decoding: &Decoding, shown: Option<Pair>) -> Result<(), Error> {
        let shown = shown.iter().flat_map(|pair| [pair.expert, pair.amateur]);
        exits_of(decoding).into_iter().chain(shown).try_for_each(|exit| self.model().require_exit(exit))
    }

    /// What the screen needs to know of the model.
    #[must_use]
    pub fn card(&self, name: &str) -> ModelCard {
        let model = self.model();
        let (spec, tokenizer) = (&model.spec, &model.tokenizer);
        let ids = || (0..u32::try_from(spec.vocabulary).unwrap_or(u32::MAX)).map(TokenId);
        ModelCard {
            name: name.into(),
            exits: self.exits.clone(),
            blocks: spec.blocks,
            context: self.engine.context(),
            vocabulary: spec.vocabulary,
            lens: spec.projection == mexit_models::Projection::Direct,
            end_of_text: tokenizer.end_of_text(),
            bytes: ids().map(|id| tokenizer.bytes(id).into_boxed_slice()).collect(),
            special: ids().filter(|id| tokenizer.is_special(*id)).collect(),
            about: about(model, name),
            fingerprint: model.fingerprint().to_owned(),
        }
    }
}

/// The tokens before a position of a query's text.
fn text_before(position: usize, query: &Query) -> Result<&[TokenId], Error> {
    query.text.get(..position).filter(|text| !text.is_empty()).ok_or(Error::EmptyText)
}

/// What a query asks about one of its positions.
fn question(query: &Query, position: usize) -> Question<'_> {
    Question {
        decoding: &query.decoding,
        shown_pair: query.shown_pair,
        candidates: query.candidates,
        history: &query.text[..position],
        token: query.text.get(position).copied(),
        pins: &query.pins,
        grid: query.grid,
    }
}

/// The exits that a decoding reads.
fn exits_of(decoding: &Decoding) -> Vec<ExitId> {
    match decoding.method {
        Method::Exit(exit) => vec![exit],
        Method::Contrast(pair) if pair.expert == pair.amateur => vec![pair.expert],
        Method::Contrast(pair) => vec![pair.expert, pair.amateur],
    }
}
