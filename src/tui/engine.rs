//! The engine from the screen's side: started, started anew when it has failed, and given what the state wants of it.

use std::io;

use super::{panel::Panel, state::State};
use crate::session::{
    protocol::Event,
    worker::{Opening, Worker},
};

/// A running engine, and how to start another.
pub(super) struct Engine<S> {
    open: Opening,
    send: S,
    worker: Option<Worker>,
    /// Which start this is: what an engine says after it was replaced is not heard.
    number: u64,
}

impl<S: Fn(u64, Event) -> bool + Clone + Send + 'static> Engine<S> {
    /// Starts the engine; `send` gives its number with every event.
    pub(super) fn start(open: Opening, send: S) -> io::Result<Self> {
        let worker = Worker::start(open.clone(), None, numbered(&send, 0))?;
        Ok(Self { open, send, worker: Some(worker), number: 0 })
    }

    /// Whether an event comes from the present engine.
    pub(super) fn is_present(&self, number: u64) -> bool {
        number == self.number
    }

    /// Lets the engine go and starts another.
    pub(super) fn replace(&mut self, open: Opening) -> io::Result<()> {
        self.number += 1;
        self.open = open;
        let before = self.worker.take();
        self.worker = Some(Worker::start(self.open.clone(), before, numbered(&self.send, self.number))?);
        Ok(())
    }

    /// Passes on what the state wants.
    pub(super) fn attend(&mut self, state: &mut State) -> io::Result<()> {
        if state.take_restart() {
            self.replace(self.open.clone())?;
        }
        let Some(worker) = &self.worker else { return Ok(()) };
        if state.take_stop() {
            worker.stop();
        }
        if let Some(query) = state.next_query() {
            worker.ask(query);
        }
        if state.take_check() {
            worker.check();
        }
        if let Some(Panel::Editor(editor)) = &mut state.panel
            && let Some(text) = editor.next_text()
        {
            worker.tokenize(text);
        }
        Ok(())
    }
}

fn numbered<S: Fn(u64, Event) -> bool + Clone>(send: &S, number: u64) -> impl Fn(Event) -> bool + use<S> {
    let send = send.clone();
    move |event| send(number, event)
}
