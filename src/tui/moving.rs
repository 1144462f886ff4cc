//! The model goes to other devices. Whether it can is asked on a thread of its own: devices, servers and files take their
//! time, and keys do not wait for them. The newest question counts, until another model is opened.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
};

use super::{keeper::Machine, keeping::ModelState, panel::Panel, question::Question, state::State};
use crate::session::worker::{self, Opening};

/// A question that is not answered yet.
#[derive(Debug)]
pub(crate) struct Asked {
    number: u64,
    /// Where to, as it was typed.
    pub(crate) words: String,
}

/// What is said to a question: how models are opened there, or why they cannot be.
pub(super) struct Answer {
    number: u64,
    found: Result<Arc<dyn Machine>, String>,
}

/// Asks whether the model can go where some words say. What was asked before is not waited for any more.
pub(super) fn ask(
    state: &mut State,
    machine: &Arc<dyn Machine>,
    words: String,
    send: impl FnOnce(Answer) + Send + 'static,
) {
    let keeping = &mut state.keeping;
    keeping.questions += 1;
    let (number, place) = (keeping.questions, keeping.place.clone());
    keeping.moving = Some(Asked { number, words: words.clone() });
    let machine = Arc::clone(machine);
    let body = move || {
        let work = AssertUnwindSafe(|| machine.moved(place.as_deref(), &words));
        let found = catch_unwind(work).unwrap_or_else(|panic| Err(worker::told(&*panic)));
        send(Answer { number, found });
    };
    if let Err(error) = thread::Builder::new().name("moving".into()).spawn(body) {
        keeping.moving = None;
        state.notice = Some(format!("not moved: {error}"));
    }
}

/// Takes in an answer. If the model goes, models are opened by the answer's `machine` from now on: the present one by what
/// is given.
pub(super) fn hear(state: &mut State, machine: &mut Arc<dyn Machine>, answer: Answer) -> Option<Opening> {
    state.keeping.moving.take_if(|asked| asked.number == answer.number)?;
    match answer.found {
        Ok(there) => {
            *machine = there;
            state.keeping.machine = machine.flags();
            state.await_model();
            // It is asked again of the model that comes.
            state.panel.take_if(|panel| matches!(panel, Panel::Question(Question::Other)));
            state.notice = Some("the model is being opened there; the text is read again".into());
            Some(machine.opening(state.keeping.place.as_deref()))
        }
        Err(reason) => {
            state.notice = Some(reason);
            None
        }
    }
}

impl State {
    /// Gives up what is being asked; `false` if nothing is.
    pub(super) fn stop_moving(&mut self) -> bool {
        let Some(asked) = self.keeping.moving.take() else { return false };
        self.notice = Some(format!("not moved to {}: the model stays where it is", asked.words));
        true
    }

    /// A model is opened anew: what the engine before was asked stays without an answer, a run is over, and whether the
    /// model before could move is of no interest any more.
    pub(super) fn await_model(&mut self) {
        self.forget_engine();
        (self.run, self.take_when_known, self.following, self.reading) = (None, false, false, None);
        self.keeping.moving = None;
        self.keeping.model = ModelState::Coming;
    }
}
