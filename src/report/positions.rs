//! A text, position by position, as every report tells it.

use crate::session::{
    protocol::ModelCard,
    reading::Reading,
    trace::{StepTrace, TokenId},
    traced::Traced,
};

/// A position of a text, or the open slot after it.
pub(super) struct Position<'t> {
    /// From 0.
    pub(super) index: usize,
    /// The text's token; at the open slot the one proposed.
    pub(super) id: TokenId,
    /// At the open slot.
    pub(super) is_open: bool,
    /// One of the prompt's.
    pub(super) is_prompt: bool,
    /// Chosen by the user.
    pub(super) is_forced: bool,
    /// What is known, with its reading.
    pub(super) known: Option<(&'t StepTrace, Reading)>,
}

impl Position<'_> {
    /// Whether the contrast's first token is not the expert's.
    pub(super) fn is_changed(&self) -> bool {
        self.known.as_ref().and_then(|(trace, _)| trace.weighed()).is_some_and(|weighed| weighed.changed())
    }
}

/// Every position in order, the open slot last.
pub(super) fn positions(traced: &Traced) -> Vec<Position<'_>> {
    let mut all: Vec<Position<'_>> = Vec::with_capacity(traced.tokens.len() + 1);
    for (index, token) in traced.tokens.iter().enumerate() {
        all.push(Position {
            index,
            id: token.id,
            is_open: false,
            is_prompt: index < traced.prompt,
            is_forced: token.forced,
            known: token.trace.as_deref().map(|trace| (trace, Reading::of(trace))),
        });
    }
    all.extend(traced.slot.as_deref().map(|trace| Position {
        index: traced.tokens.len(),
        id: trace.subject,
        is_open: true,
        is_prompt: false,
        is_forced: false,
        known: Some((trace, Reading::of(trace))),
    }));
    all
}

/// A token as text on one line: what is no whole character as U+FFFD, controls visible.
pub(super) fn shown(card: &ModelCard, id: TokenId) -> String {
    let mut text = String::new();
    for c in String::from_utf8_lossy(card.bytes_of(id)).chars() {
        match c {
            '\n' => text.push('⏎'),
            '\t' => text.push('⇥'),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => text.extend(c.escape_default()),
            c => text.push(c),
        }
    }
    text
}
