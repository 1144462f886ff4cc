//! Tokens that were left at an early exit: their lower blocks have run, their upper blocks may still have to.

use crate::TokenId;

/// Tokens after the text that not all blocks have run over. Whenever one goes deeper, those before it do too, so that
/// its attention finds their keys and values: depths never rise from one token to the next.
#[derive(Debug, Default)]
pub(crate) struct Early {
    pub(crate) ids: Vec<TokenId>,
    /// Blocks that have run, by token.
    pub(crate) depths: Vec<u32>,
    /// By tap: d raw numbers a token, for as many tokens as have come so far.
    pub(crate) rows: Vec<Vec<f32>>,
}

impl Early {
    /// The blocks that have run over the last token, and how many tokens at the end are as deep as it.
    pub(crate) fn front(&self) -> Option<(u32, usize)> {
        let depth = *self.depths.last()?;
        Some((depth, self.depths.iter().rev().take_while(|other| **other == depth).count()))
    }

    /// Takes note that the last `n` tokens have come to `depth`, with their rows after some taps (by their place).
    pub(crate) fn deepen(
        &mut self,
        n: usize,
        depth: u32,
        new: impl IntoIterator<Item = (usize, Vec<f32>)>,
        width: usize,
    ) {
        let before = self.ids.len() - n;
        for (place, rows) in new {
            if self.rows.len() <= place {
                self.rows.resize(place + 1, Vec::new());
            }
            self.rows[place].truncate(before * width);
            self.rows[place].extend(rows);
        }
        self.depths[before..].fill(depth);
    }
}
