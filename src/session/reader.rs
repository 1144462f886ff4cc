//! Answers questions about texts with an engine, and keeps what it has just computed: changing the contrast, or coming
//! back to a position, runs nothing again.

mod filling;
mod lanes;

use std::time::Instant;

use mexit_models::{Engine, Error, Model, TokenId};

use super::{
    about::about,
    analyze::{Analysis, Question},
    batches::Batches,
    kept::{Kept, Memory},
    protocol::{ModelCard, Query},
    trace::{Choice, Decoding, ExitId, Pair, StepTrace},
    vocabulary::Vocabulary,
};

/// An engine with the logits of the last positions asked about.
pub struct Reader {
    engine: Engine,
    exits: Vec<ExitId>,
    kept: Memory,
    batches: Batches,
    lanes: lanes::Lanes,
}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The model or the machine refused.
    #[error(transparent)]
    Model(#[from] Error),
    /// The exits are known, but the decoding makes nothing of them.
    #[error("the expression gives no token a score at position {0}: every one is NaN or -inf")]
    NoScore(usize),
    /// A newer question has come.
    #[error("interrupted")]
    Interrupted,
}

impl Reader {
    /// Reads with an engine, evaluating every exit.
    #[must_use]
    pub fn new(engine: Engine) -> Self {
        let exits = engine.model().spec.exit_ids();
        Self { engine, exits, kept: Memory::default(), batches: Batches::default(), lanes: lanes::Lanes::default() }
    }

    /// Reads with an engine, evaluating only what `decoding` needs: good for [`Reader::choose`] alone.
    #[must_use]
    pub fn for_choices(engine: Engine, decoding: &Decoding) -> Self {
        Self {
            engine,
            exits: exits_of(decoding),
            kept: Memory::default(),
            batches: Batches::default(),
            lanes: lanes::Lanes::default(),
        }
    }

    /// Reads texts in batches that are over soon, so that newer questions need not wait.
    #[must_use]
    pub fn answering_soon(mut self) -> Self {
        self.batches = Batches::soon();
        self
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The engine, with what it has read, for another reader.
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
        self.lanes.take_notice().or_else(|| self.engine.take_notice())
    }

    /// Answers a query about its position. `progress` is told the tokens read of a long text and may stop.
    ///
    /// # Errors
    /// If the text, the position or an exit is not one of the model's, or computing fails.
    pub fn answer(&mut self, query: &Query, progress: &mut dyn FnMut(usize) -> bool) -> Result<StepTrace, ReadError> {
        self.require_exits(&query.decoding, query.shown_pair)?;
        let exits = if query.brief { self.among(&brief_exits(query)) } else { self.exits.clone() };
        let row = self.evaluate(query, &exits, &exits, progress)?;
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
        if query.brief {
            return self.answer(query, progress);
        }
        self.require_exits(&query.decoding, query.shown_pair)?;
        let shown = query.shown_pair.iter().flat_map(|pair| [pair.expert, pair.amateur]);
        let first = self.among(&shown.chain(brief_exits(query)).collect::<Vec<ExitId>>());
        let exits = self.exits.clone();
        let row = self.evaluate(query, &first, &exits, progress)?;
        let is_part = self.kept.get(row).is_some_and(|kept| !kept.has(&self.exits));
        if is_part && !part(self.trace_of(row, &Query { grid: None, ..query.clone() })) {
            return Err(ReadError::Interrupted);
        }
        self.answer(query, progress)
    }

    /// Bytes of logits that are kept for further questions; 64 MiB at most.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.kept.bytes()
    }

    /// Those of some exits that are read out here, in their order.
    fn among(&self, wanted: &[ExitId]) -> Vec<ExitId> {
        self.exits.iter().copied().filter(|exit| wanted.contains(exit)).collect()
    }

    /// Every token at a query's position, if it asks for that.
    ///
    /// # Errors
    /// As [`Reader::answer`].
    pub fn vocabulary(&mut self, query: &Query) -> Result<Option<Vocabulary>, ReadError> {
        let Some(pair) = query.vocabulary else { return Ok(None) };
        self.require_exits(&query.decoding, Some(pair))?;
        let row = self.ensure(query)?;
        Ok(Some(self.analysis(row).vocabulary(query.position, pair, &query.decoding, &query.text[..query.position])))
    }

    /// What the decoding of a query takes: only the exits that it reads are evaluated.
    ///
    /// # Errors
    /// As [`Reader::answer`], or if an exit that decides gives a number that is not finite.
    pub fn choose(&mut self, query: &Query) -> Result<Choice, ReadError> {
        self.require_exits(&query.decoding, None)?;
        let exits = exits_of(&query.decoding);
        let row = self.evaluate(query, &exits, &exits, &mut |_| true)?;
        let analysis = self.analysis(row);
        let choice = analysis.choose(query.position, &query.decoding, &query.text[..query.position]);
        let broken = || exits_of(&query.decoding).into_iter().find(|exit| analysis.exit(*exit).is_none());
        choice.ok_or_else(|| match broken() {
            Some(exit) => Error::NotFinite { exit, position: row }.into(),
            None => ReadError::NoScore(query.position),
        })
    }

    /// Makes the logits of every exit before a query's position be kept, and says after which row.
    pub(super) fn ensure(&mut self, query: &Query) -> Result<usize, ReadError> {
        let exits = self.exits.clone();
        self.evaluate(query, &exits, &exits, &mut |_| true)
    }

    /// The exits that are read out.
    pub(super) fn exits(&self) -> &[ExitId] {
        &self.exits
    }

    /// Whether the exits are lenses themselves.
    pub(super) fn is_lens(&self) -> bool {
        self.model().spec.projection == mexit_models::Projection::Direct
    }

    pub(super) fn analysis(&self, row: usize) -> Analysis<'_> {
        Analysis::new(self.kept.get(row).map_or(&[], Kept::parts), &self.exits, 0)
    }

    fn trace_of(&self, row: usize, query: &Query) -> StepTrace {
        self.analysis(row).trace(query.position, &question(query, query.position))
    }

    /// Makes the logits of `exits` before the query's position be kept, and says after which row. If the trunk has to
    /// run over that one token, it does so with the heads of `in_step`, in one graph.
    fn evaluate(
        &mut self,
        query: &Query,
        exits: &[ExitId],
        in_step: &[ExitId],
        progress: &mut dyn FnMut(usize) -> bool,
    ) -> Result<usize, ReadError> {
        let text = text_before(query.position, query)?;
        let row = text.len() - 1;
        let common = self.common(&query.text);
        // Rows of another text are of no use.
        self.kept.truncate(common);
        if self.kept.has(row, exits) {
            self.kept.touch(row);
            return Ok(row);
        }
        if common == row {
            self.engine.truncate(common);
            let logits = self.engine.step(text[row], in_step)?;
            self.kept.add(row, logits);
            return Ok(row);
        }
        self.read(text, &query.text, progress)?;
        let missing = self.kept.get(row).map_or_else(|| exits.to_vec(), |kept| kept.missing(exits));
        let logits = self.engine.logits(row..row + 1, &missing)?;
        self.kept.add(row, logits);
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
        let mut read = common;
        while read < text.len() {
            let started = Instant::now();
            // One batch, then its pace is known.
            self.engine.read(text, self.batches.size(), &mut |_| false)?;
            let tokens = self.engine.ids().len() - read;
            self.batches.took(tokens, started.elapsed().as_secs_f32());
            read += tokens;
            if !progress(read) && read < text.len() {
                return Err(ReadError::Interrupted);
            }
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
            lens: self.is_lens(),
            end_of_text: tokenizer.end_of_text(),
            bytes: ids().map(|id| tokenizer.bytes(id).into_boxed_slice()).collect(),
            special: ids().filter(|id| tokenizer.is_special(*id)).collect(),
            about: about(model, name),
            block_work: spec.block_work(),
            head_work: spec.head_work(),
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

/// The exits that a brief answer has.
fn brief_exits(query: &Query) -> Vec<ExitId> {
    exits_of(&query.decoding).into_iter().chain([ExitId::Original]).collect()
}

/// The exits that a decoding reads.
pub(super) fn exits_of(decoding: &Decoding) -> Vec<ExitId> {
    decoding.method.exits()
}
