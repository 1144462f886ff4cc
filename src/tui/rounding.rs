//! How the screen rounds numbers, for tests that read them off it.

use super::number;

/// A probability in 3 cells.
#[must_use]
pub fn p3(p: f32) -> String {
    number::p3(p)
}

/// A probability in 4 cells.
#[must_use]
pub fn p4(p: f32) -> String {
    number::p4(p)
}

/// A probability to be read off.
#[must_use]
pub fn p6(p: f32) -> String {
    number::p6(p)
}

/// An entropy or divergence in 4 cells; blank for 0.
#[must_use]
pub fn nats4(x: f32) -> String {
    number::entropy4(x, number::Units::Nats)
}

/// A logarithm with its sign, in 5 cells.
#[must_use]
pub fn signed5(x: f32) -> String {
    number::signed5(x, number::Units::Nats)
}

/// A rank in 3 cells.
#[must_use]
pub fn rank3(rank: u32) -> String {
    number::rank3(rank)
}
