//! Notices when the processor's threads get in each other's way.
//!
//! ggml's threads wait for each other by spinning, hundreds of times a step. Beside another busy program that makes two
//! threads several times slower than one, so an engine that becomes slow tries fewer.

use std::collections::HashMap;

/// A step this many times slower than the best one is held to be disturbed.
const SLOW: f32 = 2.0;
/// So many in a row are no accident.
const IN_A_ROW: u32 = 3;

/// Times of single steps, by number of heads.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    best: HashMap<usize, f32>,
    slow: u32,
    off: bool,
}

impl Pace {
    /// Takes no note of anything.
    pub(crate) fn off() -> Self {
        Self { off: true, ..Self::default() }
    }

    /// Takes note of a step. Gives how many times slower steps have become, if fewer threads should be tried.
    pub(crate) fn after(&mut self, seconds: f32, heads: usize, threads: usize) -> Option<f32> {
        let best = self.best.entry(heads).or_insert(seconds);
        *best = best.min(seconds);
        let factor = seconds / best.max(f32::MIN_POSITIVE);
        self.slow = if factor > SLOW { self.slow + 1 } else { 0 };
        if self.off || self.slow < IN_A_ROW || threads < 2 {
            return None;
        }
        // With fewer threads other times are usual.
        *self = Self::default();
        Some(factor)
    }
}

#[cfg(test)]
mod tests {
    use super::Pace;

    #[test]
    fn three_slow_steps_in_a_row_are_needed() {
        let mut pace = Pace::default();
        assert_eq!(pace.after(0.1, 13, 2), None);
        assert_eq!(pace.after(0.3, 13, 2), None);
        assert_eq!(pace.after(0.3, 13, 2), None);
        assert_eq!(pace.after(0.1, 13, 2), None, "one good step forgives");
        assert_eq!(pace.after(0.3, 13, 2), None);
        assert_eq!(pace.after(0.3, 13, 2), None);
        assert!(pace.after(0.3, 13, 2).is_some_and(|factor| (factor - 3.0).abs() < 1e-3));
        assert_eq!(pace.after(0.3, 13, 1), None, "a fresh start with fewer");
    }

    #[test]
    fn nothing_is_noticed_when_off() {
        let mut pace = Pace::off();
        assert!([0.1, 0.9, 0.9, 0.9, 0.9].iter().all(|s| pace.after(*s, 1, 2).is_none()));
    }

    #[test]
    fn one_thread_stays_one() {
        let mut pace = Pace::default();
        assert!([0.1, 0.9, 0.9, 0.9, 0.9].iter().all(|s| pace.after(*s, 1, 1).is_none()));
    }
}
