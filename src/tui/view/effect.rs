//! What the present decoding does to this text: what the panel of its settings shows while they change.

use super::{name, scores};
use crate::{
    session::trace::StepTrace,
    tui::{
        number,
        row::{Look, Row},
        state::State,
        theme::Role,
        update::{Flag, flag},
    },
};

/// Lines of [`rows`].
pub(super) const ROWS: usize = 3;

/// What the cursor's token would be, what the expert alone would take, and where the text first changes.
pub(super) fn rows<'l>(state: &State, look: &'l Look) -> Vec<Row<'l>> {
    let known = state.fresh(state.position).map(|trace| &**trace);
    let mut rows = vec![token(state, known, look), alone(state, known, look)];
    let mut change = Row::new(look);
    change.put(format!(" first change in this text: {}", first_change(state)), Role::Plain);
    rows.push(change);
    rows
}

fn token<'l>(state: &State, known: Option<&StepTrace>, look: &'l Look) -> Row<'l> {
    let mut row = Row::new(look);
    row.put(format!(" token {} would be ", state.position), Role::Plain);
    let (Some(card), Some(trace)) = (&state.card, known) else {
        row.put(look.marks.waiting.to_string(), Role::Faint);
        return row;
    };
    let choice = trace.choice;
    if choice.ln_p.is_nan() {
        row.put("none: no token has a score", Role::Warn);
        return row;
    }
    row.put(name::clipped(card, choice.id, 10, look), Role::Ghost);
    row.put(format!(" {}", number::p4(choice.ln_p.exp()).trim()), Role::Plain);
    if state.text.get(state.position).is_some_and(|token| token.id == choice.id) {
        row.put(", as it is", Role::Faint);
    }
    row
}

fn alone<'l>(state: &State, known: Option<&StepTrace>, look: &'l Look) -> Row<'l> {
    let mut row = Row::new(look);
    if let (Some(card), Some(contrast)) = (&state.card, known.and_then(|trace| scores::shown(state, trace))) {
        let alone = contrast.expert_alone;
        let expert = name::short(contrast.pair.expert);
        let token = name::clipped(card, alone.id, 10, look);
        row.put(format!(" {expert} alone {token} {}", number::p4(alone.ln_p.exp()).trim()), Role::Plain);
        let effect = number::entropy4(contrast.effect, look.units);
        let effect = if contrast.effect == 0.0 { "0" } else { effect.trim() };
        row.put(format!("   V {}   KL {effect}", contrast.plausible_len), Role::Plain);
    }
    row
}

/// The first position at which another token would be taken; of those not known nothing is said.
fn first_change(state: &State) -> String {
    let generated = state.prompt_len().max(1)..state.text.len();
    let found = generated.clone().find(|p| matches!(flag(state, *p), Some((_, Some(Flag::Other)))));
    let known = generated.into_iter().all(|position| state.fresh(position).is_some());
    match found {
        Some(position) => position.to_string(),
        None if known => "none".into(),
        None => "none so far".into(),
    }
}
