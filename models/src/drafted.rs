//! Tokens that an early exit has proposed: their lower blocks have run, the text does not have them yet.

use crate::TokenId;

/// What is known of drafted tokens, from the first position after the text on.
#[derive(Debug, Default)]
pub(crate) struct Drafted {
    /// How many blocks have run over them.
    pub(crate) blocks: u32,
    pub(crate) ids: Vec<TokenId>,
    /// By tap, as far as blocks have run: d raw numbers a token.
    pub(crate) rows: Vec<Vec<f32>>,
}

impl Drafted {
    /// Appends one token with its rows, by tap.
    pub(crate) fn push(&mut self, id: TokenId, rows: Vec<Vec<f32>>) {
        self.ids.push(id);
        if self.rows.is_empty() {
            self.rows = rows;
        } else {
            self.rows.iter_mut().zip(&rows).for_each(|(stored, new)| stored.extend_from_slice(new));
        }
    }

    /// The first `n` tokens with all their rows, each `width` numbers wide.
    pub(crate) fn first(mut self, n: usize, width: usize) -> (Vec<TokenId>, Vec<Vec<f32>>) {
        self.ids.truncate(n);
        self.rows.iter_mut().for_each(|rows| rows.truncate(n * width));
        (self.ids, self.rows)
    }
}
