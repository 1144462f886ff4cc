//! Every token of the vocabulary at one position: what the picker lists. A few megabytes, so it is not kept in a trace.

use super::{
    analyze::Analysis,
    trace::{Pair, TokenId},
};
use crate::decode;

/// ln p of every token.
#[derive(Clone, Debug)]
pub struct Vocabulary {
    /// The position.
    pub position: usize,
    /// By exit, original first: V numbers each.
    pub exits: Vec<Vec<f32>>,
    /// Under the contrast.
    pub contrast: Vec<f32>,
    /// The contrast's pair.
    pub pair: Pair,
}

impl Vocabulary {
    /// The exit (by row) that gives a token the most, with its ln p there.
    #[must_use]
    pub fn best_exit(&self, id: TokenId) -> Option<(usize, f32)> {
        let rows = self.exits.iter().enumerate().filter_map(|(row, ln_p)| Some((row, *ln_p.get(id.index())?)));
        rows.reduce(|best, row| if row.1 > best.1 { row } else { best })
    }
}

impl Analysis<'_> {
    /// Everything at `position` under `pair`; `None` if it names an exit that is not there.
    #[must_use]
    pub fn vocabulary(&self, position: usize, pair: Pair) -> Option<Vocabulary> {
        let (expert, amateur) = (self.exit(pair.expert)?, self.exit(pair.amateur)?);
        let contrast = decode::contrast(expert, amateur, pair.alpha, pair.min_candidates).row(expert);
        let exits = self.rows().iter().map(|(_, distribution)| distribution.ln_row()).collect();
        Some(Vocabulary { position, exits, contrast, pair })
    }
}
