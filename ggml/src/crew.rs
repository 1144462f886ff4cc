//! Threads that help with one operation at a time. Whoever has one begins at once, the others join as the system lets
//! them, and only those that have joined are waited for.
//!
//! ggml's own threads have to arrive at every operation, all of them, and wait for each other by spinning: beside a
//! busy program one that does not get the processor holds the others up for a time slice, many times a step. Here
//! whoever waits is soon asleep, and leaves the processor to the one that is waited for.

#[cfg(test)]
mod tests;

use std::{
    cell::UnsafeCell,
    hint, io,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

/// Waiting is awake for so long: longer than what one thread does alone between two operations of a step, and much
/// shorter than a time slice.
const AWAKE: Duration = Duration::from_micros(50);

/// In the state of a crew: how many helpers are at work, whether more may join, and from which bit on the operation's
/// number stands.
const AT_WORK: u64 = 0xFFFF;
const OPEN: u64 = 1 << 16;
const NUMBER_AT: u32 = 32;

/// What each thread does for an operation: all do the same, and agree among themselves on who does which part.
type Work<'a> = dyn Fn() + Sync + 'a;

/// Does the work. A panic ends the process here: others have the work, or wait for it.
#[allow(improper_ctypes_definitions, reason = "called from here alone; C for that it never unwinds")]
extern "C" fn call(work: &Work<'_>) {
    work();
}

/// Some threads beside the one that has work for them.
pub(crate) struct Crew {
    shared: Arc<Shared>,
    helpers: Vec<thread::JoinHandle<()>>,
}

struct Shared {
    state: AtomicU64,
    /// Written while nobody may join and nobody is at work; read by those who have joined.
    work: UnsafeCell<Option<&'static Work<'static>>>,
    ended: AtomicBool,
    called: Signal,
    left: Signal,
}

// SAFETY: `work` is written and read as said beside it, and is `Sync` itself.
unsafe impl Sync for Shared {}

impl Crew {
    /// `count` threads, the caller's among them.
    ///
    /// # Errors
    /// If they cannot be started.
    pub(crate) fn new(count: usize) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            state: AtomicU64::new(0),
            work: UnsafeCell::new(None),
            ended: AtomicBool::new(false),
            called: Signal::default(),
            left: Signal::default(),
        });
        let mut crew = Self { shared, helpers: Vec::new() };
        for n in 1..count {
            let shared = Arc::clone(&crew.shared);
            // One that fails drops the crew, which ends those before it.
            crew.helpers.push(thread::Builder::new().name(format!("compute {n}")).spawn(move || shared.help())?);
        }
        Ok(crew)
    }

    /// How many threads it has, the caller's among them.
    pub(crate) fn count(&self) -> usize {
        self.helpers.len() + 1
    }

    /// Does `work` on this thread and on all that join before it is through.
    ///
    /// # Safety
    /// Nobody else has work for this crew meanwhile.
    pub(crate) unsafe fn run(&self, work: &Work<'_>) {
        if self.helpers.is_empty() {
            return call(work);
        }
        let shared = &*self.shared;
        // SAFETY: nobody is at work, and nobody reads this before the state says that there is work. It is forgotten how
        // long the work lives, but nobody has it any more when this function ends.
        unsafe { *shared.work.get() = Some(std::mem::transmute::<&Work<'_>, &'static Work<'static>>(work)) };
        let number = (shared.state.load(SeqCst) >> NUMBER_AT) + 1;
        shared.state.store(number << NUMBER_AT | OPEN, SeqCst);
        shared.called.tell();
        call(work);
        if shared.state.fetch_and(!OPEN, SeqCst) & AT_WORK > 0 {
            shared.left.wait(|| shared.state.load(SeqCst) & AT_WORK == 0);
        }
        // SAFETY: nobody is at work, and nobody may join.
        unsafe { *shared.work.get() = None };
    }
}

impl Shared {
    /// What a helper does, until the crew is dropped.
    fn help(&self) {
        let mut seen = 0;
        loop {
            let number = || self.state.load(SeqCst) >> NUMBER_AT;
            self.called.wait(|| number() != seen || self.ended.load(SeqCst));
            if self.ended.load(SeqCst) {
                return;
            }
            seen = number();
            let join = |state: u64| (state >> NUMBER_AT == seen && state & OPEN != 0).then_some(state + 1);
            if self.state.fetch_update(SeqCst, SeqCst, join).is_err() {
                continue;
            }
            // SAFETY: this thread has joined, so that the work is there, and stays until it has left.
            unsafe { (*self.work.get()).inspect(|work| call(work)) };
            if (self.state.fetch_sub(1, SeqCst) - 1) & (OPEN | AT_WORK) == 0 {
                self.left.tell();
            }
        }
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.shared.ended.store(true, SeqCst);
        self.shared.called.tell();
        for helper in self.helpers.drain(..) {
            // It ends unless it has panicked, and then there is nothing to be done here.
            drop(helper.join());
        }
    }
}

/// Waiting for a change of something that others hold: awake at first, then asleep.
#[derive(Default)]
struct Signal {
    asleep: AtomicU32,
    lock: Mutex<()>,
    told: Condvar,
}

impl Signal {
    /// Until this holds. Whoever makes it hold tells afterwards.
    fn wait(&self, holds: impl Fn() -> bool) {
        let began = Instant::now();
        while began.elapsed() < AWAKE {
            for _ in 0..32 {
                if holds() {
                    return;
                }
                hint::spin_loop();
            }
        }
        // First counted, then looked once more: whoever tells either sees that this thread sleeps, or was early enough.
        self.asleep.fetch_add(1, SeqCst);
        let guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.told.wait_while(guard, |()| !holds()));
        self.asleep.fetch_sub(1, SeqCst);
    }

    fn tell(&self) {
        if self.asleep.load(SeqCst) > 0 {
            // Whoever is between looking and sleeping holds the lock.
            drop(self.lock.lock().unwrap_or_else(PoisonError::into_inner));
            self.told.notify_all();
        }
    }
}
