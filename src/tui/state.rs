//! Everything that the screen shows, and nothing of how.

use std::sync::Arc;

use crate::session::{
    protocol::{ModelCard, Query},
    reading::Reading,
    trace::{Decoding, ExitId, Method, Pair, Sampling, StepTrace, TokenId},
};

/// A token of the text.
#[derive(Clone, Debug)]
pub(crate) struct TextToken {
    pub(crate) id: TokenId,
    /// The decoding that took it; `None` for the prompt.
    pub(crate) taken_by: Option<Decoding>,
}

/// What the user has chosen before the model is open.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wish {
    pub(crate) contrast: Option<(ExitId, ExitId)>,
    pub(crate) alpha: Option<f32>,
    pub(crate) min_candidates: Option<usize>,
}

/// How many candidates of each exit a query asks for: as many as the widest table shows.
const CANDIDATES: usize = 4;

/// The state of the screen.
pub(crate) struct State {
    /// What to call the model before it is open.
    pub(crate) opening: String,
    pub(crate) wish: Wish,
    pub(crate) card: Option<Arc<ModelCard>>,
    pub(crate) text: Vec<TextToken>,
    /// By position: what is known about it.
    pub(crate) traces: Vec<Option<Arc<StepTrace>>>,
    /// The cursor: a position, and a row of the table.
    pub(crate) position: usize,
    pub(crate) row: usize,
    pub(crate) pair: Pair,
    pub(crate) decoding: Decoding,
    /// Space was pressed before the next token was known.
    pub(crate) take_when_known: bool,
    /// The cursor goes on when the next token is known.
    pub(crate) following: bool,
    pub(crate) help: bool,
    /// A sentence for the status row, until the next key.
    pub(crate) notice: Option<String>,
    /// Why the engine is gone.
    pub(crate) stopped: Option<String>,
    /// Tokens read and to read of a long text.
    pub(crate) reading: Option<(usize, usize)>,
    pub(crate) millis: Option<f32>,
    /// Turns while the engine works.
    pub(crate) tick: usize,
    pub(crate) asked: Option<Query>,
    tickets: u64,
}

impl State {
    /// Before the model is open.
    pub(crate) fn new(opening: String, wish: Wish) -> Self {
        let pair = Pair { expert: ExitId::Original, amateur: ExitId::Original, alpha: 0.1, min_candidates: 1 };
        Self {
            opening,
            wish,
            card: None,
            text: Vec::new(),
            traces: Vec::new(),
            position: 0,
            row: 0,
            pair,
            decoding: Decoding { method: Method::Contrast(pair), sampling: Sampling::default() },
            take_when_known: false,
            following: false,
            help: false,
            notice: None,
            stopped: None,
            reading: None,
            millis: None,
            tick: 0,
            asked: None,
            tickets: 0,
        }
    }

    /// The position of the token not yet chosen.
    pub(crate) fn open_slot(&self) -> usize {
        self.text.len()
    }

    /// Whether no token can follow.
    pub(crate) fn is_full(&self) -> bool {
        self.card.as_ref().is_some_and(|card| self.text.len() >= card.context)
    }

    /// Where the prompt ends.
    pub(crate) fn prompt_len(&self) -> usize {
        self.text.iter().position(|token| token.taken_by.is_some()).unwrap_or(self.text.len())
    }

    /// What is known about a position, also under an older decoding.
    pub(crate) fn trace(&self, position: usize) -> Option<&Arc<StepTrace>> {
        self.traces.get(position)?.as_ref()
    }

    /// What is known about a position under the present decoding and pair.
    pub(crate) fn fresh(&self, position: usize) -> Option<&Arc<StepTrace>> {
        self.trace(position).filter(|trace| {
            let shown = trace.contrast.as_ref().is_some_and(|contrast| contrast.pair == self.pair);
            trace.decoding == self.decoding && shown
        })
    }

    /// What is known about the cursor's position.
    pub(crate) fn current(&self) -> Option<(&Arc<StepTrace>, Reading)> {
        let trace = self.trace(self.position)?;
        Some((trace, Reading::of(trace)))
    }

    /// The token that Space takes, if it is known.
    pub(crate) fn ghost(&self) -> Option<TokenId> {
        (!self.is_full()).then(|| self.fresh(self.open_slot()).map(|trace| trace.choice.id))?
    }

    /// The exit under the cursor.
    pub(crate) fn exit(&self) -> Option<ExitId> {
        self.card.as_ref()?.exits.get(self.row).copied()
    }

    /// Whether the contrast decides.
    pub(crate) fn contrast_decides(&self) -> bool {
        matches!(self.decoding.method, Method::Contrast(_))
    }

    /// Whether the engine is at work on something the user waits for.
    pub(crate) fn is_waiting(&self) -> bool {
        let opening = self.card.is_none();
        let needed = self.position > 0 && self.fresh(self.position).is_none() && !self.is_full_slot(self.position);
        self.stopped.is_none() && (opening || needed || self.take_when_known || self.following)
    }

    fn is_full_slot(&self, position: usize) -> bool {
        self.is_full() && position == self.open_slot()
    }

    /// The next thing to ask the engine: what the cursor is on, then the open slot, then, one after the other, what is
    /// not known yet of the rest. `None` if it has been asked, or all is known.
    pub(crate) fn next_query(&mut self) -> Option<Query> {
        if self.card.is_none() || self.stopped.is_some() || self.text.is_empty() {
            return None;
        }
        let slot = self.open_slot();
        let wanted =
            |position: &usize| *position > 0 && self.fresh(*position).is_none() && !self.is_full_slot(*position);
        let urgent = [self.position, slot].into_iter().find(wanted);
        let position = match (urgent, &self.asked) {
            (Some(position), Some(asked)) if self.is_answer(asked) && asked.position == position => return None,
            (Some(position), _) => position,
            (None, Some(asked)) if self.is_answer(asked) => return None,
            (None, _) => (1..slot).find(wanted)?,
        };
        self.tickets += 1;
        let query = Query {
            ticket: self.tickets,
            text: self.text.iter().map(|token| token.id).collect(),
            position,
            decoding: self.decoding.clone(),
            shown_pair: Some(self.pair),
            candidates: CANDIDATES,
        };
        self.asked = Some(query.clone());
        Some(query)
    }

    /// Whether the answer to a query would still be about this text and these settings.
    pub(crate) fn is_answer(&self, query: &Query) -> bool {
        let upto = query.position + 1;
        let same = |(token, id): (&TextToken, &TokenId)| token.id == *id;
        let text = self.text.len().min(upto) == query.text.len().min(upto)
            && self.text.iter().zip(query.text.iter()).take(upto).all(same);
        text && query.decoding == self.decoding && query.shown_pair == Some(self.pair)
    }
}
