//! The loop: takes keys, signals and the engine's events from one channel, and draws what has become of the state.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread,
    time::{Duration, Instant},
};

use ratatui::crossterm::{
    event::{self, KeyEventKind},
    style::force_color_output,
};

use super::{
    ending::{self, Came},
    engine::Engine,
    filing::{self, Next},
    frames::Frames,
    hearing,
    keeper::Around,
    marks::Marks,
    mouse,
    moving::{self, Answer},
    preferences::Preferences,
    row::Look,
    state::State,
    terminal::Screen,
    theme::Depth,
    typing,
    update::{self, Effect},
    view,
};
use crate::session::{self, protocol::Event, worker::Opening};

/// What the screen starts with.
pub struct Start {
    /// What to call the model while it is being opened.
    pub opening: String,
    /// Opens the model, on the engine's thread; called again when the engine is restarted.
    pub open: Opening,
    /// Files, the clipboard, other models.
    pub around: Around,
    /// How it looks, what it shows, and which keys do what.
    pub preferences: Preferences,
}

/// What wakes the loop.
enum Input {
    Terminal(io::Result<event::Event>),
    /// With the number of the engine's start.
    Engine(u64, Event),
    /// Whether the model can move.
    Moving(Answer),
    /// A file has been written or read.
    Filing(filing::Answer),
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
    let mut around = start.around;
    around.begin(&mut state);
    let (sender, inputs) = mpsc::channel();
    let engine = sender.clone();
    let send = move |number, event| engine.send(Input::Engine(number, event)).is_ok();
    let mut engine = Engine::start(start.open, send)?;
    let mut screen = Screen::take()?;
    listen(&sender)?;
    provoke(&sender);
    let turns = || turn(&mut screen, &mut state, &look, &mut around, &mut engine, (&sender, &inputs));
    let end = catch_unwind(AssertUnwindSafe(turns));
    drop(screen);
    let end = end.unwrap_or_else(|panic| {
        around.leave_after_panic(&state);
        ending::finish_after_panic(&state, |patience| came(&inputs, patience));
        resume_unwind(panic)
    });
    let end = ending::finish(end, (&mut state, &around), &filed(&sender), |patience| came(&inputs, patience));
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
    around: &mut Around,
    engine: &mut Engine<impl Fn(u64, Event) -> bool + Clone + Send + 'static>,
    (answers, inputs): (&Sender<Input>, &Receiver<Input>),
) -> io::Result<i32> {
    let (started, mut frames) = (Instant::now(), Frames::default());
    loop {
        state.tick_to(started.elapsed());
        match filing::go_on(state, around, &filed(answers)) {
            Next::End => return Ok(0),
            Next::Model(opening) => engine.replace(opening)?,
            Next::Nothing => {}
        }
        engine.attend(state)?;
        if frames.take(Instant::now()) {
            screen.set_mouse(state.display.mouse)?;
            screen.terminal.draw(|frame| {
                let area = frame.area();
                state.window = (area.width, area.height);
                state.hits = view::draw(state, look, area, frame.buffer_mut());
            })?;
        }
        let turning = if state.is_waiting() { TURN } else { Duration::from_hours(1) };
        let beat = state.beat_in().unwrap_or(turning);
        let patience = turning.min(beat).min(frames.owed(Instant::now()).unwrap_or(turning));
        let first = match inputs.recv_timeout(patience) {
            Ok(input) => Some(input),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return Ok(0),
        };
        // Nothing came: a beat of a run, a frame that was owed, or the waiting sign turns.
        if first.is_none() {
            state.tick = usize::try_from(started.elapsed().as_millis() / TURN.as_millis()).unwrap_or(0);
            frames.want();
        }
        // Everything that has come is taken in before the next picture: a held key never lags behind.
        for input in first.into_iter().chain(inputs.try_iter()) {
            match input {
                Input::Signal(PROVOKED) => panic!("provoked for a test"),
                Input::Signal(signal) => return Ok(signal),
                Input::Terminal(event) => {
                    frames.hurry();
                    match take_in(state, event?) {
                        Effect::Quit => return Ok(0),
                        Effect::Redraw => screen.redraw()?,
                        Effect::Suspend => screen.suspend()?,
                        Effect::Save { path, quit } => filing::save(state, path, quit),
                        Effect::OpenFile(path) => filing::open(state, path),
                        Effect::OpenModel(place) => engine.replace(around.open_model(state, place))?,
                        Effect::MoveTo(words) => {
                            let answers = answers.clone();
                            let send = move |answer| drop(answers.send(Input::Moving(answer)));
                            moving::ask(state, &around.machine, words, send);
                        }
                        Effect::Copy(copied) => around.copy(state, look, copied),
                        Effect::None => {}
                    }
                }
                Input::Engine(number, event) if engine.is_present(number) => {
                    frames.want();
                    hearing::hear(state, event);
                }
                Input::Engine(..) => {}
                Input::Moving(answer) => {
                    frames.want();
                    let opening = moving::hear(state, &mut around.machine, answer);
                    opening.map_or(Ok(()), |opening| engine.replace(opening))?;
                }
                Input::Filing(answer) => {
                    frames.want();
                    filing::hear(state, around, answer);
                }
            }
        }
        if state.card.is_none() && state.stopped.is_some() {
            return Ok(0);
        }
    }
}

/// What tells the loop of files.
fn filed(answers: &Sender<Input>) -> impl Fn(filing::Answer) + Clone + Send + use<> {
    let answers = answers.clone();
    move |answer| drop(answers.send(Input::Filing(answer)))
}

/// What concerns the end of the program.
fn came(inputs: &Receiver<Input>, patience: Duration) -> Came {
    match inputs.recv_timeout(patience) {
        Ok(Input::Filing(answer)) => Came::Answer(answer),
        Ok(Input::Signal(signal)) => Came::Signal(signal),
        _ => Came::Nothing,
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
