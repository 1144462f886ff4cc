//! Made-up rows of logits, the same on every machine: what the exits of a model say at one position.

use std::f64::consts::TAU;

use mexit_tui::decode::uniform;

/// GPT-2's.
pub(crate) const VOCABULARY: usize = 50_257;

/// A number of the normal distribution, from the numbers of its row and place (Box and Muller).
fn normal(row: u64, place: usize) -> f64 {
    let (a, b) = (uniform(row, place as u64, 0), uniform(row, place as u64, 1));
    (-2.0 * (1.0 - a).ln()).sqrt() * (TAU * b).cos()
}

/// As a trained model's: a long tail, and a few tokens far above it. What exits have in common grows with their number.
#[expect(clippy::cast_possible_truncation, reason = "logits are f32")]
pub(crate) fn likely(exit: u64) -> Vec<f32> {
    let own = 1.0 / (1.0 + exit as f64);
    let mixed = |place: usize| (1.0 - own) * normal(0, place) + own * normal(1 + exit, place);
    // The tail of 50,000 reaches 9; where a model would be sure of 30 tokens these stand out.
    let raised = |place: usize| if place % 1_675 == 67 { 5.0 + 2.0 * mixed(place + VOCABULARY) } else { 0.0 };
    (0..VOCABULARY).map(|place| (2.2 * mixed(place) + raised(place) - 35.0) as f32).collect()
}

/// As a model's with random weights: thousands of tokens are within a tenth of the first.
#[expect(clippy::cast_possible_truncation, reason = "logits are f32")]
pub(crate) fn flat(exit: u64) -> Vec<f32> {
    (0..VOCABULARY).map(|place| (0.64 * normal(1 + exit, place)) as f32).collect()
}
