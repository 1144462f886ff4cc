//! What every pair of exits would choose at a position, and how long a pair's choice holds over its parameters.

use super::{
    analyze::{Analysis, Read},
    trace::{ExitId, Pair, TokenId},
};
use crate::decode;

/// α of the row under the grid.
pub const GRID_ALPHAS: [f32; 12] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0];
/// Minimum candidates of the row under it.
pub const GRID_MINIMA: [usize; 8] = [1, 2, 3, 4, 5, 6, 8, 10];

/// The answer of a contrast at a position; without a plausible token if one of its exits is broken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// The token that it puts first.
    pub id: TokenId,
    /// Its ln p under the contrast.
    pub ln_p: f32,
    /// How many tokens V holds.
    pub plausible: usize,
}

/// Every pair at a position, and one of them in detail.
#[derive(Clone, Debug)]
pub struct Grid {
    /// α and minimum candidates of the pairs.
    pub settings: (f32, usize),
    /// By expert's row, then the amateurs below it: one cell a pair, rows as in the table (original first).
    pub pairs: Vec<Vec<Cell>>,
    /// The pair in detail.
    pub pair: (ExitId, ExitId),
    /// Over [`GRID_ALPHAS`].
    pub alphas: Vec<Cell>,
    /// Over [`GRID_MINIMA`].
    pub minima: Vec<Cell>,
    /// What V holds of the expert's probability for the pair in detail.
    pub mass: f32,
}

impl Cell {
    /// What cannot be told.
    pub const UNKNOWN: Self = Self { id: TokenId(u32::MAX), ln_p: f32::NAN, plausible: 0 };

    /// Whether the answer can be told: some token is always plausible.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.plausible > 0
    }
}

impl Grid {
    /// Bytes that this takes, all told.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let rows = self.pairs.iter().map(|row| size_of_val(row) + row.capacity() * size_of::<Cell>());
        size_of::<Self>() + rows.sum::<usize>() + (self.alphas.capacity() + self.minima.capacity()) * size_of::<Cell>()
    }

    /// The cell of two rows; `None` unless the amateur is below the expert and the answer can be told.
    #[must_use]
    pub fn cell(&self, expert: usize, amateur: usize) -> Option<&Cell> {
        self.pairs.get(expert)?.get(amateur.checked_sub(expert + 1)?).filter(|cell| cell.is_known())
    }
}

impl Analysis<'_> {
    /// The grid with α and minimum of `pair`, and `pair` in detail; `None` if it names an exit that is not there.
    #[must_use]
    pub fn grid(&self, pair: Pair) -> Option<Grid> {
        let rows = self.rows();
        let cell = |expert: &Read<'_>, amateur: &Read<'_>, alpha, min| {
            let (Some(expert), Some(amateur)) = (expert.known(), amateur.known()) else { return Cell::UNKNOWN };
            let contrast = decode::contrast(expert, amateur, alpha, min);
            let best = contrast.best().unwrap_or_else(|| expert.best());
            Cell { id: TokenId(best.id), ln_p: best.ln_p, plausible: contrast.count() }
        };
        let below = |i: usize| {
            let amateurs = rows[i + 1..].iter();
            amateurs.map(|(_, amateur)| cell(&rows[i].1, amateur, pair.alpha, pair.min_candidates)).collect()
        };
        let find = |exit: ExitId| Some(&rows.iter().find(|(id, _)| *id == exit)?.1);
        let (expert, amateur) = (find(pair.expert)?, find(pair.amateur)?);
        let detail = expert.known().zip(amateur.known());
        Some(Grid {
            settings: (pair.alpha, pair.min_candidates),
            pairs: (0..rows.len()).map(below).collect(),
            pair: (pair.expert, pair.amateur),
            alphas: GRID_ALPHAS.iter().map(|a| cell(expert, amateur, *a, pair.min_candidates)).collect(),
            minima: GRID_MINIMA.iter().map(|m| cell(expert, amateur, pair.alpha, *m)).collect(),
            mass: detail.map_or(f32::NAN, |(e, a)| decode::contrast(e, a, pair.alpha, pair.min_candidates).mass),
        })
    }
}
