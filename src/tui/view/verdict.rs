//! The rule under the text: which token, what the contrast did, which exit decided, where the token came from.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};
use unicode_width::UnicodeWidthStr;

use super::name;
use crate::{
    session::{
        protocol::ModelCard,
        reading::Reading,
        trace::{ContrastTrace, StepTrace},
    },
    tui::{
        number,
        row::{Look, Row},
        state::State,
        theme::Role,
    },
};

/// Draws the rule.
pub(super) fn draw(state: &State, look: &Look, area: Rect, buf: &mut Buffer) {
    rule(parts(state, look), look, area, buf);
}

/// Draws sentences into a rule, as many as fit.
pub(super) fn rule(parts: Vec<(String, Role)>, look: &Look, area: Rect, buf: &mut Buffer) {
    let width = usize::from(area.width);
    let mut row = Row::new(look);
    row.rule(1);
    for (index, (part, role)) in parts.into_iter().enumerate() {
        let between = if index == 0 { 1 } else { 4 };
        // A sentence that does not fit loses what follows its comma; one too many goes.
        let fits = |text: &str| index == 0 || row.width() + between + text.width() + 2 <= width;
        let short = part.split_once(", ").map_or(part.as_str(), |(start, _)| start).to_owned();
        let Some(part) = [part, short].into_iter().find(|text| fits(text)) else { break };
        if index > 0 {
            row.put(" ", Role::Plain).dash(2);
        }
        row.put(" ", Role::Plain).put(part, role);
    }
    row.put(" ", Role::Plain).rule(width);
    row.draw(area, buf, Style::default());
}

fn parts(state: &State, look: &Look) -> Vec<(String, Role)> {
    let Some(card) = &state.card else { return Vec::new() };
    let position = state.position;
    if state.is_full() && position == state.open_slot() {
        return vec![(format!("context full, {0} of {0}", card.context), Role::Warn)];
    }
    if position == 0 {
        let first = state.text.first().map(|t| format!("0: {}", name::token_and_id(card, t.id, look)));
        let sentence = ("the first token has no prediction".to_owned(), Role::Plain);
        return first.into_iter().map(|text| (text, Role::Strong)).chain([sentence]).collect();
    }
    match (state.shown(), state.asking.halted) {
        (Some((trace, reading)), _) => sentences(state, card, trace, &reading, look),
        (None, _) if state.stopped.is_some() => {
            vec![(format!("position {position} was not computed: the engine has stopped"), Role::Warn)]
        }
        (None, Some(read)) if position > read => {
            vec![(
                format!("position {position} has not been read: {read} of {} tokens are", state.text.len()),
                Role::Plain,
            )]
        }
        (None, _) => vec![(format!("reading position {position}"), Role::Plain)],
    }
}

fn sentences(
    state: &State,
    card: &ModelCard,
    trace: &StepTrace,
    reading: &Reading,
    look: &Look,
) -> Vec<(String, Role)> {
    let token = |id| name::token(card, id, look);
    let stands = state.text.get(trace.position);
    // Without the model other settings may leave open what they would take.
    let is_next = state.has_model() || state.fresh(trace.position).is_some();
    let label = match stands {
        Some(_) => format!("{}:", trace.position),
        None if is_next => "next:".into(),
        None => "was next:".into(),
    };
    let mut parts = vec![(format!("{label} {}", name::token_and_id(card, trace.subject, look)), Role::Strong)];
    let contrast = trace.contrast.as_ref().map(|contrast| {
        let alone = format!("{} alone: {}", name::short(contrast.pair.expert), token(contrast.expert_alone.id));
        match (contrast.pair.expert == contrast.pair.amateur, contrast.plausible_len, contrast.changed()) {
            (true, ..) => ("same exit: nothing to contrast".to_owned(), Role::Plain),
            (_, 1, _) => ("inactive: one plausible token".to_owned(), Role::Plain),
            (.., true) if state.contrast_decides() => (format!("contrast changed it, {alone}"), Role::Changed),
            (.., true) => (format!("contrast (off) would take {}", best(card, trace, look)), Role::Changed),
            (.., false) => ("contrast kept it".to_owned(), Role::Plain),
        }
    });
    let first = trace.exits.first().and_then(|row| row.top.first()).map(|top| top.id);
    let of = |id| if id == trace.subject { String::new() } else { format!("{} ", token(id)) };
    let decided = if trace.is_partial() {
        format!("{}the other exits are coming", first.map(of).unwrap_or_default())
    } else {
        format!(
            "{}decided at {}, {} of {} exits agree",
            first.map(of).unwrap_or_default(),
            name::exit(reading.decided),
            reading.agree,
            trace.exits.len()
        )
    };
    // What the contrast did matters most where it did something.
    match contrast {
        Some(contrast) if contrast.1 == Role::Changed => parts.extend([contrast, (decided, Role::Plain)]),
        contrast => parts.extend([(decided, Role::Plain)].into_iter().chain(contrast)),
    }
    if let Some(taken) = stands {
        let origin = match &taken.taken_by {
            None => "from the prompt".to_owned(),
            Some(by) => format!("chosen by {}", name::method(&by.method, look)),
        };
        parts.push((origin, Role::Faint));
        if taken.taken_by.is_some() && trace.choice.id != taken.id && state.fresh(trace.position).is_some() {
            parts.push((format!("now {}", token(trace.choice.id)), Role::Changed));
        }
    } else if !state.contrast_decides() {
        parts.push((format!("by {}", name::method(&state.decoding.method, look)), Role::Faint));
    }
    let p = trace.choice.ln_p.exp();
    if stands.is_none() {
        parts.push((format!("p {}", number::p3(p)), Role::Faint));
    }
    parts
}

fn best(card: &ModelCard, trace: &StepTrace, look: &Look) -> String {
    let id = trace.contrast.as_ref().and_then(ContrastTrace::best);
    id.map(|id| name::token(card, id, look)).unwrap_or_default()
}
