//! What drafting and verifying cost, in plain steps: measured where that has been done, bounded where not.

use std::collections::VecDeque;

/// Most tokens of a draft.
pub const LONGEST: usize = 16;

/// The median of the last few measurements: one disturbed by another program does not count.
#[derive(Clone, Debug, Default)]
pub(super) struct Median {
    last: VecDeque<f64>,
    /// Asked for many times between one measurement and the next.
    middle: Option<f64>,
}

impl Median {
    const KEPT: usize = 9;

    pub(super) fn add(&mut self, value: f64) {
        if self.last.len() == Self::KEPT {
            self.last.pop_front();
        }
        self.last.push_back(value);
        let mut sorted: Vec<f64> = self.last.iter().copied().collect();
        sorted.sort_by(f64::total_cmp);
        self.middle = sorted.get(sorted.len() / 2).copied();
    }

    pub(super) fn count(&self) -> usize {
        self.last.len()
    }

    pub(super) fn get(&self) -> Option<f64> {
        self.middle
    }
}

/// The arithmetic of a place to draft at, as shares of a plain step's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shares {
    /// A drafted token: the lower blocks and the heads that propose.
    pub draft: f64,
    /// The token that ends a draft.
    pub last: f64,
    /// Verifying one token: the upper blocks and the heads that decide.
    pub verify: f64,
    /// The exit's head alone.
    pub head: f64,
}

/// Times, in seconds and in shares of a plain step.
#[derive(Clone, Debug)]
pub(super) struct Costs {
    plain: Median,
    /// Seconds of lower blocks over what their share promises.
    lower: Median,
    /// By number of rows: seconds of a verification over what its share promises for one row.
    growth: Vec<Median>,
    /// The same of a look back at one head.
    look: Median,
}

impl Costs {
    /// Plain steps before anything is compared with them.
    pub(super) const ENOUGH: usize = 4;
    /// Lower blocks are single steps, cut short: what they take beyond their share is the start of a graph, at most so
    /// much.
    const LOWER: f64 = 1.3;
    /// What a further row adds to a batch, where that has never been measured: hoped for, so that it is tried.
    const FURTHER: f64 = 0.1;

    pub(super) fn new() -> Self {
        let growth = vec![Median::default(); LONGEST + 2];
        Self { plain: Median::default(), lower: Median::default(), growth, look: Median::default() }
    }

    pub(super) fn stepped(&mut self, seconds: f64) {
        self.plain.add(seconds);
    }

    /// Seconds of a plain step, once they are known.
    pub(super) fn plain(&self) -> Option<f64> {
        self.plain.get().filter(|_| self.plain.count() >= Self::ENOUGH)
    }

    /// Takes note of a round: `rows` tokens verified.
    pub(super) fn round(&mut self, shares: &Shares, rows: usize, draft_seconds: f64, verify_seconds: f64) {
        let Some(plain) = self.plain() else { return };
        let promised = plain * (shares.draft * (rows - 1) as f64 + shares.last);
        self.lower.add(draft_seconds / promised.max(f64::MIN_POSITIVE));
        if let Some(of_rows) = self.growth.get_mut(rows) {
            of_rows.add(verify_seconds / (plain * shares.verify).max(f64::MIN_POSITIVE));
        }
    }

    /// Takes note of a look back at one head over some rows.
    pub(super) fn looked(&mut self, shares: &Shares, seconds: f64) {
        if let Some(plain) = self.plain() {
            self.look.add(seconds / (plain * shares.head).max(f64::MIN_POSITIVE));
        }
    }

    /// The most, in plain steps, that a look over `rows` may take: never measured, as many single rows.
    pub(super) fn worst_look(&self, shares: &Shares, rows: usize) -> f64 {
        shares.head * self.look.get().unwrap_or(rows as f64)
    }

    /// What a round of `rows` tokens is likely to take, in plain steps.
    pub(super) fn likely(&self, shares: &Shares, rows: usize) -> f64 {
        // Towards one row a verification comes down to a step.
        let line = |(known, growth): (usize, f64)| {
            1.0 + (growth - 1.0).max(0.0) * (rows - 1) as f64 / (known - 1).max(1) as f64
        };
        let nearest = self.measured().min_by_key(|(known, _)| known.abs_diff(rows));
        let growth = nearest.map_or(1.0 + Self::FURTHER * (rows - 1) as f64, line);
        self.lower(shares, rows, 1.0) + shares.verify * growth
    }

    /// The most that it may take: a batch never costs more than its rows one by one, nor than a longer one.
    pub(super) fn worst(&self, shares: &Shares, rows: usize) -> f64 {
        let bound = |(known, growth): (usize, f64)| growth * (rows as f64 / known as f64).max(1.0);
        let growth = self.measured().map(bound).fold(rows as f64, f64::min);
        self.lower(shares, rows, Self::LOWER) + shares.verify * growth
    }

    /// Lower blocks, `unknown` times their share where that has never been measured.
    fn lower(&self, shares: &Shares, rows: usize, unknown: f64) -> f64 {
        let single = shares.draft * (rows - 1) as f64 + shares.last;
        single * self.lower.get().unwrap_or(unknown)
    }

    fn measured(&self) -> impl Iterator<Item = (usize, f64)> {
        self.growth.iter().enumerate().filter_map(|(rows, median)| Some((rows, median.get()?)))
    }
}

/// Tokens that a round of `rows` yields on average where each drafted one is accepted with probability `acceptance`:
/// 1 + a + a² + …, for what the target takes in place of the first wrong one counts, too.
#[must_use]
pub fn expected_tokens(acceptance: f64, rows: usize) -> f64 {
    (0..rows).fold((0.0, 1.0), |(sum, power), _| (sum + power, power * acceptance)).0
}

/// The acceptance from which rounds of `rows` tokens pay that take as long as `steps` plain steps; `None` if none does.
#[must_use]
pub fn break_even(steps: f64, rows: usize) -> Option<f64> {
    if steps > rows as f64 {
        return None;
    }
    let (mut low, mut high) = (0.0, 1.0);
    // Halved forty times, the interval is below a millionth of a millionth.
    for _ in 0..40 {
        let middle = f64::midpoint(low, high);
        if expected_tokens(middle, rows) < steps { low = middle } else { high = middle }
    }
    Some(if steps <= 1.0 { 0.0 } else { high })
}

#[cfg(test)]
mod tests {
    use super::{Costs, Shares, break_even, expected_tokens};

    const SHARES: Shares = Shares { draft: 0.2, last: 0.1, verify: 0.9, head: 0.1 };

    #[test]
    fn break_even_is_where_the_expected_tokens_are_the_price() {
        for (steps, rows) in [(1.3, 2), (1.9, 4), (2.5, 8)] {
            let acceptance = break_even(steps, rows).expect("an acceptance");
            assert!((expected_tokens(acceptance, rows) - steps).abs() < 1e-9, "{steps} {rows}");
        }
        assert_eq!(expected_tokens(1.0, 5), 5.0);
        assert_eq!(expected_tokens(0.0, 5), 1.0);
        assert_eq!(break_even(0.9, 3), Some(0.0));
        assert_eq!(break_even(3.1, 3), None);
    }

    #[test]
    fn what_was_measured_replaces_what_was_feared() {
        let mut costs = Costs::new();
        assert_eq!(costs.plain(), None);
        (0..4).for_each(|_| costs.stepped(0.1));
        let feared = costs.worst(&SHARES, 4);
        assert!((feared - (0.7 * Costs::LOWER + 0.9 * 4.0)).abs() < 1e-9, "four rows one by one");
        // Two rows in 1.2 times the time of one; drafting as its share says.
        costs.round(&SHARES, 2, 0.1 * 0.3, 0.1 * 0.9 * 1.2);
        assert!((costs.worst(&SHARES, 2) - (0.3 + 0.9 * 1.2)).abs() < 1e-9);
        assert!((costs.worst(&SHARES, 4) - (0.7 + 0.9 * 2.4)).abs() < 1e-9, "four are two times two");
        assert!((costs.likely(&SHARES, 4) - (0.7 + 0.9 * 1.6)).abs() < 1e-9, "but rather on a line");
        assert!((costs.worst_look(&SHARES, 8) - 0.8).abs() < 1e-9);
        costs.looked(&SHARES, 0.1 * 0.1 * 2.0);
        assert!((costs.worst_look(&SHARES, 8) - 0.2).abs() < 1e-9);
    }
}
