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

/// The top token of an exit, unless it is broken or still to come.
#[must_use]
pub fn top(row: &ExitRow) -> Option<TokenId> {
    row.top.first().map(|candidate| candidate.id)
}
