//! The loop: takes keys, signals and the engine's events from one channel, and draws what has become of the state.

use std::{
    io,
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread,
    time::Duration,
};

use ratatui::crossterm::{
    event::{self, KeyEventKind},
    style::force_color_output,
};

use super::{
    marks::Marks,
    mouse,
    panel::Panel,
    preferences::Preferences,
    row::Look,
    state::State,
    terminal::Screen,
    theme::Depth,
    typing,
    update::{self, Effect},
    view,
};
use crate::session::{
    self,
    protocol::Event,
    worker::{Opening, Worker},
};

/// What the screen starts with.
pub struct Start {
    /// What to call the model while it is being opened.
    pub opening: String,
    /// Opens the model, on the engine's thread.
    pub open: Opening,
    /// How it looks, what it shows, and which keys do what.
    pub preferences: Preferences,
}

/// What wakes the loop.
enum Input {
    Terminal(io::Result<event::Event>),
    Engine(Event),
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
    let liked = &start.preferences;
    let depth = Depth::detect(liked.colour, env);
    // What NO_COLOR says has been weighed: crossterm would keep to it even where the user wants colours.
    force_color_output(depth != Depth::None);
    let look = Look::new(&Marks::detect(liked.ascii, env), depth);
    let mut state = liked.state(start.opening);
    let (sender, inputs) = mpsc::channel();
    let engine = sender.clone();
    let worker = Worker::start(start.open, move |event| engine.send(Input::Engine(event)).is_ok())?;
    let mut screen = Screen::take()?;
    listen(&sender)?;
    provoke(&sender);
    let end = turn(&mut screen, &mut state, &look, &worker, &inputs);
    drop(screen);
    let failed_to_open = state.card.is_none().then(|| state.stopped.take()).flatten();
    match (end?, failed_to_open) {
        (_, Some(reason)) => Err(io::Error::other(reason)),
        (0, None) => session::exit_now(0),
        // As a shell reports a program that a signal ended.
        (signal, None) => session::exit_now(128 + signal),
    }
}

/// Draws and waits, until the end; gives the signal that brought it, or 0.
fn turn(
    screen: &mut Screen,
    state: &mut State,
    look: &Look,
    worker: &Worker,
    inputs: &Receiver<Input>,
) -> io::Result<i32> {
    loop {
        if let Some(query) = state.next_query() {
            worker.ask(query);
        }
        if let Some(Panel::Editor(editor)) = &mut state.panel
            && let Some(text) = editor.next_text()
        {
            worker.tokenize(text);
        }
        screen.set_mouse(state.display.mouse)?;
        screen.terminal.draw(|frame| {
            let area = frame.area();
            state.window = (area.width, area.height);
            state.hits = view::draw(state, look, area, frame.buffer_mut());
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
                    Effect::None => {}
                },
                Input::Engine(event) => update::hear(state, event),
            }
        }
        if state.card.is_none() && state.stopped.is_some() {
            return Ok(0);
        }
    }
}

/// Takes in what came from the terminal.
pub(super) fn take_in(state: &mut State, event: event::Event) -> Effect {
    if let event::Event::Mouse(event) = event {
        return mouse::take_in(state, event);
    }
    state.clicked = None;
    match event {
        event::Event::Key(key) if key.kind != KeyEventKind::Release && state.panel.is_some() => typing::key(state, key),
        event::Event::Paste(text) => {
            typing::paste(state, &text);
            Effect::None
        }
        event::Event::Key(key) if key.kind != KeyEventKind::Release => {
            state.keys.action(key, state.view).map_or(Effect::None, |action| update::act(state, action))
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

/// For the tests that prove that the terminal survives: MEXIT_PROVOKE=panic or abort fails half a second after the start.
fn provoke(sender: &Sender<Input>) {
    match std::env::var("MEXIT_PROVOKE").as_deref() {
        Ok("abort") => {
            thread::spawn(|| {
                thread::sleep(Duration::from_millis(500));
                session::provoke_abort();
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
