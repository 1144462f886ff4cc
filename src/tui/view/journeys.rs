//! Tokens over the exits: how each gains or loses on the way up. A chart of lines, and the table below it, in the same
//! columns.

mod chart;
mod panel;
mod scale;
mod table;
mod words;

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Modifier, Style},
};

pub(super) use panel::draw as panel;

use super::{TEXT_ROWS, name, name::Letters, scores, text, verdict};
use crate::{
    session::{protocol::ModelCard, reading::Reading, trace::TokenId},
    tui::{
        journeys::{Across, Axis, Columns, LABEL, Pin, Place, Value, lines, racers, selected, tokens, value},
        row::{Look, Row, line_of, split_columns, split_rows},
        state::State,
        theme::{Role, Theme},
    },
};

/// Where the axis stands: before the first column's point.
const AXIS: usize = LABEL - 2;
/// A chart of fewer rows shows nothing.
const LEAST_CHART: usize = 5;

/// A pin with its values at every column.
struct Line {
    pin: Pin,
    sign: char,
    role: Role,
    values: Vec<Option<Value>>,
}

/// What the parts of the view draw from.
struct Shown<'s> {
    state: &'s State,
    card: &'s ModelCard,
    look: &'s Look,
    across: Across,
    lines: Vec<Line>,
    selected: usize,
    /// The two that race.
    racers: Option<(usize, usize)>,
    columns: Columns,
}

/// Draws the view.
pub(super) fn draw(state: &State, look: &Look, area: Rect, buf: &mut Buffer) {
    let height = usize::from(area.height);
    let (text_rows, pins) = match height {
        45.. => (3 * TEXT_ROWS, 14),
        35.. => (2 * TEXT_ROWS, 8),
        _ => (TEXT_ROWS, 8),
    };
    let (above, rest) = split_rows(area, text_rows);
    text::draw(state, look, above, buf);
    let Some(card) = &state.card else { return };
    let shown = Shown::of(state, card, look, state.journeys.across(), usize::from(area.width));
    let (head, rest) = split_rows(rest, 1);
    verdict::rule(shown.title(), look, head, buf);
    if shown.is_empty() {
        return;
    }
    // The columns' names, two rows of the race and the last rule; a rule of its own where the chart is tall.
    let fixed = 4;
    let left = usize::from(rest.height).saturating_sub(fixed + pins);
    let rule = usize::from(left > 2 * LEAST_CHART);
    let chart = if left >= LEAST_CHART { left - rule } else { 0 };
    let (plot, rest) = split_rows(rest, chart);
    shown.draw_chart(plot, buf);
    let (names, rest) = split_rows(rest, 1);
    shown.draw_names(names, buf);
    let (head, rest) = split_rows(rest, rule);
    if head.height > 0 {
        verdict::rule(shown.table_title(), look, head, buf);
    }
    shown.draw_table(rest, buf);
}

impl<'s> Shown<'s> {
    fn of(state: &'s State, card: &'s ModelCard, look: &'s Look, across: Across, width: usize) -> Self {
        let columns = Columns::of(state, across, width);
        let pins = lines(state, across);
        let racers = racers(state, &pins);
        let ids: Vec<TokenId> = tokens(&pins).collect();
        let letters = match (across, &state.journeys.over) {
            (Across::Positions, Some(over)) => Letters::of(None, over.lettered.iter().chain(&ids).copied()),
            _ => Letters::of(state.trace(state.position).map(|t| Reading::of(t)).as_ref(), ids.into_iter()),
        };
        // Over positions only what is seen: a text may have thousands.
        let known = |n: usize| across == Across::Exits || columns.shown.contains(&n);
        let values = |pin: Pin| {
            let at = |n: usize| known(n).then(|| value(state, Place::of(state, across, n), pin)).flatten();
            (0..columns.count).map(at).collect()
        };
        let line = |pin: Pin| {
            let (sign, role) = match pin {
                Pin::Text => (look.marks.token, Role::Token),
                Pin::Token(id) => (letters.letter(id), letters.role(id)),
                // Capitals, so that no token of another view has the same.
                Pin::Group(n) => (('G'..='Z').nth(n).unwrap_or('?'), Role::Group(pins.len() + n)),
            };
            Line { pin, sign, role, values: values(pin) }
        };
        let chosen = selected(state);
        let place = pins.iter().position(|pin| Some(*pin) == chosen).unwrap_or(0);
        Self {
            state,
            card,
            look,
            across,
            selected: place,
            racers,
            lines: pins.iter().copied().map(line).collect(),
            columns,
        }
    }

    /// Whether there is nothing to follow here.
    fn is_empty(&self) -> bool {
        let state = self.state;
        let over_exits = self.across == Across::Exits;
        over_exits && (state.position == 0 || (state.is_full() && state.position == state.open_slot()))
    }

    /// Where a column begins.
    fn start(&self, column: usize) -> usize {
        LABEL + (column - self.columns.shown.start) * self.columns.cell
    }

    /// Cells of a column's number.
    fn digits(&self) -> usize {
        if self.columns.cell >= crate::tui::journeys::FULL_CELL { 4 } else { 3 }
    }

    /// Where a column's number ends; its point is one cell before.
    fn end(&self, column: usize) -> usize {
        self.start(column) + 1 + self.digits()
    }

    fn point(&self, column: usize) -> usize {
        self.end(column) - 2
    }

    fn reach(&self, value: Option<Value>) -> Option<f32> {
        scale::reach(self.state.journeys.axis, value?, self.card.vocabulary)
    }

    /// The lines for a chart of all, or of some columns.
    fn plotted(&self) -> Vec<chart::Line> {
        let shown = self.columns.shown.clone();
        let line = |(n, line): (usize, &Line)| {
            let style = self.look.theme.style(line.role);
            let style = if n == self.selected { style.add_modifier(Modifier::BOLD) } else { style };
            let reach = line.values[shown.clone()].iter().map(|value| self.reach(*value)).collect();
            chart::Line { reach, sign: line.sign, style }
        };
        self.lines.iter().enumerate().map(line).collect()
    }

    fn draw_chart(&self, area: Rect, buf: &mut Buffer) {
        if area.height == 0 {
            return;
        }
        let (labels, plot) = split_columns(area, AXIS + 1);
        self.draw_scale(labels, buf);
        let at: Vec<usize> = self.columns.shown.clone().map(|column| self.point(column) - AXIS - 1).collect();
        chart::plot(&self.plotted(), &at, !self.look.marks.ascii, plot, buf);
    }

    /// The axis with its labels, right-aligned before it.
    fn draw_scale(&self, area: Rect, buf: &mut Buffer) {
        let (rows, width) = (usize::from(area.height), usize::from(area.width));
        let mut labels: Vec<Option<&str>> = vec![None; rows];
        for (reach, label) in scale::ticks(self.state.journeys.axis, self.card.vocabulary) {
            let place = chart::row_of(reach, rows);
            labels[place] = labels[place].or(Some(label));
        }
        for (n, label) in labels.into_iter().enumerate() {
            let marks = &self.look.marks;
            let mut row = Row::new(self.look);
            row.right(label.unwrap_or_default(), width.saturating_sub(2), Role::Faint).to(width.saturating_sub(1));
            row.put(if label.is_some() { marks.tick } else { marks.axis }.to_string(), Role::Faint);
            if let Some(line) = line_of(area, n) {
                row.draw(line, buf, Style::default());
            }
        }
    }

    /// The names of the columns: exits, or the text's tokens.
    fn draw_names(&self, area: Rect, buf: &mut Buffer) {
        let mut row = Row::new(self.look);
        let what = match self.across {
            Across::Exits if self.card.lens => "lens",
            Across::Exits => "exit",
            Across::Positions => "token",
        };
        row.right(what, AXIS - 2, Role::Faint);
        let (expert, amateur) = scores::pair(self.state);
        for column in self.columns.shown.clone() {
            let is_cursor = column == self.columns.cursor;
            let plain = if is_cursor { Role::Strong } else { Role::Faint };
            if self.across == Across::Positions {
                let token = self.state.text.get(column + 1).map(|token| token.id).or_else(|| self.state.ghost());
                let name = token.map(|id| name::clipped(self.card, id, self.columns.cell - 2, self.look));
                let sign = if is_cursor { ">" } else { " " };
                row.to(self.start(column)).put(sign, plain).put(name.unwrap_or_default(), plain);
                continue;
            }
            let Some(exit) = self.card.exits.get(self.card.exits.len() - 1 - column).copied() else { continue };
            let (sign, role) = match exit {
                exit if exit == expert => ("E", Role::Expert),
                exit if exit == amateur => ("A", Role::Amateur),
                _ => ("", plain),
            };
            let label = name::short(exit);
            let end =
                if label.len() > 3 { self.end(column).max(self.start(column) + 4) } else { self.point(column) + 1 };
            let cursor = if is_cursor { ">" } else { "" };
            row.right(format!("{cursor}{label}"), end, role).put(sign, role);
        }
        row.draw(area, buf, Style::default());
        self.reverse(area, buf);
    }

    /// Lays the cursor over its column in a row.
    fn reverse(&self, area: Rect, buf: &mut Buffer) {
        if self.columns.shown.contains(&self.columns.cursor) {
            let (_, cell) = split_columns(area, self.start(self.columns.cursor));
            let (cell, _) = split_columns(cell, self.digits() + 2);
            buf.set_style(cell, Theme::cursor());
        }
    }

    /// What a number of the table is.
    fn is_rank(&self) -> bool {
        self.state.journeys.axis == Axis::Rank
    }
}
