//! What a made-up exit says: the tokens that it lists, and a flat rest.

use super::words::{COUNT, id};
use crate::session::trace::TokenId;

/// Fills every list up, so that all exits of a position know the same tokens.
const COMMON: [&str; 12] = [" the", ",", " and", " of", " to", " in", ".", " I", " was", " with", " for", " is"];
/// What is in no list has this probability and rank.
const REST: (f32, u32) = (1e-5, 9_999);

/// One exit at one position.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// The most probable tokens, best first.
    pub(super) listed: Vec<(TokenId, f32)>,
    /// Tokens far below them: p and rank.
    pub(super) far: Vec<(TokenId, f32, u32)>,
    pub(super) entropy: f32,
    pub(super) kl: f32,
}

/// A position that is told by its top tokens and the probability of its own.
pub(super) struct Spot {
    pub(super) token: TokenId,
    /// The top token of every exit.
    pub(super) tops: Vec<TokenId>,
    /// p of the token at every exit.
    pub(super) p: Vec<f32>,
}

impl Row {
    /// From a list that is given, with more tokens than the given ones below them.
    pub(super) fn given(listed: &[(&str, f32)], others: &[TokenId], entropy: f32, kl: f32) -> Self {
        let listed: Vec<(TokenId, f32)> = listed.iter().map(|(word, p)| (id(word), *p)).collect();
        let mut row = Self { listed, far: Vec::new(), entropy, kl };
        let least = row.listed.iter().map(|(_, p)| *p).fold(1.0, f32::min);
        let more = others.iter().copied().chain(COMMON.map(id));
        // Below a long list comes nothing that a contrast at the least α would find plausible.
        let below = if row.listed.len() > 10 { 0.1 } else { 0.9 };
        row.fill(more, below * least.min(0.03));
        row
    }

    /// p and rank of a token.
    pub(super) fn at(&self, id: TokenId) -> (f32, u32) {
        let listed = self.listed.iter().zip(1..).find(|((other, _), _)| *other == id).map(|((_, p), rank)| (*p, rank));
        let far = || self.far.iter().find(|(other, ..)| *other == id).map(|(_, p, rank)| (*p, *rank));
        listed.or_else(far).unwrap_or(REST)
    }

    /// Puts a token into the list, at its place by p.
    pub(super) fn insert(&mut self, id: TokenId, p: f32) {
        if self.listed.iter().all(|(other, _)| *other != id) {
            let place = self.listed.partition_point(|(_, other)| *other >= p);
            self.listed.insert(place, (id, p));
        }
    }

    /// Appends tokens, each with four fifths of the one before, the first with `p`.
    fn fill(&mut self, more: impl Iterator<Item = TokenId>, p: f32) {
        let mut p = p;
        for id in more {
            let is_new = self.listed.iter().all(|(other, _)| *other != id) && self.far.iter().all(|f| f.0 != id);
            if is_new {
                self.insert(id, p);
                p *= 0.8;
            }
        }
    }

    /// The entropy if what is not listed is spread over a thousand tokens.
    fn spread(&self) -> f32 {
        let listed: f32 = self.listed.iter().map(|(_, p)| p).sum();
        let rest = (1.0 - listed).max(1e-3);
        self.listed.iter().map(|(_, p)| -p * p.ln()).sum::<f32>() - rest * (rest / 1000.0).ln()
    }
}

impl Spot {
    /// Every exit, original first.
    pub(super) fn rows(&self) -> Vec<Row> {
        let others: Vec<TokenId> = {
            let mut seen = vec![self.token];
            self.tops.iter().for_each(|id| {
                if !seen.contains(id) {
                    seen.push(*id);
                }
            });
            seen
        };
        let mut rows: Vec<Row> = self.tops.iter().zip(&self.p).map(|(top, p)| self.row(*top, *p, &others)).collect();
        let original = rows.first().cloned();
        for row in rows.iter_mut().skip(1) {
            row.kl = original.as_ref().map_or(0.0, |original| kl(original, row));
        }
        rows
    }

    fn row(&self, top: TokenId, p: f32, others: &[TokenId]) -> Row {
        let mut row = Row { listed: Vec::new(), far: Vec::new(), entropy: 0.0, kl: 0.0 };
        let most = if top == self.token { p } else { (1.4 * p).max(0.08) };
        row.insert(top, most);
        if top != self.token {
            // Above all that fills up, or far below it.
            match p {
                0.01.. => row.insert(self.token, p),
                p => row.far.push((self.token, p, 20 + rank_of(p))),
            }
        }
        let p = (0.12 * (1.0 - most)).min(0.6 * most).min(0.03);
        row.fill(others.iter().copied().chain(COMMON.map(id)), p);
        row.entropy = row.spread();
        row
    }
}

/// As Zipf has it.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "p is above 1e-5")]
fn rank_of(p: f32) -> u32 {
    (0.1 / p) as u32
}

/// KL of what original lists.
fn kl(original: &Row, row: &Row) -> f32 {
    let sum: f32 = original.listed.iter().map(|(id, p)| p * (p / row.at(*id).0).ln()).sum();
    sum.clamp(1e-4, (COUNT as f32).ln())
}
