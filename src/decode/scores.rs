//! Scores of some tokens, and the distribution that softmax makes of them; a token without a score is never chosen.

use std::cmp::Ordering;

use super::{Distribution, Scored};

/// Tokens by id with their scores.
#[derive(Clone, Debug)]
pub struct Scores {
    ids: Vec<u32>,
    values: Vec<f64>,
    /// The largest score.
    best: f64,
    /// ln Σ e^(score − best). Apart from `best`, which can be so large that the sum would be lost in it.
    ln_share: f64,
}

impl Scores {
    /// Of tokens by id. A score that is NaN or −∞ is none; +∞ is the largest of all numbers. `None` if no token has one.
    #[must_use]
    pub fn of(scored: impl Iterator<Item = (u32, f64)>) -> Option<Self> {
        let known = scored.filter(|(_, score)| *score > f64::NEG_INFINITY);
        let (ids, values): (Vec<u32>, Vec<f64>) = known.map(|(id, score)| (id, score.min(f64::MAX))).unzip();
        let best = values.iter().copied().reduce(f64::max)?;
        let ln_share = values.iter().map(|score| (score - best).exp()).sum::<f64>().ln();
        Some(Self { ids, values, best, ln_share })
    }

    /// How many tokens have a score.
    #[must_use]
    pub fn count(&self) -> usize {
        self.ids.len()
    }

    /// ln Σ e^score: what a result lacks to its score.
    #[must_use]
    pub fn ln_sum(&self) -> f32 {
        narrow(self.best + self.ln_share)
    }

    /// Σ over these tokens of another distribution's probability.
    #[must_use]
    pub fn mass(&self, expert: &Distribution<'_>) -> f32 {
        narrow(self.ids.iter().map(|id| f64::from(expert.ln_p(*id)).exp()).sum())
    }

    /// KL(result ‖ expert), nats.
    #[must_use]
    pub fn effect(&self, expert: &Distribution<'_>) -> f32 {
        let term = |(id, score): (&u32, &f64)| {
            let result = self.result(*score);
            // Where e^result is 0 the limit of 0 · ln 0.
            let p = result.exp();
            if p > 0.0 { p * (result - f64::from(expert.ln_p(*id))) } else { 0.0 }
        };
        narrow(self.ids.iter().zip(&self.values).map(term).sum::<f64>().max(0.0))
    }

    /// The token that is put first, with the logarithm of its probability.
    #[must_use]
    pub fn best(&self) -> Scored {
        let place = self.values.iter().position(|score| *score == self.best).unwrap_or(0);
        self.at(place)
    }

    /// The first tokens, best first; of equal ones the lower id.
    #[must_use]
    pub fn first(&self, count: usize) -> Vec<Scored> {
        let mut places: Vec<usize> = (0..self.ids.len()).collect();
        let order = |a: &usize, b: &usize| {
            self.values[*b].partial_cmp(&self.values[*a]).unwrap_or(Ordering::Equal).then(a.cmp(b))
        };
        if (1..places.len()).contains(&count) {
            places.select_nth_unstable_by(count - 1, order);
        }
        places.truncate(count);
        places.sort_unstable_by(order);
        places.into_iter().map(|place| self.at(place)).collect()
    }

    /// ln p of every token of a vocabulary; −∞ for those without a score.
    #[must_use]
    pub fn row(&self, vocabulary: usize) -> Vec<f32> {
        let mut row = vec![f32::NEG_INFINITY; vocabulary];
        for (id, score) in self.ids.iter().zip(&self.values) {
            row[*id as usize] = narrow(self.result(*score));
        }
        row
    }

    /// ln p of every token where those with a score share their mass under the expert, and the others keep the expert's
    /// probability: what a text has can then be weighed, whatever it is.
    #[must_use]
    pub fn shared(&self, expert: &Distribution<'_>) -> Vec<f32> {
        let (mut row, ln_mass) = (expert.ln_row(), f64::from(self.mass(expert)).ln());
        for (id, value) in self.ids.iter().zip(&self.values) {
            row[*id as usize] = narrow(self.result(*value) + ln_mass);
        }
        row
    }

    fn at(&self, place: usize) -> Scored {
        Scored { id: self.ids[place], ln_p: narrow(self.result(self.values[place])) }
    }

    fn result(&self, score: f64) -> f64 {
        score - self.best - self.ln_share
    }
}

#[expect(clippy::cast_possible_truncation, reason = "computed in f64 so that only this rounding remains")]
fn narrow(x: f64) -> f32 {
    x as f32
}

#[cfg(test)]
mod tests {
    use super::{Distribution, Scores};

    #[test]
    fn softmax_of_what_has_a_score() {
        let given = [f64::NAN, 1.0, f64::NEG_INFINITY, 3.0, 3.0];
        let scores = Scores::of((0..).zip(given)).expect("scores");
        let row = scores.row(5);
        let sum: f32 = row.iter().map(|ln_p| ln_p.exp()).sum();
        // Three exponentials of f32.
        assert!((sum - 1.0).abs() < 6.0 * f32::EPSILON, "{row:?}");
        assert_eq!((row[0], row[2], scores.count()), (f32::NEG_INFINITY, f32::NEG_INFINITY, 3));
        assert_eq!(scores.first(9).iter().map(|s| s.id).collect::<Vec<u32>>(), [3, 4, 1]);
        assert_eq!((scores.first(1).len(), scores.best().id), (1, 3), "the lower id of equal ones");
        // A number below 4, rounded four times.
        let want = 2f32.mul_add(3f32.exp(), 1f32.exp()).ln();
        assert!((scores.ln_sum() - want).abs() < 2e-6, "{}", scores.ln_sum());
        let expert = Distribution::new(&row);
        assert!(scores.effect(&expert) < 1e-6 && (scores.mass(&expert) - 1.0).abs() < 1e-6, "its own expert");
    }

    #[test]
    fn without_a_score_there_is_no_distribution_and_infinite_ones_are_first() {
        assert!(Scores::of((0..).zip([f64::NAN, f64::NEG_INFINITY])).is_none());
        let scores = Scores::of((0..).zip([5.0, f64::INFINITY, f64::INFINITY])).expect("scores");
        assert_eq!(scores.best().id, 1);
        assert!((scores.best().ln_p - 0.5f32.ln()).abs() < 1e-6 && scores.row(3)[0] < -1e30);
    }
}
