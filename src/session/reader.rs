//! Answers questions about texts with an engine, and keeps what it has just computed: changing the contrast, or coming
//! back to a position, runs nothing again.

use std::collections::VecDeque;

use mexit_models::{BATCH, Engine, Error, LogitRows, Model, TokenId};

use super::{
    analyze::{Analysis, Question},
    protocol::{ModelCard, Query},
    trace::{Choice, Decoding, ExitId, Method, Pair, StepTrace},
    vocabulary::Vocabulary,
};

/// Positions whose logits are kept: 2.6 MB each at GPT-2 Medium.
const KEPT: usize = 8;

/// An engine with the logits of the last positions asked about.
pub struct Reader {
    engine: Engine,
    exits: Vec<ExitId>,
    /// (row, logits of all exits), oldest first.
    kept: VecDeque<(usize, LogitRows)>,
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
        Self { engine, exits, kept: VecDeque::new() }
    }

    /// Reads with an engine, evaluating only what `decoding` needs: good for [`Reader::choose`] alone.
    #[must_use]
    pub fn for_choices(engine: Engine, decoding: &Decoding) -> Self {
        Self { engine, exits: exits_of(decoding), kept: VecDeque::new() }
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
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

    /// Answers a query. `progress` is told the tokens read of a long text and may stop.
    ///
    /// # Errors
    /// If the text, the position or an exit is not one of the model's, or computing fails.
    pub fn answer(&mut self, query: &Query, progress: &mut dyn FnMut(usize) -> bool) -> Result<StepTrace, ReadError> {
        self.require_exits(&query.decoding, query.shown_pair)?;
        let index = self.evaluate(query, progress)?;
        let text = &query.text;
        let question = Question {
            decoding: &query.decoding,
            shown_pair: query.shown_pair,
            candidates: query.candidates,
            history: &text[..query.position],
            token: text.get(query.position).copied(),
            pins: &query.pins,
            grid: query.grid,
        };
        let analysis = Analysis::new(&self.kept[index].1, &self.exits, 0);
        analysis.trace(query.position, &question).ok_or_else(|| Error::EmptyText.into())
    }

    /// Every token at a query's position, if it asks for that.
    ///
    /// # Errors
    /// As [`Reader::answer`].
    pub fn vocabulary(&mut self, query: &Query) -> Result<Option<Vocabulary>, ReadError> {
        let Some(pair) = query.vocabulary else { return Ok(None) };
        self.require_exits(&query.decoding, Some(pair))?;
        let index = self.evaluate(query, &mut |_| true)?;
        let analysis = Analysis::new(&self.kept[index].1, &self.exits, 0);
        Ok(analysis.vocabulary(query.position, pair))
    }

    /// What the decoding of a query takes.
    ///
    /// # Errors
    /// As [`Reader::answer`].
    pub fn choose(&mut self, query: &Query) -> Result<Choice, ReadError> {
        self.require_exits(&query.decoding, None)?;
        let index = self.evaluate(query, &mut |_| true)?;
        let history = &query.text[..query.position];
        let analysis = Analysis::new(&self.kept[index].1, &self.exits, 0);
        analysis.choose(query.position, &query.decoding, history).ok_or_else(|| Error::EmptyText.into())
    }

    /// Makes the logits before the query's position be kept, and says where.
    fn evaluate(&mut self, query: &Query, progress: &mut dyn FnMut(usize) -> bool) -> Result<usize, ReadError> {
        let text = &query.text;
        let Some(row) = query.position.checked_sub(1).filter(|row| *row < text.len()) else {
            return Err(Error::EmptyText.into());
        };
        self.logits_after(&text[..=row], text, progress)
    }

    /// Makes the logits after `text` be kept, and says where. `whole` is what the text goes on with: what was read of
    /// it stays.
    fn logits_after(
        &mut self,
        text: &[TokenId],
        whole: &[TokenId],
        progress: &mut dyn FnMut(usize) -> bool,
    ) -> Result<usize, ReadError> {
        let common = self.engine.ids().iter().zip(whole).take_while(|(a, b)| a == b).count();
        // Rows of another text are of no use.
        self.kept.retain(|(row, _)| *row < common);
        let row = text.len() - 1;
        if let Some(index) = self.kept.iter().position(|(kept, _)| *kept == row) {
            return Ok(index);
        }
        let logits = if common == row {
            self.engine.truncate(common);
            self.engine.step(text[row], &self.exits)?
        } else {
            if common < text.len() {
                self.engine.read(text, BATCH, progress)?;
            }
            if self.engine.ids().len() < text.len() {
                return Err(ReadError::Interrupted);
            }
            self.engine.logits(row..row + 1, &self.exits)?
        };
        if self.kept.len() == KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back((row, logits));
        Ok(self.kept.len() - 1)
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
            fingerprint: model.fingerprint().to_owned(),
        }
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
