//! From a distribution to a token: greedy, or a draw that can be repeated alone.

use std::collections::HashSet;

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
    if !sampling.random {
        return Chosen { id: first_of(&row), drawn: false };
    }
    let kept = keep(&row, sampling);
    let total: f64 = kept.iter().map(|(_, weight)| weight).sum();
    let mut left = uniform(sampling.seed, position as u64, sampling.draw) * total;
    for (id, weight) in &kept {
        left -= weight;
        if left < 0.0 {
            return Chosen { id: *id, drawn: true };
        }
    }
    // Rounding may leave a grain behind the last token.
    Chosen { id: kept.last().map_or(0, |(id, _)| *id), drawn: true }
}

/// ln p with which [`choose`] takes each token: −∞ for what is never drawn; greedy takes one for certain.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "computed in f64, shown as f32")]
pub fn drawn(ln_row: &[f32], history: &[u32], sampling: &Sampling) -> Vec<f32> {
    let row = penalized(ln_row, history, sampling);
    let kept = if sampling.random { keep(&row, sampling) } else { vec![(first_of(&row), 1.0)] };
    let total: f64 = kept.iter().map(|(_, weight)| weight).sum();
    let mut ln_p = vec![f32::NEG_INFINITY; row.len()];
    for (id, weight) in kept {
        ln_p[id as usize] = (weight / total).ln() as f32;
    }
    ln_p
}

/// The row after the repetition penalty.
fn penalized(ln_row: &[f32], history: &[u32], sampling: &Sampling) -> Vec<f32> {
    let mut row = ln_row.to_vec();
    if sampling.repetition_penalty != 1.0 {
        for id in history.iter().collect::<HashSet<_>>() {
            if let Some(ln_p) = row.get_mut(*id as usize) {
                *ln_p *= sampling.repetition_penalty;
            }
        }
    }
    row
}

fn first_of(row: &[f32]) -> u32 {
    let mut best = (0u32, f32::NEG_INFINITY);
    for (ln_p, id) in row.iter().zip(0u32..) {
        if *ln_p > best.1 {
            best = (id, *ln_p);
        }
    }
    best.0
}

/// Tokens that may be drawn with weights, most probable first; the best has weight 1.
fn keep(row: &[f32], sampling: &Sampling) -> Vec<(u32, f64)> {
    let mut order: Vec<u32> = (0..u32::try_from(row.len()).unwrap_or(u32::MAX)).collect();
    let by_probability = |a: &u32, b: &u32| row[*b as usize].total_cmp(&row[*a as usize]).then(a.cmp(b));
    if sampling.top_k > 0 && sampling.top_k < order.len() {
        order.select_nth_unstable_by(sampling.top_k - 1, by_probability);
        order.truncate(sampling.top_k);
    }
    order.sort_unstable_by(by_probability);
    let best = order.first().map_or(0.0, |id| row[*id as usize]);
    let temperature = f64::from(sampling.temperature.max(f32::MIN_POSITIVE));
    let mut kept: Vec<(u32, f64)> =
        order.into_iter().map(|id| (id, (f64::from(row[id as usize] - best) / temperature).exp())).collect();
    if sampling.top_p < 1.0 {
        let total: f64 = kept.iter().map(|(_, weight)| weight).sum();
        let goal = f64::from(sampling.top_p) * total;
        let mut mass = 0.0;
        let needed = kept.iter().take_while(|(_, weight)| {
            let before = mass;
            mass += weight;
            before < goal
        });
        let count = needed.count().max(1);
        kept.truncate(count);
    }
    if sampling.min_p > 0.0 {
        kept.retain(|(_, weight)| *weight >= f64::from(sampling.min_p).min(1.0));
    }
    kept
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
    use super::{Sampling, choose, drawn, keep, uniform};

    fn row() -> Vec<f32> {
        [0.1f32, 0.4, 0.2, 0.25, 0.05].map(f32::ln).to_vec()
    }

    fn random() -> Sampling {
        Sampling { random: true, ..Default::default() }
    }

    fn ids(sampling: &Sampling) -> Vec<u32> {
        keep(&row(), sampling).iter().map(|(id, _)| *id).collect()
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
