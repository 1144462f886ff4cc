//! Beside the grid: what its signs stand for, and how many pairs choose each.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::{Shown, name};
use crate::{
    session::trace::TokenId,
    tui::{
        row::{Row, line_of},
        theme::Role,
    },
};

/// Cells of the legend, and of its short form.
pub(super) const WIDE: usize = 14;
const NARROW: usize = 10;
/// It grows up to here.
const WIDEST: usize = 24;

/// Cells that the legend needs in a window.
pub(super) fn width(window: u16) -> usize {
    if window >= 74 { WIDE } else { NARROW }
}

/// A sign, what it stands for, how many pairs show it; `None` for a token that an expert chooses alone.
type Line = (String, String, Role, Option<usize>);

impl Shown<'_> {
    /// Draws the legend; `out` says of which lines only some are shown.
    pub(super) fn draw_legend(&self, out: Vec<(usize, usize, &str)>, area: Rect, buf: &mut Buffer) {
        let width = usize::from(area.width).min(WIDEST);
        if let Some(line) = line_of(area, 0) {
            let mut head = Row::new(self.look);
            if width >= WIDE {
                head.put("chooses", Role::Faint);
            }
            head.right("pairs", width, Role::Faint);
            head.draw(line, buf, Style::default());
        }
        let lines = if self.grid.is_some() { self.legend(width) } else { Vec::new() };
        let room = usize::from(area.height).saturating_sub(1 + out.len());
        let shown = if lines.len() > room { room.saturating_sub(1) } else { lines.len() };
        let more = lines.len() - shown;
        for (n, (sign, text, role, count)) in lines.into_iter().take(shown).enumerate() {
            let mut row = Row::new(self.look);
            row.put(sign, role).put(" ", Role::Plain).put(text, Role::Plain);
            row.right(count.map_or_else(|| "alone".to_owned(), |count| count.to_string()), width, Role::Plain);
            if let Some(line) = line_of(area, n + 1) {
                row.draw(line, buf, Style::default());
            }
        }
        let more = (more > 0).then(|| format!("{} {more} more", self.look.marks.boundary));
        let between = if width >= WIDE { " of " } else { "/" };
        let out = out.into_iter().map(|(n, count, of)| format!("{n}{between}{count} {of}"));
        for (n, text) in more.into_iter().chain(out).enumerate() {
            let mut row = Row::new(self.look);
            row.put(text, Role::Faint);
            if let Some(line) = line_of(area, shown + 1 + n) {
                row.draw(line, buf, Style::default());
            }
        }
    }

    /// The choice that stands first, then tokens by how many pairs choose them, inactive pairs, tokens only of experts.
    fn legend(&self, width: usize) -> Vec<Line> {
        let count = self.card.exits.len();
        let (mut stands, mut inactive) = (0, 0);
        let mut chosen: Vec<(TokenId, usize)> = Vec::new();
        let pairs = (0..count).flat_map(|expert| (expert + 1..count).map(move |amateur| (expert, amateur)));
        for (expert, amateur) in pairs {
            match self.cell(expert, amateur) {
                None => {}
                // An exit of the pair is broken: it chooses nothing.
                Some(cell) if cell.plausible == 0 => {}
                Some(cell) if cell.plausible <= 1 => inactive += 1,
                Some(cell) if !self.is_changed(expert, cell) => stands += 1,
                Some(cell) => match chosen.iter_mut().find(|(id, _)| *id == cell.id) {
                    Some((_, count)) => *count += 1,
                    None => chosen.push((cell.id, 1)),
                },
            }
        }
        chosen.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        // As many pairs as there are in all, or the word, end the line.
        let room = |end: usize| width.saturating_sub(3 + end);
        let token = |id, end| name::clipped(self.card, id, room(end), self.look);
        let is_wide = width >= WIDE;
        let digits = (count * (count - 1) / 2).to_string().len();
        let sign = |id| (self.letters.letter(id).to_string(), self.letters.role(id));
        let mut lines = vec![(
            self.look.marks.stands.to_string(),
            if is_wide { "as alone" } else { "alone" }.to_owned(),
            Role::Faint,
            Some(stands),
        )];
        for (id, count) in &chosen {
            let (sign, role) = sign(*id);
            lines.push((sign, token(*id, digits), role, Some(*count)));
        }
        lines.push(("-".into(), if is_wide { "V is one" } else { "V one" }.to_owned(), Role::Faint, Some(inactive)));
        let mut alone: Vec<TokenId> = Vec::new();
        for id in (0..count - 1).filter_map(|expert| self.alone(expert)) {
            if !alone.contains(&id) && chosen.iter().all(|(other, _)| *other != id) {
                alone.push(id);
            }
        }
        for id in alone {
            let (sign, role) = sign(id);
            lines.push((sign, token(id, "alone".len()), role, None));
        }
        lines
    }
}
