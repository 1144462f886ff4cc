//! Values with limits: each says what was expected and what was found, at its own line.

use std::fmt::Display;

use serde::{Deserialize, Deserializer, de::Error};

use crate::tui::HEAT_CELLS;

fn held<E: Error, T: Display + Copy>(value: T, expected: &str, allowed: impl Fn(T) -> bool) -> Result<T, E> {
    if allowed(value) { Ok(value) } else { Err(E::custom(format!("expected {expected}, found {value}"))) }
}

/// A number above 0, up to 1.
pub(super) fn fraction<'d, D: Deserializer<'d>>(from: D) -> Result<f32, D::Error> {
    held(f32::deserialize(from)?, "a number above 0, up to 1", |x| x > 0.0 && x <= 1.0)
}

/// A number from 0 on, below 1.
pub(super) fn part<'d, D: Deserializer<'d>>(from: D) -> Result<f32, D::Error> {
    held(f32::deserialize(from)?, "a number from 0 on, below 1", |x| (0.0..1.0).contains(&x))
}

/// A number above 0.
pub(super) fn positive<'d, D: Deserializer<'d>>(from: D) -> Result<f32, D::Error> {
    held(f32::deserialize(from)?, "a number above 0", |x| x > 0.0 && x.is_finite())
}

/// A whole number from 1 on.
pub(super) fn at_least_one<'d, D: Deserializer<'d>>(from: D) -> Result<usize, D::Error> {
    // Signed, so that what is said of a negative number is the same.
    let value = held(i64::deserialize(from)?, "a whole number from 1 on", |n| n > 0)?;
    usize::try_from(value).map_err(D::Error::custom)
}

/// Processor threads, if they are given.
pub(super) fn threads<'d, D: Deserializer<'d>>(from: D) -> Result<Option<u16>, D::Error> {
    let value = held(i64::deserialize(from)?, "1 to 256", |n| (1..=256).contains(&n))?;
    u16::try_from(value).map(Some).map_err(D::Error::custom)
}

/// Cells of a heat cell.
pub(super) fn cell_width<'d, D: Deserializer<'d>>(from: D) -> Result<usize, D::Error> {
    let widths: Vec<String> = HEAT_CELLS.iter().map(ToString::to_string).collect();
    held(usize::deserialize(from)?, &format!("one of {}", widths.join(", ")), |width| HEAT_CELLS.contains(&width))
}

/// Expert and amateur, as the flag has them.
pub(super) mod pair {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::session::trace::ExitId;

    type Pair = Option<(ExitId, ExitId)>;

    pub(in crate::config) fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<Pair, D::Error> {
        let text = String::deserialize(from)?;
        let (expert, amateur) = text
            .split_once(',')
            .ok_or_else(|| D::Error::custom(format!("expected EXPERT,AMATEUR, such as original,12, found {text:?}")))?;
        let exit = |name: &str| name.parse::<ExitId>().map_err(D::Error::custom);
        Ok(Some((exit(expert)?, exit(amateur)?)))
    }

    pub(in crate::config) fn serialize<S: Serializer>(pair: &Pair, to: S) -> Result<S::Ok, S::Error> {
        match pair {
            Some((expert, amateur)) => to.serialize_str(&format!("{expert},{amateur}")),
            None => to.serialize_none(),
        }
    }
}
