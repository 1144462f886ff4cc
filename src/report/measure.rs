//! What the colour of a cell, a position and an exit, can show.

use std::{fmt, str::FromStr};

use super::positions::Position;
use crate::session::trace::ExitRow;

/// A measure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Measure {
    /// The probability of the text's token.
    #[default]
    Probability,
    /// The exit's entropy.
    Entropy,
    /// KL(original ‖ exit).
    Kl,
    /// The Jensen-Shannon divergence between original and the exit.
    Js,
    /// Whether the top token is original's, and stays so up to original.
    Decision,
}

impl Measure {
    /// All, with their names.
    pub const ALL: [(&'static str, Self); 5] = [
        ("probability", Self::Probability),
        ("entropy", Self::Entropy),
        ("kl", Self::Kl),
        ("js", Self::Js),
        ("decision", Self::Decision),
    ];

    /// What it is, for a legend.
    pub(super) fn says(self) -> &'static str {
        match self {
            Self::Probability => "probability of the text's token",
            Self::Entropy => "entropy, nats",
            Self::Kl => "KL(original ‖ exit), nats",
            Self::Js => "Jensen-Shannon divergence to original, nats",
            Self::Decision => "top token is original's, pale: not up to original without a break",
        }
    }

    /// Its value at a row of a position; NaN where there is none.
    pub(super) fn value(self, row: &ExitRow, place: usize, at: &Position<'_>) -> f32 {
        match self {
            Self::Probability => row.ln_p.exp(),
            Self::Entropy => row.entropy,
            Self::Kl => row.kl,
            Self::Js => row.js,
            Self::Decision => {
                let Some((trace, reading)) = &at.known else { return f32::NAN };
                let decided = trace.exits.iter().position(|row| row.exit == reading.decided).unwrap_or(0);
                let top = |row: &ExitRow| row.top.first().map(|top| top.id);
                match top(row) {
                    None => f32::NAN,
                    Some(_) if place <= decided => 1.0,
                    Some(id) if trace.exits.first().and_then(top) == Some(id) => 0.35,
                    Some(_) => 0.0,
                }
            }
        }
    }

    /// The largest value of the scale, which begins at 0; for those without a natural one the largest that occurs.
    pub(super) fn most(self, positions: &[Position<'_>]) -> f32 {
        match self {
            Self::Probability | Self::Decision => 1.0,
            Self::Js => std::f32::consts::LN_2,
            Self::Entropy | Self::Kl => {
                let rows = positions.iter().flat_map(|at| {
                    let rows = at.known.iter().flat_map(|(trace, _)| trace.exits.iter());
                    rows.map(|row| self.value(row, 0, at)).filter(|value| value.is_finite())
                });
                rows.fold(f32::MIN_POSITIVE, f32::max)
            }
        }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::ALL.iter().find(|(_, measure)| measure == self).map_or("", |(name, _)| name);
        f.write_str(name)
    }
}

impl FromStr for Measure {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|(other, _)| *other == name).map(|(_, measure)| *measure);
        found.ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|(name, _)| *name).collect();
            format!("expected one of {}", names.join(", "))
        })
    }
}
