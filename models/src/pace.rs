//! Notices when the processor's threads get in each other's way, and when they no longer do.
//!
//! ggml's threads wait for each other by spinning, hundreds of times a step. Beside another busy program that makes two
//! threads several times slower than one, so an engine that becomes slow goes on with half of them, and tries more
//! again from time to time: ever less often while that does not help.

use std::collections::HashMap;

/// Work this many times slower than it has been is held to be disturbed.
const SLOW: f32 = 2.0;
/// So many in a row are no accident.
const IN_A_ROW: u32 = 3;
/// So much of the time with fewer threads may be needed with more of them, or they are not worth having.
const WORTH: f32 = 0.9;
/// Graphs until more threads are tried again: at first, and at most. A try that fails costs one slow graph.
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

/// What to do about it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Advice {
    /// Use so many threads from now on: work has become this many times slower.
    Fewer(usize, f32),
    /// Use so many threads for the next graph, and see.
    Try(usize),
    /// The try has failed: use so many.
    Back(usize),
    /// The try has shown that so many threads are worth having again.
    Again(usize),
}

/// Times of graphs, by what they computed, with the threads in use.
#[derive(Debug)]
pub(crate) struct Pace {
    most: usize,
    threads: usize,
    best: HashMap<Work, f32>,
    slow: u32,
    /// Graphs since the number of threads was last changed, and how many of them to wait for.
    since: u32,
    patience: u32,
    /// While more threads are tried: those to go back to, and how many graphs the try has taken.
    tried_from: Option<(usize, u32)>,
}

impl Pace {
    /// Of an engine that shall use `threads` threads.
    pub(crate) fn new(threads: usize) -> Self {
        let [patience, _] = PATIENCE;
        let best = HashMap::new();
        Self { most: threads, threads, best, slow: 0, since: 0, patience, tried_from: None }
    }

    /// Takes note of a graph, and says what to do before the next.
    pub(crate) fn after(&mut self, work: Work, seconds: f32) -> Option<Advice> {
        if let Some((fewer, graphs)) = self.tried_from {
            return self.judge((fewer, graphs + 1), work.kind(), seconds);
        }
        let best = self.best.entry(work.kind()).or_insert(seconds);
        *best = best.min(seconds);
        let factor = seconds / best.max(f32::MIN_POSITIVE);
        self.slow = if factor > SLOW { self.slow + 1 } else { 0 };
        self.since += 1;
        if self.slow >= IN_A_ROW && self.threads > 1 {
            self.change((self.threads / 2).max(1));
            return Some(Advice::Fewer(self.threads, factor));
        }
        if self.threads < self.most && self.since >= self.patience {
            self.tried_from = Some((self.threads, 0));
            self.threads = (2 * self.threads).min(self.most);
            return Some(Advice::Try(self.threads));
        }
        None
    }

    /// Whether what was tried is better than `fewer` threads.
    fn judge(&mut self, (fewer, graphs): (usize, u32), work: Work, seconds: f32) -> Option<Advice> {
        // Other work says nothing: wait for some that has been done with fewer, too, but not for long.
        let before = self.best.get(&work).copied();
        if before.is_none() && graphs < IN_A_ROW {
            self.tried_from = Some((fewer, graphs));
            return None;
        }
        self.tried_from = None;
        if before.is_some_and(|before| seconds < WORTH * before) {
            self.patience = PATIENCE[0];
            self.change(self.threads);
            return Some(Advice::Again(self.threads));
        }
        self.patience = (2 * self.patience).min(PATIENCE[1]);
        (self.threads, self.since) = (fewer, 0);
        Some(Advice::Back(fewer))
    }

    /// With another number of threads other times are usual.
    fn change(&mut self, threads: usize) {
        self.threads = threads;
        self.best.clear();
        (self.slow, self.since) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::{Advice, Pace, Work};

    fn step() -> Work {
        Work { rows: 1, past: 10, blocks: 24, heads: 13 }
    }

    fn batch() -> Work {
        Work { rows: 64, heads: 0, ..step() }
    }

    /// A pace that has gone down from two threads to one.
    fn slowed() -> Pace {
        let mut pace = Pace::new(2);
        for seconds in [0.1, 0.3, 0.3] {
            assert_eq!(pace.after(step(), seconds), None);
        }
        assert!(matches!(pace.after(step(), 0.3), Some(Advice::Fewer(1, factor)) if (factor - 3.0).abs() < 1e-3));
        pace
    }

    #[test]
    fn three_slow_graphs_in_a_row_are_needed() {
        let mut pace = Pace::new(2);
        for seconds in [0.1, 0.3, 0.3, 0.1, 0.3, 0.3] {
            assert_eq!(pace.after(step(), seconds), None, "one good step forgives");
        }
        assert!(matches!(pace.after(step(), 0.3), Some(Advice::Fewer(1, _))));
    }

    #[test]
    fn more_heads_more_rows_and_longer_texts_are_other_work() {
        let mut pace = Pace::new(2);
        for work in [step(), Work { heads: 26, ..step() }, batch(), Work { past: 900, ..step() }] {
            assert_eq!(pace.after(work, 0.1 * (work.rows + work.heads) as f32), None);
        }
        for _ in 0..3 {
            assert_eq!(pace.after(batch(), 6.4), None);
        }
    }

    #[test]
    fn one_thread_stays_one() {
        let mut pace = Pace::new(1);
        assert!([0.1, 0.9, 0.9, 0.9, 0.9].iter().all(|s| pace.after(step(), *s).is_none()));
    }

    #[test]
    fn more_threads_are_tried_again_and_kept_where_they_help() {
        let mut pace = slowed();
        assert!((0..31).all(|_| pace.after(step(), 0.18).is_none()));
        assert_eq!(pace.after(step(), 0.18), Some(Advice::Try(2)));
        assert_eq!(pace.after(batch(), 9.0), None, "nothing to compare with");
        assert_eq!(pace.after(step(), 0.1), Some(Advice::Again(2)));
        assert!((0..100).all(|_| pace.after(step(), 0.1).is_none()));
    }

    #[test]
    fn a_try_that_finds_nothing_to_compare_with_ends() {
        let mut pace = slowed();
        assert!((0..31).all(|_| pace.after(step(), 0.18).is_none()));
        assert_eq!(pace.after(step(), 0.18), Some(Advice::Try(2)));
        assert_eq!((pace.after(batch(), 9.0), pace.after(batch(), 9.0)), (None, None));
        assert_eq!(pace.after(batch(), 9.0), Some(Advice::Back(1)));
    }

    #[test]
    fn tries_that_fail_become_rare() {
        let mut pace = slowed();
        let mut tries = 0;
        for _ in 0..4096 {
            if pace.after(step(), 0.18) == Some(Advice::Try(2)) {
                tries += 1;
                assert_eq!(pace.after(step(), 0.6), Some(Advice::Back(1)));
            }
        }
        // After 32, 64, … 1,024 graphs and then every 1,024.
        assert_eq!(tries, 8);
    }
}
