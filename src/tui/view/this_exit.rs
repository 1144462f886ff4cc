//! The exit under the cursor: its first tokens with their bars, and what else it says here.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::{
    heatmap::inspector::{LABEL, facts},
    name, table, verdict,
};
use crate::{
    session::{
        protocol::ModelCard,
        reading::Reading,
        trace::{ExitId, ExitRow, StepTrace},
    },
    tui::{
        number,
        row::{Look, Row, line_of, split_rows},
        state::State,
        theme::Role,
        token_text::clip,
    },
};

/// Cells of a token, and of its bar.
const TOKEN: usize = 16;
const BAR: usize = 30;
/// Rows of tokens.
const TOKENS: usize = 10;

/// Draws a rule, the tokens, and as many facts as fit.
pub(super) fn draw(state: &State, look: &Look, area: Rect, buf: &mut Buffer) {
    let (Some(card), Some(exit)) = (&state.card, state.exit()) else { return };
    let (head, rest) = split_rows(area, 1);
    let mut title = vec![(name::exit(exit), Role::Strong)];
    if let ExitId::Block(k) = exit {
        title.push((format!("after block {k} of {}", card.blocks), Role::Plain));
    }
    let known = state.shown();
    let Some((trace, reading, own)) = known.and_then(|(trace, reading)| {
        let own = trace.exits.get(state.row).filter(|own| !own.is_absent())?;
        Some((trace, reading, own))
    }) else {
        let first = state.position == 0;
        title.push((if first { "the first token has no prediction" } else { "reading" }.into(), Role::Plain));
        return verdict::rule(title, look, head, buf);
    };
    verdict::rule(title, look, head, buf);
    let width = usize::from(rest.width);
    let mut rows: Vec<Row<'_>> =
        (0..own.top.len().min(TOKENS)).map(|n| token_row(card, (trace, &reading, own), n, width, look)).collect();
    for (label, fact) in facts(state, card, trace, own, (false, look)) {
        let mut row = Row::new(look);
        row.put(format!("  {label}"), Role::Faint).to(2 + LABEL);
        row.put(clip(&fact, width.saturating_sub(row.width() + 1), &look.marks), Role::Plain);
        rows.push(row);
    }
    for (n, row) in rows.into_iter().enumerate() {
        if let Some(line) = line_of(rest, n) {
            row.draw(line, buf, Style::default());
        }
    }
}

fn token_row<'l>(
    card: &ModelCard,
    (trace, reading, own): (&StepTrace, &Reading, &ExitRow),
    n: usize,
    width: usize,
    look: &'l Look,
) -> Row<'l> {
    let found = own.top[n];
    let mut row = Row::new(look);
    row.right((n + 1).to_string(), 4, Role::Faint);
    let is_subject = found.id == trace.subject;
    row.put(table::mark(is_subject, look), Role::Token);
    let group = reading.lettered.iter().position(|id| *id == found.id).map_or(Role::Plain, Role::Group);
    row.put(name::clipped(card, found.id, TOKEN, look), if is_subject { Role::Token } else { group });
    let p = found.ln_p.exp();
    row.right(number::p4(p), 5 + TOKEN + 5, Role::Plain).put(" ", Role::Plain);
    row.put(bar(p, BAR.min(width.saturating_sub(row.width())), look), Role::Plain);
    row
}

/// A bar of up to so many cells, in eighths.
fn bar(p: f32, cells: usize, look: &Look) -> String {
    let eighths = (1..=8 * cells).take_while(|n| p * (8 * cells) as f32 >= *n as f32 - 0.5).count();
    let part = (eighths % 8).checked_sub(1).map(|part| look.marks.eighths[part]);
    std::iter::repeat_n(look.marks.full, eighths / 8).chain(part).collect()
}

#[cfg(test)]
mod tests {
    use super::bar;
    use crate::tui::{marks::UNICODE, row::Look, theme::Depth};

    #[test]
    fn bars_are_linear_and_end_in_their_cells() {
        let look = Look::new(&UNICODE, Depth::None);
        assert_eq!([1.0, 0.5, 0.3125, 0.0, f32::NAN].map(|p| bar(p, 4, &look)), ["████", "██", "█▎", "", ""]);
        assert_eq!(bar(1.0, 0, &look), "");
    }
}
