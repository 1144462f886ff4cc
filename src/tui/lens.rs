//! The lens beside the heads in Explore: whether it is wanted, and what is known.

use std::sync::Arc;

use super::state::{State, View};
use crate::session::lens::Lens;

/// The table's other side.
#[derive(Clone, Debug, Default)]
pub(crate) struct LensView {
    /// Whether it is shown in place of the exits' candidates.
    pub(crate) shown: bool,
    /// Of the position looked at last.
    pub(crate) found: Option<Arc<Lens>>,
}

impl State {
    /// Whether the lens is looked at, at a position.
    pub(crate) fn looks_through(&self, position: usize) -> bool {
        let has_heads = self.card.as_ref().is_some_and(|card| !card.lens);
        self.lens.shown && has_heads && self.view == View::Explore && position == self.position
    }

    /// Whether nothing is to be asked of the lens at a position.
    pub(super) fn has_lens(&self, position: usize) -> bool {
        !self.looks_through(position) || self.lens_at_cursor().is_some()
    }

    /// The lens at the cursor, if it is of this text and of the token that is shown.
    pub(crate) fn lens_at_cursor(&self) -> Option<&Lens> {
        let found = self.lens.found.as_ref()?;
        let before = self.text.get(..self.position)?;
        let same = found.before.len() == before.len() && found.before.iter().zip(before).all(|(a, b)| *a == b.id);
        let subject = self.seen(self.position)?.subject;
        (same && found.subject == subject).then_some(found)
    }
}

/// Shows it, or the candidates again.
pub(super) fn turn(state: &mut State) {
    let is_lens = state.card.as_ref().is_some_and(|card| card.lens);
    if is_lens {
        state.notice = Some("these exits are lenses: the model's own head reads every layer already".into());
        return;
    }
    if !state.lens.shown && !state.has_model() {
        state.notice = Some("only the model can tell what the lens reads".into());
        return;
    }
    state.lens.shown = !state.lens.shown;
}
