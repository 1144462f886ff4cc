//! Words for exits, tokens and decodings: the same everywhere.

use crate::{
    session::{
        protocol::ModelCard,
        trace::{ExitId, Method, Pair, TokenId},
    },
    tui::{number, row::Look, token_text},
};

/// An exit in a sentence.
pub(super) fn exit(exit: ExitId) -> String {
    match exit {
        ExitId::Original => "original".into(),
        ExitId::Block(k) => format!("exit {k}"),
    }
}

/// An exit in up to four cells.
pub(super) fn short(exit: ExitId) -> String {
    match exit {
        ExitId::Original => "orig".into(),
        ExitId::Block(k) => k.to_string(),
    }
}

/// A pair: `24▸12`.
pub(super) fn pair(pair: &Pair, look: &Look) -> String {
    format!("{}{}{}", short(pair.expert), look.marks.over, short(pair.amateur))
}

/// A decoding's distribution.
pub(super) fn method(method: &Method, look: &Look) -> String {
    match method {
        Method::Exit(e) => exit(*e),
        Method::Contrast(p) => {
            format!("contrast {} {} {}", pair(p, look), look.marks.alpha, number::parameter(p.alpha))
        }
    }
}

/// A token alone, exactly.
pub(super) fn token(card: &ModelCard, id: TokenId, look: &Look) -> String {
    token_text::exact(card.bytes_of(id), card.is_special(id), &look.marks)
}

/// A token alone, cut to a width.
pub(super) fn clipped(card: &ModelCard, id: TokenId, width: usize, look: &Look) -> String {
    token_text::clip(&token(card, id, look), width, &look.marks)
}
