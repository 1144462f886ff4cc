//! What was measured, in seconds.

use super::Spread;

/// Seconds of everything that is timed, one number a round or a step.
#[derive(Debug, Default)]
pub(super) struct Samples {
    /// Reading a prompt and deciding on its next token, by length of the prompt.
    pub(super) first_token: Vec<Vec<f64>>,
    /// A step with every exit.
    pub(super) all: Vec<f64>,
    /// The blocks alone.
    pub(super) trunk: Vec<f64>,
    /// The heads alone.
    pub(super) heads: Vec<f64>,
    /// From logits to everything that the screen shows.
    pub(super) analysis: Vec<f64>,
    /// A step with every exit and everything that the screen shows.
    pub(super) shown: Vec<f64>,
    /// A step with every exit near the end of the context.
    pub(super) late: Vec<f64>,
    /// A token of a run by one exit.
    pub(super) alone: Vec<f64>,
    /// A token of a run by the contrast.
    pub(super) contrast: Vec<f64>,
    /// The same with every exit filled in afterwards.
    pub(super) filled: Vec<f64>,
    /// A position filled in, in batches.
    pub(super) fill: Vec<f64>,
    /// How many positions were filled in for each of those.
    pub(super) fill_positions: usize,
}

/// In milliseconds.
pub(super) fn ms(seconds: &[f64]) -> Spread {
    Spread::of(seconds).map(|s| s * 1e3)
}

/// In pieces a second.
pub(super) fn a_second(seconds: &[f64]) -> Spread {
    Spread::of(seconds).map(|s| 1.0 / s)
}
