//! The cell under the cursor in full.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use crate::{
    session::{
        protocol::ModelCard,
        trace::{ExitRow, StepTrace},
    },
    tui::{
        number,
        row::{Look, Row, line_of},
        state::State,
        theme::Role,
        view::name,
    },
};

/// Rows of the whole inspector, and of the short one.
pub(super) const ROWS: usize = 6;
pub(super) const FEW_ROWS: usize = 3;
/// Columns of candidates.
const CANDIDATE: usize = 26;

/// Draws a rule and as many lines as there are; says what is not on the screen.
pub(super) fn draw(
    state: &State,
    look: &Look,
    (shown, hidden_exits): ((usize, usize), usize),
    area: Rect,
    buf: &mut Buffer,
) {
    let Some(card) = &state.card else { return };
    let mut line = |n: usize, row: Row<'_>| {
        if let Some(area) = line_of(area, n) {
            row.draw(area, buf, Style::default());
        }
    };
    let width = usize::from(area.width);
    let mut rule = Row::new(look);
    rule.rule(1);
    let exit = state.exit().map(name::exit).unwrap_or_default();
    let mut words = format!(" {exit}, position {}", state.position);
    let known = state.current();
    if let Some((_, reading)) = &known {
        let (agree, exits) = (reading.agree, card.exits.len());
        words += &format!(", decided at {}, {agree} of {exits} exits agree", name::exit(reading.decided));
    }
    rule.put(words, Role::Strong);
    let (first, end) = shown;
    let slot = state.open_slot();
    let mut left = Vec::new();
    if first > 0 {
        left.push(format!("0 to {} above", first - 1));
    }
    if end <= slot {
        left.push(format!("{end} to {slot} below"));
    }
    if hidden_exits > 0 {
        left.push(format!("{hidden_exits} lower exits hidden"));
    }
    if !left.is_empty() {
        rule.put(" ", Role::Plain).dash(2).put(format!(" {}", left.join(", ")), Role::Faint);
    }
    rule.put(" ", Role::Plain).rule(width);
    line(0, rule);
    let Some(((trace, _), own)) = known.and_then(|found| {
        let own = found.0.exits.get(state.row)?.clone();
        Some((found, own))
    }) else {
        let mut row = Row::new(look);
        let text = if state.position == 0 { "the first token has no prediction" } else { "reading this position" };
        row.put(format!(" {text}"), Role::Faint);
        line(1, row);
        return;
    };
    let rows = usize::from(area.height).saturating_sub(1).min(5);
    let facts = facts(state, card, trace, &own, look);
    let two = width >= 2 * CANDIDATE + 40;
    for n in 0..rows {
        let mut row = Row::new(look);
        candidate(&mut row, card, (trace, &own), n, look);
        if two {
            row.to(CANDIDATE);
            candidate(&mut row, card, (trace, &own), n + rows, look);
        }
        row.to(if two { 2 * CANDIDATE } else { CANDIDATE });
        if let Some(fact) = facts.get(n) {
            let room = width.saturating_sub(row.width() + 2);
            row.put(crate::tui::token_text::clip(fact, room, &look.marks), Role::Plain);
        }
        line(1 + n, row);
    }
}

fn candidate(row: &mut Row<'_>, card: &ModelCard, (trace, own): (&StepTrace, &ExitRow), n: usize, look: &Look) {
    let Some(found) = own.top.get(n) else { return };
    let end = row.width() + 4;
    row.right((n + 1).to_string(), end - 1, Role::Faint);
    let is_subject = found.id == trace.subject;
    row.put(if is_subject { look.marks.token } else { ' ' }.to_string(), Role::Token);
    row.put(name::clipped(card, found.id, 11, look), if is_subject { Role::Token } else { Role::Plain });
    row.to(end + 12).put(number::p4(found.ln_p.exp()), Role::Plain);
}

/// What else is known, the most telling first.
pub(in crate::tui::view) fn facts(
    state: &State,
    card: &ModelCard,
    trace: &StepTrace,
    own: &ExitRow,
    look: &Look,
) -> Vec<String> {
    let token = |id| name::token(card, id, look);
    let mut facts = vec![
        format!(
            "{} {}   rank {} here, p {}",
            if state.text.get(trace.position).is_some() { "in the text" } else { "proposed" },
            name::token_and_id(card, trace.subject, look),
            own.rank,
            number::p4(own.ln_p.exp()).trim()
        ),
        format!(
            "this exit   H {}   KL {}   JS {} {}",
            number::entropy4(own.entropy, look.units).trim(),
            zero(number::entropy4(own.kl, look.units)),
            zero(number::entropy4(own.js, look.units)),
            look.units.name()
        ),
    ];
    if let Some(top) = trace.exits.first().and_then(|row| row.top.first()) {
        facts.push(format!("original    {} {}", token(top.id), number::p4(top.ln_p.exp()).trim()));
    }
    if let Some(contrast) = &trace.contrast {
        let best = contrast.plausible.first();
        let takes = best.map_or_else(String::new, |b| format!("{} {}", token(b.id), number::p4(b.result.exp()).trim()));
        facts.push(format!(
            "contrast    {} takes {takes}, V {}",
            name::pair(&contrast.pair, look),
            contrast.plausible_len
        ));
    }
    let first = trace.exits.iter().rev().find(|row| row.rank == 1);
    facts.push(match first {
        Some(row) => format!("its rank is 1 from {} on, from below", name::exit(row.exit)),
        None => "no exit has it first".into(),
    });
    facts
}

fn zero(text: String) -> String {
    let trimmed = text.trim();
    if trimmed.is_empty() { "0".into() } else { trimmed.into() }
}
