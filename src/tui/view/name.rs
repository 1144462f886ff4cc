//! Words for exits, tokens and decodings: the same everywhere.

use crate::{
    session::{
        protocol::ModelCard,
        reading::Reading,
        trace::{ExitId, Method, Pair, TokenId},
    },
    tui::{number, row::Look, theme::Role, token_text},
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
        Method::Contrast(_) => format!("contrast {}", chosen_by(method, look)),
        _ => chosen_by(method, look),
    }
}

/// The same in fewer words, where it is clear that something was chosen by it: `24▸12 α .10`.
pub(super) fn chosen_by(method: &Method, look: &Look) -> String {
    match method {
        Method::Exit(e) => exit(*e),
        Method::Contrast(p) => format!("{} {} {}", pair(p, look), look.marks.alpha, number::parameter(p.alpha)),
        Method::LogRatio(ratio) => format!("ratio {} {}{}", pair(&ratio.pair, look), look.marks.beta, ratio.beta),
        Method::Dola(dola) => format!("DoLa {}", candidates(&dola.candidates, look)),
        Method::Expression(custom) => format!("expression {}", pair(&custom.pair, look)),
    }
}

/// DoLa's candidates in few cells: `2,4` or `2…10`.
pub(super) fn candidates(exits: &[ExitId], look: &Look) -> String {
    match exits {
        [] => String::new(),
        [first] => short(*first),
        [first, last] => format!("{},{}", short(*first), short(*last)),
        [first, .., last] => format!("{}{}{}", short(*first), look.marks.clip, short(*last)),
    }
}

/// A token alone, exactly; or its id, where ids are shown.
pub(crate) fn token(card: &ModelCard, id: TokenId, look: &Look) -> String {
    if look.ids {
        return id.0.to_string();
    }
    token_text::exact(card.bytes_of(id), card.is_special(id), &look.marks)
}

/// A token with its id, the one first that is shown elsewhere.
pub(super) fn token_and_id(card: &ModelCard, id: TokenId, look: &Look) -> String {
    let text = token_text::exact(card.bytes_of(id), card.is_special(id), &look.marks);
    if look.ids { format!("{} {text}", id.0) } else { format!("{text} {}", id.0) }
}

/// A token alone, cut to a width.
pub(super) fn clipped(card: &ModelCard, id: TokenId, width: usize, look: &Look) -> String {
    token_text::clip(&token(card, id, look), width, &look.marks)
}

/// Which letter names which token at a position: those of its reading, then the next ones for tokens that only one view
/// shows, in the order in which they first appear there.
pub(super) struct Letters(Vec<TokenId>);

impl Letters {
    pub(super) fn of(reading: Option<&Reading>, more: impl Iterator<Item = TokenId>) -> Self {
        let mut ids = reading.map(|reading| reading.lettered.clone()).unwrap_or_default();
        for id in more {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        Self(ids)
    }

    /// After z there are none left.
    pub(super) fn letter(&self, id: TokenId) -> char {
        self.place(id).and_then(|place| ('a'..='z').nth(place)).unwrap_or('?')
    }

    pub(super) fn role(&self, id: TokenId) -> Role {
        self.place(id).map_or(Role::Plain, Role::Group)
    }

    fn place(&self, id: TokenId) -> Option<usize> {
        self.0.iter().position(|other| *other == id)
    }
}
