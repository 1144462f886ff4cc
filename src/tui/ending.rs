//! What is still to do when the screen is gone: files that are being written are written to their end.

use std::{
    io::{self, Write},
    time::{Duration, Instant},
};

use super::{
    filing::{self, Answer},
    keeper::Around,
    state::State,
};

/// What comes meanwhile.
pub(super) enum Came {
    Answer(Answer),
    Signal(i32),
    Nothing,
}

/// How long who sent a signal is kept waiting: a service manager waits for ten seconds or more, a user who logs out less.
const PATIENCE: Duration = Duration::from_secs(2);
/// After so long it is said what is waited for.
const SILENCE: Duration = Duration::from_secs(1);

/// Waits for the file that is being written when the screen panics: nothing is left beside it.
pub(super) fn finish_after_panic(state: &State, mut next: impl FnMut(Duration) -> Came) {
    let begun = Instant::now();
    while state.keeping.filing.is_writing() && begun.elapsed() < PATIENCE {
        if let Came::Answer(Answer::Written(_)) = next(PATIENCE) {
            break;
        }
    }
}

/// Waits for files that are being written: a user who quits is told if that takes long, and can give up by a signal.
/// After a signal, or what else ended the screen, it does not take long. Gives the signal that ended the program after
/// all, or 0.
///
/// # Errors
/// Those of `end`; or if a file could not be written that a user who quits had asked for.
pub(super) fn finish<S>(
    mut end: io::Result<i32>,
    (state, around): (&mut State, &Around),
    send: &S,
    mut next: impl FnMut(Duration) -> Came,
) -> io::Result<i32>
where
    S: Fn(Answer) + Clone + Send + 'static,
{
    let (begun, mut silent, mut failed) = (Instant::now(), true, false);
    state.keeping.filing.close();
    loop {
        filing::go_on(state, around, send);
        let Some(path) = state.keeping.filing.writes() else { break };
        let waited = begun.elapsed();
        match next(SILENCE.saturating_sub(waited).max(Duration::from_millis(100))) {
            Came::Answer(answer) => failed |= !filing::hear(state, around, answer),
            Came::Signal(signal) => {
                end = end.map(|_| signal);
                break;
            }
            Came::Nothing if !matches!(end, Ok(0)) && waited > PATIENCE => break,
            Came::Nothing if matches!(end, Ok(0)) && waited > SILENCE && silent => {
                silent = false;
                // Nobody may be left who reads it.
                let _ = writeln!(io::stderr(), "{} is still being written: Ctrl-C gives up", path.display());
            }
            Came::Nothing => {}
        }
    }
    match end {
        Ok(0) if failed => {
            let offered = if around.leave(state) { "; the next start offers it" } else { "" };
            Err(io::Error::other(state.notice.take().unwrap_or_default() + offered))
        }
        Ok(signal @ 1..) => {
            around.leave(state);
            Ok(signal)
        }
        end => end,
    }
}
