//! What a text says as a whole: exit by exit, and where its tokens were decided.

use super::positions::Position;
use crate::session::trace::{ExitId, TokenId};

/// One exit over the whole text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ExitSummary {
    pub(super) exit: ExitId,
    /// Tokens that were decided here: the lowest exit from which the top token stays original's.
    pub(super) decided: usize,
    /// Positions at which the top token is original's.
    pub(super) agree: usize,
    /// Means over positions at which they are numbers.
    pub(super) entropy: f64,
    pub(super) kl: f64,
    pub(super) js: f64,
    /// exp of minus the mean ln p of the text's own tokens; the open slot has none.
    pub(super) perplexity: f64,
}

/// By exit, original first.
pub(super) fn summary(positions: &[Position<'_>], exits: &[ExitId]) -> Vec<ExitSummary> {
    let of = |(place, exit): (usize, &ExitId)| {
        let [mut entropy, mut kl, mut js, mut ln_p] = [Mean::default(); 4];
        let (mut decided, mut agree) = (0, 0);
        for at in positions {
            let Some((trace, reading)) = &at.known else { continue };
            let Some(row) = trace.exits.get(place) else { continue };
            let top = |place: usize| -> Option<TokenId> { Some(trace.exits.get(place)?.top.first()?.id) };
            decided += usize::from(reading.decided == *exit && top(0).is_some());
            agree += usize::from(top(place).is_some() && top(place) == top(0));
            entropy.put(row.entropy);
            kl.put(row.kl);
            js.put(row.js);
            if !at.is_open {
                ln_p.put(row.ln_p);
            }
        }
        let perplexity = (-ln_p.mean()).exp();
        let (entropy, kl, js) = (entropy.mean(), kl.mean(), js.mean());
        ExitSummary { exit: *exit, decided, agree, entropy, kl, js, perplexity }
    };
    exits.iter().enumerate().map(of).collect()
}

#[derive(Clone, Copy, Default)]
struct Mean {
    sum: f64,
    count: usize,
}

impl Mean {
    fn put(&mut self, x: f32) {
        if !x.is_nan() {
            self.sum += f64::from(x);
            self.count += 1;
        }
    }

    fn mean(self) -> f64 {
        self.sum / self.count as f64
    }
}
