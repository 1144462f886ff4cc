//! Logits of the positions last asked about: another contrast, other pins or another number of candidates is answered
//! from them without computing anything again, and filling in goes on from what a run has left.

use std::collections::VecDeque;

use mexit_models::{ExitId, LogitRows};

/// Most bytes of logits that are kept: 25 positions with every exit of GPT-2 Medium, or 110 with the three that a run
/// reads. A batch of positions that is filled in must fit.
pub(super) const BYTES: usize = 64 << 20;

/// The logits after one token, in parts that each have some of the exits.
pub(super) struct Kept {
    lane: usize,
    /// The token's position.
    row: usize,
    parts: Vec<LogitRows>,
}

impl Kept {
    /// The parts.
    pub(super) fn parts(&self) -> &[LogitRows] {
        &self.parts
    }

    /// Whether every one of `exits` is there.
    pub(super) fn has(&self, exits: &[ExitId]) -> bool {
        exits.iter().all(|exit| self.parts.iter().any(|part| part.exits().contains(exit)))
    }

    /// Those of `exits` that are not there.
    pub(super) fn missing(&self, exits: &[ExitId]) -> Vec<ExitId> {
        exits.iter().copied().filter(|exit| !self.has(&[*exit])).collect()
    }

    fn bytes(&self) -> usize {
        self.parts.iter().map(LogitRows::bytes).sum()
    }
}

/// The last few of them, oldest first. Texts side by side share the room; what is asked and forgotten is the present
/// one's.
#[derive(Default)]
pub(super) struct Memory {
    lane: usize,
    kept: VecDeque<Kept>,
    bytes: usize,
}

impl Memory {
    /// Turns to the text of another lane.
    pub(super) fn turn_to(&mut self, lane: usize) {
        self.lane = lane;
    }

    /// Forgets what is not before `len`: the text has changed there.
    pub(super) fn truncate(&mut self, len: usize) {
        self.kept.retain(|kept| kept.lane != self.lane || kept.row < len);
        self.bytes = self.kept.iter().map(Kept::bytes).sum();
    }

    /// Makes a row the last one to be forgotten.
    pub(super) fn touch(&mut self, row: usize) {
        let lane = self.lane;
        let there = self.kept.iter().position(|kept| (kept.lane, kept.row) == (lane, row));
        let kept = there.and_then(|index| self.kept.remove(index)).unwrap_or(Kept { lane, row, parts: Vec::new() });
        self.kept.push_back(kept);
    }

    /// Keeps more of a row. What has not been used for longest makes room.
    pub(super) fn add(&mut self, row: usize, part: LogitRows) {
        self.touch(row);
        self.bytes += part.bytes();
        if let Some(kept) = self.kept.back_mut() {
            kept.parts.push(part);
        }
        while self.bytes > BYTES && self.kept.len() > 1 {
            self.bytes -= self.kept.pop_front().map_or(0, |kept| kept.bytes());
        }
    }

    /// What is kept of a row, if anything is.
    pub(super) fn get(&self, row: usize) -> Option<&Kept> {
        // What is asked for was mostly used last.
        self.kept.iter().rev().find(|kept| (kept.lane, kept.row) == (self.lane, row))
    }

    /// Bytes of all of it.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether every one of `exits` is kept of a row.
    pub(super) fn has(&self, row: usize, exits: &[ExitId]) -> bool {
        self.get(row).is_some_and(|kept| kept.has(exits))
    }
}

#[cfg(test)]
mod tests {
    use super::{BYTES, ExitId, LogitRows, Memory};

    const ORIGINAL: &[ExitId] = &[ExitId::Original];

    /// Logits that take a quarter of what is kept.
    fn quarter(exit: ExitId) -> LogitRows {
        let numbers = BYTES / 4 / size_of::<f32>();
        LogitRows::of(&[exit], numbers, vec![0.0; numbers])
    }

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let mut memory = Memory::default();
        (0..4).for_each(|row| memory.add(row, quarter(ExitId::Original)));
        memory.touch(0);
        memory.add(4, quarter(ExitId::Original));
        assert!([0, 2, 3, 4].iter().all(|row| memory.has(*row, ORIGINAL)));
        assert!(!memory.has(1, ORIGINAL));
        memory.add(4, quarter(ExitId::Block(2)));
        assert!(memory.has(4, &[ExitId::Original, ExitId::Block(2)]) && memory.has(3, ORIGINAL));
        assert!(!memory.has(2, ORIGINAL), "both parts count");
        memory.truncate(4);
        memory.add(9, quarter(ExitId::Original));
        memory.add(10, quarter(ExitId::Original));
        assert!(memory.has(0, ORIGINAL) && memory.has(3, ORIGINAL), "what was forgotten has left its room");
    }

    #[test]
    fn lanes_share_the_room_and_nothing_else() {
        let mut memory = Memory::default();
        (0..3).for_each(|row| memory.add(row, quarter(ExitId::Original)));
        memory.turn_to(1);
        assert!(!memory.has(0, ORIGINAL));
        memory.add(0, quarter(ExitId::Block(2)));
        memory.truncate(0);
        memory.turn_to(0);
        assert!((0..3).all(|row| memory.has(row, ORIGINAL)), "another lane's text has changed");
        memory.turn_to(1);
        (0..2).for_each(|row| memory.add(row, quarter(ExitId::Original)));
        memory.turn_to(0);
        assert!(!memory.has(0, ORIGINAL) && memory.has(1, ORIGINAL));
        assert!(memory.bytes() <= BYTES);
    }
}
