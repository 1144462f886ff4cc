//! The grid itself: a letter, a probability or the size of V for every pair.

use std::ops::Range;

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::{Shown, legend, name, scores};
use crate::{
    session::{grid::Cell, protocol::ModelCard, trace::ExitId},
    tui::{
        hits::{Hit, Target},
        number,
        row::{Row, line_of, split_columns, window},
        state::Answer,
        theme::{Role, Theme},
    },
};

/// Where the amateurs begin: behind the exit's name and the letter of its own choice.
const START: usize = 12;
const ALONE: usize = 8;

/// What fits into an area.
struct Places {
    experts: Range<usize>,
    amateurs: Range<usize>,
    /// Cells of a column.
    cell: usize,
}

impl Places {
    fn of(shown: &Shown<'_>, area: Rect) -> Self {
        let count = shown.card.exits.len();
        let room = usize::from(area.width).saturating_sub(START + legend::width(area.width) + 1);
        let label = longest(shown.card);
        // Letters alone may stand closer where not all columns fit.
        let wide = 1 + label.max(3);
        let close = shown.state.what_if.answer == Answer::Choice && (count - 1) * wide > room;
        let cell = if close { 1 + label.max(2) } else { wide };
        let amateurs = window(count - 1, room / cell, shown.amateur - 1);
        let experts = window(count - 1, usize::from(area.height).saturating_sub(1), shown.expert);
        Self { experts, amateurs: amateurs.start + 1..amateurs.end + 1, cell }
    }

    /// Where an amateur's column ends.
    fn end(&self, amateur: usize) -> usize {
        START + (amateur - self.amateurs.start + 1) * self.cell
    }
}

/// Cells of the longest name among the amateurs.
fn longest(card: &ModelCard) -> usize {
    card.exits.iter().skip(1).map(|exit| name::short(*exit).len()).max().unwrap_or(1)
}

/// Cells that the whole grid and its legend would like.
pub(super) fn width(card: &ModelCard) -> usize {
    START + (card.exits.len() - 1) * (1 + longest(card).max(3)) + 6 + legend::WIDE
}

impl Shown<'_> {
    /// Draws head, rows, and the legend beside them.
    pub(super) fn draw_pairs(&self, area: Rect, buf: &mut Buffer) {
        let places = Places::of(self, area);
        if let Some(line) = line_of(area, 0) {
            self.head(&places).draw(line, buf, Style::default());
        }
        for (n, expert) in places.experts.clone().enumerate() {
            let Some(line) = line_of(area, n + 1) else { break };
            self.expert_row(expert, &places).draw(line, buf, Style::default());
            let (cells, _) = split_columns(split_columns(line, START).1, places.amateurs.len() * places.cell);
            self.look.hit(Hit::row(cells, Target::Pair { expert, amateur: places.amateurs.start }, places.cell));
            if expert == self.expert && places.amateurs.contains(&self.amateur) {
                let end = places.end(self.amateur);
                let (_, after) = split_columns(line, end - self.shown(expert, self.amateur).chars().count() - 1);
                // Both brackets are part of the cursor.
                let (cursor, _) = split_columns(after, self.shown(expert, self.amateur).chars().count() + 2);
                buf.set_style(cursor, Theme::cursor());
            }
        }
        let count = self.card.exits.len() - 1;
        let out = [(places.experts.len(), "rows"), (places.amateurs.len(), "cols")];
        let out = out.into_iter().filter(|(n, _)| *n < count).map(|(n, of)| (n, count, of)).collect();
        let room = usize::from(area.width).saturating_sub(legend::width(area.width));
        // Where there is little room, more of it for the tokens.
        let gap = if area.width < 74 { 3 } else { 6 };
        let (_, beside) = split_columns(area, room.min(START + places.amateurs.len() * places.cell + gap));
        self.draw_legend(out, beside, buf);
    }

    fn head(&self, places: &Places) -> Row<'_> {
        let mut row = Row::new(self.look);
        // Close columns begin where the word would end.
        row.put(if places.cell > 3 { " expert alone" } else { " expert" }, Role::Faint);
        let (_, in_use) = scores::pair(self.state);
        for amateur in places.amateurs.clone() {
            let exit = self.card.exits[amateur];
            let end = places.end(amateur);
            let role = match exit {
                exit if exit == in_use => Role::Amateur,
                _ if amateur == self.amateur => Role::Strong,
                _ => Role::Faint,
            };
            row.right(name::short(exit), end, role);
            if exit == in_use && places.cell > 3 {
                row.put("A", Role::Amateur);
            }
        }
        row
    }

    fn expert_row(&self, expert: usize, places: &Places) -> Row<'_> {
        let exit: ExitId = self.card.exits[expert];
        let mut row = Row::new(self.look);
        let is_expert = exit == scores::pair(self.state).0;
        row.put(if expert == self.expert { ">" } else { " " }, Role::Strong);
        row.right(name::short(exit), 5, if is_expert { Role::Expert } else { Role::Plain });
        row.put(if is_expert { "E" } else { " " }, Role::Expert);
        match self.alone(expert) {
            Some(id) => row.to(ALONE).put(self.letters.letter(id).to_string(), self.letters.role(id)),
            None => row.to(ALONE).put(self.look.marks.waiting.to_string(), Role::Faint),
        };
        for amateur in places.amateurs.clone().filter(|amateur| *amateur > expert) {
            let (text, end) = (self.shown(expert, amateur), places.end(amateur));
            let role = match self.cell(expert, amateur) {
                Some(cell) if self.is_changed(expert, cell) => self.letters.role(cell.id),
                _ => Role::Faint,
            };
            if (expert, amateur) == (self.expert, self.amateur) {
                row.to(end.saturating_sub(text.chars().count() + 1)).put("[", Role::Strong);
                row.put(text, role).put("]", Role::Strong);
            } else {
                row.right(text, end, role);
            }
        }
        row
    }

    /// Whether a pair chooses another token than its expert.
    pub(super) fn is_changed(&self, expert: usize, cell: &Cell) -> bool {
        cell.plausible > 1 && self.alone(expert) != Some(cell.id)
    }

    /// What a pair's cell says.
    fn shown(&self, expert: usize, amateur: usize) -> String {
        let Some(cell) = self.cell(expert, amateur) else { return self.unknown().to_string() };
        match self.state.what_if.answer {
            _ if cell.plausible == 0 => "?".into(),
            Answer::P => number::p3(cell.ln_p.exp()),
            Answer::Plausible => number::rank3(u32::try_from(cell.plausible).unwrap_or(u32::MAX)),
            Answer::Choice if cell.plausible <= 1 => "-".into(),
            Answer::Choice if !self.is_changed(expert, cell) => self.look.marks.stands.to_string(),
            Answer::Choice => self.letters.letter(cell.id).into(),
        }
    }
}
