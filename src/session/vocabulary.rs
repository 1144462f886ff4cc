//! Every token of the vocabulary at one position: what the picker lists. A few megabytes, so it is not kept in a trace.

use super::{
    analyze::{Analysis, Read},
    trace::{Decoding, Method, Pair, TokenId},
};
use crate::decode;

/// ln p of every token.
#[derive(Clone, Debug)]
pub struct Vocabulary {
    /// The position.
    pub position: usize,
    /// By exit, original first: V numbers each.
    pub exits: Vec<Vec<f32>>,
    /// Under the decoding, if it is one by scores; else under the contrast of the pair.
    pub contrast: Vec<f32>,
    /// The pair that was asked for.
    pub pair: Pair,
    /// With which the decoding takes each token, after sampling's settings: −∞ for never.
    pub drawn: Vec<f32>,
}

impl Vocabulary {
    /// The exit (by row) that gives a token the most, with its ln p there.
    #[must_use]
    pub fn best_exit(&self, id: TokenId) -> Option<(usize, f32)> {
        let at = |ln_p: &Vec<f32>| ln_p.get(id.index()).copied().filter(|ln_p| !ln_p.is_nan());
        let rows = self.exits.iter().enumerate().filter_map(|(row, ln_p)| Some((row, at(ln_p)?)));
        rows.reduce(|best, row| if row.1 > best.1 { row } else { best })
    }
}

impl Analysis<'_> {
    /// Everything at `position` under `pair`, and under `decoding` after `history`; NaN where an exit is not known.
    #[must_use]
    pub fn vocabulary(&self, position: usize, pair: Pair, decoding: &Decoding, history: &[TokenId]) -> Vocabulary {
        let size = self.rows().iter().find_map(|(_, read)| Some(read.known()?.logits().len())).unwrap_or(0);
        let unknown = || vec![f32::NAN; size];
        let by_pair = Method::Contrast(pair);
        let contrasting = if decoding.method.has_scores() { &decoding.method } else { &by_pair };
        let contrast = self.deciding_row(contrasting).unwrap_or_else(unknown);
        let history: Vec<u32> = history.iter().map(|id| id.0).collect();
        let deciding = self.deciding_row(&decoding.method);
        let drawn = deciding.map_or_else(unknown, |row| decode::drawn(&row, &history, &decoding.sampling));
        let row = |read: &Read<'_>| read.known().map_or_else(unknown, decode::Distribution::ln_row);
        let exits = self.rows().iter().map(|(_, read)| row(read)).collect();
        Vocabulary { position, exits, contrast, pair, drawn }
    }
}
