//! What the engine's events do to the state.

use std::sync::Arc;

use super::{
    keeping, lanes, moves,
    panel::Panel,
    state::State,
    typing,
    update::{broken_text, take},
    walk,
};
use crate::session::{
    protocol::{Event, ModelCard},
    trace::{ExitId, Method, Pair, StepTrace},
    vocabulary::Vocabulary,
};

/// Takes in what the engine sends.
pub(crate) fn hear(state: &mut State, event: Event) {
    match event {
        Event::Opened(card) => keeping::opened(state, card),
        // A session that was opened has its text.
        Event::Prompt(_) if !state.text.is_empty() => {}
        Event::Prompt(ids) => typing::begin(state, &ids),
        Event::Reading { done, total, seconds_left } => {
            state.reading = (done < total && state.asked.is_some()).then_some((done, total));
            state.asking.seconds_left = seconds_left;
        }
        Event::Part { ticket, trace } => state.keep_part(ticket, trace),
        Event::Filled { ticket, traces } => {
            let Some(n) = state.asked.as_ref().and_then(|query| state.lane_of(query)) else { return };
            lanes::within(state, n, |lane| {
                for trace in traces {
                    if lane.answered(ticket, trace.position) {
                        moves::keep(lane, trace);
                    }
                }
            });
        }
        Event::Checked(found) => state.asking.checked = Some(found),
        Event::Step { ticket, trace, millis, vocabulary } => {
            state.read_up_to(trace.position);
            state.millis = millis.or(state.millis);
            if let Some(millis) = millis.filter(|_| state.run.is_some() && !trace.is_partial()) {
                state.runs.took(millis);
            }
            let lane = state.asked.as_ref().and_then(|query| state.lane_of(query));
            let wanted = lane.filter(|n| lanes::within(state, *n, |lane| lane.answered(ticket, trace.position)));
            state.asked.take_if(|query| query.ticket == ticket);
            if let Some(n) = wanted {
                lanes::hear(state, n, trace, (millis, vocabulary));
            }
        }
        Event::Lens { ticket, lens } => {
            if state.answered(ticket, lens.before.len()) {
                state.lens.found = Some(lens);
            }
        }
        Event::Tokens { text, ids } => {
            if let Some(Panel::Editor(editor)) = &mut state.panel {
                editor.tokens = Some((text, ids));
            }
        }
        Event::Notice(text) => state.notice = Some(text),
        Event::Refused { ticket, reason } => {
            if state.asked.as_ref().is_some_and(|query| query.ticket == ticket) {
                state.engine_stopped(reason);
            }
        }
        Event::Stopped(reason) => keeping::stopped(state, reason),
    }
    walk::scroll_strip(state);
}

/// Every token of a position, for the picker.
pub(super) fn list_vocabulary(state: &mut State, vocabulary: Option<Arc<Vocabulary>>) {
    if let (Some(Panel::Picker(picker)), Some(card), Some(found)) = (&mut state.panel, &state.card, vocabulary) {
        picker.vocabulary = Some(found);
        picker.list(card);
    }
}

/// The pair at the start: the highest exit with a head of its own, and the one in the middle.
pub(super) fn opened(state: &mut State, card: Arc<ModelCard>) {
    if state.card.is_some() {
        // A restarted engine: nothing else has changed.
        state.card = Some(card);
        state.notice = Some("the engine runs again".into());
        return;
    }
    let (mut expert, mut amateur) = (ExitId::Original, ExitId::Original);
    let blocks: Vec<u32> =
        card.exits.iter().filter_map(|e| if let ExitId::Block(k) = e { Some(*k) } else { None }).collect();
    if let Some(highest) = blocks.first().filter(|k| !card.lens || **k < card.blocks) {
        expert = ExitId::Block(*highest);
    }
    if let Some(middle) = blocks.iter().min_by_key(|k| (2 * **k).abs_diff(card.blocks)) {
        amateur = ExitId::Block(*middle);
    }
    if let Some((e, a)) = state.wish.contrast {
        // What a flag names has been refused before; the configuration is for any model.
        match [e, a].into_iter().find(|exit| !card.exits.contains(exit)) {
            None => (expert, amateur) = (e, a),
            Some(exit) => state.notice = Some(format!("the configuration names exit {exit}, which this model lacks")),
        }
    }
    let (alpha, min_candidates) = (state.wish.alpha.unwrap_or(0.1), state.wish.min_candidates.unwrap_or(1));
    state.pair = Pair { expert, amateur, alpha, min_candidates };
    state.decoding.method = Method::Contrast(state.pair);
    state.card = Some(card);
    walk::to_pair(state);
}

/// The answer about a position of the present text.
pub(super) fn stepped(state: &mut State, trace: Arc<StepTrace>) {
    let position = trace.position;
    let broken = broken_text(&trace);
    // A run that cannot decide on its next token is over.
    let ends = state.run.is_some() && position == state.open_slot() && trace.choice.ln_p.is_nan();
    if ends {
        (state.run, state.take_when_known) = (None, false);
    }
    if !broken.is_empty() && (ends || position == state.position) {
        state.notice = Some(broken);
    }
    moves::keep(state, trace);
    if position == state.open_slot() {
        if state.following {
            state.following = false;
            state.position = position;
        }
        take(state);
    }
}
