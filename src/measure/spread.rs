//! Many measurements of one thing: their middle, how far they lie apart, and the best.

use serde::Serialize;

/// Median, quartiles and the best, in the unit of what was measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// Half of the measurements are below.
    pub median: f64,
    /// A quarter of them is below.
    pub low: f64,
    /// A quarter of them is above.
    pub high: f64,
    /// The best of them: what the machine did when nothing was in the way.
    pub best: f64,
    /// How many there are.
    pub samples: usize,
}

impl Spread {
    /// Of at least one number, of which the least is the best.
    #[must_use]
    pub fn of(numbers: &[f64]) -> Self {
        let mut sorted = numbers.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |quarters: usize| quantile(&sorted, quarters);
        Self { median: at(2), low: at(1), high: at(3), best: at(0), samples: sorted.len() }
    }

    /// The same measurements through a function that rises or falls throughout, such as seconds to tokens a second.
    #[must_use]
    pub fn map(self, by: impl Fn(f64) -> f64) -> Self {
        let (low, high) = (by(self.low), by(self.high));
        Self {
            median: by(self.median),
            low: low.min(high),
            high: low.max(high),
            best: by(self.best),
            samples: self.samples,
        }
    }
}

/// The number below which so many quarters of `sorted` lie, between its neighbours in proportion.
fn quantile(sorted: &[f64], quarters: usize) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let (whole, rest) = (last * quarters / 4, (last * quarters % 4) as f64 / 4.0);
    let next = sorted[(whole + 1).min(last)];
    sorted[whole] + rest * (next - sorted[whole])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles() {
        let five = Spread::of(&[3.0, 1.0, 2.0, 5.0, 4.0]);
        assert_eq!(five, Spread { median: 3.0, low: 2.0, high: 4.0, best: 1.0, samples: 5 });
        assert_eq!(Spread::of(&[1.0, 2.0]), Spread { median: 1.5, low: 1.25, high: 1.75, best: 1.0, samples: 2 });
        assert_eq!(Spread::of(&[7.0]), Spread { median: 7.0, low: 7.0, high: 7.0, best: 7.0, samples: 1 });
        assert_eq!(five.map(|v| 12.0 / v), Spread { median: 4.0, low: 3.0, high: 6.0, best: 12.0, samples: 5 });
    }
}
