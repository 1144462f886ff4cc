//! Every exit's own head beside the model's head at the same layer: a layer that does not know, or a lens that cannot
//! read it.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::{
    name,
    table::{Shown, gutter, label, shown_rows},
};
use crate::{
    session::{
        lens::{Lens, LensRow},
        protocol::ModelCard,
        reading::Reading,
        trace::{Candidate, ExitId, StepTrace},
    },
    tui::{
        hits::{Hit, Target},
        number,
        row::{Look, Row, line_of},
        state::State,
        theme::{Role, Theme},
    },
};

/// Where p of the exit's own head ends.
const P: usize = 14;

/// Where columns end, by the cells of a token.
#[derive(Clone, Copy)]
struct Columns {
    token: usize,
    /// KL(exit ‖ lens), and the verdict.
    more: bool,
}

impl Columns {
    fn of(width: usize) -> Self {
        let token = (width.saturating_sub(Self { token: 0, more: true }.end()) / 2).clamp(6, 14);
        let columns = Self { token, more: true };
        if columns.end() <= width { columns } else { Self { token: 7, more: false } }
    }

    /// Where one side ends that begins after a column: p, the token with its mark and p, KL.
    fn side(self, from: usize) -> usize {
        from + 2 + self.token + 4 + 5
    }

    fn lens_p(self) -> usize {
        self.side(P) + 7
    }

    fn end(self) -> usize {
        self.side(self.lens_p()) + if self.more { 6 + 11 } else { 0 }
    }
}

/// Draws head and rows.
pub(super) fn draw(state: &State, look: &Look, area: Rect, buf: &mut Buffer) {
    let Some(card) = &state.card else { return };
    let columns = Columns::of(usize::from(area.width));
    let known = state.shown();
    let lens = state.lens_at_cursor();
    if let Some(area) = line_of(area, 0) {
        head(columns, look).draw(area, buf, Style::default());
    }
    let rows = shown_rows(state, card, usize::from(area.height).saturating_sub(1));
    for (n, shown) in rows.into_iter().enumerate() {
        let Some(area) = line_of(area, n + 1) else { return };
        let mut row = Row::new(look);
        match shown {
            Shown::Skipped(count) => {
                row.put(format!("  {} {count} more", look.marks.boundary), Role::Faint);
                row.draw(area, buf, Style::default());
            }
            Shown::Exit(index) => {
                label(&mut row, state, card, index);
                if let Some((trace, reading)) = &known {
                    exit_row(&mut row, (card, look, columns), (trace, reading, lens), index);
                } else {
                    let sign = if state.position == 0 { look.marks.missing } else { look.marks.waiting };
                    row.right(sign.to_string(), P, Role::Faint);
                }
                look.hit(Hit::one(area, Target::Exit(index)));
                row.draw(area, buf, if index == state.row { Theme::cursor() } else { Style::default() });
            }
        }
    }
}

fn head(columns: Columns, look: &Look) -> Row<'_> {
    let mut row = Row::new(look);
    let p = |row: &mut Row<'_>, end: usize, of: &str| {
        row.right("p", end - 1, Role::Faint).put(look.marks.token.to_string(), Role::Token);
        row.put(format!("  {of}"), Role::Faint).right("KL", columns.side(end), Role::Faint);
    };
    row.put(" exit", Role::Faint);
    p(&mut row, P, "own head");
    p(&mut row, columns.lens_p(), "lens");
    if columns.more {
        let apart = if look.marks.ascii { "h||l" } else { "h‖l" };
        row.right(apart, columns.side(columns.lens_p()) + 6, Role::Faint).put("  knows a", Role::Faint);
    }
    row
}

fn exit_row(
    row: &mut Row<'_>,
    (card, look, columns): (&ModelCard, &Look, Columns),
    (trace, reading, lens): (&StepTrace, &Reading, Option<&Lens>),
    index: usize,
) {
    let Some(own) = trace.exits.get(index) else { return };
    if own.is_absent() {
        row.right(look.marks.waiting.to_string(), P, Role::Faint);
        return;
    }
    if own.is_broken() {
        row.right("nan", P, Role::Warn);
    } else {
        gutter(row, card, index, trace, reading, look);
        row.right(number::p4(own.ln_p.exp()), P, Role::Plain);
        if let Some(top) = own.top.first() {
            token(row, (card, look, columns), (trace, reading), *top);
        }
        if own.exit != ExitId::Original {
            row.right(number::entropy4(own.kl, look.units), columns.side(P), Role::Plain);
        }
    }
    if own.exit == ExitId::Original {
        return;
    }
    let end = columns.lens_p();
    let Some(read) = lens.and_then(|lens| lens.rows.iter().find(|read| read.exit == own.exit)) else {
        row.right(look.marks.waiting.to_string(), end, Role::Faint);
        return;
    };
    if read.ln_p.is_nan() {
        row.right("nan", end, Role::Warn);
        return;
    }
    row.right(number::p4(read.ln_p.exp()), end, Role::Plain);
    token(row, (card, look, columns), (trace, reading), read.top);
    row.right(kl(read.kl, look), columns.side(end), Role::Plain);
    if columns.more {
        row.right(kl(read.from_head, look), columns.side(end) + 6, Role::Plain).put("  ", Role::Plain);
        row.put(verdict(trace, index, read), Role::Plain);
    }
}

/// A top token with the subject's mark before it and its p behind it.
fn token(
    row: &mut Row<'_>,
    (card, look, columns): (&ModelCard, &Look, Columns),
    (trace, reading): (&StepTrace, &Reading),
    top: Candidate,
) {
    let is_subject = top.id == trace.subject;
    let from = row.width();
    row.to(from + 1).put(super::table::mark(is_subject, look), if is_subject { Role::Token } else { Role::Plain });
    let group = reading.lettered.iter().position(|id| *id == top.id).map_or(Role::Plain, Role::Group);
    row.put(name::clipped(card, top.id, columns.token, look), group);
    row.right(number::p3(top.ln_p.exp()), from + 2 + columns.token + 4, Role::Faint);
}

fn kl(nats: f32, look: &Look) -> String {
    if nats.is_nan() { "nan".into() } else { number::entropy4(nats, look.units) }
}

/// Who has original's top token.
fn verdict(trace: &StepTrace, index: usize, lens: &LensRow) -> &'static str {
    let top = |row: usize| trace.exits.get(row)?.top.first().map(|top| top.id);
    let original = top(0);
    match (top(index) == original, Some(lens.top.id) == original) {
        (true, true) => "both",
        (true, false) => "head only",
        (false, true) => "lens only",
        (false, false) => "neither",
    }
}

#[cfg(test)]
mod tests {
    use super::Columns;

    #[test]
    fn columns_never_leave_the_window() {
        for width in 60..=240 {
            let columns = Columns::of(width);
            assert!(columns.end() <= width, "{width}: {}", columns.end());
        }
        assert!(Columns::of(80).more && !Columns::of(60).more);
    }
}
