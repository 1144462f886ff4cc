//! One position over the exits, as a column of cells: the top token where it changes, a line of life where it stays,
//! and the level of a measure.

use crate::{
    session::{
        protocol::ModelCard,
        reading::Reading,
        trace::{ExitRow, StepTrace, TokenId},
    },
    tui::view::name,
    tui::{
        marks::Marks,
        number::Units,
        row::{Look, Row},
        state::{CELL_WIDTHS, Heatmap, Measure, State},
        theme::Role,
    },
};

/// Signs and role of one cell, not clipped yet to its width.
pub(super) struct Cell {
    mark: (char, Role),
    token: (String, Role),
    level: Option<usize>,
}

/// How much of a scale a measure reaches, 0 to 1. The ends are fixed, so that two positions or two files compare.
pub(super) fn reach(measure: Measure, row: &ExitRow, original: Option<TokenId>, vocabulary: usize) -> f32 {
    let top = row.top.first();
    let ln_vocabulary = (vocabulary.max(2) as f32).ln();
    let reach = match measure {
        Measure::Token => row.ln_p.exp(),
        Measure::LnToken => 1.0 + row.ln_p / 12.0,
        Measure::Rank => 1.0 - (row.rank.max(1) as f32).ln() / ln_vocabulary,
        Measure::Top => top.map_or(0.0, |top| top.ln_p.exp()),
        Measure::Entropy => row.entropy / ln_vocabulary,
        Measure::Agree => f32::from(u8::from(top.map(|top| top.id) == original)),
        Measure::Kl => row.kl / 6.0,
        Measure::Js => row.js / std::f32::consts::LN_2,
    };
    if reach.is_nan() { 0.0 } else { reach.clamp(0.0, 1.0) }
}

/// What the levels say of a measure.
pub(super) fn levels(measure: Measure, marks: &Marks, units: Units) -> String {
    format!("{}..{} {}", marks.levels[0], marks.levels[7], words(measure, units))
}

/// The words of a measure.
fn words(measure: Measure, units: Units) -> String {
    let log = units.log();
    let words = match measure {
        Measure::Token => "p of the text's token",
        Measure::LnToken => return format!("{log} p of the text's token, -{:.0} to 0", units.of(12.0)),
        Measure::Rank => "rank of the text's token, by log, 1 is high",
        Measure::Top => "p of the top token",
        Measure::Entropy => return format!("entropy, 0 to {log} V"),
        Measure::Agree => "same top token as original",
        Measure::Kl => return format!("KL(original || exit), 0 to {:.1} {}", units.of(6.0), units.name()),
        Measure::Js => return format!("JS to original, 0 to {:.2} {}", units.of(std::f32::consts::LN_2), units.name()),
    };
    words.to_owned()
}

/// The height of a level, 0 to 7; none under 1/16.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 7")]
fn level(reach: f32) -> Option<usize> {
    (reach >= 1.0 / 16.0).then(|| ((reach * 8.0).round() as usize).clamp(1, 8) - 1)
}

/// The cell of an exit (by row) in a trace.
pub(super) fn cell(
    card: &ModelCard,
    (trace, reading): (&StepTrace, &Reading),
    index: usize,
    (heat, look): (&Heatmap, &Look),
) -> Option<Cell> {
    let marks = &look.marks;
    let row = trace.exits.get(index)?;
    if row.is_broken() {
        let nan = "nan"[..CELL_WIDTHS[heat.width].saturating_sub(1).min(3)].to_owned();
        return Some(Cell { mark: (' ', Role::Plain), token: (nan, Role::Warn), level: None });
    }
    let top = |row: &ExitRow| row.top.first().map(|c| c.id);
    let own = top(row)?;
    let original = trace.exits.first().and_then(top);
    let is_text = own == trace.subject;
    let repeats = index > 0 && trace.exits.get(index - 1).and_then(top) == Some(own);
    let level = level(reach(heat.measure, row, original, card.vocabulary));
    let letter = reading.letter(own);
    let group = letter.map_or(Role::Plain, |c| Role::Group(c as usize - 'a' as usize));
    let (mark, token) = if CELL_WIDTHS[heat.width] <= 3 {
        let sign = letter.unwrap_or(marks.waiting).to_string();
        ((' ', Role::Plain), (sign, if is_text { Role::Token } else { group }))
    } else if repeats && !heat.all {
        let sign = if is_text { marks.alive } else { marks.settled };
        ((sign, if is_text { Role::Token } else { Role::Faint }), (String::new(), Role::Plain))
    } else {
        let role = if is_text { Role::Token } else { group };
        ((if is_text { marks.token } else { ' ' }, Role::Token), (name::token(card, own, look), role))
    };
    Some(Cell { mark, token, level })
}

/// Appends a cell of so many columns: mark, token, level, in as many as there are.
pub(super) fn put(row: &mut Row<'_>, cell: Option<&Cell>, width: usize, look: &Look) {
    let marks = &look.marks;
    let end = row.width() + width;
    let Some(cell) = cell else {
        row.put(if width > 3 { " " } else { "" }, Role::Plain).put(marks.not_yet.to_string(), Role::Faint).to(end);
        return;
    };
    let level = cell.level.map_or((" ".into(), Role::Plain), |n| (marks.levels[n].to_string(), Role::Scale(n)));
    // The whole cell has the level's colour as its ground.
    let style = |role| look.theme.on_level(role, cell.level);
    match width {
        1 => row.styled(level.0, style(level.1)),
        2 | 3 => {
            row.styled(cell.token.0.clone(), style(cell.token.1)).styled(level.0, style(level.1));
            row.styled(" ".repeat(end - row.width()), style(Role::Plain))
        }
        _ => {
            row.styled(cell.mark.0.to_string(), style(cell.mark.1));
            let token = crate::tui::token_text::clip(&cell.token.0, width - 3, marks);
            row.styled(token, style(cell.token.1));
            row.styled(" ".repeat((end - 2).saturating_sub(row.width())), style(Role::Plain));
            row.styled(level.0, style(level.1))
        }
    };
    row.to(end);
}

/// The head of a column: the text's token there, or the one proposed; the first position has none that was chosen.
pub(super) fn head(row: &mut Row<'_>, state: &State, position: usize, width: usize, look: &Look) {
    let end = row.width() + width;
    let stands = state.text.get(position).map(|token| (token.id, Role::Strong));
    let found = stands.or_else(|| state.ghost().map(|id| (id, Role::Ghost)));
    if let (Some((id, role)), Some(card)) = (found, &state.card)
        && width > 1
    {
        let lead = match (width > 3, position == state.position) {
            (true, true) => ">",
            (true, false) => " ",
            (false, _) => "",
        };
        row.put(lead, Role::Strong).put(name::clipped(card, id, width - lead.len() - 1, look), role);
    } else if width == 1 {
        row.put(look.marks.waiting.to_string(), Role::Faint);
    }
    row.to(end);
}
