//! The exit lab: where early-exit policies would leave the model, what that saves, and what it changes.

mod counts;
mod differences;
mod frontier;
mod matrix;
mod policies;
mod words;

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::{TEXT_ROWS, WIDE, text, verdict};
use crate::tui::{
    exits::{FEWEST, Lab},
    keymap::Action,
    marks::Marks,
    row::{Look, Row, line_of, split_columns, split_rows},
    state::State,
    theme::Role,
};

/// Lines of the text, in high windows and in others.
const TEXT_LINES: [usize; 2] = [3, 1];
/// Rows from which on there are more of them.
const HIGH: u16 = 34;
/// What to know before comparing, in wide windows and in others.
const CALIBRATION: [&str; 2] = [
    " confidence compares between exits only where it is calibrated: mexit-tui eval measures that",
    " p of two exits compares only where calibrated: mexit-tui eval",
];
/// Columns of the histogram beside the plot.
const COUNTS: usize = 46;

/// Draws the view.
pub(super) fn draw(state: &State, look: &Look, area: Rect, buf: &mut Buffer) {
    let lines = TEXT_LINES[usize::from(area.height < HIGH)];
    if state.exits.matrix.shown {
        return matrix::draw(state, look, lines, area, buf);
    }
    let lab = state.lab().filter(|lab| lab.positions.len() >= FEWEST);
    let (head, rest) = split_rows(area, 1);
    let (above, rest) = split_rows(rest, lines * TEXT_ROWS);
    let Some(lab) = lab else {
        verdict::rule(vec![("early exit".into(), Role::Strong)], look, head, buf);
        text::draw(state, look, above, buf);
        if let Some(area) = line_of(rest, 1) {
            let mut row = Row::new(look);
            row.put(format!(" {}", too_few(state)), Role::Faint);
            row.draw(area, buf, Style::default());
        }
        return;
    };
    let (rule, _) = lab.outcomes[state.exits.policy];
    let marks = &look.marks;
    let parts = vec![
        (format!("each token left at the exit of: {}", words::rule(state, rule, look)), Role::Strong),
        (legend(state, marks), Role::Faint),
        (format!("{} not what original takes", marks.changed), Role::Faint),
    ];
    verdict::rule(parts, look, head, buf);
    text::draw_left(state, look, &lab, above, buf);
    let (table, rest) = split_rows(rest, 2 + lab.outcomes.len());
    policies::draw(state, look, &lab, table, buf);
    let (lower, note) = split_rows(rest, usize::from(rest.height).saturating_sub(1));
    // A rule without a row under it says nothing.
    let lower = if lower.height < 2 { Rect { height: 0, ..lower } } else { lower };
    if area.width >= WIDE {
        let (left, right) = split_columns(lower, COUNTS);
        counts::draw(state, look, &lab, left, buf);
        frontier::draw(state, look, &lab, right, buf);
    } else {
        counts::draw(state, look, &lab, lower, buf);
    }
    if let Some(area) = line_of(note, 0) {
        let mut row = Row::new(look);
        row.put(CALIBRATION[usize::from(area.width < 92)], Role::Faint);
        row.draw(area, buf, Style::default());
    }
}

fn too_few(state: &State) -> String {
    let known = state.lab().map_or(0, |lab| lab.positions.len());
    if known + 1 < state.text.len() && state.has_model() {
        return "the tokens of the text are being read".into();
    }
    let (one, run) = (state.key(Action::Take), state.key(Action::Run));
    format!("too few tokens: {one} or {run} makes some, or open a longer text")
}

fn legend(state: &State, marks: &Marks) -> String {
    let lowest = state.exit_from_below(0).map(super::name::short).unwrap_or_default();
    format!("ribbon: exit taken {}{lowest} to {}original", marks.height(0), marks.height(7))
}

/// Which policies the tokens are: the generated ones, or all.
fn tokens(lab: &Lab) -> String {
    format!("{} {}", lab.positions.len(), if lab.generated { "generated tokens" } else { "tokens of the text" })
}
