//! Sums that come out the same whatever the order.

use std::{fmt, ops::AddAssign};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A sum of real numbers as a whole number of 2⁻⁴⁰. Whole numbers can be added in any order, so that shards, resumed runs
/// and one long run give the same bits. A number is rounded once, by 5e-13 at most; the f32 that come in are off by
/// 1e-7 of themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum(i128);

/// 2⁴⁰.
const ONE: f64 = (1u64 << 40) as f64;

impl Sum {
    /// A number as a sum of one.
    ///
    /// # Panics
    /// If it is not finite: logits are checked before anything is measured on them.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "rounded just before; measures stay far below 2⁸⁷")]
    pub fn of(number: f64) -> Self {
        assert!(number.is_finite(), "only finite numbers are summed, found {number}");
        Self((number * ONE).round() as i128)
    }

    /// The sum.
    #[must_use]
    pub fn value(self) -> f64 {
        self.0 as f64 / ONE
    }

    /// The sum shared out among `count`; NaN among none.
    #[must_use]
    pub fn mean(self, count: u64) -> f64 {
        self.value() / count as f64
    }
}

impl AddAssign for Sum {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

// As text: most readers of JSON keep no more than 53 bits of a number.
impl Serialize for Sum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sum {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse()
            .map(Self)
            .map_err(|_| de::Error::custom(format!("expected a whole number as text, found `{text}`")))
    }
}

#[cfg(test)]
mod tests {
    use super::Sum;

    #[test]
    fn the_order_does_not_matter() {
        let numbers: Vec<f64> = (1..2000).map(|n| 17.0 / f64::from(n)).collect();
        let add = |numbers: &mut dyn Iterator<Item = &f64>| {
            numbers.fold(Sum::default(), |mut sum, number| {
                sum += Sum::of(*number);
                sum
            })
        };
        let (forward, backward) = (add(&mut numbers.iter()), add(&mut numbers.iter().rev()));
        assert_eq!(forward, backward);
        // 2000 roundings of at most 2⁻⁴¹.
        assert!((forward.value() - numbers.iter().sum::<f64>()).abs() < 1e-9);
        let text = serde_json::to_string(&forward).expect("text");
        assert_eq!(serde_json::from_str::<Sum>(&text).expect("a sum"), forward);
        assert!(serde_json::from_str::<Sum>("\"1.5\"").is_err());
    }
}
