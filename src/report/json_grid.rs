//! What every pair of exits would choose, in the JSON.

use serde::Serialize;

use super::json::Token;
use crate::session::{
    grid::{self, GRID_ALPHAS, GRID_MINIMA},
    trace::TokenId,
};

/// Every pair at a position, and one of them over its parameters.
#[derive(Serialize)]
pub(super) struct Grid {
    /// The parameters of every pair.
    alpha: f32,
    min_candidates: usize,
    /// By expert, original first, then the amateurs below it.
    pairs: Vec<Vec<Cell>>,
    /// The pair in detail.
    expert: String,
    amateur: String,
    /// Its choice at other α.
    over_alpha: Vec<AtAlpha>,
    /// Its choice at other minima of candidates.
    over_min_candidates: Vec<AtMinimum>,
    /// What its plausible set holds of the expert's probability.
    mass: f32,
}

/// The token that a contrast puts first.
#[derive(Serialize)]
struct Cell {
    #[serde(flatten)]
    token: Token,
    /// Its ln p under the contrast.
    ln_p: f32,
    plausible_count: usize,
}

#[derive(Serialize)]
struct AtAlpha {
    alpha: f32,
    #[serde(flatten)]
    cell: Cell,
}

#[derive(Serialize)]
struct AtMinimum {
    min_candidates: usize,
    #[serde(flatten)]
    cell: Cell,
}

/// The object for a grid.
pub(super) fn grid(found: &grid::Grid, token: &dyn Fn(TokenId) -> Token) -> Grid {
    let cell = |cell: &grid::Cell| Cell { token: token(cell.id), ln_p: cell.ln_p, plausible_count: cell.plausible };
    let at_alpha = |(alpha, found): (&f32, &grid::Cell)| AtAlpha { alpha: *alpha, cell: cell(found) };
    let at_minimum = |(min, found): (&usize, &grid::Cell)| AtMinimum { min_candidates: *min, cell: cell(found) };
    Grid {
        alpha: found.settings.0,
        min_candidates: found.settings.1,
        pairs: found.pairs.iter().map(|amateurs| amateurs.iter().map(cell).collect()).collect(),
        expert: found.pair.0.to_string(),
        amateur: found.pair.1.to_string(),
        over_alpha: GRID_ALPHAS.iter().zip(&found.alphas).map(at_alpha).collect(),
        over_min_candidates: GRID_MINIMA.iter().zip(&found.minima).map(at_minimum).collect(),
        mass: found.mass,
    }
}
