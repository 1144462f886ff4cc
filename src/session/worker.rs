//! The engine's thread. Its inbox has one place: a newer query takes the place of an unanswered one.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
    time::Instant,
};

use super::{
    protocol::{Event, Query},
    reader::{ReadError, Reader},
};

/// ggml's graph walk recurses: more than the default stack.
const STACK: usize = 8 << 20;

/// The engine's thread, from the asking side. Dropping it lets the thread end after what it is doing.
pub struct Worker {
    inbox: Arc<Inbox>,
}

#[derive(Default)]
struct Inbox {
    slot: Mutex<Slot>,
    changed: Condvar,
}

#[derive(Default)]
struct Slot {
    query: Option<Query>,
    text: Option<String>,
    closed: bool,
}

/// What a worker starts with: the reader, the name to show, and the prompt. It can be called again: a worker that has
/// failed is started anew.
pub type Opening = Arc<dyn Fn() -> Result<(Reader, String, String), String> + Send + Sync>;

impl Worker {
    /// Starts the thread: opens the model by `open`, then answers. `send` gives an event to the asking side, and
    /// `false` if that has gone.
    ///
    /// # Errors
    /// If the system starts no thread.
    pub fn start(open: Opening, send: impl Fn(Event) -> bool + Send + 'static) -> std::io::Result<Self> {
        let inbox = Arc::new(Inbox::default());
        let own = Arc::clone(&inbox);
        let body = move || {
            let work = AssertUnwindSafe(|| run(&open, &own, &send));
            let end = catch_unwind(work).unwrap_or_else(|panic| {
                let text = panic.downcast_ref::<&str>().map(ToString::to_string);
                let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
                Some(format!("the engine failed ({text}): this is a bug, please report it"))
            });
            if let Some(reason) = end {
                send(Event::Stopped(reason));
            }
        };
        thread::Builder::new().name("engine".into()).stack_size(STACK).spawn(body)?;
        Ok(Self { inbox })
    }

    /// Asks. Replaces a query that has not been taken up.
    pub fn ask(&self, query: Query) {
        let mut slot = self.inbox.slot.lock().unwrap_or_else(PoisonError::into_inner);
        slot.query = Some(query);
        self.inbox.changed.notify_one();
    }
}

/// What a worker is asked.
enum Task {
    Answer(Box<Query>),
    Tokenize(String),
}

impl Worker {
    /// Asks for the tokens of a text. Replaces a text that has not been taken up.
    pub fn tokenize(&self, text: String) {
        let mut slot = self.inbox.slot.lock().unwrap_or_else(PoisonError::into_inner);
        slot.text = Some(text);
        self.inbox.changed.notify_one();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.inbox.slot.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.inbox.changed.notify_one();
    }
}

impl Inbox {
    /// Waits for something to do, what is quick first; `None` when nobody can ask any more.
    fn next(&self) -> Option<Task> {
        let mut slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if slot.closed {
                return None;
            }
            if let Some(text) = slot.text.take() {
                return Some(Task::Tokenize(text));
            }
            if let Some(query) = slot.query.take() {
                return Some(Task::Answer(Box::new(query)));
            }
            slot = self.changed.wait(slot).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Whether there is something newer to do.
    fn is_waiting(&self) -> bool {
        let slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        slot.closed || slot.query.is_some()
    }
}

/// Opens and answers; gives the reason of an end that is an error.
fn run(open: &Opening, inbox: &Inbox, send: &dyn Fn(Event) -> bool) -> Option<String> {
    let (mut reader, name, prompt) = match open() {
        Ok(opened) => opened,
        Err(reason) => return Some(reason),
    };
    let ids = match reader.model().tokenizer.encode(&prompt) {
        Ok(ids) => ids,
        Err(error) => return Some(error.to_string()),
    };
    send(Event::Opened(Arc::new(reader.card(&name))));
    send(Event::Prompt(ids.into()));
    while let Some(task) = inbox.next() {
        let query = match task {
            Task::Answer(query) => *query,
            Task::Tokenize(text) => {
                let ids = reader.model().tokenizer.encode(&text).map(Into::into).map_err(|error| error.to_string());
                if !send(Event::Tokens { text, ids }) {
                    break;
                }
                continue;
            }
        };
        let started = Instant::now();
        let before = reader.engine().ids().len();
        let total = query.position;
        // Another thought of the user's is worth more than the rest of a long text.
        let mut progress = |done: usize| send(Event::Reading { done, total }) && !inbox.is_waiting();
        let answer = reader.answer(&query, &mut progress);
        let event = match answer.and_then(|trace| Ok((trace, reader.vocabulary(&query)?))) {
            Ok((trace, vocabulary)) => {
                let ran = reader.engine().ids().len() > before;
                let millis = ran.then(|| started.elapsed().as_secs_f32() * 1000.0);
                let vocabulary = vocabulary.map(Arc::new);
                Event::Step { ticket: query.ticket, trace: Arc::new(trace), millis, vocabulary }
            }
            Err(ReadError::Interrupted) => continue,
            Err(error) => Event::Refused { ticket: query.ticket, reason: error.to_string() },
        };
        if let Some(notice) = reader.take_notice() {
            send(Event::Notice(notice));
        }
        if !send(event) {
            break;
        }
    }
    None
}
