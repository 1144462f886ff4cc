//! What decides in a lane at the cursor's position.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::{Layout, Shown};
use crate::{
    session::{
        reading::Reading,
        trace::{ContrastTrace, Contrasted, ExitId, ExitRow, Method, StepTrace, TokenId},
    },
    tui::{
        number,
        row::{Look, Row, line_of, split_rows},
        state::State,
        theme::Role,
        token_text::cells,
        view::{bar::bar, name},
    },
};

/// Columns where a candidate's p ends and its bar begins; of the words behind it.
const P: usize = 19;
const TOKEN: usize = 10;
const BAR: usize = 14;

/// A token that may be taken: its ln p, and whether it stands outside of the plausible set.
type Listed = (TokenId, f32, bool);

/// The rule above: where each lane is, and after which token.
pub(super) fn rule(lanes: &[Shown], look: &Look, layout: &Layout, buf: &mut Buffer) {
    let mut row = Row::new(look);
    for (place, lane) in lanes.iter().enumerate() {
        let column = layout.column(layout.rule, place);
        row.rule(usize::from(column.x - layout.rule.x) + 1);
        let state = &lane.state;
        let before = state.position.checked_sub(1).and_then(|before| state.text.get(before));
        let after = before.zip(state.card.as_ref());
        let after = after.map(|(token, card)| format!(", after {}", name::clipped(card, token.id, 8, look)));
        row.put(format!(" position {}{} ", state.position, after.unwrap_or_default()), Role::Plain);
    }
    row.rule(usize::from(layout.rule.width));
    row.draw(layout.rule, buf, Style::default());
}

/// Draws candidates, best first, then a sentence, and where there is room for five the exit under the cursor.
pub(super) fn draw(screen: &State, lane: &State, look: &Look, area: Rect, buf: &mut Buffer) {
    let height = usize::from(area.height);
    let Some(trace) = lane.seen(lane.position).filter(|_| lane.position > 0) else {
        if let Some(area) = line_of(area, 0) {
            let mut row = Row::new(look);
            row.put(format!("  {}", missing(lane, look)), Role::Faint);
            row.draw(area, buf, Style::default());
        }
        return;
    };
    let sentences = if height > 6 { 2 } else { 1 };
    let (lists, below) = split_rows(area, height.saturating_sub(sentences));
    for (n, listed) in candidates(lane, trace).into_iter().enumerate() {
        if let Some(area) = line_of(lists, n) {
            candidate(lane, trace.subject, listed, look, area, buf);
        }
    }
    let words = [sentence(trace, lane, look), exit_at_cursor(screen, trace, lane, look)];
    for (n, words) in words.into_iter().enumerate() {
        if let Some(area) = line_of(below, n) {
            let mut row = Row::new(look);
            row.put(" ", Role::Plain);
            // Numbers are never cut: what does not fit goes, from the right.
            for word in words {
                if row.width() + cells(&word) <= usize::from(area.width) {
                    row.put(word + "  ", if n == 0 { Role::Plain } else { Role::Faint });
                }
            }
            row.draw(area, buf, Style::default());
        }
    }
}

fn missing(lane: &State, look: &Look) -> String {
    let spinner = look.marks.spinner;
    match lane.card.as_ref() {
        Some(card) if lane.is_full() && lane.position == lane.open_slot() => {
            format!("context full, {0} of {0}", card.context)
        }
        _ if lane.position == 0 => "the first token has no prediction".into(),
        _ if lane.is_waiting() => spinner[lane.tick % spinner.len()].to_string(),
        _ => look.marks.waiting.to_string(),
    }
}

/// The first tokens of the distribution that decides.
fn candidates(lane: &State, trace: &StepTrace) -> Vec<Listed> {
    let of_row = |row: &ExitRow| row.top.iter().map(|top| (top.id, top.ln_p, false)).collect::<Vec<Listed>>();
    let of_token = |token: &Contrasted, tail: bool| (token.id, token.result, tail);
    match (&lane.decoding.method, &trace.contrast, &trace.scores) {
        (Method::Exit(exit), _, _) => trace.exits.iter().find(|row| row.exit == *exit).map(of_row).unwrap_or_default(),
        (_, _, Some(scores)) => scores.first.iter().map(|token| of_token(token, false)).collect(),
        (_, Some(contrast), _) => {
            let plausible = contrast.plausible.iter().map(|token| of_token(token, false));
            plausible.chain(contrast.below.iter().map(|token| of_token(token, true))).collect()
        }
        _ => trace.exits.first().map(of_row).unwrap_or_default(),
    }
}

fn candidate(lane: &State, subject: TokenId, (id, ln_p, tail): Listed, look: &Look, area: Rect, buf: &mut Buffer) {
    let Some(card) = &lane.card else { return };
    let mut row = Row::new(look);
    let is_subject = id == subject;
    row.put("  ", Role::Plain);
    row.put(if is_subject { look.marks.token } else { ' ' }.to_string(), Role::Token);
    let role = if is_subject { Role::Token } else { Role::Plain };
    row.put(name::clipped(card, id, TOKEN, look), role).right(number::p4(ln_p.exp()), P, Role::Plain);
    let room = BAR.min(usize::from(area.width).saturating_sub(P + 6));
    row.put(" ", Role::Plain).put(bar(ln_p.exp(), room, &look.marks), Role::Plain);
    if tail {
        row.to(P + 1 + room).put("tail", Role::Faint);
    }
    row.draw(area, buf, Style::default());
}

/// Where it was decided; of the exit that decides how sure it is; of a contrast what it did.
fn sentence(trace: &StepTrace, lane: &State, look: &Look) -> Vec<String> {
    let decided = || {
        if trace.is_partial() {
            return "other exits still to come".into();
        }
        format!("decided at {}", name::exit(Reading::of(trace).decided))
    };
    let unit = |x: f32| number::entropy4(x, look.units).trim().to_owned();
    let beside = |expert: ExitId, alone: Option<TokenId>| {
        let expert = name::short(expert);
        let Some(alone) = alone else { return format!("kept by {expert}") };
        let alone = lane.card.as_ref().map(|card| name::clipped(card, alone, 8, look));
        format!("{expert} alone {}", alone.unwrap_or_default())
    };
    match (&lane.decoding.method, &trace.contrast, &trace.scores) {
        (Method::Exit(exit), _, _) => {
            let Some(row) = trace.exits.iter().find(|row| row.exit == *exit) else { return vec![decided()] };
            let entropy = format!("H {}", unit(row.entropy));
            if *exit == ExitId::Original {
                return vec![decided(), entropy];
            }
            vec![format!("{} itself", name::exit(*exit)), entropy, format!("KL {}", unit(row.kl))]
        }
        (Method::Contrast(pair), Some(contrast), _) => {
            let changed = ContrastTrace::changed(contrast).then_some(contrast.expert_alone.id);
            vec![decided(), format!("V {}", contrast.plausible_len), beside(pair.expert, changed)]
        }
        (_, _, Some(scores)) => {
            let changed = scores.changed().then_some(scores.expert_alone.id);
            let chosen = format!("{}{}{}", name::short(scores.expert), look.marks.over, name::short(scores.amateur));
            let pair = matches!(lane.decoding.method, Method::Dola(_)).then_some(chosen);
            let rest = [format!("V {}", scores.count), beside(scores.expert, changed)];
            [decided()].into_iter().chain(pair).chain(rest).collect()
        }
        _ => vec![decided()],
    }
}

/// What the exit under the screen's cursor says.
fn exit_at_cursor(screen: &State, trace: &StepTrace, lane: &State, look: &Look) -> Vec<String> {
    let row = screen.exit().and_then(|exit| trace.exits.iter().find(|row| row.exit == exit));
    let Some((row, card)) = row.zip(lane.card.as_ref()) else { return Vec::new() };
    let exit = format!("> {}:", name::exit(row.exit));
    let Some(top) = row.top.first() else { return vec![exit, look.marks.waiting.to_string()] };
    let (token, p) = (name::clipped(card, top.id, 8, look), number::p4(top.ln_p.exp()));
    vec![format!("{exit} {token} {p}"), format!("{} rank {}", look.marks.token, row.rank)]
}
