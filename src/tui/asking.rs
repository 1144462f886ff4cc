//! What is asked of the engine and when: what the cursor is on, then the open slot, then, a batch at a time and from the
//! cursor outwards, what is not known yet of the rest. One query is under way; a newer one takes its place.

use std::sync::Arc;

use super::{
    lanes,
    panel::Panel,
    state::{State, TextToken},
};
use crate::session::{
    check::Check,
    protocol::Query,
    reading::Reading,
    trace::{StepTrace, TokenId},
};

/// How many candidates of each exit a query asks for: as many as the inspector of a cell shows.
const CANDIDATES: usize = 10;
/// Most positions of a query that can wait: after so many, those around the cursor are looked for anew.
const FILL: usize = 64;

/// What is going on with the engine.
#[derive(Debug, Default)]
pub(crate) struct Asking {
    tickets: u64,
    /// The beginning of the answer that is under way.
    part: Option<Arc<StepTrace>>,
    /// Seconds that reading the text will still take.
    pub(crate) seconds_left: f32,
    /// The user has stopped the reading of the text after so many tokens.
    pub(crate) halted: Option<usize>,
    /// The engine is to give up what it is doing; taken by the loop.
    stop: bool,
    /// The self-check is wanted; taken by the loop.
    check: bool,
    /// What the last one found.
    pub(crate) checked: Option<Arc<[Check]>>,
    /// A new engine is wanted; taken by the loop.
    restart: bool,
}

impl State {
    /// Whether the engine is at work on something the user waits for.
    pub(crate) fn is_waiting(&self) -> bool {
        let opening = self.card.is_none();
        let needed = self.wants(self.position);
        let needed = needed || self.lanes_wait();
        self.stopped.is_none() && self.has_model() && (opening || needed || self.take_when_known || self.following)
    }

    fn is_full_slot(&self, position: usize) -> bool {
        self.is_full() && position == self.open_slot()
    }

    /// Whether there is something to know of a position, that is not known.
    fn wants(&self, position: usize) -> bool {
        let shown = || self.has_grid(position) && self.has_pins(position) && self.has_lens(position);
        let whole = || self.fresh(position).is_some() && !self.picks_at(position) && shown();
        let known = if self.is_brief_at(position) { self.decided(position).is_some() } else { whole() };
        let readable = self.asking.halted.is_none_or(|read| position <= read);
        position > 0 && !known && !self.is_full_slot(position) && readable
    }

    /// The next thing to ask the engine; `None` if it has been asked, or all is known.
    pub(crate) fn next_query(&mut self) -> Option<Query> {
        if !self.has_model() {
            self.restate();
            return None;
        }
        if self.card.is_none() || self.stopped.is_some() || self.text.is_empty() {
            return None;
        }
        let lanes = self.asked_lanes();
        for n in lanes.iter().copied() {
            let urgent = lanes::within(self, n, |lane| {
                let positions = [lane.position, lane.open_slot()];
                let position = positions.into_iter().find(|position| lane.wants(*position))?;
                let asked = lane.asked.as_ref().is_some_and(|asked| lane.covers(asked) && asked.position == position);
                Some(if asked { None } else { Some(lane.query(position, Arc::default())) })
            });
            match urgent {
                Some(Some(query)) => return Some(self.ask(query)),
                Some(None) => return None,
                None => {}
            }
        }
        if let Some(asked) = self.asked.clone()
            && self.lane_of(&asked).is_some_and(|n| lanes::within(self, n, |lane| lane.is_answer(&asked)))
        {
            return None;
        }
        // The rest waits until the run is over: it would hold up the next token.
        if self.runs_briefly() {
            return None;
        }
        let gaps = |lane: &mut Self| lane.gaps().map(|(position, rest)| lane.query(position, rest));
        let query = lanes.into_iter().find_map(|n| lanes::within(self, n, gaps))?;
        Some(self.ask(query))
    }

    /// Makes a query the one under way.
    fn ask(&mut self, query: Query) -> Query {
        self.asking.tickets += 1;
        self.asking.part = None;
        let query = Query { ticket: self.asking.tickets, ..query };
        self.asked = Some(query.clone());
        query
    }

    /// The question about a position, and about others that can wait.
    fn query(&self, position: usize, rest: Arc<[usize]>) -> Query {
        Query {
            ticket: 0,
            lane: self.lanes.id(),
            text: self.text.iter().map(|token| token.id).collect(),
            position,
            rest,
            decoding: self.decoding.clone(),
            shown_pair: Some(self.pair),
            candidates: CANDIDATES,
            pins: self.followed().collect(),
            grid: self.grid_pair().filter(|_| position == self.position),
            vocabulary: self.picks_at(position).then_some(self.pair),
            lens: self.looks_through(position) && !self.is_brief_at(position),
            brief: self.is_brief_at(position),
        }
    }

    /// Positions that are not known, the nearest to the cursor first: what is visible comes before the rest.
    fn gaps(&self) -> Option<(usize, Arc<[usize]>)> {
        let mut gaps: Vec<usize> = (1..self.open_slot()).filter(|position| self.wants(*position)).collect();
        gaps.sort_by_key(|position| position.abs_diff(self.position));
        gaps.truncate(FILL);
        let (first, rest) = gaps.split_first()?;
        Some((*first, rest.into()))
    }

    /// Whether the answer to a query would be all that is wanted of its position, and soon.
    fn covers(&self, query: &Query) -> bool {
        let pinned = query.pins.iter().copied().eq(self.followed()) || !self.follows_at(query.position);
        let grid = query.grid == self.grid_pair() || query.position != self.position;
        let picked = query.vocabulary.is_some() == self.picks_at(query.position);
        let lens = query.lens || self.has_lens(query.position) || self.is_brief_at(query.position);
        let brief = query.brief == self.is_brief_at(query.position);
        self.is_answer(query) && pinned && grid && picked && lens && brief && query.rest.is_empty()
    }

    /// Whether the answer to a query would still be about this text and these settings.
    pub(crate) fn is_answer(&self, query: &Query) -> bool {
        query.rest.iter().chain([&query.position]).max().is_some_and(|last| self.is_answer_at(query, *last))
    }

    fn is_answer_at(&self, query: &Query, position: usize) -> bool {
        let upto = position + 1;
        let same = |(token, id): (&TextToken, &TokenId)| token.id == *id;
        let text = self.text.len().min(upto) == query.text.len().min(upto)
            && self.text.iter().zip(query.text.iter()).take(upto).all(same);
        let text = text && query.lane == self.lanes.id();
        text && query.decoding == self.decoding && query.shown_pair == Some(self.pair)
    }

    /// The query that an event answers, if it is the one under way and the answer at `position` is still wanted.
    pub(super) fn answered(&self, ticket: u64, position: usize) -> bool {
        self.asked.as_ref().is_some_and(|query| query.ticket == ticket && self.is_answer_at(query, position))
    }

    /// Keeps the beginning of an answer.
    pub(super) fn keep_part(&mut self, ticket: u64, trace: Arc<StepTrace>) {
        if self.answered(ticket, trace.position) {
            self.read_up_to(trace.position);
            self.asking.part = Some(trace);
        }
    }

    /// What is known about the cursor's position: all of it, the beginning of the answer, or what a run has read.
    pub(crate) fn shown(&self) -> Option<(&Arc<StepTrace>, Reading)> {
        let part = || {
            let query = self.asked.as_ref()?;
            let part = self.asking.part.as_ref().filter(|part| part.position == self.position)?;
            self.is_answer_at(query, part.position).then(|| (part, Reading::of(part)))
        };
        let seen = || self.seen(self.position).map(|trace| (trace, Reading::of(trace)));
        self.current().or_else(part).or_else(seen)
    }

    /// An answer has come: what it is about has been read. The rest of a text that was being read still is.
    pub(super) fn read_up_to(&mut self, position: usize) {
        self.reading.take_if(|(_, total)| position >= *total);
    }

    /// Stops the reading of a long text, if that is going on; what has been read stays.
    pub(super) fn halt(&mut self) -> bool {
        let Some((done, total)) = self.reading.take() else { return false };
        self.asking.halted = Some(done);
        self.asking.stop = true;
        self.asked = None;
        self.take_when_known = false;
        self.notice = Some(format!("{done} of {total} tokens read: Space reads on"));
        true
    }

    /// Goes on reading, if that was stopped.
    pub(super) fn read_on(&mut self) -> bool {
        self.asking.halted.take().is_some()
    }

    /// Says that the engine is gone, and what to do.
    pub(super) fn engine_stopped(&mut self, reason: String) {
        self.asked = None;
        self.reading = None;
        self.run = None;
        self.take_when_known = false;
        self.following = false;
        self.stopped = Some(reason);
        self.notice = self.stopped_text();
    }

    /// What has happened to the engine, if it is gone.
    pub(crate) fn stopped_text(&self) -> Option<String> {
        // A long reason is cut, never the remedy.
        let (what, remedy) = ("engine stopped: ", "; :restart keeps the session");
        let room = usize::from(self.window.0).saturating_sub(what.len() + remedy.len() + 2);
        let cut = |reason: &String| match reason.char_indices().nth(room) {
            Some(_) => reason.chars().take(room.saturating_sub(3)).chain("...".chars()).collect(),
            None => reason.clone(),
        };
        self.stopped.as_ref().map(|reason| format!("{what}{}{remedy}", cut(reason)))
    }

    /// The engine is replaced: what it was asked it does not answer any more.
    pub(super) fn forget_engine(&mut self) {
        self.asked = None;
        self.stopped = None;
        self.asking = Asking { tickets: self.asking.tickets, ..Asking::default() };
        if let Some(Panel::Editor(editor)) = &mut self.panel {
            editor.asked = None;
        }
    }

    /// Asks for a new engine; the text and what is known of it stay.
    pub(super) fn restart(&mut self) {
        self.forget_engine();
        self.asking.restart = true;
        self.notice = Some("the engine is starting anew".into());
    }

    /// Asks for the self-check.
    pub(super) fn ask_check(&mut self) {
        self.asking.checked = None;
        self.asking.check = true;
    }

    /// Whether a new engine is wanted, once.
    pub(crate) fn take_restart(&mut self) -> bool {
        std::mem::take(&mut self.asking.restart)
    }

    /// Whether the self-check is wanted, once.
    pub(crate) fn take_check(&mut self) -> bool {
        std::mem::take(&mut self.asking.check)
    }

    /// Whether the engine is to give up what it is doing, once.
    pub(crate) fn take_stop(&mut self) -> bool {
        std::mem::take(&mut self.asking.stop)
    }
}
