//! How often two exits have the same top token: counts over positions, every exit against every other.

use super::trace::{ExitId, ExitRow, StepTrace, TokenId};

/// The counts of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// The exits, original first.
    pub exits: Vec<ExitId>,
    /// Positions that were counted.
    pub positions: usize,
    same: Vec<usize>,
}

impl Agreement {
    /// Over all positions whose exits are all known. An exit that is broken at a position agrees with none there, not
    /// even with itself.
    #[must_use]
    pub fn of<'t>(exits: &[ExitId], traces: impl Iterator<Item = &'t StepTrace>) -> Self {
        let n = exits.len();
        let mut found = Self { exits: exits.to_vec(), positions: 0, same: vec![0; n * n] };
        let mut tops = Vec::with_capacity(n);
        for trace in traces.filter(|trace| trace.exits.len() == n && !trace.is_partial()) {
            tops.clear();
            tops.extend(trace.exits.iter().map(top));
            found.positions += 1;
            for (row, a) in found.same.chunks_exact_mut(n).zip(&tops) {
                row.iter_mut().zip(&tops).for_each(|(cell, b)| *cell += usize::from(a.is_some() && a == b));
            }
        }
        found
    }

    /// Positions at which two exits, by their places, have the same top token.
    #[must_use]
    pub fn same(&self, one: usize, other: usize) -> usize {
        self.same.get(one * self.exits.len() + other).copied().unwrap_or(0)
    }

    /// Their share; NaN over no position.
    #[must_use]
    pub fn share(&self, one: usize, other: usize) -> f64 {
        self.same(one, other) as f64 / self.positions as f64
    }
}

/// A share in one cell: its tens; X for what is always so.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 9")]
pub fn tens(share: f64) -> char {
    match share {
        share if share.is_nan() => '–',
        share if share >= 1.0 => 'X',
        share => char::from_digit((10.0 * share) as u32, 10).unwrap_or(' '),
    }
}

/// A line of an exit's name that stands upright over such cells: its tens, then its ones; original is `o`.
#[must_use]
pub fn upright(exit: &str, line: usize) -> char {
    let name = if exit == "original" { "o" } else { exit };
    name.chars().rev().nth(1 - line).unwrap_or(' ')
}

/// The top token of an exit, unless it is broken or still to come.
#[must_use]
pub fn top(row: &ExitRow) -> Option<TokenId> {
    row.top.first().map(|candidate| candidate.id)
}

#[cfg(test)]
mod tests {
    use super::{tens, upright};

    #[test]
    fn tens_are_cut_and_only_always_is_x() {
        assert_eq!([0.0, 0.0999, 0.1, 0.89, 0.9999, 1.0, f64::NAN].map(tens), ['0', '0', '1', '8', '9', 'X', '–']);
        let lines = |exit| [upright(exit, 0), upright(exit, 1)];
        assert_eq!(["48", "7", "original"].map(lines), [['4', '8'], [' ', '7'], [' ', 'o']]);
    }
}
