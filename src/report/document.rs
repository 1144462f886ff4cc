//! A trace as one JSON document that needs no other to be read: texts beside ids, and each step as `generate --json`
//! has it.

use serde::Serialize;

use super::{
    about::about,
    json::{self, Step},
    positions::{Position, positions},
};
use crate::session::traced::Traced;

#[derive(Serialize)]
pub(super) struct Document {
    about: Vec<About>,
    positions: Vec<At>,
}

#[derive(Serialize)]
struct About {
    name: &'static str,
    says: String,
}

#[derive(Serialize)]
struct At {
    position: usize,
    /// The text's token; at the open slot the one proposed. Ranks and ln p of the exits are about it.
    token: json::Token,
    open: bool,
    prompt: bool,
    forced: bool,
    /// Numbers that are none are null.
    step: Option<Step>,
}

/// The document.
pub(super) fn document(traced: &Traced) -> Document {
    let at = |at: &Position<'_>| At {
        position: at.index,
        token: json::token(at.id, &traced.card),
        open: at.is_open,
        prompt: at.is_prompt,
        forced: at.is_forced,
        step: at.known.as_ref().map(|(trace, _)| json::step(trace, &traced.card)),
    };
    let about = about(traced).into_iter().map(|(name, says)| About { name, says });
    Document { about: about.collect(), positions: positions(traced).iter().map(at).collect() }
}
