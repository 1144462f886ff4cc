//! The few greatest of many numbers, and the place of one among all.

use super::kernels::{Kernels, PART};

/// Places of the numbers that reach the `k`-th greatest, in order: at least `k` of them (of as many as there are), and
/// more where several are equal to it, or where so many are asked for that looking on does not pay.
///
/// `maxima` are the largest of every [`PART`]: the k-th largest of them is a bar that at least k numbers reach, and what
/// is below it need not be looked at.
pub(super) fn greatest(values: &[f32], maxima: &[f32], k: usize) -> Vec<u32> {
    if k == 0 {
        return Vec::new();
    }
    let bar = if k < maxima.len() {
        let mut order = maxima.to_vec();
        *order.select_nth_unstable_by(k - 1, |a, b| b.total_cmp(a)).1
    } else {
        f32::NEG_INFINITY
    };
    reaching(values, maxima, |value| value >= bar)
}

/// Places of the numbers that reach a bar, in order.
pub(super) fn reaching(values: &[f32], maxima: &[f32], reaches: impl Fn(f32) -> bool) -> Vec<u32> {
    let mut places: Vec<u32> = Vec::new();
    let mut found = 0;
    for (start, part) in (0u32..).step_by(PART).zip(values.chunks(PART)).zip(maxima).filter_map(|(part, max)| {
        // One pass without a branch in it: what reaches moves the end on, all else is written over.
        reaches(*max).then_some(part)
    }) {
        places.resize(found + part.len(), 0);
        for (place, value) in (start..).zip(part) {
            places[found] = place;
            found += usize::from(reaches(*value));
        }
        places.truncate(found);
    }
    places
}

/// Numbers that are counted, or left out, together.
const TILE: usize = 8 * PART;

/// The places of some numbers among all `values` in falling order, from 1; of equal ones the first comes first.
pub(super) fn ranks_in(values: &[f32], maxima: &[f32], places: &[u32]) -> Vec<u32> {
    let kernels = Kernels::new();
    let mut ranks = vec![1; places.len()];
    for ((start, tile), maxima) in (0..).step_by(TILE).zip(values.chunks(TILE)).zip(maxima.chunks(TILE / PART)) {
        let most = maxima.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        for (rank, place) in ranks.iter_mut().zip(places) {
            let own = values[*place as usize];
            if most >= own {
                // Equal ones count if they are before it: greater than the number just below.
                let (first, rest) = tile.split_at((*place as usize).saturating_sub(start).min(tile.len()));
                let before = kernels.greater(first, own.next_down()) + kernels.greater(rest, own);
                *rank += u32::try_from(before).unwrap_or(0);
            }
        }
    }
    ranks
}

/// Rank of an id by ln p, from 1; of equal ones the lower id comes first.
///
/// # Panics
/// If the row does not have it.
#[must_use]
pub fn rank(ln_row: &[f32], id: u32) -> u32 {
    ranks_in(ln_row, &Kernels::new().maxima(ln_row), &[id])[0]
}
