//! Agreement against work: every policy at every threshold, the present ones in brackets.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::words;
use crate::{
    session::leaving::{self, Outcome, Policy, Rule},
    tui::{
        exits::{Lab, steps},
        row::{Look, Row, line_of, split_rows},
        state::State,
        theme::Role,
        view::verdict,
    },
};

/// Cells left of the plot: the scale and its axis.
const SCALE: usize = 10;
/// Fewer rows make no plot.
const FEWEST: usize = 5;

/// A point of the plot.
struct Point {
    work: f64,
    agree: f64,
    letter: char,
    is_present: bool,
}

/// Draws a rule and the plot.
pub(super) fn draw(state: &State, look: &Look, lab: &Lab, area: Rect, buf: &mut Buffer) {
    let (rule, rest) = split_rows(area, 1);
    let heads = if state.exits.every_head { "every head tried" } else { "own head" };
    let parts = vec![("agreement against work".into(), Role::Strong), (heads.into(), Role::Plain)];
    verdict::rule(parts, look, rule, buf);
    let rows = usize::from(rest.height).saturating_sub(1);
    let columns = usize::from(rest.width).saturating_sub(SCALE + 2);
    if rows < FEWEST || columns < 2 * FEWEST {
        return;
    }
    let points = points(state, lab);
    let most = points.iter().map(|point| point.work).fold(1.0, f64::max);
    let present = lab.outcomes[state.exits.policy].1.agree as f64 / lab.positions.len() as f64;
    // What agrees on less than half is of no use; but what is looked at is always on the plot.
    let floor = if present >= 0.5 { 0.5 } else { 0.0 };
    let cell = |point: &Point| {
        let row = ((1.0 - point.agree) / (1.0 - floor) * (rows - 1) as f64).round();
        let column = (point.work / most * (columns - 1) as f64).round();
        (whole(row), whole(column))
    };
    let mut cells = vec![vec![(' ', Role::Plain); columns]; rows];
    // What is present is drawn last, over the others.
    for present in [false, true] {
        for point in points.iter().filter(|point| point.is_present == present && point.agree >= floor) {
            let (row, column) = cell(point);
            let role = if present { Role::Strong } else { Role::Faint };
            cells[row][column] = (point.letter, role);
            if present && point.letter == words::policy(Policy::ALL[state.exits.policy]).0 {
                for (side, sign) in [(column.checked_sub(1), '['), (Some(column + 1), ']')] {
                    if let Some(place) = side.and_then(|side| cells[row].get_mut(side)) {
                        *place = (sign, Role::Strong);
                    }
                }
            }
        }
    }
    let ticks = ticks(rows, floor);
    for (n, line) in cells.into_iter().enumerate() {
        let Some(area) = line_of(rest, n) else { return };
        let mut row = Row::new(look);
        let tick = ticks.iter().find(|(row, _)| *row == n);
        let label = tick.map_or_else(String::new, |(_, percent)| format!("{percent} %"));
        row.right(label, SCALE - 2, Role::Faint).to(SCALE - 1);
        row.put(if tick.is_some() { look.marks.tick } else { look.marks.axis }.to_string(), Role::Faint);
        for (sign, role) in line {
            row.put(sign.to_string(), role);
        }
        row.draw(area, buf, Style::default());
    }
    if let Some(area) = line_of(rest, rows) {
        let mut row = Row::new(look);
        for fifth in 0..=5 {
            let column = SCALE + (columns - 1) * fifth / 5;
            row.to(column.saturating_sub(usize::from(fifth > 0)))
                .put(format!("{:.1}", most * fifth as f64 / 5.0), Role::Faint);
        }
        row.draw(area, buf, Style::default());
    }
}

/// Every policy at every threshold, by the count of work that is looked at.
fn points(state: &State, lab: &Lab) -> Vec<Point> {
    let Some(card) = &state.card else { return Vec::new() };
    let cost = leaving::cost(card);
    let n = lab.positions.len() as f64;
    let mut points = Vec::new();
    let mut add = |rule: Rule, outcome: &Outcome, is_present: bool| {
        let own = Some(outcome.work_own);
        if let Some(work) = if state.exits.every_head { outcome.work_tried } else { own } {
            points.push(Point {
                work,
                agree: outcome.agree as f64 / n,
                letter: words::policy(rule.policy).0,
                is_present,
            });
        }
    };
    for (present, outcome) in &lab.outcomes {
        for threshold in steps(present.policy, card.exits.len()).0 {
            let rule = Rule { threshold, ..*present };
            if rule != *present {
                add(rule, &rule.apply(&lab.glances, cost), false);
            }
        }
        add(*present, outcome, true);
    }
    points
}

/// Rows with a number, and the number: shares in steps that leave a row between two.
fn ticks(rows: usize, floor: f64) -> Vec<(usize, u32)> {
    let row = |percent: u32| (1.0 - f64::from(percent) / 100.0) / (1.0 - floor) * (rows - 1) as f64;
    let step = [10, 20].into_iter().find(|step| row(100 - step) >= 2.0).unwrap_or(50);
    let percents = (0..=100 / step).map(|n| 100 - n * step).filter(|percent| f64::from(*percent) / 100.0 >= floor);
    percents.map(|percent| (whole(row(percent).round()), percent)).collect()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cell of the screen")]
fn whole(x: f64) -> usize {
    x.max(0.0) as usize
}
