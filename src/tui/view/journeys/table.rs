//! The numbers of the lines, and of the two that race.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::{Line, Shown, name, verdict};
use crate::tui::{
    journeys::{Pin, Value},
    number,
    row::{Row, line_of, split_columns, window},
    theme::{Role, Theme},
};

/// The rank of one, the distance of two, and the last rule.
const FOOT: usize = 3;
/// Cells of a token's name.
const NAME: usize = 10;

impl Shown<'_> {
    /// Draws as many lines as fit, the selected one among them, and what becomes of the race right below.
    pub(super) fn draw_table(&self, area: Rect, buf: &mut Buffer) {
        let room = usize::from(area.height).saturating_sub(FOOT);
        let shown = window(self.lines.len(), room, self.selected);
        let count = shown.len();
        for (n, place) in shown.enumerate() {
            let Some(line) = line_of(area, n) else { break };
            self.row(place).draw(line, buf, Style::default());
            if place == self.selected {
                let (label, _) = split_columns(line, super::LABEL);
                buf.set_style(label, Theme::cursor());
                self.reverse(line, buf);
            }
        }
        for (n, row) in self.race().into_iter().enumerate() {
            if let Some(line) = line_of(area, count + n) {
                row.draw(line, buf, Style::default());
            }
        }
        if let Some(line) = line_of(area, count + FOOT - 1) {
            verdict::rule(self.sentences(), self.look, line, buf);
        }
    }

    fn row(&self, place: usize) -> Row<'_> {
        let line = &self.lines[place];
        let marks = &self.look.marks;
        let mut row = Row::new(self.look);
        // The text's token has its own mark behind the letter.
        let pinned = if self.is_subject(line.pin) && self.is_own(line.pin) { marks.pinned } else { ' ' };
        row.put(pinned.to_string(), Role::Strong).put(if place == self.selected { ">" } else { " " }, Role::Strong);
        row.put(line.sign.to_string(), line.role);
        let (mark, role) = self.mark(line);
        row.put(mark.to_string(), role).put(self.name(line.pin, NAME), line.role);
        for column in self.columns.shown.clone() {
            let value = line.values[column];
            let text = value.map_or_else(|| marks.waiting.to_string(), |value| self.number(value));
            row.right(text, self.end(column), if value.is_some() { Role::Plain } else { Role::Faint });
            if value.is_some_and(|value| value.is_top) {
                row.put(marks.top.to_string(), Role::Strong);
            }
        }
        row
    }

    /// The text's token, or one of the user's.
    fn mark(&self, line: &Line) -> (char, Role) {
        match line.pin {
            pin if self.is_subject(pin) => (self.look.marks.token, Role::Token),
            pin if self.is_own(pin) => (self.look.marks.pinned, Role::Strong),
            _ => (' ', Role::Plain),
        }
    }

    /// Whether it is the text's token here, or the one proposed.
    pub(super) fn is_subject(&self, pin: Pin) -> bool {
        self.state.trace(self.state.position).is_some_and(|trace| pin == Pin::Token(trace.subject))
    }

    /// Whether the user has pinned it.
    pub(super) fn is_own(&self, pin: Pin) -> bool {
        match pin {
            Pin::Text => false,
            Pin::Token(id) => self.state.pins.contains(&id),
            Pin::Group(_) => true,
        }
    }

    /// The name of a line, cut to a width.
    pub(super) fn name(&self, pin: Pin, width: usize) -> String {
        let token = |id| name::token(self.card, id, self.look);
        let full = match pin {
            Pin::Text => "the text".to_owned(),
            Pin::Token(id) => token(id),
            Pin::Group(n) => {
                let ids = self.state.journeys.groups.get(n);
                ids.map(|ids| ids.iter().copied().map(token).collect::<Vec<_>>().join("+")).unwrap_or_default()
            }
        };
        crate::tui::token_text::clip(&full, width, &self.look.marks)
    }

    fn number(&self, value: Value) -> String {
        match self.digits() {
            _ if self.is_rank() => number::rank3(value.rank),
            4 => number::p4(value.ln_p.exp()),
            _ => number::p3(value.ln_p.exp()),
        }
    }

    /// The rank of a, and how far it is ahead of the other.
    fn race(&self) -> Vec<Row<'_>> {
        let Some(first) = self.racers.map(|(first, _)| first).or_else(|| self.first()) else { return Vec::new() };
        let a = &self.lines[first];
        let mut rank = Row::new(self.look);
        rank.put(format!(" rank of {}", a.sign), Role::Faint);
        for column in self.columns.shown.clone() {
            if let Some(value) = a.values[column] {
                rank.right(number::rank3(value.rank), self.end(column), Role::Plain);
            }
        }
        let mut ahead = Row::new(self.look);
        let Some((_, second)) = self.racers else { return vec![rank] };
        let b = &self.lines[second];
        ahead.put(format!(" ln {}/{}", a.sign, b.sign), Role::Faint);
        for column in self.columns.shown.clone() {
            if let (Some(a), Some(b)) = (a.values[column], b.values[column]) {
                let ln = a.ln_p - b.ln_p;
                let text = if self.digits() == 4 {
                    number::signed5(ln, self.look.units)
                } else {
                    number::signed4(ln, self.look.units)
                };
                ahead.right(text, self.end(column), Role::Plain);
            }
        }
        vec![rank, ahead]
    }

    /// The first line with a letter.
    pub(super) fn first(&self) -> Option<usize> {
        self.lines.iter().position(|line| line.pin != Pin::Text)
    }
}
