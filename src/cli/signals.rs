//! Ctrl-C while a file is written: what was begun is taken away first.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    flag,
    low_level::emulate_default_handler,
};

/// Signals that ask the program to end, held back once while work that can be stopped is under way. A second one ends
/// the program at once.
pub(super) struct Signals {
    stop: Arc<AtomicBool>,
    number: Arc<AtomicUsize>,
}

impl Signals {
    /// Holds them back from here on, for good: the command ends with the work.
    pub(super) fn catch() -> io::Result<Self> {
        Self::setting(Arc::default())
    }

    /// As [`Signals::catch`]; a signal sets this flag.
    pub(super) fn setting(stop: Arc<AtomicBool>) -> io::Result<Self> {
        let number = Arc::new(AtomicUsize::new(0));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            // In this order: the first signal finds the flag unset.
            flag::register_conditional_default(signal, Arc::clone(&stop))?;
            flag::register(signal, Arc::clone(&stop))?;
            flag::register_usize(signal, Arc::clone(&number), usize::try_from(signal).unwrap_or(0))?;
        }
        Ok(Self { stop, number })
    }

    /// The flag that a signal sets.
    pub(super) fn stop(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stop)
    }

    /// If the work came to nothing after a signal, ends the program as that signal would have: a shell's loop ends with
    /// it. Gives the work's result otherwise.
    pub(super) fn end<T, E: std::fmt::Display>(&self, result: Result<T, E>) -> Result<T, E> {
        let signal = i32::try_from(self.number.load(Ordering::Relaxed)).unwrap_or(0);
        if let (Err(error), true) = (&result, signal != 0) {
            eprintln!("{error}");
            let _ = emulate_default_handler(signal);
        }
        result
    }
}
