//! The loop: takes keys, signals and the engine's events from one channel, and draws what has become of the state.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread,
    time::Duration,
};

use ratatui::crossterm::event::{self, KeyEventKind};

use super::{
    keeper::Around,
    keymap,
    marks::Marks,
    panel::Panel,
    row::Look,
    state::{State, Wish},
    terminal::Screen,
    theme::Theme,
    typing,
    update::{self, Effect},
    view,
};
use crate::session::{
    self,
    protocol::Event,
    trace::ExitId,
    worker::{Opening, Worker},
};

/// What the screen starts with.
pub struct Start {
    /// What to call the model while it is being opened.
    pub opening: String,
    /// Opens the model, on the engine's thread.
    pub open: Opening,
    /// Expert and amateur, if the user chose them.
    pub contrast: Option<(ExitId, ExitId)>,
    /// α.
    pub alpha: f32,
    /// Minimum candidates.
    pub min_candidates: usize,
    /// Draw with ASCII only.
    pub ascii: bool,
    /// Files, the clipboard, other models.
    pub around: Around,
}

/// What wakes the loop.
enum Input {
    Terminal(io::Result<event::Event>),
    /// From the worker with this number.
    Engine(usize, Event),
    Signal(i32),
}

/// How often the sign of waiting turns.
const TURN: Duration = Duration::from_millis(100);

/// Runs the screen until the user quits. Then the process ends at once: a computation that is under way is not waited
/// for.
///
/// # Errors
/// If the terminal cannot be taken or drawn on, or the engine could not open the model.
pub fn run(start: Start) -> io::Result<()> {
    let env = |name: &str| std::env::var(name).ok();
    let look = Look { marks: Marks::detect(start.ascii, env), theme: Theme::detect(env) };
    let wish = Wish { contrast: start.contrast, alpha: Some(start.alpha), min_candidates: Some(start.min_candidates) };
    let mut state = State::new(start.opening, wish);
    let mut around = start.around;
    around.begin(&mut state);
    let (sender, inputs) = mpsc::channel();
    let mut workers = Workers { sender: sender.clone(), number: 0, worker: None };
    workers.start(start.open)?;
    let mut screen = Screen::take()?;
    listen(&sender)?;
    provoke(&sender);
    let turns = || turn(&mut screen, &mut state, &look, &around, &mut workers, &inputs);
    let end = catch_unwind(AssertUnwindSafe(turns));
    drop(screen);
    let end = end.unwrap_or_else(|panic| {
        around.leave_after_panic(&state);
        resume_unwind(panic)
    });
    if matches!(end, Ok(1..)) {
        around.leave(&state);
    }
    let failed_to_open = state.card.is_none().then(|| state.stopped.take()).flatten();
    match (end?, failed_to_open) {
        (_, Some(reason)) => Err(io::Error::other(reason)),
        (0, None) => session::exit_now(0),
        // As a shell reports a program that a signal ended.
        (signal, None) => session::exit_now(128 + signal),
    }
}

/// The engine's thread, which another one may replace.
struct Workers {
    sender: Sender<Input>,
    /// Of the present one: what an earlier one still sends is of no use.
    number: usize,
    worker: Option<Worker>,
}

impl Workers {
    fn start(&mut self, open: Opening) -> io::Result<()> {
        self.number += 1;
        let (number, sender) = (self.number, self.sender.clone());
        let send = move |event| sender.send(Input::Engine(number, event)).is_ok();
        // The one before goes first: two models may be more than the memory holds.
        self.worker = None;
        self.worker = Some(Worker::start(open, send)?);
        Ok(())
    }
}

/// Draws and waits, until the end; gives the signal that brought it, or 0.
fn turn(
    screen: &mut Screen,
    state: &mut State,
    look: &Look,
    around: &Around,
    workers: &mut Workers,
    inputs: &Receiver<Input>,
) -> io::Result<i32> {
    loop {
        if let (Some(query), Some(worker)) = (state.next_query(), &workers.worker) {
            worker.ask(query);
        }
        if let Some(Panel::Editor(editor)) = &mut state.panel
            && let Some(text) = editor.next_text()
            && let Some(worker) = &workers.worker
        {
            worker.tokenize(text);
        }
        screen.terminal.draw(|frame| {
            let area = frame.area();
            state.window = (area.width, area.height);
            view::draw(state, look, area, frame.buffer_mut());
        })?;
        let first = match inputs.recv_timeout(if state.is_waiting() { TURN } else { Duration::from_hours(1) }) {
            Ok(input) => Some(input),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return Ok(0),
        };
        state.tick += usize::from(first.is_none());
        // Everything that has come is taken in before the next picture: a held key never lags behind.
        for input in first.into_iter().chain(inputs.try_iter()) {
            match input {
                Input::Signal(PROVOKED) => panic!("provoked for a test"),
                Input::Signal(signal) => return Ok(signal),
                Input::Terminal(event) => match take_in(state, event?) {
                    Effect::Quit => return Ok(0),
                    Effect::Redraw => screen.redraw()?,
                    Effect::Suspend => screen.suspend()?,
                    Effect::Save { path, quit } => {
                        if around.save(state, &path, quit) {
                            return Ok(0);
                        }
                    }
                    Effect::OpenFile(path) => {
                        around.open(state, &path).map_or(Ok(()), |open| workers.start(open))?;
                    }
                    Effect::OpenModel(place) => workers.start(around.open_model(state, place))?,
                    Effect::Copy(copied) => around.copy(state, look, copied),
                    Effect::None => {}
                },
                Input::Engine(number, event) if number == workers.number => update::hear(state, event),
                Input::Engine(..) => {}
            }
        }
        if state.card.is_none() && state.stopped.is_some() {
            return Ok(0);
        }
    }
}

/// Takes in what came from the terminal.
pub(super) fn take_in(state: &mut State, event: event::Event) -> Effect {
    match event {
        event::Event::Key(key) if key.kind != KeyEventKind::Release && state.panel.is_some() => typing::key(state, key),
        event::Event::Paste(text) => {
            typing::paste(state, &text);
            Effect::None
        }
        event::Event::Key(key) if key.kind != KeyEventKind::Release => {
            keymap::action(key).map_or(Effect::None, |action| update::act(state, action))
        }
        _ => Effect::None,
    }
}

/// Threads that wait for the terminal and for signals, and end with the process.
fn listen(sender: &Sender<Input>) -> io::Result<()> {
    let keys = sender.clone();
    thread::Builder::new()
        .name("keys".into())
        .spawn(move || while keys.send(Input::Terminal(event::read())).is_ok() {})?;
    #[cfg(unix)]
    {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
        let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGHUP, SIGINT])?;
        let heard = sender.clone();
        thread::Builder::new().name("signals".into()).spawn(move || {
            for signal in signals.forever() {
                if heard.send(Input::Signal(signal)).is_err() {
                    break;
                }
            }
        })?;
    }
    Ok(())
}

/// For the tests that prove that the terminal survives: MEXIT_PROVOKE=panic or abort fails half a second after the
/// start, late-panic when SIGUSR1 comes.
fn provoke(sender: &Sender<Input>) {
    match std::env::var("MEXIT_PROVOKE").as_deref() {
        Ok("abort") => {
            thread::spawn(|| {
                thread::sleep(Duration::from_millis(500));
                session::provoke_abort();
            });
        }
        #[cfg(unix)]
        Ok("late-panic") => {
            let heard = sender.clone();
            let signals = signal_hook::iterator::Signals::new([signal_hook::consts::SIGUSR1]);
            thread::spawn(move || {
                signals.map(|mut all| all.wait().for_each(|_| drop(heard.send(Input::Signal(PROVOKED)))))
            });
        }
        Ok("panic") => {
            let heard = sender.clone();
            thread::spawn(move || {
                thread::sleep(Duration::from_millis(500));
                heard.send(Input::Signal(PROVOKED))
            });
        }
        _ => {}
    }
}

/// No signal's number: asks the loop to panic.
const PROVOKED: i32 = -1;
