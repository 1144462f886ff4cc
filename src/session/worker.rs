//! The engine's thread. Its inbox has one place: a newer query takes the place of an unanswered one.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, Once, OnceLock, PoisonError},
    thread,
    time::Instant,
};

use super::{
    check,
    lost::Lost,
    protocol::{Event, Query},
    reader::{ReadError, Reader},
    trace::StepTrace,
};

/// ggml's graph walk recurses: more than the default stack.
const STACK: usize = 8 << 20;

/// The engine's thread, from the asking side. Dropping it lets the thread end after what it is doing.
pub struct Worker {
    inbox: Arc<Inbox>,
    /// `None` once somebody else waits for its end.
    thread: Option<thread::JoinHandle<()>>,
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
    check: bool,
    stop: bool,
    closed: bool,
}

/// What a worker starts with: the reader, the name to show, and the prompt. It can be called again: a worker that has
/// failed is started anew.
pub type Opening = Arc<dyn Fn() -> Result<(Reader, String, String), String> + Send + Sync>;

impl Worker {
    /// Starts the thread: opens the model by `open`, then answers. `send` gives an event to the asking side, and
    /// `false` if that has gone. A worker `before` is let go, and its memory given back before the model is opened.
    ///
    /// # Errors
    /// If the system starts no thread.
    pub fn start(
        open: Opening,
        before: Option<Self>,
        send: impl Fn(Event) -> bool + Send + 'static,
    ) -> std::io::Result<Self> {
        let inbox = Arc::new(Inbox::default());
        let own = Arc::clone(&inbox);
        let before = before.and_then(|mut worker| worker.thread.take());
        let body = move || {
            // A thread that has panicked has ended, too.
            drop(before.map(thread::JoinHandle::join));
            let work = AssertUnwindSafe(|| run(&open, &own, &send));
            let end = catch_unwind(work).unwrap_or_else(|panic| Some(told(&*panic)));
            if let Some(reason) = end {
                send(Event::Stopped(reason));
            }
        };
        let thread = thread::Builder::new().name("engine".into()).stack_size(STACK).spawn(body)?;
        Ok(Self { inbox, thread: Some(thread) })
    }

    /// Asks. Replaces a query that has not been taken up.
    pub fn ask(&self, query: Query) {
        self.inbox.change(|slot| slot.query = Some(query));
    }

    /// Asks for the tokens of a text. Replaces a text that has not been taken up.
    pub fn tokenize(&self, text: String) {
        self.inbox.change(|slot| slot.text = Some(text));
    }

    /// Asks for the model's self-check.
    pub fn check(&self) {
        self.inbox.change(|slot| slot.check = true);
    }

    /// Gives up what is being answered; what has been read stays.
    pub fn stop(&self) {
        self.inbox.change(|slot| slot.stop = true);
    }
}

/// What to say of a panic.
pub(crate) fn told(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    format!("{text} (a bug, please report it)")
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.inbox.change(|slot| slot.closed = true);
    }
}

/// What a worker is asked.
enum Task {
    Answer(Box<Query>),
    Tokenize(String),
    Check,
}

impl Inbox {
    fn change(&self, change: impl FnOnce(&mut Slot)) {
        change(&mut self.slot.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_one();
    }

    /// Waits for something to do, what is quick first; `None` when nobody can ask any more.
    fn next(&self) -> Option<Task> {
        let mut slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if slot.closed {
                return None;
            }
            slot.stop = false;
            if let Some(text) = slot.text.take() {
                return Some(Task::Tokenize(text));
            }
            if let Some(query) = slot.query.take() {
                return Some(Task::Answer(Box::new(query)));
            }
            if std::mem::take(&mut slot.check) {
                return Some(Task::Check);
            }
            slot = self.changed.wait(slot).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Whether there is something newer to do.
    fn is_waiting(&self) -> bool {
        let slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        slot.closed || slot.stop || slot.query.is_some()
    }
}

/// Opens and answers; gives the reason of an end that is an error. Where a device of another machine is lost, opens anew on
/// what remains, and goes on with what was asked.
fn run(open: &Opening, inbox: &Inbox, send: &dyn Fn(Event) -> bool) -> Option<String> {
    let (mut again, mut lost) = (None, None::<Lost>);
    // Losses since something was done: a server that comes back to die of what it is asked is not asked for ever.
    let mut losses = 0;
    loop {
        let (mut reader, name, prompt) = match open() {
            Ok((reader, name, prompt)) => (reader.answering_soon(), name, prompt),
            Err(reason) => return Some(reason),
        };
        let ids = match reader.model().tokenizer.encode(&prompt) {
            Ok(ids) => ids,
            Err(error) => return Some(error.to_string()),
        };
        send(Event::Opened(Arc::new(reader.card(&name))));
        send(match &lost {
            None => Event::Prompt(ids.into()),
            Some(lost) => Event::Notice(lost.after(&reader)),
        });
        let end = work(&mut reader, inbox, &mut again, &mut losses, send)?;
        losses += 1;
        if losses > 3 {
            return Some(end.before());
        }
        send(Event::Notice(end.before()));
        lost = Some(end);
    }
}

/// Does what is asked, `again` first; gives what was lost, and leaves in `again` what it was asked then.
fn work(
    reader: &mut Reader,
    inbox: &Inbox,
    again: &mut Option<Task>,
    losses: &mut usize,
    send: &dyn Fn(Event) -> bool,
) -> Option<Lost> {
    while let Some(task) = again.take().or_else(|| inbox.next()) {
        let done = match &task {
            Task::Answer(query) => match answer(reader, query, inbox, send) {
                Ok(goes_on) => Ok(goes_on),
                Err(ReadError::Interrupted) => Ok(true),
                Err(error) => Lost::of(reader)
                    .map_or_else(|| Ok(send(Event::Refused { ticket: query.ticket, reason: error.to_string() })), Err),
            },
            Task::Tokenize(text) => {
                let ids = reader.model().tokenizer.encode(text).map(Into::into).map_err(|error| error.to_string());
                Ok(send(Event::Tokens { text: text.clone(), ids }))
            }
            Task::Check => {
                let found = check::check(reader).into();
                Lost::of(reader).map_or_else(|| Ok(send(Event::Checked(found))), Err)
            }
        };
        if let Some(notice) = reader.take_notice() {
            send(Event::Notice(notice));
        }
        match done {
            Ok(true) => *losses = 0,
            Ok(false) => break,
            Err(lost) => {
                *again = Some(task);
                return Some(lost);
            }
        }
    }
    None
}

/// Answers a query; `false` if nobody listens any more.
fn answer(reader: &mut Reader, query: &Query, inbox: &Inbox, send: &dyn Fn(Event) -> bool) -> Result<bool, ReadError> {
    provoke(query);
    let started = Instant::now();
    reader.turn_to(query.lane, &query.text)?;
    let (computed, read) = (reader.engine().computed(), reader.common(&query.text));
    let total = query.rest.iter().copied().chain([query.position]).max().unwrap_or_default();
    let mut last = read;
    // Another thought of the user's is worth more than the rest of this answer.
    let mut progress = |done: usize| {
        if done > last && done <= total {
            last = done;
            let pace = started.elapsed().as_secs_f32() / (done - read) as f32;
            let seconds_left = pace * (total - done) as f32;
            send(Event::Reading { done, total, seconds_left });
        }
        !inbox.is_waiting()
    };
    let ticket = query.ticket;
    let found = if query.rest.is_empty() {
        let mut part = |trace| send(Event::Part { ticket, trace: Arc::new(trace) }) && !inbox.is_waiting();
        reader.answer_in_parts(query, &mut progress, &mut part)
    } else {
        fill(reader, query, &mut progress, send)
    };
    let trace = found?;
    if let Some(lens) = reader.lens(query, trace.subject)? {
        send(Event::Lens { ticket, lens: Arc::new(lens) });
    }
    let vocabulary = reader.vocabulary(query)?.map(Arc::new);
    let ran = reader.engine().computed() > computed;
    let millis = ran.then(|| started.elapsed().as_secs_f32() * 1000.0);
    Ok(send(Event::Step { ticket, trace: Arc::new(trace), millis, vocabulary }))
}

/// Answers a query at all of its positions, a batch at a time; gives the last answer.
fn fill(
    reader: &mut Reader,
    query: &Query,
    progress: &mut dyn FnMut(usize) -> bool,
    send: &dyn Fn(Event) -> bool,
) -> Result<StepTrace, ReadError> {
    let positions: Vec<usize> = [query.position].into_iter().chain(query.rest.iter().copied()).collect();
    let mut last = None;
    for batch in positions.chunks(reader.fill_rows()) {
        let traces = last.into_iter().chain(reader.fill(query, batch, progress)?);
        let mut traces: Vec<Arc<StepTrace>> = traces.map(Arc::new).collect();
        last = traces.pop().and_then(Arc::into_inner);
        if !traces.is_empty() && !send(Event::Filled { ticket: query.ticket, traces }) {
            return Err(ReadError::Interrupted);
        }
    }
    last.ok_or(ReadError::Interrupted)
}

/// For the test that the screen outlives its engine: MEXIT_PROVOKE=engine-panic fails once, at the first token after
/// the text that it started with.
fn provoke(query: &Query) {
    static FIRST: OnceLock<usize> = OnceLock::new();
    static ONCE: Once = Once::new();
    let first = *FIRST.get_or_init(|| query.text.len());
    if query.text.len() > first && !ONCE.is_completed() {
        ONCE.call_once(|| {});
        assert!(std::env::var_os("MEXIT_PROVOKE").is_none_or(|what| what != "engine-panic"), "provoked for a test");
    }
}
