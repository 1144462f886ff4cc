//! What a number in a session's file may be: each is checked before anything is made of it.

use std::fmt::Display;

use super::exact::Exact;
use crate::{
    decode::Sampling,
    session::trace::{Decoding, ExitId, Method, Pair, TokenId},
};

/// What was expected where, and what was found.
pub(super) struct Bad {
    pub(super) what: String,
    pub(super) expected: String,
    pub(super) found: String,
}

/// The outcome of a check.
pub(super) type Checked<T> = Result<T, Bad>;

/// A refusal.
pub(super) fn bad<T>(what: impl Display, expected: impl Display, found: impl Display) -> Checked<T> {
    Err(Bad { what: what.to_string(), expected: expected.to_string(), found: found.to_string() })
}

/// Refuses unless a condition holds.
pub(super) fn require(holds: bool, what: impl Display, expected: impl Display, found: impl Display) -> Checked<()> {
    if holds { Ok(()) } else { bad(what, expected, found) }
}

/// What the file says of the model; everything after it must fit.
pub(super) struct Bounds {
    pub(super) exits: Vec<ExitId>,
    pub(super) vocabulary: usize,
}

impl Bounds {
    pub(super) fn token(&self, id: u32, what: &str) -> Checked<TokenId> {
        let known = (id as usize) < self.vocabulary;
        require(known, what, format_args!("a token below {}", self.vocabulary), id)?;
        Ok(TokenId(id))
    }

    pub(super) fn tokens(&self, ids: &[u32], what: &str) -> Checked<Vec<TokenId>> {
        ids.iter().map(|id| self.token(*id, what)).collect()
    }

    pub(super) fn exit(&self, name: &str) -> Checked<ExitId> {
        match name.parse() {
            Ok(exit) if self.exits.contains(&exit) => Ok(exit),
            _ => bad("an exit", "one of the model's", clipped(name)),
        }
    }

    pub(super) fn count(&self, n: usize, what: &str) -> Checked<usize> {
        let vocabulary = self.vocabulary;
        require((1..=vocabulary).contains(&n), what, format_args!("1 to {vocabulary}"), n)?;
        Ok(n)
    }

    pub(super) fn pair(&self, pair: &PairParts<'_>) -> Checked<Pair> {
        let alpha = pair.alpha.0;
        require(alpha > 0.0 && alpha <= 1.0, "α", "above 0, up to 1", alpha)?;
        Ok(Pair {
            expert: self.exit(pair.expert)?,
            amateur: self.exit(pair.amateur)?,
            alpha,
            min_candidates: self.count(pair.min_candidates, "minimum candidates")?,
        })
    }
}

/// A decoding of which the exits are known.
pub(super) fn decoding(method: Method, sampling: Sampling) -> Checked<Decoding> {
    let positive = |x: f32| x > 0.0 && x.is_finite();
    require(positive(sampling.temperature), "temperature", "a number above 0", sampling.temperature)?;
    require(positive(sampling.repetition_penalty), "repetition", "a number above 0", sampling.repetition_penalty)?;
    require(sampling.top_p > 0.0 && sampling.top_p <= 1.0, "top-p", "above 0, up to 1", sampling.top_p)?;
    require((0.0..=1.0).contains(&sampling.min_p), "min-p", "0 to 1", sampling.min_p)?;
    Ok(Decoding { method, sampling })
}

/// A pair as it is written.
pub(super) struct PairParts<'p> {
    pub(super) expert: &'p str,
    pub(super) amateur: &'p str,
    pub(super) alpha: Exact,
    pub(super) min_candidates: usize,
}

/// Of a text out of a file, as much as an error can show.
pub(super) fn clipped(text: &str) -> String {
    text.chars().take(40).flat_map(char::escape_debug).collect()
}
