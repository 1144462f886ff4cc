//! Threads that begin each round together.

use std::{
    sync::{
        Barrier,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// Fewest rounds, however long one takes.
const LEAST: usize = 3;

/// Runs each of `works` on a thread of its own, round after round for about `time`; each says what it took. Gives the
/// time of the slowest in the best round.
pub(super) fn best_round<W: FnMut() -> Duration + Send>(works: Vec<W>, time: Duration) -> Duration {
    let (barrier, last, started) = (Barrier::new(works.len()), AtomicUsize::new(usize::MAX), Instant::now());
    let run = |mut work: W, leads: bool| {
        let mut times = Vec::new();
        loop {
            barrier.wait();
            // Written in an earlier round, or in this one by a leader who is ahead: which is a round that all take part in.
            if times.len() > last.load(Ordering::SeqCst) {
                return times;
            }
            let round = times.len();
            times.push(work());
            if leads && times.len() >= LEAST && started.elapsed() >= time {
                last.fetch_min(round, Ordering::SeqCst);
            }
        }
    };
    let times: Vec<Vec<Duration>> = thread::scope(|scope| {
        let run = &run;
        let threads: Vec<_> =
            works.into_iter().enumerate().map(|(index, work)| scope.spawn(move || run(work, index == 0))).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    let rounds = times.iter().map(Vec::len).min().unwrap_or(0);
    let slowest = |round: usize| times.iter().map(|times| times[round]).max();
    (0..rounds).filter_map(slowest).min().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::*;

    #[test]
    fn all_work_equally_often() {
        let counts: Vec<AtomicU32> = (0..3).map(|_| AtomicU32::new(0)).collect();
        // Round n (from 0) takes the thread with index i 10 + i − n seconds, so they say.
        let works = (0..).zip(&counts).map(|(i, count): (u32, _)| {
            move || Duration::from_secs(u64::from(10 + i - count.fetch_add(1, Ordering::SeqCst)))
        });
        let best = best_round(works.collect(), Duration::ZERO);
        assert!(counts.iter().all(|count| count.load(Ordering::SeqCst) == 3));
        assert_eq!(best, Duration::from_secs(10), "the third round of the third thread");
    }
}
