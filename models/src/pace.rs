//! Notices when the processor's threads get in each other's way, and when they no longer do.
//!
//! ggml's threads wait for each other by spinning, hundreds of times a step: beside another busy program two can be
//! slower than one. So an engine that computes with them and has become slow, or whose threads do not get the processor
//! all the time, tries half of them for a graph, and later twice as many again: what is faster stays, and a try that
//! fails makes the next one wait twice as long. (Those that our own kernels are computed with sleep while they wait,
//! and need none of this.)

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use mexit_ggml::processor_time;

/// Work this many times slower than it has been is held to be disturbed.
const SLOW: f32 = 2.0;
/// So are threads that get less of the processor's time than this: one of two beside another busy program gets 3/4.
const SHARE: f32 = 0.85;
/// So many more than the others are no accident.
const OFTEN: u32 = 3;
/// So much of the other's time may a number of threads need, or it is not worth changing.
const WORTH: f32 = 0.9;
/// Graphs until a number of threads is tried that was not worth it, at first and at most; a failed try costs one slow
/// graph.
const PATIENCE: [u32; 2] = [32, 1024];

/// What was computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Work {
    /// Positions at once, and how many came before them.
    pub(crate) rows: usize,
    pub(crate) past: usize,
    /// Blocks that ran, and heads.
    pub(crate) blocks: u32,
    pub(crate) heads: usize,
}

impl Work {
    /// As far as its time depends on it: attention reads all that came before, so texts twice as long are other work.
    fn kind(self) -> Self {
        Self { past: (self.past / 64 + 1).ilog2() as usize, ..self }
    }
}

/// How a graph was computed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spent {
    /// Of the clock.
    pub(crate) seconds: f32,
    /// What the threads had of the processor, of what they could have had: 0 to 1.
    pub(crate) share: f32,
}

/// Measures how a graph is computed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch {
    clock: Instant,
    processor: Option<Duration>,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self { clock: Instant::now(), processor: processor_time() }
    }

    /// What has been spent since, by so many threads that wait for each other by spinning.
    pub(crate) fn stop(self, threads: usize) -> Spent {
        let clock = self.clock.elapsed().as_secs_f32();
        let used = self.processor.and_then(|before| processor_time()?.checked_sub(before));
        let share = used.map_or(1.0, |used| used.as_secs_f32() / (clock * threads as f32).max(f32::MIN_POSITIVE));
        Spent { seconds: clock, share }
    }
}

/// What to do about it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Advice {
    /// Use so many threads for the next graph, and see.
    Try(usize),
    /// The try has failed: use so many.
    Back(usize),
    /// The try has shown that so many threads are better: fewer than before, or more again.
    Stay(usize),
}

/// Times of graphs, by what they computed, with the threads in use.
#[derive(Debug)]
pub(crate) struct Pace {
    most: usize,
    threads: usize,
    /// The best and the last time of each kind of work.
    times: HashMap<Work, [f32; 2]>,
    /// Graphs that were disturbed, less those since that were not.
    disturbed: u32,
    /// Graphs since the last change or try, and how many of them to wait before fewer and before more are tried.
    since: u32,
    fewer_after: u32,
    more_after: u32,
    /// While another number of threads is tried: that to go back to, how many graphs the try has taken, and how many of
    /// them were better.
    tried_from: Option<(usize, u32, u32)>,
}

impl Pace {
    /// Of an engine that shall use `threads` threads.
    pub(crate) fn new(threads: usize) -> Self {
        let (times, more_after) = (HashMap::new(), PATIENCE[0]);
        Self { most: threads, threads, times, disturbed: 0, since: 0, fewer_after: 0, more_after, tried_from: None }
    }

    /// The threads that it shall use where nothing speaks against it.
    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// Takes note of a graph, and says what to do before the next.
    pub(crate) fn after(&mut self, work: Work, spent: Spent) -> Option<Advice> {
        if let Some((before, graphs, better)) = self.tried_from {
            return self.judge((before, graphs + 1, better), work.kind(), spent.seconds);
        }
        let [best, last] = self.times.entry(work.kind()).or_insert([spent.seconds; 2]);
        (*best, *last) = (best.min(spent.seconds), spent.seconds);
        let disturbed = spent.seconds > SLOW * *best || spent.share < SHARE;
        self.disturbed = if disturbed { self.disturbed + 1 } else { self.disturbed.saturating_sub(1) };
        self.since += 1;
        let threads = if self.disturbed >= OFTEN && self.threads > 1 && self.since >= self.fewer_after {
            self.threads / 2
        } else if self.threads < self.most && self.since >= self.more_after {
            (2 * self.threads).min(self.most)
        } else {
            return None;
        };
        self.tried_from = Some((self.threads, 0, 0));
        self.threads = threads;
        Some(Advice::Try(threads))
    }

    /// Whether what was tried is better than `before` threads.
    fn judge(&mut self, (before, graphs, better): (usize, u32, u32), work: Work, seconds: f32) -> Option<Advice> {
        let fewer = self.threads < before;
        // Fewer threads are compared with what has become of more of them, more with what fewer can do. Beside another
        // program more threads are fast now and then, by luck: so they have to be better more than once.
        let times = self.times.get(&work).copied();
        let is_better = times.map(|[best, last]| seconds < WORTH * if fewer { last } else { best });
        let better = better + u32::from(is_better == Some(true));
        let enough = better >= if fewer { 1 } else { OFTEN };
        // Other work says nothing: wait for some that has been done before, too, but not for long.
        if is_better != Some(false) && !enough && graphs < 2 * OFTEN {
            self.tried_from = Some((before, graphs, better));
            return None;
        }
        (self.tried_from, self.since, self.disturbed) = (None, 0, 0);
        if enough {
            [self.fewer_after, self.more_after] = [0, PATIENCE[0]];
            // With another number of threads other times are usual.
            self.times.clear();
            return Some(Advice::Stay(self.threads));
        }
        let wait = if fewer { &mut self.fewer_after } else { &mut self.more_after };
        *wait = (2 * *wait).clamp(PATIENCE[0], PATIENCE[1]);
        self.threads = before;
        Some(Advice::Back(before))
    }
}

#[cfg(test)]
mod tests {
    use super::{Advice, OFTEN, Pace, Spent, Work};

    fn step() -> Work {
        Work { rows: 1, past: 10, blocks: 24, heads: 13 }
    }

    fn batch() -> Work {
        Work { rows: 64, heads: 0, ..step() }
    }

    fn alone(seconds: f32) -> Spent {
        Spent { seconds, share: 0.97 }
    }

    fn starved(seconds: f32) -> Spent {
        Spent { seconds, share: 0.75 }
    }

    /// A pace that has gone down from two threads to one.
    fn slowed() -> Pace {
        let mut pace = Pace::new(2);
        for seconds in [0.1, 0.3, 0.3] {
            assert_eq!(pace.after(step(), alone(seconds)), None);
        }
        assert_eq!(pace.after(step(), alone(0.3)), Some(Advice::Try(1)));
        assert_eq!(pace.after(step(), alone(0.18)), Some(Advice::Stay(1)));
        pace
    }

    #[test]
    fn three_slow_graphs_are_needed() {
        let mut pace = Pace::new(2);
        for seconds in [0.1, 0.3, 0.3, 0.1, 0.3] {
            assert_eq!(pace.after(step(), alone(seconds)), None, "a good step forgives a slow one");
        }
        assert_eq!(pace.after(step(), alone(0.3)), Some(Advice::Try(1)));
    }

    #[test]
    fn threads_that_were_never_alone_are_tried_too() {
        let mut pace = Pace::new(2);
        assert!((1..OFTEN).all(|_| pace.after(step(), starved(0.3)).is_none()));
        assert_eq!(pace.after(step(), starved(0.3)), Some(Advice::Try(1)));
        assert_eq!(pace.after(step(), alone(0.2)), Some(Advice::Stay(1)));
    }

    #[test]
    fn fewer_threads_that_are_no_better_go_and_are_tried_rarely() {
        let (mut pace, mut tries) = (Pace::new(8), 0);
        for _ in 0..4096 {
            if pace.after(step(), starved(0.1)) == Some(Advice::Try(4)) {
                tries += 1;
                assert_eq!(pace.after(step(), alone(0.15)), Some(Advice::Back(8)));
            }
        }
        // After 3, then 32, 64, … 1,024 graphs and then every 1,024.
        assert_eq!(tries, 9);
    }

    #[test]
    fn more_heads_more_rows_and_longer_texts_are_other_work() {
        let mut pace = Pace::new(2);
        for work in [step(), Work { heads: 26, ..step() }, batch(), Work { past: 900, ..step() }] {
            assert_eq!(pace.after(work, alone(0.1 * (work.rows + work.heads) as f32)), None);
        }
        for _ in 0..3 {
            assert_eq!(pace.after(batch(), alone(6.4)), None);
        }
    }

    #[test]
    fn one_thread_stays_one() {
        let mut pace = Pace::new(1);
        assert!([0.1, 0.9, 0.9, 0.9, 0.9].iter().all(|s| pace.after(step(), starved(*s)).is_none()));
    }

    #[test]
    fn more_threads_are_tried_again_and_kept_where_they_help() {
        let mut pace = slowed();
        assert!((0..31).all(|_| pace.after(step(), alone(0.18)).is_none()));
        assert_eq!(pace.after(step(), alone(0.18)), Some(Advice::Try(2)));
        assert_eq!(pace.after(batch(), alone(9.0)), None, "nothing to compare with");
        assert_eq!((pace.after(step(), alone(0.1)), pace.after(step(), alone(0.1))), (None, None), "luck, so far");
        assert_eq!(pace.after(step(), alone(0.1)), Some(Advice::Stay(2)));
        assert!((0..100).all(|_| pace.after(step(), alone(0.1)).is_none()));
    }

    #[test]
    fn a_try_that_finds_nothing_to_compare_with_ends() {
        let mut pace = slowed();
        assert!((0..31).all(|_| pace.after(step(), alone(0.18)).is_none()));
        assert_eq!(pace.after(step(), alone(0.18)), Some(Advice::Try(2)));
        assert!((1..2 * OFTEN).all(|_| pace.after(batch(), alone(9.0)).is_none()));
        assert_eq!(pace.after(batch(), alone(9.0)), Some(Advice::Back(1)));
    }

    #[test]
    fn tries_that_fail_become_rare() {
        let mut pace = slowed();
        let mut tries = 0;
        for _ in 0..4096 {
            if pace.after(step(), alone(0.18)) == Some(Advice::Try(2)) {
                tries += 1;
                assert_eq!(pace.after(step(), alone(0.6)), Some(Advice::Back(1)));
            }
        }
        // After 32, 64, … 1,024 graphs and then every 1,024.
        assert_eq!(tries, 8);
    }
}
