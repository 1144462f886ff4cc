//! Numbers in few cells. Never 0.00: what is small says how small.

use serde::{Deserialize, Serialize};

/// A probability in 3 cells: `.61`, `1.0`, `e-4` (about 10⁻⁴).
pub(crate) fn p3(p: f32) -> String {
    match p {
        p if p.is_nan() => "nan".into(),
        p if p >= 0.995 => "1.0".into(),
        p if p >= 0.005 => format!("{p:.2}")[1..].into(),
        p => format!("e-{}", power(p)),
    }
}

/// A probability to be read off, in 7 cells: `.358070`, `1.00000`, ` <1e-6`.
pub(crate) fn p6(p: f32) -> String {
    match p {
        p if p.is_nan() => "    nan".into(),
        p if p >= 0.999_999_5 => "1.00000".into(),
        p if p >= 0.000_000_5 => format!("{p:.6}")[1..].into(),
        p if p < 1e-9 => "  <1e-9".into(),
        p => format!("{p:>7.0e}"),
    }
}

/// A probability in 4 cells: `.613`, `1.00`, `4e-4`, `<e-9`.
pub(crate) fn p4(p: f32) -> String {
    match p {
        p if p.is_nan() => " nan".into(),
        p if p >= 0.9995 => "1.00".into(),
        p if p >= 0.0005 => format!("{p:.3}")[1..].into(),
        p if p < 0.95e-9 => "<e-9".into(),
        p => {
            let text = format!("{p:.0e}");
            if text.len() == 4 { text } else { format!("{text:>4}") }
        }
    }
}

fn power(p: f32) -> u32 {
    (1..9).find(|k| p >= 10f32.powi(-k) * 0.316).map_or(9, i32::cast_unsigned)
}

/// In which unit entropies, divergences and logarithms are shown; computed they are in nats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Units {
    /// Natural logarithms.
    #[default]
    Nats,
    /// Logarithms to base 2.
    Bits,
}

impl Units {
    /// All of them, as they are written.
    pub(crate) const ALL: [(&'static str, Self); 2] = [("nats", Self::Nats), ("bits", Self::Bits)];

    /// The name of the unit.
    pub(crate) fn name(self) -> &'static str {
        if self == Self::Bits { "bits" } else { "nats" }
    }

    /// The name of the logarithm.
    pub(crate) fn log(self) -> &'static str {
        if self == Self::Bits { "log2" } else { "ln" }
    }

    /// Nats in the unit.
    pub(crate) fn of(self, nats: f32) -> f32 {
        if self == Self::Bits { nats * std::f32::consts::LOG2_E } else { nats }
    }
}

/// An entropy or a divergence, given in nats, in 4 cells of the unit: `10.8`, `5.08`, `0.12`, `.003`, `4e-4`; blank for exactly 0.
pub(crate) fn entropy4(nats: f32, units: Units) -> String {
    match units.of(nats) {
        x if x.is_nan() => " nan".into(),
        0.0 => "    ".into(),
        x if x >= 99.95 => "99.9".into(),
        x if x >= 9.995 => format!("{x:.1}"),
        x if x >= 0.0995 => format!("{x:.2}"),
        x => p4(x),
    }
}

/// A natural logarithm with its sign, in 5 cells of the unit: `+5.88`, `-.30`, `+12.3`.
pub(crate) fn signed5(ln: f32, units: Units) -> String {
    let x = units.of(ln);
    let sign = if x < 0.0 { '-' } else { '+' };
    let size = x.abs();
    let digits = match size {
        x if x.is_nan() => "nan".into(),
        x if x >= 999.5 => ">999".into(),
        x if x >= 99.95 => format!("{x:.0}"),
        x if x >= 9.995 => format!("{x:.1}"),
        x if x >= 0.995 => format!("{x:.2}"),
        x => format!("{x:.2}")[1..].into(),
    };
    format!("{sign}{digits}")
}

/// The same in 4 cells: `+5.9`, `-.30`, `+12`.
pub(crate) fn signed4(ln: f32, units: Units) -> String {
    let x = units.of(ln);
    let sign = if x < 0.0 { '-' } else { '+' };
    let digits = match x.abs() {
        x if x.is_nan() => "nan".into(),
        x if x >= 99.5 => ">99".into(),
        x if x >= 9.95 => format!("{x:.0}"),
        x if x >= 0.995 => format!("{x:.1}"),
        x => format!("{x:.2}")[1..].into(),
    };
    format!("{sign}{digits}")
}

/// A rank in 3 cells: `1`, `429`, `9k`, `50k`.
pub(crate) fn rank3(rank: u32) -> String {
    match rank {
        0..=999 => rank.to_string(),
        1000..=99_499 => format!("{}k", (rank + 500) / 1000),
        _ => ">99".into(),
    }
}

/// α, and other parameters between 0 and 1: `.10`, `.001`, `1.0`.
pub(crate) fn parameter(x: f32) -> String {
    match x {
        x if x >= 1.0 => "1.0".into(),
        x if x >= 0.0095 => format!("{x:.2}")[1..].into(),
        x => format!("{x:.3}")[1..].into(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Units, entropy4, p3, p4, parameter, rank3, signed4, signed5};

    #[test]
    fn probabilities() {
        assert_eq!(
            [0.61, 0.994, 0.995, 1.0, 0.0051, 0.0049, 1e-4, 1e-12].map(p3),
            [".61", ".99", "1.0", "1.0", ".01", "e-2", "e-4", "e-9"]
        );
        assert_eq!(
            [0.613, 0.9995, 0.0005, 0.000_44, 9e-6, 9.6e-10, 1e-12].map(p4),
            [".613", "1.00", ".001", "4e-4", "9e-6", "1e-9", "<e-9"]
        );
        assert_eq!((p3(f32::NAN), p4(f32::NAN)), ("nan".into(), " nan".into()));
    }

    #[test]
    #[expect(clippy::cast_possible_truncation, reason = "any f32 near it will do")]
    fn widths_never_exceed_their_cells() {
        for exponent in -150..=0 {
            for digit in [1.0, 1.49, 1.51, 4.4, 9.4, 9.49, 9.51, 9.94, 9.96, 9.994, 9.996] {
                let p = (digit * 10f64.powf(f64::from(exponent) / 10.0)).min(1.0) as f32;
                assert_eq!((p3(p).len(), p4(p).len()), (3, 4), "{p}");
                assert!(p3(p) != ".00" && p4(p) != ".000");
                for x in [p, p * 10.0, p * 100.0] {
                    assert!(entropy4(x, Units::Nats).len() == 4 && signed5(x, Units::Nats).len() <= 5, "{x}");
                    assert!(signed4(-x, Units::Nats).len() <= 4, "{x}");
                }
            }
        }
    }

    #[test]
    fn the_others() {
        assert_eq!((entropy4(5.0, Units::Bits), signed5(-1.0, Units::Bits)), ("7.21".into(), "-1.44".into()));
        assert_eq!(
            [5.079, 0.12, 0.003, 10.83, 0.0].map(|x| entropy4(x, Units::Nats)),
            ["5.08", "0.12", ".003", "10.8", "    "]
        );
        let signed = [5.884, -0.3, 12.34, 9.96, f32::INFINITY].map(|x| signed4(x, Units::Nats));
        assert_eq!(signed, ["+5.9", "-.30", "+12", "+10", "+>99"]);
        assert_eq!([5.884, -0.3, 12.34, 0.0].map(|x| signed5(x, Units::Nats)), ["+5.88", "-.30", "+12.3", "+.00"]);
        assert_eq!(
            [1, 429, 999, 1000, 9400, 50_257, 128_000].map(rank3),
            ["1", "429", "999", "1k", "9k", "50k", ">99"]
        );
        assert_eq!([0.1, 0.001, 1.0, 0.05].map(parameter), [".10", ".001", "1.0", ".05"]);
    }
}
