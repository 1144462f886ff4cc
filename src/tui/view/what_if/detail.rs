//! The selected pair: what it does here, and how long that holds over α and over the minimum of candidates.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::{Shown, name, verdict};
use crate::{
    session::{
        grid::{Cell, GRID_ALPHAS, GRID_MINIMA, Grid},
        trace::ExitId,
    },
    tui::{
        number,
        row::{Row, line_of, split_rows, window},
        theme::Role,
    },
};

/// A rule, three rows over α, two over the minimum.
pub(super) const ROWS: usize = 6;
/// Where the first value ends, and how far it is to the next.
const FIRST: usize = 12;
const STEP: usize = 6;

impl Shown<'_> {
    /// Draws rule and rows, as many as fit.
    pub(super) fn draw_detail(&self, area: Rect, buf: &mut Buffer) {
        let (rule, rest) = split_rows(area, 1);
        if rule.height == 0 {
            return;
        }
        verdict::rule(self.sentences(), self.look, rule, buf);
        let width = usize::from(area.width);
        let detail = self.detail();
        let settings = self.grid.map_or((self.pair.alpha, self.pair.min_candidates), |grid| grid.settings);
        let alphas: Vec<String> = GRID_ALPHAS.iter().map(|alpha| number::parameter(*alpha)).collect();
        // The nearest step stands for an α between two of them.
        let off = |alpha: &f32| (alpha / settings.0).ln().abs();
        let at = (0..GRID_ALPHAS.len()).min_by(|a, b| off(&GRID_ALPHAS[*a]).total_cmp(&off(&GRID_ALPHAS[*b])));
        let at = at.filter(|at| off(&GRID_ALPHAS[*at]) < 0.01);
        let over =
            Over { label: self.look.marks.alpha, values: alphas, at, cells: detail.map(|grid| &grid.alphas[..]) };
        let mut rows = over.rows(self, width);
        let minima = GRID_MINIMA.iter().map(ToString::to_string).collect();
        let at = GRID_MINIMA.iter().position(|min| *min == settings.1);
        let over = Over { label: "min", values: minima, at, cells: detail.map(|grid| &grid.minima[..]) };
        rows.extend(over.rows(self, width).into_iter().take(2));
        for (n, row) in rows.into_iter().enumerate() {
            if let Some(line) = line_of(rest, n) {
                row.draw(line, buf, Style::default());
            }
        }
    }

    /// The grid, if its detail is about the selected pair.
    fn detail(&self) -> Option<&Grid> {
        self.grid.filter(|grid| grid.pair == (self.pair.expert, self.pair.amateur))
    }

    fn sentences(&self) -> Vec<(String, Role)> {
        let token = |id| name::token(self.card, id, self.look);
        // What this pair would do stands beside what decides.
        let decides = self.state.contrast_decides();
        let pair = format!("{} {}", if decides { "pair" } else { "contrast" }, name::pair(&self.pair, self.look));
        let Some((cell, alone)) = self.cell(self.expert, self.amateur).zip(self.alone(self.expert)) else {
            // A grid has every pair: one that it lacks has no answer.
            let lacks = match (self.grid, self.state.has_model()) {
                (Some(_), true) => ("an exit of it is not finite".into(), Role::Warn),
                _ => (self.lacking().into(), Role::Plain),
            };
            return vec![(pair, Role::Strong), lacks];
        };
        let what = if cell.plausible <= 1 {
            (format!("{pair}: {}, inactive: one plausible token", token(cell.id)), Role::Strong)
        } else if cell.id == alone {
            (format!("{pair}: {} as {} alone", token(alone), name::short(self.pair.expert)), Role::Strong)
        } else {
            (format!("{pair}: {} instead of {}", token(cell.id), token(alone)), Role::Changed)
        };
        let mass = self
            .detail()
            .filter(|grid| !grid.mass.is_nan())
            .map(|grid| format!("  mass {}", number::p4(grid.mass)))
            .unwrap_or_default();
        let numbers = format!("p {}  V {}{mass}", number::p4(cell.ln_p.exp()), cell.plausible);
        let present: (ExitId, ExitId) = (self.state.pair.expert, self.state.pair.amateur);
        let in_use = decides && present == (self.pair.expert, self.pair.amateur);
        let adopt = if in_use { "the pair in use" } else { "Enter adopts it" };
        vec![what, (numbers, Role::Plain), (adopt.into(), Role::Faint)]
    }
}

/// Values of a parameter, and what the pair chooses at each.
struct Over<'o> {
    label: &'o str,
    values: Vec<String>,
    /// The present one.
    at: Option<usize>,
    /// `None` while they are computed.
    cells: Option<&'o [Cell]>,
}

impl Over<'_> {
    /// The values, the choices, the sizes of V.
    fn rows<'s>(&self, shown: &'s Shown<'_>, width: usize) -> Vec<Row<'s>> {
        let look = shown.look;
        // Where they come too close some far from the present one go.
        let step = if FIRST + (self.values.len() - 1) * STEP < width { STEP } else { STEP - 1 };
        let room = width.saturating_sub(FIRST + 1) / step + 1;
        let (mut values, mut takes, mut sizes) = (Row::new(look), Row::new(look), Row::new(look));
        values.put(format!(" {}", self.label), Role::Faint);
        takes.put(" takes", Role::Faint);
        sizes.put(" V", Role::Faint);
        for (n, k) in window(self.values.len(), room, self.at.unwrap_or(0)).enumerate() {
            let end = FIRST + n * step;
            let value = &self.values[k];
            if self.at == Some(k) {
                values.right(format!("[{value}"), end, Role::Strong).put("]", Role::Strong);
            } else {
                values.right(value.clone(), end, Role::Plain);
            }
            let waiting = || (shown.unknown().to_string(), shown.unknown().to_string(), Role::Faint);
            let cell = self.cells.and_then(|cells| cells.get(k)).filter(|cell| cell.is_known());
            let (letter, size, role) = cell.map_or_else(waiting, |cell| {
                let size = number::rank3(u32::try_from(cell.plausible).unwrap_or(u32::MAX));
                (shown.letters.letter(cell.id).to_string(), size, shown.letters.role(cell.id))
            });
            takes.right(letter, end, role);
            sizes.right(size, end, Role::Plain);
        }
        vec![values, takes, sizes]
    }
}
