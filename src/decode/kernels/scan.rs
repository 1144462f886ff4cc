//! Passes over whole rows that compare: the largest of every part, and how many are greater.

use pulp::{Simd, WithSimd};

/// Numbers looked at together: who seeks a few of a row need look at few parts.
pub(in crate::decode) const PART: usize = 128;

/// The largest number of every [`PART`] of `values`, of those whose `key` reaches `bar`; −inf where none does.
pub(super) struct Maxima<'r> {
    pub(super) values: &'r [f32],
    /// As many as values; `None` if all count.
    pub(super) keys: Option<(&'r [f32], f32)>,
}

impl WithSimd for Maxima<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f32> {
        let mut maxima = Vec::with_capacity(self.values.len().div_ceil(PART));
        match self.keys {
            None => {
                for part in self.values.chunks(PART) {
                    maxima.push(greatest(simd, part));
                }
            }
            Some((keys, bar)) => {
                for (part, keys) in self.values.chunks(PART).zip(keys.chunks(PART)) {
                    maxima.push(greatest_reaching(simd, part, keys, bar));
                }
            }
        }
        maxima
    }
}

#[inline(always)]
fn greatest<S: Simd>(simd: S, part: &[f32]) -> f32 {
    let (vectors, rest) = S::as_simd_f32s(part);
    let least = simd.splat_f32s(f32::NEG_INFINITY);
    // Two at a time: each maximum waits for the one before.
    let (mut even, mut odd) = (least, least);
    let pairs = vectors.chunks_exact(2);
    for vector in pairs.remainder() {
        even = simd.max_f32s(even, *vector);
    }
    for pair in pairs {
        (even, odd) = (simd.max_f32s(even, pair[0]), simd.max_f32s(odd, pair[1]));
    }
    let most = simd.reduce_max_f32s(simd.max_f32s(even, odd));
    rest.iter().fold(most, |most, value| if *value > most { *value } else { most })
}

#[inline(always)]
fn greatest_reaching<S: Simd>(simd: S, part: &[f32], keys: &[f32], bar: f32) -> f32 {
    let ((vectors, rest), (key_vectors, key_rest)) = (S::as_simd_f32s(part), S::as_simd_f32s(keys));
    let (least, bars) = (simd.splat_f32s(f32::NEG_INFINITY), simd.splat_f32s(bar));
    let mut most = least;
    for (vector, keys) in vectors.iter().zip(key_vectors) {
        let reaching = simd.greater_than_or_equal_f32s(*keys, bars);
        most = simd.max_f32s(most, simd.select_f32s(reaching, *vector, least));
    }
    let most = simd.reduce_max_f32s(most);
    let rest = rest.iter().zip(key_rest).filter(|(_, key)| **key >= bar);
    rest.fold(most, |most, (value, _)| if *value > most { *value } else { most })
}

/// How many numbers of a row are greater than a value. At most 2^24 a lane: no vocabulary comes near.
pub(super) struct Greater<'r> {
    pub(super) row: &'r [f32],
    pub(super) value: f32,
}

impl WithSimd for Greater<'_> {
    type Output = usize;

    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count, whole and below 2^24")]
    fn with_simd<S: Simd>(self, simd: S) -> usize {
        let (vectors, rest) = S::as_simd_f32s(self.row);
        let (bar, zero) = (simd.splat_f32s(self.value), simd.splat_f32s(0.0));
        // Four at a time: each sum waits for the one before.
        let mut counts = [zero; 4];
        let fours = vectors.chunks_exact(4);
        for vector in fours.remainder() {
            counts[0] = add_if_greater(simd, counts[0], *vector, bar);
        }
        for four in fours {
            for (count, vector) in counts.iter_mut().zip(four) {
                *count = add_if_greater(simd, *count, *vector, bar);
            }
        }
        let [a, b, c, d] = counts;
        let all = simd.reduce_sum_f32s(simd.add_f32s(simd.add_f32s(a, b), simd.add_f32s(c, d)));
        all as usize + rest.iter().filter(|number| **number > self.value).count()
    }
}

#[inline(always)]
fn add_if_greater<S: Simd>(simd: S, count: S::f32s, vector: S::f32s, bar: S::f32s) -> S::f32s {
    let is_greater = simd.greater_than_f32s(vector, bar);
    simd.add_f32s(count, simd.select_f32s(is_greater, simd.splat_f32s(1.0), simd.splat_f32s(0.0)))
}
