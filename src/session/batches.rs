//! How much of a text is read at once: as much as pays, and no more than a newer question can wait for.

use mexit_models::BATCH;

/// A newer question waits for the batch that is being read: about so long at most.
const SECONDS: f32 = 0.15;
/// Fewer tokens at once cost clearly more a token (`benches/parts.rs`).
const FEWEST: usize = 8;

/// The size of the next batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Batches {
    /// Nobody waits for anything but the whole. The same text is then always cut at the same places, and gives the same
    /// numbers to the last bit on any machine.
    #[default]
    Large,
    /// The pace decides.
    Soon(usize),
}

impl Batches {
    /// Batches that let newer questions in soon.
    pub(super) fn soon() -> Self {
        // The machine's pace is not known yet.
        Self::Soon(FEWEST)
    }

    /// How many tokens to read next.
    pub(super) fn size(self) -> usize {
        match self {
            Self::Large => BATCH,
            Self::Soon(size) => size,
        }
    }

    /// Takes note of what a batch took. Sizes are powers of two times the fewest, and grow by one step at most: few
    /// kernels' shapes, and no jump after one lucky batch.
    pub(super) fn took(&mut self, tokens: usize, seconds: f32) {
        let Self::Soon(size) = self else { return };
        // A short rest of a text says nothing of a full batch.
        if tokens < FEWEST {
            return;
        }
        let affordable = SECONDS * tokens as f32 / seconds.max(f32::MIN_POSITIVE);
        let mut next = FEWEST;
        while next < BATCH.min(2 * *size) && (2 * next) as f32 <= affordable {
            next *= 2;
        }
        *size = next;
    }
}

#[cfg(test)]
mod tests {
    use super::{BATCH, Batches};

    fn after(batches: &mut Batches, paces: &[f32]) -> Vec<usize> {
        let size = |pace: &f32| {
            let tokens = batches.size();
            batches.took(tokens, pace * tokens as f32);
            batches.size()
        };
        paces.iter().map(size).collect()
    }

    #[test]
    fn the_pace_decides_between_8_and_64() {
        assert_eq!(after(&mut Batches::soon(), &[0.000_1; 4]), [16, 32, 64, 64], "a fast machine");
        assert_eq!(after(&mut Batches::soon(), &[0.004; 3]), [16, 32, 32], "32 take 128 ms");
        assert_eq!(after(&mut Batches::soon(), &[0.02; 3]), [8, 8, 8], "8 take 160 ms: fewer cost more");
        assert_eq!(after(&mut Batches::soon(), &[2.0; 2]), [8, 8]);
        assert_eq!(
            after(&mut Batches::soon(), &[0.001, 0.001, 0.02, 0.001]),
            [16, 32, 8, 16],
            "back at once, up slowly"
        );
    }

    #[test]
    fn a_rest_says_nothing_and_who_waits_for_the_whole_gets_it() {
        let mut batches = Batches::soon();
        batches.took(3, 9.0);
        assert_eq!(batches, Batches::soon());
        let mut large = Batches::default();
        large.took(64, 9.0);
        assert_eq!(large.size(), BATCH);
    }
}
