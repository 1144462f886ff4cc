//! What the screen starts with: what the configuration and the flags say, or what is built in.

use super::{
    display::Display,
    keymap::Keymap,
    number::Units,
    state::{CELL_WIDTHS, Ribbon, State, Wish},
    theme::{Colour, ThemeName},
};
use crate::session::trace::{ExitId, Sampling};

/// Everything that can be liked otherwise.
#[derive(Clone, Debug)]
pub struct Preferences {
    /// Expert and amateur; else the model's own exits say.
    pub contrast: Option<(ExitId, ExitId)>,
    /// α.
    pub alpha: f32,
    /// Minimum candidates.
    pub min_candidates: usize,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// What the ribbon's height shows.
    pub ribbon: Ribbon,
    /// Cells of a heat cell.
    pub cell_width: usize,
    /// Whether clicks are ours.
    pub mouse: bool,
    /// Nats or bits.
    pub units: Units,
    /// The theme.
    pub theme: ThemeName,
    /// How many colours.
    pub colour: Colour,
    /// Draw with ASCII only.
    pub ascii: bool,
    /// Which key does what.
    pub keys: Keymap,
}

/// Widths that a heat cell may have.
pub const HEAT_CELLS: [usize; 6] = CELL_WIDTHS;

impl Preferences {
    /// The state of a screen that starts so.
    pub(super) fn state(&self, opening: String) -> State {
        let (alpha, min_candidates) = (Some(self.alpha), Some(self.min_candidates));
        let mut state = State::new(opening, Wish { contrast: self.contrast, alpha, min_candidates });
        state.decoding.sampling = self.sampling.clone();
        state.ribbon = self.ribbon;
        state.heatmap.width =
            CELL_WIDTHS.iter().position(|width| *width == self.cell_width).unwrap_or(state.heatmap.width);
        state.display = Display { theme: self.theme, units: self.units, mouse: self.mouse, ids: false };
        state.keys = self.keys.clone();
        state
    }
}
