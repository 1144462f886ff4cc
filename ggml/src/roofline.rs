//! What this machine could do at most: read weights from memory, and multiply what is in its caches.
//!
//! A step reads every weight once and multiplies it once, so it takes at least as long as the slower of the two. Both
//! limits are measured with as many threads as the step has, and the best of many passes counts: a limit is what was
//! reached once, not what is usual.

mod dots;
mod together;

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

pub use dots::dot_rate;

use self::together::best_round;

/// Bytes that a thread reads between two looks at the clock, at least: threads that start a few microseconds apart must
/// not count as alone.
const LEAST: usize = 32 << 20;
/// Bytes of a step of one stream: two cache lines.
const BLOCK: usize = 128;
/// How far ahead, in bytes, lines are fetched into the first cache alone: a page and more.
const AHEAD: usize = 6 << 10;
/// The same where they were fetched into the second before that, and how far ahead those are.
const NEAR: usize = 2 << 10;
const FAR: usize = 16 << 10;
const TIME: Duration = Duration::from_millis(400);

/// Bytes a second that `threads` threads read from `bytes`, each its own part, from the first byte to the last: the best
/// of several passes, in one stream a thread and in four, fetched ahead by the processor alone and by us, into one cache and
/// into two, since processors differ in which they do better: their own fetching may stop at the end of a page, and each
/// cache waits for so many lines at most.
///
/// The bytes are summed up in vectors, with less arithmetic than any use of weights. What would break it as a limit: a
/// graph that reads some of them again while they are still in a cache (`bytes` far larger than the caches, or read
/// round and round like a step's weights, keep that out), and a system that maps the same pages larger for another
/// reader.
#[must_use]
pub fn read_bandwidth(bytes: &[u8], threads: usize) -> f64 {
    let threads = threads.max(1);
    let part = bytes.len() / threads / BLOCK * BLOCK;
    if part == 0 {
        return 0.0;
    }
    let sweeps = LEAST.div_ceil(part);
    let pass = |sum: fn(&[u8]) -> u64| {
        let parts = bytes.chunks_exact(part).take(threads);
        let readers = parts.map(|part| {
            move || {
                let start = Instant::now();
                for _ in 0..sweeps {
                    black_box(sum(black_box(part)));
                }
                start.elapsed()
            }
        });
        best_round(readers.collect(), TIME).as_secs_f64()
    };
    let passes = [sum::<1, 0>, sum::<4, 0>, sum::<1, 1>, sum::<4, 1>, sum::<1, 2>, sum::<4, 2>].map(pass);
    let seconds = passes.into_iter().fold(f64::INFINITY, f64::min);
    (part * threads * sweeps) as f64 / seconds.max(f64::MIN_POSITIVE)
}

/// The sum of all 64-bit words, read in `S` streams that start at equal distances, and fetched ahead into so many caches.
fn sum<const S: usize, const CACHES: u8>(bytes: &[u8]) -> u64 {
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        return unsafe { sum_avx2::<S, CACHES>(bytes) };
    }
    sum_plain::<S, CACHES>(bytes)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn sum_avx2<const S: usize, const CACHES: u8>(bytes: &[u8]) -> u64 {
    sum_plain::<S, CACHES>(bytes)
}

#[expect(clippy::inline_always, reason = "to be compiled once more with the instructions of whoever calls it")]
#[inline(always)]
fn sum_plain<const S: usize, const CACHES: u8>(bytes: &[u8]) -> u64 {
    let stream = bytes.len() / S / BLOCK * BLOCK;
    let mut sums = [0u64; BLOCK / 8];
    for at in (0..stream).step_by(BLOCK) {
        for first in (0..S * stream).step_by(stream) {
            fetch::<CACHES>(&bytes[first + at..]);
            add(&mut sums, &bytes[first + at..][..BLOCK]);
        }
    }
    // What does not divide into streams.
    for block in bytes[S * stream..].chunks_exact(BLOCK) {
        add(&mut sums, block);
    }
    sums.into_iter().fold(0, u64::wrapping_add)
}

/// Begins to load the block that is some way behind the first byte.
#[expect(clippy::inline_always, reason = "a few instructions")]
#[inline(always)]
fn fetch<const CACHES: u8>(bytes: &[u8]) {
    #[cfg(target_arch = "x86_64")]
    for line in [0, BLOCK / 2] {
        use std::arch::x86_64::{_MM_HINT_T0, _MM_HINT_T1, _mm_prefetch};
        let at = |ahead: usize| bytes.as_ptr().wrapping_add(ahead + line).cast();
        // SAFETY: hints, for any address.
        unsafe {
            match CACHES {
                0 => {}
                1 => _mm_prefetch::<_MM_HINT_T0>(at(AHEAD)),
                _ => {
                    _mm_prefetch::<_MM_HINT_T0>(at(NEAR));
                    _mm_prefetch::<_MM_HINT_T1>(at(FAR));
                }
            }
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = bytes;
}

/// Sixteen sums side by side: four vectors, so that no addition waits for the one before.
#[expect(clippy::inline_always, reason = "to be compiled once more with the instructions of whoever calls it")]
#[inline(always)]
fn add(sums: &mut [u64; BLOCK / 8], block: &[u8]) {
    for (sum, word) in sums.iter_mut().zip(block.as_chunks().0) {
        *sum = sum.wrapping_add(u64::from_le_bytes(*word));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read_once() {
        let bytes: Vec<u8> = (0..BLOCK * 11).map(|i| u8::try_from(i * 7 % 251).unwrap_or(0)).collect();
        let want = bytes.as_chunks().0.iter().fold(0u64, |sum, word| sum.wrapping_add(u64::from_le_bytes(*word)));
        assert_eq!([sum::<1, 0>(&bytes), sum::<4, 2>(&bytes)], [want; 2]);
        assert_eq!([sum_plain::<1, 1>(&bytes), sum_plain::<4, 0>(&bytes)], [want; 2]);
    }

    #[test]
    fn bandwidth_is_a_number_for_any_size() {
        assert_eq!(read_bandwidth(&[0; 64], 1), 0.0);
        for threads in [1, 3] {
            let rate = read_bandwidth(&vec![1; 1 << 20], threads);
            assert!(rate.is_finite() && rate > 0.0);
        }
    }
}
