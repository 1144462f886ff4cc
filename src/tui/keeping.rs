//! The session as something that is kept: in which file, whether all of it is there, and whether there is a model.

use std::{path::PathBuf, sync::Arc};

use super::{
    filing::Filing,
    hearing,
    keymap::Action,
    lanes::{self, Lanes},
    moving::Asked,
    panel::Panel,
    question::Question,
    restating::Restated,
    state::{State, View},
    tree::Tree,
    walk,
};
use crate::session::{
    protocol::ModelCard,
    saved::{Saved, Settings},
};

/// Where the session and its model are.
#[derive(Debug, Default)]
pub(crate) struct Keeping {
    /// The session's file, once it has a name.
    pub(crate) file: Option<PathBuf>,
    /// Generated tokens that are in the file, or that nobody would miss.
    kept: usize,
    /// What `--model` named; `None` for the demo.
    pub(crate) place: Option<String>,
    /// How the model computes, as flags of the command line.
    pub(crate) machine: Vec<String>,
    pub(crate) model: ModelState,
    /// Whether the model can go to other devices, while that is being asked.
    pub(crate) moving: Option<Asked>,
    /// How often that was asked.
    pub(super) questions: u64,
    /// Files that are being written or read.
    pub(crate) filing: Filing,
    /// What a session left behind that ended unexpectedly.
    pub(crate) left: Option<PathBuf>,
    /// For what the stored traces were last restated.
    pub(super) restated: Option<Restated>,
}

/// Whether there is a model.
#[derive(Debug, Default)]
pub(crate) enum ModelState {
    /// It is there, or is being opened for the first time.
    #[default]
    There,
    /// A saved session is shown while its model is opened.
    Coming,
    /// A saved session is shown, and that is all.
    Missing,
    /// Another one than the session was made with: the user is asked.
    Other(Arc<ModelCard>),
}

impl Keeping {
    /// Of a state that is only looked at: whether there is a model.
    pub(super) fn mark_model(&mut self, there: bool) {
        self.model = if there { ModelState::There } else { ModelState::Missing };
    }
}

/// What Space says without a model.
pub(crate) const NO_MODEL: &str = "no model: mexit-tui open FILE --model M, or :model M";

impl State {
    /// Whether something can be computed.
    pub(crate) fn has_model(&self) -> bool {
        matches!(self.keeping.model, ModelState::There)
    }

    /// Whether tokens were generated that no file has.
    pub(crate) fn is_unsaved(&self) -> bool {
        self.tree.generated() > self.keeping.kept
    }

    /// Takes note that a file has what there was when so many tokens had been generated.
    pub(crate) fn is_saved_as(&mut self, file: PathBuf, generated: usize) {
        self.keeping.kept = generated;
        self.keeping.file = Some(file);
    }

    /// Takes note that nobody would miss what there is: it was read from a file that is not saved into again.
    pub(crate) fn is_on_disk(&mut self) {
        self.keeping.kept = self.tree.generated();
    }

    /// What the status row says of it, if there is something to say.
    pub(crate) fn kept(&self) -> Option<&'static str> {
        match (self.is_unsaved(), &self.keeping.file) {
            (true, _) => Some("session not saved"),
            (false, Some(_)) => Some("session saved"),
            (false, None) => None,
        }
    }

    /// Everything, as it is saved; `None` while there is no text.
    pub(crate) fn saved(&self) -> Option<Saved> {
        let card = Arc::clone(self.card.as_ref()?);
        let (nodes, end, lanes) = lanes::saved(self)?;
        let last = card.exits.len().saturating_sub(1);
        let settings = Settings {
            decoding: self.decoding.clone(),
            pair: self.pair,
            pins: self.pins.clone(),
            view: self.view.name().to_owned(),
            position: self.position.min(self.open_slot()),
            row: self.row.min(last),
            what_if: (self.what_if.expert.min(last), self.what_if.amateur.min(last)),
        };
        Some(Saved { place: self.keeping.place.clone(), card, settings, nodes, end, lanes })
    }

    /// Puts a saved session in the place of the present one. `file` is its own, if it shall be saved there again.
    pub(crate) fn restore(&mut self, saved: Saved, file: Option<PathBuf>) {
        let tree = Tree::of(&saved.nodes);
        let goes_on = self.has_model() && self.card.as_ref().is_some_and(|c| c.fingerprint == saved.card.fingerprint);
        // The model that is open knows every token, the session only its own.
        if !goes_on {
            self.card = Some(saved.card);
            self.keeping.model = ModelState::Coming;
            self.keeping.place = saved.place;
        }
        // A file that shall not be overwritten has not saved anything.
        self.keeping.kept = if file.is_some() { tree.generated() } else { 0 };
        self.keeping.file = file;
        self.keeping.restated = None;
        self.tree = tree;
        (self.undo, self.redo) = (Vec::new(), Vec::new());
        (self.panel, self.help, self.branch) = (None, 0, 0);
        (self.stopped, self.reading, self.asked) = (None, None, None);
        self.millis = None;
        self.pair = saved.settings.pair;
        walk::to_pair(self);
        self.methods.adopt(&saved.settings.decoding.method);
        self.decoding = saved.settings.decoding;
        self.pins = saved.settings.pins;
        self.row = saved.settings.row;
        (self.what_if.expert, self.what_if.amateur) = saved.settings.what_if;
        let view = View::ALL.into_iter().find(|view| view.name() == saved.settings.view);
        self.view = view.unwrap_or_default();
        lanes::restore(self, saved.lanes);
        super::moves::show(self, Some(saved.end));
        self.position = saved.settings.position.min(self.open_slot());
    }
}

/// A model has been opened: the first, or one for a session that is shown already.
pub(super) fn opened(state: &mut State, card: Arc<ModelCard>) {
    let Some(recorded) = state.card.clone().filter(|_| !state.has_model()) else {
        // The first one, if another was asked for before it was there.
        state.keeping.model = ModelState::There;
        return hearing::opened(state, card);
    };
    if recorded.fingerprint == card.fingerprint && recorded.exits == card.exits {
        go_on(state, card);
        state.notice = Some("the model is there: Space goes on".into());
    } else {
        state.keeping.model = ModelState::Other(card);
        state.panel = Some(Panel::Question(Question::Other));
    }
}

fn go_on(state: &mut State, card: Arc<ModelCard>) {
    state.card = Some(card);
    state.keeping.model = ModelState::There;
    state.lanes.forget_pace();
    // Traces that were restated without it, it tells better.
    let (end, position) = (state.node, state.position);
    super::moves::show(state, end);
    state.position = position;
}

/// Goes on with another model than the session was made with: texts stay, what was known about them goes.
pub(super) fn go_on_with_other(state: &mut State) {
    let ModelState::Other(card) = std::mem::take(&mut state.keeping.model) else { return };
    if state.tree.largest() >= card.vocabulary {
        state.keeping.model = ModelState::Missing;
        let vocabulary = card.vocabulary;
        state.notice =
            Some(format!("its vocabulary is too small: {vocabulary} tokens, {} in the text", state.tree.largest()));
        return;
    }
    state.tree.forget();
    // The others' decodings may name exits that it lacks.
    state.lanes = Lanes::default();
    state.pins.retain(|id| id.index() < card.vocabulary);
    let known = |exit| card.exits.contains(&exit);
    let fits = known(state.pair.expert) && known(state.pair.amateur) && state.pair.min_candidates <= card.vocabulary;
    let fits = fits && state.decoding.method.exits().into_iter().all(known);
    state.row = state.row.min(card.exits.len().saturating_sub(1));
    if !fits {
        hearing::opened(state, Arc::clone(&card));
    }
    go_on(state, card);
}

/// The engine has ended. A session that is shown without it stays.
pub(super) fn stopped(state: &mut State, reason: String) {
    if matches!(state.keeping.model, ModelState::Coming) && state.card.is_some() {
        state.keeping.model = ModelState::Missing;
        state.notice = Some(format!("no model: {reason}"));
    } else {
        state.engine_stopped(reason);
    }
}

/// Why an action is refused without a model.
pub(super) fn refusal(state: &State, action: Action) -> Option<String> {
    let computes = match action {
        Action::Take | Action::Run | Action::Again | Action::Replay | Action::Find | Action::Edit => true,
        Action::Open => !matches!(state.view, View::Branches | View::WhatIf),
        _ => false,
    };
    let refused = computes && !state.has_model();
    refused.then(|| match state.keeping.model {
        ModelState::Coming => "the model is being opened".into(),
        _ => NO_MODEL.into(),
    })
}
