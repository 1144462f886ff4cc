//! The scales of the chart: their ends are fixed, so that two positions or two files compare.

use crate::tui::journeys::{Axis, Value};

/// ln p at the bottom of the scale by logarithm.
const LEAST_LN: f32 = -12.0;

/// How high a value stands, 0 to 1; `None` for what is no number.
pub(super) fn reach(axis: Axis, value: Value, vocabulary: usize) -> Option<f32> {
    let reach = match axis {
        Axis::Log => 1.0 - value.ln_p / LEAST_LN,
        Axis::Linear => value.ln_p.exp(),
        Axis::Rank => rank(value.rank, vocabulary),
    };
    (!reach.is_nan()).then(|| reach.clamp(0.0, 1.0))
}

fn rank(rank: u32, vocabulary: usize) -> f32 {
    1.0 - (rank.max(1) as f32).ln() / (vocabulary.max(2) as f32).ln()
}

/// Heights with their labels, from the top, the more important first where rows are few.
pub(super) fn ticks(axis: Axis, vocabulary: usize) -> Vec<(f32, &'static str)> {
    match axis {
        Axis::Log => [(1.0f32, "1"), (1e-5, "1e-5"), (1e-2, ".01"), (1e-1, ".1"), (1e-3, ".001"), (1e-4, "1e-4")]
            .map(|(p, label)| (1.0 - p.ln() / LEAST_LN, label))
            .to_vec(),
        Axis::Linear => vec![(1.0, "1"), (0.0, "0"), (0.5, ".5"), (0.75, ".75"), (0.25, ".25")],
        Axis::Rank => [(1, "1"), (10_000, "10k"), (100, "100"), (10, "10"), (1000, "1k"), (100_000, "100k")]
            .into_iter()
            .filter(|(n, _)| usize::try_from(*n).is_ok_and(|n| n <= vocabulary))
            .map(|(n, label)| (rank(n, vocabulary), label))
            .collect(),
    }
}

/// The words of a scale.
pub(super) fn words(axis: Axis) -> &'static str {
    match axis {
        Axis::Log => "log",
        Axis::Linear => "linear",
        Axis::Rank => "log, 1 is high",
    }
}

#[cfg(test)]
mod tests {
    use super::{reach, ticks};
    use crate::tui::journeys::{Axis, Value};

    fn at(axis: Axis, p: f32, rank: u32) -> Option<f32> {
        reach(axis, Value { ln_p: p.ln(), rank, is_top: false }, 50_257)
    }

    #[test]
    fn ends_are_fixed() {
        for axis in [Axis::Log, Axis::Linear, Axis::Rank] {
            assert_eq!(at(axis, 1.0, 1), Some(1.0));
            assert_eq!(at(axis, 0.0, u32::MAX), Some(0.0), "{axis:?}: nothing is at the bottom, not below it");
            assert!(ticks(axis, 50_257).iter().all(|(reach, _)| (0.0..=1.0).contains(reach)));
        }
        assert_eq!(at(Axis::Log, f32::NAN, 1), None);
        assert_eq!(at(Axis::Rank, 0.1, 50_257), Some(0.0));
        assert!(ticks(Axis::Rank, 500).iter().all(|(_, label)| !label.ends_with('k')));
    }

    #[test]
    fn a_label_stands_where_its_value_does() {
        let tick = |axis, label: &str| ticks(axis, 50_257).iter().find(|tick| tick.1 == label).map(|tick| tick.0);
        assert_eq!(tick(Axis::Log, ".01"), at(Axis::Log, 0.01, 1));
        assert_eq!(tick(Axis::Linear, ".25"), Some(0.25));
        assert_eq!(tick(Axis::Rank, "100"), at(Axis::Rank, 0.5, 100));
    }
}
