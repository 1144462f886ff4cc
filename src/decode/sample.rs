//! From a distribution to a token: greedy, or a draw that can be repeated alone.

use std::{borrow::Cow, collections::HashSet};

use super::order::Order;

/// How a token is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampling {
    /// Draw at random; otherwise the most probable token is taken.
    pub random: bool,
    /// Divides the log-probabilities; above 0.
    pub temperature: f32,
    /// Keep the k most probable tokens; 0 is off.
    pub top_k: usize,
    /// Keep the smallest set whose mass reaches this; 1 is off.
    pub top_p: f32,
    /// Keep tokens from this fraction of the largest probability on; 0 is off.
    pub min_p: f32,
    /// Multiplies the log-probabilities of tokens in the text; 1 is off. (On logits, as elsewhere, the effect would
    /// depend on a constant that softmax ignores; log-probabilities are logits whose constant is fixed.)
    pub repetition_penalty: f32,
    /// Key of the generator, with position and draw.
    pub seed: u64,
    /// Number of the draw at a position, so that it can be repeated or drawn again.
    pub draw: u32,
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            random: false,
            temperature: 1.0,
            top_k: 0,
            top_p: 1.0,
            min_p: 0.0,
            repetition_penalty: 1.0,
            seed: 42,
            draw: 0,
        }
    }
}

/// The token taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chosen {
    /// Its id.
    pub id: u32,
    /// True if it came from a random draw.
    pub drawn: bool,
}

/// Takes a token from a row of ln p for `position`, after the ids in `history`.
///
/// Order: repetition penalty, temperature, top-k, top-p, min-p, draw.
#[must_use]
pub fn choose(ln_row: &[f32], history: &[u32], sampling: &Sampling, position: usize) -> Chosen {
    let row = penalized(ln_row, history, sampling);
    let order = Order::of(&row, sampling);
    let share = || uniform(sampling.seed, position as u64, sampling.draw);
    let id = if sampling.random { order.at(share()) } else { order.best() };
    Chosen { id, drawn: sampling.random }
}

/// ln p with which [`choose`] takes each token: −∞ for what is never drawn; greedy takes one for certain.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "computed in f64, shown as f32")]
pub fn drawn(ln_row: &[f32], history: &[u32], sampling: &Sampling) -> Vec<f32> {
    let row = penalized(ln_row, history, sampling);
    let order = Order::of(&row, sampling);
    let kept = if sampling.random { order.all() } else { vec![(order.best(), 1.0)] };
    let total: f64 = kept.iter().map(|(_, weight)| weight).sum();
    let mut ln_p = vec![f32::NEG_INFINITY; row.len()];
    for (id, weight) in kept {
        ln_p[id as usize] = (weight / total).ln() as f32;
    }
    ln_p
}

/// The row after the repetition penalty.
fn penalized<'r>(ln_row: &'r [f32], history: &[u32], sampling: &Sampling) -> Cow<'r, [f32]> {
    let mut row = Cow::Borrowed(ln_row);
    if sampling.repetition_penalty != 1.0 {
        let row = row.to_mut();
        for id in history.iter().collect::<HashSet<_>>() {
            if let Some(ln_p) = row.get_mut(*id as usize) {
                *ln_p *= sampling.repetition_penalty;
            }
        }
    }
    row
}

/// A number in [0, 1) that depends on its three keys alone: any draw can be made again without those before it.
///
/// Three rounds of the `SplitMix64` finalizer (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators",
/// OOPSLA 2014), one for each key.
#[must_use]
pub fn uniform(seed: u64, position: u64, draw: u32) -> f64 {
    const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
    let mix = |z: u64| {
        let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    };
    let keyed = [seed, position, u64::from(draw)].iter().fold(0u64, |z, key| mix(z.wrapping_add(GOLDEN) ^ mix(*key)));
    (keyed >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::{Order, Sampling, choose, drawn, uniform};

    fn row() -> Vec<f32> {
        [0.1f32, 0.4, 0.2, 0.25, 0.05].map(f32::ln).to_vec()
    }

    fn random() -> Sampling {
        Sampling { random: true, ..Default::default() }
    }

    fn ids(sampling: &Sampling) -> Vec<u32> {
        Order::of(&row(), sampling).all().iter().map(|(id, _)| *id).collect()
    }

    #[test]
    fn filters_keep_what_they_say() {
        assert_eq!(ids(&random()), [1, 3, 2, 0, 4]);
        assert_eq!(ids(&Sampling { top_k: 2, ..random() }), [1, 3]);
        assert_eq!(ids(&Sampling { top_p: 0.5, ..random() }), [1, 3]);
        assert_eq!(ids(&Sampling { top_p: 1e-6, ..random() }), [1], "never nothing");
        assert_eq!(ids(&Sampling { min_p: 0.49, ..random() }), [1, 3, 2]);
        assert_eq!(ids(&Sampling { min_p: 5.0, ..random() }), [1], "never nothing");
    }

    #[test]
    fn what_is_drawn_sums_to_one_and_greedy_is_certain() {
        // The two that stay are .4 and .25, halved by the temperature's power: .4² / (.4² + .25²).
        let p = drawn(&row(), &[], &Sampling { top_k: 2, temperature: 0.5, ..random() });
        let expected = 0.16 / (0.16 + 0.0625);
        // Half a dozen roundings of f32.
        assert!((p[1].exp() - expected).abs() < 6.0 * f32::EPSILON && p[0] == f32::NEG_INFINITY, "{p:?}");
        assert!((p.iter().map(|ln_p| ln_p.exp()).sum::<f32>() - 1.0).abs() < 6.0 * f32::EPSILON);
        let greedy = drawn(&row(), &[1], &Sampling { repetition_penalty: 3.0, ..Sampling::default() });
        assert_eq!(greedy.iter().position(|ln_p| *ln_p == 0.0), Some(3), "the penalty has changed the first");
    }

    #[test]
    fn draws_follow_the_distribution_and_can_be_repeated() {
        let mut counts = [0u32; 5];
        for position in 0..20_000 {
            let chosen = choose(&row(), &[], &random(), position);
            assert_eq!(chosen, choose(&row(), &[], &random(), position));
            counts[chosen.id as usize] += 1;
        }
        for (count, p) in counts.iter().zip([0.1f64, 0.4, 0.2, 0.25, 0.05]) {
            // Five standard deviations of a binomial: never, unless something is wrong.
            let bound = 5.0 * (20_000.0 * p * (1.0 - p)).sqrt();
            assert!((f64::from(*count) - 20_000.0 * p).abs() < bound, "{counts:?}");
        }
        let other = Sampling { draw: 1, ..random() };
        assert!((0..50).any(|p| choose(&row(), &[], &random(), p) != choose(&row(), &[], &other, p)));
    }

    #[test]
    fn a_draw_is_the_same_however_much_is_put_in_order() {
        // A tail so long that draws reach beyond what is looked at first, and then beyond the next.
        let long: Vec<f32> = (0..9000u16).map(|id| -f32::from(id * 7 % 9000) / 3000.0).collect();
        let settings = [
            random(),
            Sampling { top_k: 300, ..random() },
            Sampling { top_p: 0.9, ..random() },
            Sampling { min_p: 0.2, ..random() },
            Sampling { top_k: 5000, top_p: 0.5, min_p: 0.4, temperature: 0.7, ..random() },
        ];
        let mut deepest = 0;
        for sampling in settings {
            let all = Order::of(&long, &sampling).all();
            let total: f64 = all.iter().map(|(_, weight)| weight).sum();
            for position in 0..200 {
                let mut left = uniform(sampling.seed, position as u64, 0) * total;
                let place = all.iter().position(|(_, weight)| {
                    left -= weight;
                    left < 0.0
                });
                let place = place.expect("a token");
                assert_eq!(choose(&long, &[], &sampling, position).id, all[place].0, "{sampling:?} at {position}");
                deepest = deepest.max(place);
            }
        }
        assert!(deepest > 4096, "{deepest}");
    }

    #[test]
    fn the_penalty_moves_greedy_off_a_repeated_token() {
        let greedy = Sampling { repetition_penalty: 2.0, ..Default::default() };
        // ln .4 · 2 = −1.83 is below ln .25 = −1.39.
        assert_eq!(choose(&row(), &[1, 1], &greedy, 0).id, 3);
        assert_eq!(choose(&row(), &[], &greedy, 0).id, 1);
    }

    #[test]
    fn uniform_numbers_are_in_range_and_spread() {
        let numbers: Vec<f64> = (0..10_000).map(|p| uniform(7, p, 0)).collect();
        assert!(numbers.iter().all(|u| (0.0..1.0).contains(u)));
        // The mean of n uniform numbers has a standard deviation of 0.289 / √n.
        let mean = numbers.iter().sum::<f64>() / 10_000.0;
        assert!((mean - 0.5).abs() < 5.0 * 0.289 / 100.0, "{mean}");
    }
}
