//! Pure mathematics over rows of logits: no model, no screen.

/// How a token is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampling {
    /// Draw at random; otherwise the most probable token is taken.
    pub random: bool,
    /// Divides the log-probabilities; above 0.
    pub temperature: f32,
    /// Keep the k most probable tokens; 0 is off.
    pub top_k: usize,
    /// Keep the smallest set whose mass reaches this; 1 is off.
    pub top_p: f32,
    /// Keep tokens from this fraction of the largest probability on; 0 is off.
    pub min_p: f32,
    /// Divides or multiplies the log-probabilities of tokens in the text; 1 is off.
    pub repetition_penalty: f32,
    /// Key of the generator, with position and draw.
    pub seed: u64,
    /// Number of the draw at a position, so that it can be repeated or drawn again.
    pub draw: u32,
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            random: false,
            temperature: 1.0,
            top_k: 0,
            top_p: 1.0,
            min_p: 0.0,
            repetition_penalty: 1.0,
            seed: 42,
            draw: 0,
        }
    }
}
