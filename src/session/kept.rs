//! Logits of the positions last asked about: another contrast, other pins or another number of candidates is answered
//! from them without computing anything again.

use std::collections::VecDeque;

use mexit_models::{ExitId, LogitRows};

/// Positions whose logits are kept: 2.6 MB each at GPT-2 Medium.
const KEPT: usize = 8;

/// The logits after one token, in parts that each have some of the exits.
pub(super) struct Kept {
    /// The token's position.
    row: usize,
    pub(super) parts: Vec<LogitRows>,
}

impl Kept {
    /// Whether every one of `exits` is there.
    pub(super) fn has(&self, exits: &[ExitId]) -> bool {
        exits.iter().all(|exit| self.parts.iter().any(|part| part.exits().contains(exit)))
    }

    /// Those of `exits` that are not there.
    pub(super) fn missing(&self, exits: &[ExitId]) -> Vec<ExitId> {
        exits.iter().copied().filter(|exit| !self.has(&[*exit])).collect()
    }
}

/// The last few of them, oldest first.
#[derive(Default)]
pub(super) struct Memory(VecDeque<Kept>);

impl Memory {
    /// Forgets what is not before `len`: the text has changed there.
    pub(super) fn truncate(&mut self, len: usize) {
        self.0.retain(|kept| kept.row < len);
    }

    /// What is kept of a row: at first nothing.
    pub(super) fn of(&mut self, row: usize) -> &mut Kept {
        let kept = match self.0.iter().position(|kept| kept.row == row) {
            Some(index) => self.0.remove(index),
            None => None,
        };
        if kept.is_none() && self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back(kept.unwrap_or(Kept { row, parts: Vec::new() }));
        let last = self.0.len() - 1;
        &mut self.0[last]
    }

    /// What is kept of a row, if anything is.
    pub(super) fn get(&self, row: usize) -> Option<&Kept> {
        self.0.iter().find(|kept| kept.row == row)
    }
}
