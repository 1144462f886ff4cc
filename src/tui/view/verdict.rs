//! The rule under the text: which token, what the contrast did, which exit decided, where the token came from.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::{name, scores};
use crate::{
    session::{
        protocol::ModelCard,
        reading::Reading,
        trace::{ContrastTrace, Decoding, Method, ScoreTrace, StepTrace, TokenId},
    },
    tui::{
        methods::Kind,
        number,
        row::{Look, Row},
        state::{State, TextToken},
        theme::Role,
        token_text::cells,
    },
};

/// Draws the rule.
pub(super) fn draw(state: &State, look: &Look, area: Rect, buf: &mut Buffer) {
    rule(parts(state, look), look, area, buf);
}

/// Draws sentences into a rule: as many as fit, the strong ones first, then those that tell of a change, the faint ones
/// last. What follows the last comma of one goes before another one does.
pub(super) fn rule(parts: Vec<(String, Role)>, look: &Look, area: Rect, buf: &mut Buffer) {
    let width = usize::from(area.width);
    let mut row = Row::new(look);
    row.rule(1);
    for (index, (part, role)) in fitting(parts, width).into_iter().enumerate() {
        if index > 0 {
            row.put(" ", Role::Plain).dash(2);
        }
        row.put(" ", Role::Plain).put(part, role);
    }
    row.put(" ", Role::Plain).rule(width);
    row.draw(area, buf, Style::default());
}

/// Which weights come first, and whether whole: what changed and what is plain have a place before either is whole.
const PASSES: [(&[usize], bool); 5] = [(&[0], true), (&[1, 2], false), (&[1], true), (&[3], false), (&[2, 3], true)];

/// What of the sentences fits, in their order.
fn fitting(parts: Vec<(String, Role)>, width: usize) -> Vec<(String, Role)> {
    let weight = |role: Role| match role {
        Role::Strong | Role::Warn => 0,
        Role::Changed => 1,
        Role::Faint => 3,
        _ => 2,
    };
    let short = |text: &str| text.rsplit_once(", ").map_or(text, |(start, _)| start).to_owned();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|n| weight(parts[*n].1));
    let mut kept: Vec<Option<String>> = vec![None; parts.len()];
    // A dash and a blank before the first, a blank, two dashes and a blank between two.
    let mut used = 0;
    let mut take = |n: usize, kept: &mut Vec<Option<String>>, text: String| {
        let before = kept[n].as_ref().map(|text| cells(text));
        let more = before.map_or(if used == 0 { 2 } else { 4 } + cells(&text), |before| cells(&text) - before);
        let fits = used + more <= width;
        if fits {
            used += more;
            kept[n] = Some(text);
        }
        fits
    };
    for (weights, whole) in PASSES {
        for n in order.iter().copied().filter(|n| weights.contains(&weight(parts[*n].1))) {
            let text = &parts[n].0;
            if !(whole && take(n, &mut kept, text.clone())) && kept[n].is_none() {
                take(n, &mut kept, short(text));
            }
        }
    }
    kept.into_iter().zip(parts).filter_map(|(text, (_, role))| Some((text?, role))).collect()
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
    // An expression may leave every token without a score; then there is nothing to take.
    let is_unscored = stands.is_none() && trace.choice.ln_p.is_nan();
    let mut parts = vec![if is_unscored {
        (format!("{label} none, no token has a score"), Role::Warn)
    } else {
        (format!("{label} {}", name::token_and_id(card, trace.subject, look)), Role::Strong)
    }];
    let contrast = trace.contrast.as_ref().filter(|_| state.contrasting() == Kind::Contrast).map(|contrast| {
        let alone = format!("{} alone: {}", name::short(contrast.pair.expert), token(contrast.expert_alone.id));
        match (contrast.pair.expert == contrast.pair.amateur, contrast.plausible_len, contrast.changed()) {
            (true, ..) => ("same exit: nothing to contrast".to_owned(), Role::Plain),
            (_, 1, _) => ("inactive: one plausible token".to_owned(), Role::Plain),
            (.., true) if state.contrast_decides() => (format!("contrast changed it, {alone}"), Role::Changed),
            (.., true) => (format!("contrast (off) would take {}", best(card, trace, look)), Role::Changed),
            (.., false) => ("contrast kept it".to_owned(), Role::Plain),
        }
    });
    let contrast = contrast.or_else(|| by_scores(state, scores::deciding(state, trace)?, &token));
    let first = trace.exits.first().and_then(|row| row.top.first()).map(|top| top.id);
    let of = |id| if id == trace.subject { String::new() } else { format!("{} ", token(id)) };
    let decided = if trace.is_partial() {
        let when = match &state.stopped {
            Some(_) => "were not computed",
            None if state.runs_briefly() => "come after the run",
            None => "are coming",
        };
        format!("{}the other exits {when}", first.map(of).unwrap_or_default())
    } else {
        format!(
            "{}decided at {}, {} of {} exits agree",
            first.map(of).unwrap_or_default(),
            name::exit(reading.decided),
            reading.agree,
            trace.exits.len()
        )
    };
    let origin = stands.map(|taken| origin(state, taken, trace, &token, look)).unwrap_or_default();
    // That now another token would be taken matters most, then what the contrast did, where it did something.
    let (now, origin): (Vec<_>, Vec<_>) = origin.into_iter().partition(|(text, _)| text.starts_with(NOW));
    parts.extend(now);
    let role = if trace.is_partial() { Role::Faint } else { Role::Plain };
    match contrast {
        Some(contrast) if contrast.1 == Role::Changed => parts.extend([contrast, (decided, role)]),
        contrast => parts.extend([(decided, role)].into_iter().chain(contrast)),
    }
    parts.extend(origin);
    if stands.is_none() && matches!(state.decoding.method, Method::Exit(_)) {
        parts.push((format!("by {}", name::method(&state.decoding.method, look)), Role::Faint));
    }
    let p = trace.choice.ln_p.exp();
    if stands.is_none() && !is_unscored {
        parts.push((format!("p {}", number::p3(p)), Role::Faint));
    }
    parts
}

/// How a sentence begins that says what would be taken now.
const NOW: &str = "now ";

/// What a decoding by scores did.
fn by_scores(state: &State, scores: &ScoreTrace, token: &dyn Fn(TokenId) -> String) -> Option<(String, Role)> {
    let who = match &state.decoding.method {
        Method::Exit(_) | Method::Contrast(_) => return None,
        Method::LogRatio(_) => "the ratio".to_owned(),
        Method::Dola(_) => format!("DoLa against {}", name::short(scores.amateur)),
        Method::Expression(_) => "the expression".to_owned(),
    };
    let alone = format!("{} alone: {}", name::short(scores.expert), token(scores.expert_alone.id));
    Some(if scores.changed() {
        (format!("{who} changed it, {alone}"), Role::Changed)
    } else {
        (format!("{who} kept it"), Role::Plain)
    })
}

/// Where the text's token came from, and what the present decoding makes of it.
fn origin(
    state: &State,
    taken: &TextToken,
    trace: &StepTrace,
    token: &dyn Fn(TokenId) -> String,
    look: &Look,
) -> Vec<(String, Role)> {
    let other = trace.choice.id != taken.id && state.fresh(trace.position).is_some();
    let now = || token(trace.choice.id);
    let Some(by) = &taken.taken_by else { return vec![("from the prompt".into(), Role::Faint)] };
    if taken.forced {
        let instead = if other { format!(" instead of {}", now()) } else { String::new() };
        return vec![(format!("taken by you{instead}"), if other { Role::Changed } else { Role::Faint })];
    }
    let method = name::chosen_by(&by.method, look);
    let mut parts = match (other, by.sampling.random) {
        (true, _) => vec![(format!("{NOW}{}, was {method}", now()), Role::Changed)],
        (false, false) => vec![(format!("chosen by {method} greedy"), Role::Faint)],
        (false, true) => vec![(format!("chosen by {method}"), Role::Faint)],
    };
    if !other && trace.choice.drawn {
        parts.push((format!("drawn, rank {}", trace.choice.rank), Role::Strong));
    }
    if is_from_the_tail(by, trace) {
        parts.push(("from the tail".into(), Role::Changed));
    }
    parts
}

/// Whether a contrast took a token outside of its plausible set. V is a beginning of the expert's order.
fn is_from_the_tail(by: &Decoding, trace: &StepTrace) -> bool {
    let (Method::Contrast(pair), Some(contrast)) = (&by.method, &trace.contrast) else { return false };
    let rank = trace.exits.iter().find(|row| row.exit == pair.expert).map(|row| row.rank as usize);
    contrast.pair == *pair && rank.is_some_and(|rank| rank > contrast.plausible_len)
}

fn best(card: &ModelCard, trace: &StepTrace, look: &Look) -> String {
    let id = trace.contrast.as_ref().and_then(ContrastTrace::best);
    id.map(|id| name::token(card, id, look)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Role, fitting};

    fn kept(width: usize) -> String {
        let parts = [
            ("8: x", Role::Strong),
            ("decided at exit 2, 13 of 13 agree", Role::Plain),
            ("chosen by 24", Role::Faint),
            ("from the tail", Role::Changed),
        ];
        let parts = parts.map(|(text, role)| (text.to_owned(), role)).to_vec();
        fitting(parts, width).into_iter().map(|(text, _)| text).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn what_would_be_taken_now_and_what_changed_it_stay() {
        let parts = [
            ("7: ␣a 257", Role::Strong),
            ("now ␣the, was 24▸12 α .10", Role::Changed),
            ("contrast changed it, 24 alone: ␣the", Role::Changed),
            ("decided at exit 18, 5 of 13 exits agree", Role::Plain),
        ];
        let kept = |width| {
            let parts = parts.map(|(text, role)| (text.to_owned(), role)).to_vec();
            fitting(parts, width).into_iter().map(|(text, _)| text).collect::<Vec<_>>().join(" | ")
        };
        assert_eq!(kept(80), "7: ␣a 257 | now ␣the | contrast changed it | decided at exit 18");
        assert_eq!(kept(60), "7: ␣a 257 | now ␣the | contrast changed it");
        assert_eq!(kept(30), "7: ␣a 257 | now ␣the");
        assert_eq!(kept(86), "7: ␣a 257 | now ␣the, was 24▸12 α .10 | contrast changed it | decided at exit 18");
    }

    #[test]
    fn what_matters_least_goes_first() {
        assert_eq!(kept(120), "8: x | decided at exit 2, 13 of 13 agree | chosen by 24 | from the tail");
        assert_eq!(kept(70), "8: x | decided at exit 2 | chosen by 24 | from the tail");
        assert_eq!(kept(50), "8: x | decided at exit 2 | from the tail");
        assert_eq!(kept(30), "8: x | from the tail");
        assert_eq!(kept(10), "8: x");
    }
}
