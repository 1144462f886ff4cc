//! The cell under the cursor in full.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use crate::{
    session::{
        protocol::ModelCard,
        trace::{ExitId, ExitRow, StepTrace},
    },
    tui::{
        number,
        row::{Look, Row, line_of},
        state::State,
        theme::Role,
        token_text::clip,
        view::{bar, name, scores, verdict},
    },
};

/// Rows of the whole inspector, and of the short one.
pub(super) const ROWS: usize = 6;
pub(super) const FEW_ROWS: usize = 3;
/// Columns of a candidate, and cells of its bar.
const CANDIDATE: usize = 30;
const BAR: usize = 8;
/// Columns of a fact's label.
pub(in crate::tui::view) const LABEL: usize = 14;

/// Draws a rule and as many lines as there are; `out` says what is not on the screen.
pub(super) fn draw(state: &State, look: &Look, out: Option<String>, area: Rect, buf: &mut Buffer) {
    let Some(card) = &state.card else { return };
    let width = usize::from(area.width);
    let exit = state.exit().map(name::exit).unwrap_or_default();
    let mut parts = vec![(
        format!("{exit}{}, position {}", if width < 80 { String::new() } else { block(state, card) }, state.position),
        Role::Strong,
    )];
    let known = state.shown();
    if let Some((_, reading)) = known.as_ref().filter(|(trace, _)| !trace.is_partial()) {
        let tops = reading.tops;
        parts.push((format!("decided at {}", name::exit(reading.decided)), Role::Plain));
        parts.push((format!("{} of {} exits agree", reading.agree, card.exits.len()), Role::Plain));
        parts.push((format!("{tops} top token{}", if tops == 1 { "" } else { "s" }), Role::Plain));
    }
    // What cannot be seen is said first, after the name of the cell.
    if let Some(out) = out {
        parts.insert(1, (out, Role::Strong));
    }
    if let Some(area) = line_of(area, 0) {
        verdict::rule(parts, look, area, buf);
    }
    let mut line = |n: usize, row: Row<'_>| {
        if let Some(area) = line_of(area, n) {
            row.draw(area, buf, Style::default());
        }
    };
    let Some(((trace, _), own)) = known.and_then(|found| {
        let own = found.0.exits.get(state.row).filter(|own| !own.is_absent())?.clone();
        Some((found, own))
    }) else {
        let mut row = Row::new(look);
        let text = if state.position == 0 { "the first token has no prediction" } else { "reading this position" };
        row.put(format!(" {text}"), Role::Faint);
        line(1, row);
        return;
    };
    let rows = usize::from(area.height).saturating_sub(1).min(5);
    let two = width >= 2 * CANDIDATE + 2 + 40;
    let facts = facts(state, card, trace, &own, (!two, look));
    for n in 0..rows {
        let mut row = Row::new(look);
        candidate(&mut row, card, (trace, &own), n, look);
        if two {
            row.to(CANDIDATE);
            candidate(&mut row, card, (trace, &own), n + rows, look);
        }
        row.to(if two { 2 * CANDIDATE + 2 } else { CANDIDATE });
        if let Some((label, fact)) = facts.get(n) {
            let start = row.width() + LABEL;
            row.put(*label, Role::Faint).to(start);
            row.put(clip(fact, width.saturating_sub(start), &look.marks), Role::Plain);
        }
        line(1 + n, row);
    }
}

/// Where the exit is, if its name alone does not say it.
fn block(state: &State, card: &ModelCard) -> String {
    match state.exit() {
        Some(ExitId::Block(k)) => format!(" (after block {k} of {})", card.blocks),
        _ => String::new(),
    }
}

fn candidate(row: &mut Row<'_>, card: &ModelCard, (trace, own): (&StepTrace, &ExitRow), n: usize, look: &Look) {
    let Some(found) = own.top.get(n) else { return };
    let end = row.width() + 3;
    row.right((n + 1).to_string(), end, Role::Faint);
    let is_subject = found.id == trace.subject;
    row.put(if is_subject { look.marks.token } else { ' ' }.to_string(), Role::Token);
    row.put(name::clipped(card, found.id, 9, look), if is_subject { Role::Token } else { Role::Plain });
    let p = found.ln_p.exp();
    row.to(end + 11).put(number::p4(p), Role::Plain).put(" ", Role::Plain).put(bar(p, BAR, &look.marks), Role::Faint);
}

/// What else is known: a label, and what it says; the most telling first.
pub(in crate::tui::view) fn facts(
    state: &State,
    card: &ModelCard,
    trace: &StepTrace,
    own: &ExitRow,
    (short, look): (bool, &Look),
) -> Vec<(&'static str, String)> {
    // Tokens give way: numbers are never cut.
    let token = |id| name::clipped(card, id, if short { 8 } else { 16 }, look);
    let stands = state.text.get(trace.position).is_some();
    let p = |ln_p: f32| number::p4(ln_p.exp()).trim().to_owned();
    let subject = format!("{}{} {}", look.marks.token, token(trace.subject), trace.subject.0);
    let here = format!("{subject}   rank {}   p {}", own.rank, p(own.ln_p));
    let mut facts = vec![(if stands { "in the text" } else { "proposed" }, here)];
    if let Some(top) = trace.exits.first().and_then(|row| row.top.first()) {
        facts.push(("original", format!("{} {}", token(top.id), p(top.ln_p))));
    }
    if let Some(contrast) = scores::shown(state, trace) {
        let best = contrast.plausible.first();
        let takes = best.map_or_else(String::new, |b| format!("{} {}", token(b.id), p(b.result)));
        let inactive = if contrast.plausible_len == 1 { ": inactive" } else { "" };
        let pair = name::pair(&contrast.pair, look);
        let fact = format!("{pair} takes {takes}, V {}{inactive}", contrast.plausible_len);
        facts.push((state.contrasting().name(), fact));
    }
    let kl = zero(number::entropy4(own.kl, look.units));
    let entropy = number::entropy4(own.entropy, look.units);
    let js = zero(number::entropy4(own.js, look.units));
    facts.push((
        "this exit",
        format!("H {}   KL {}{kl}, JS {js}   nats", entropy.trim(), if short { "" } else { "to original " }),
    ));
    if trace.is_partial() {
        return facts;
    }
    facts.push((
        if stands { "text's token" } else { "its token" },
        ranks(state, trace, own, if short { name::short } else { name::exit }),
    ));
    facts
}

/// The rank of the position's token at the exit below, here, and where it is first from below.
fn ranks(state: &State, trace: &StepTrace, own: &ExitRow, name: fn(ExitId) -> String) -> String {
    let below = trace.exits.get(state.row + 1);
    let below = below.map_or_else(String::new, |row| format!("{} at {}, ", row.rank, name(row.exit)));
    let first = trace.exits.iter().rev().find(|row| row.rank == 1);
    let first = match first {
        Some(row) if row.exit == own.exit => String::new(),
        Some(row) => format!(", 1 at {}", name(row.exit)),
        None => ", 1 at no exit".into(),
    };
    format!("rank {below}{} here{first}", own.rank)
}

fn zero(text: String) -> String {
    let trimmed = text.trim();
    if trimmed.is_empty() { "0".into() } else { trimmed.into() }
}
