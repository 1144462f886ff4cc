//! The exits' table: one row an exit, original first, then downwards.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::{bar, name, scores};
use crate::{
    session::{
        protocol::ModelCard,
        reading::Reading,
        trace::{ExitId, ExitRow, StepTrace},
    },
    tui::{
        hits::{Hit, Target},
        number::{self, Units},
        row::{Look, Row, line_of},
        state::State,
        theme::{Role, Theme},
    },
};

/// Columns of the table with three candidates of seven cells, and a blank.
pub(super) const WIDTH: u16 = 80;
/// With four candidates of ten.
pub(super) const WIDEST: u16 = 104;
/// Cells of the bar.
const BAR: usize = 6;

/// Where the columns end or begin; they depend on the window's width alone.
struct Columns {
    tokens: usize,
    candidates: usize,
    delta: bool,
    entropy: bool,
    kl: bool,
}

impl Columns {
    /// From 79 down to 60 go, in this order: KL, the third candidate, Δ, H. Above, tokens grow to 10 cells, then a
    /// fourth candidate comes.
    fn of(width: usize) -> Self {
        let full = Self { tokens: 7, candidates: 3, delta: true, entropy: true, kl: true };
        match width {
            104.. => Self { tokens: 10, candidates: 4, ..full },
            80.. => Self { tokens: 7 + ((width - 80) / 3).min(3), ..full },
            79 => full,
            74..79 => Self { kl: false, ..full },
            69..74 => Self { kl: false, candidates: 2, ..full },
            65..69 => Self { kl: false, candidates: 2, delta: false, ..full },
            _ => Self { kl: false, candidates: 2, delta: false, entropy: false, ..full },
        }
    }

    fn bar(&self) -> usize {
        if self.delta { 23 } else { 18 }
    }

    /// The column of the n-th candidate's mark.
    fn candidate(&self, n: usize) -> usize {
        self.bar() + BAR + 1 + n * (self.tokens + 6)
    }

    fn numbers(&self) -> usize {
        self.candidate(self.candidates) - 1
    }
}

/// Draws head and rows.
pub(super) fn draw(state: &State, look: &Look, area: Rect, buf: &mut Buffer) {
    let Some(card) = &state.card else { return };
    let columns = Columns::of(usize::from(area.width));
    let known = state.shown();
    let mut lines = vec![(head(&columns, known.as_ref().map(|(trace, _)| &***trace), card, look), false)];
    let shown = shown_rows(state, card, usize::from(area.height).saturating_sub(1));
    for shown in shown {
        match shown {
            Shown::Skipped(count) => {
                let mut row = Row::new(look);
                row.put(format!("  {} {count} more", look.marks.boundary), Role::Faint);
                lines.push((row, false));
            }
            Shown::Exit(index) => {
                let known = known.as_ref().map(|(trace, reading)| (&***trace, reading));
                if let Some(line) = line_of(area, lines.len()) {
                    look.hit(Hit::one(line, Target::Exit(index)));
                }
                lines.push((exit_row(state, card, index, known, &columns, look), index == state.row));
            }
        }
    }
    for (n, (row, is_cursor)) in lines.into_iter().enumerate() {
        if let Some(area) = line_of(area, n) {
            row.draw(area, buf, if is_cursor { Theme::cursor() } else { Style::default() });
        }
    }
}

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    Exit(usize),
    Skipped(usize),
}

/// Which exits fit: a table that is too long keeps original, expert, amateur, the lowest, and the cursor's neighbours.
pub(super) fn shown_rows(state: &State, card: &ModelCard, height: usize) -> Vec<Shown> {
    let count = card.exits.len();
    if count <= height {
        return (0..count).map(Shown::Exit).collect();
    }
    let place = |exit: ExitId| card.exits.iter().position(|e| *e == exit).unwrap_or(0);
    let mut kept = vec![0, count - 1, place(state.pair.expert), place(state.pair.amateur), state.row];
    kept.sort_unstable();
    kept.dedup();
    let gaps = |kept: &[usize]| kept.windows(2).filter(|pair| pair[1] > pair[0] + 1).count();
    for distance in 1..count {
        for near in [state.row.checked_sub(distance), Some(state.row + distance).filter(|n| *n < count)] {
            let Some(near) = near.filter(|n| !kept.contains(n)) else { continue };
            let mut more = kept.clone();
            more.push(near);
            more.sort_unstable();
            if more.len() + gaps(&more) <= height {
                kept = more;
            }
        }
    }
    let mut shown = Vec::new();
    for (n, index) in kept.iter().enumerate() {
        let before = n.checked_sub(1).map_or(*index, |n| kept[n]);
        if *index > before + 1 {
            shown.push(Shown::Skipped(index - before - 1));
        }
        shown.push(Shown::Exit(*index));
    }
    shown
}

fn head<'l>(columns: &Columns, trace: Option<&StepTrace>, card: &ModelCard, look: &'l Look) -> Row<'l> {
    let mut row = Row::new(look);
    row.put(if card.lens { " lens" } else { " exit" }, Role::Faint).right("rank", 12, Role::Faint);
    if columns.delta {
        row.right(if look.marks.ascii { "d" } else { "Δ" }, 17, Role::Faint);
    }
    let bar = columns.bar();
    row.right("p", bar - 1, Role::Faint).to(bar);
    let room = columns.candidate(0) - bar - 1;
    if let Some(trace) = trace {
        row.put(look.marks.token.to_string(), Role::Token);
        row.put(name::clipped(card, trace.subject, room - 1, look), Role::Strong);
    }
    for (n, label) in ["1st", "2nd", "3rd", "4th"].iter().enumerate().take(columns.candidates) {
        row.to(columns.candidate(n) + 1).put(*label, Role::Faint);
    }
    let numbers = columns.numbers();
    if columns.entropy {
        row.right(if look.units == Units::Nats { "H" } else { "H bits" }, numbers + 5, Role::Faint);
    }
    if columns.kl {
        row.right("KL", numbers + 10, Role::Faint);
    }
    row
}

/// An exit's label in seven cells: the cursor, its name, E or A.
pub(super) fn label(row: &mut Row<'_>, state: &State, card: &ModelCard, index: usize) {
    let Some(exit) = card.exits.get(index).copied() else { return };
    row.put(if index == state.row { ">" } else { " " }, Role::Strong);
    let (expert, amateur) = scores::pair(state);
    let (sign, role) = match exit {
        e if e == expert => ("E", Role::Expert),
        e if e == amateur => ("A", Role::Amateur),
        _ => (" ", Role::Plain),
    };
    row.right(name::short(exit), 5, role).put(sign, role);
}

fn exit_row<'l>(
    state: &State,
    card: &ModelCard,
    index: usize,
    known: Option<(&StepTrace, &Reading)>,
    columns: &Columns,
    look: &'l Look,
) -> Row<'l> {
    let marks = look.marks;
    let mut row = Row::new(look);
    label(&mut row, state, card, index);
    let Some((trace, reading)) = known else {
        // Before the first token nothing is said; elsewhere the answer is under way.
        let sign = if state.position == 0 { marks.missing } else { marks.waiting };
        row.right(sign.to_string(), 12, Role::Faint).right(sign.to_string(), columns.bar() - 1, Role::Faint);
        return row;
    };
    let Some(own) = trace.exits.get(index) else { return row };
    if own.is_absent() {
        row.right(marks.waiting.to_string(), 12, Role::Faint);
        return row;
    }
    if own.is_broken() {
        broken(&mut row, columns);
        return row;
    }
    gutter(&mut row, card, index, trace, reading, look);
    row.right(number::rank3(own.rank), 12, Role::Plain);
    if columns.delta {
        row.right(change(own, trace.exits.get(index + 1), look), 17, Role::Faint);
    }
    let bar = columns.bar();
    row.right(number::p4(own.ln_p.exp()), bar - 1, Role::Plain).to(bar);
    let top = own.top.first().map_or(0.0, |top| top.ln_p.exp());
    draw_bar(&mut row, own.ln_p.exp(), top, look);
    for (n, candidate) in own.top.iter().enumerate().take(columns.candidates) {
        row.to(columns.candidate(n));
        let is_subject = candidate.id == trace.subject;
        row.put(mark(is_subject, look), if is_subject { Role::Token } else { Role::Plain });
        let role = match reading.lettered.iter().position(|id| *id == candidate.id) {
            Some(letter) => Role::Group(letter),
            None => Role::Plain,
        };
        row.put(name::clipped(card, candidate.id, columns.tokens, look), role);
        row.right(number::p3(candidate.ln_p.exp()), columns.candidate(n) + columns.tokens + 5, Role::Faint);
    }
    let numbers = columns.numbers();
    if columns.entropy {
        row.right(number::entropy4(own.entropy, look.units), numbers + 5, Role::Plain);
    }
    if columns.kl && own.exit != ExitId::Original {
        row.right(number::entropy4(own.kl, look.units), numbers + 10, Role::Plain);
    }
    row
}

/// An exit whose numbers are not finite.
fn broken(row: &mut Row<'_>, columns: &Columns) {
    row.right("nan", 12, Role::Warn);
    row.right("nan", columns.bar() - 1, Role::Warn);
    for n in 0..columns.candidates {
        row.right("nan", columns.candidate(n) + columns.tokens + 5, Role::Warn);
    }
    if columns.entropy {
        row.right("nan", columns.numbers() + 5, Role::Warn);
    }
    if columns.kl {
        row.right("nan", columns.numbers() + 10, Role::Warn);
    }
}

/// Settled or deciding, and the letter of the exit's top token.
pub(super) fn gutter(
    row: &mut Row<'_>,
    card: &ModelCard,
    index: usize,
    trace: &StepTrace,
    reading: &Reading,
    look: &Look,
) {
    let decided = card.exits.iter().position(|exit| *exit == reading.decided).unwrap_or(0);
    let sign = match index {
        // While rows are still to come nothing is said of them.
        _ if trace.is_partial() => ' ',
        index if index < decided => look.marks.settled,
        index if index == decided => look.marks.decided,
        _ => ' ',
    };
    row.put(sign.to_string(), if index == decided { Role::Strong } else { Role::Faint });
    let letter = trace.exits[index].top.first().and_then(|top| Some((reading.letter(top.id)?, top.id)));
    let group = |id| reading.lettered.iter().position(|other| *other == id).unwrap_or(0);
    match letter {
        Some((letter, id)) => row.put(letter.to_string(), Role::Group(group(id))),
        None => row.put(" ", Role::Plain),
    };
}

/// The subject's mark, or a blank.
pub(super) fn mark(is_subject: bool, look: &Look) -> String {
    if is_subject { look.marks.token } else { ' ' }.to_string()
}

/// How far the subject has moved against the exit below.
fn change(own: &ExitRow, below: Option<&ExitRow>, look: &Look) -> String {
    let Some(below) = below.filter(|below| !below.is_absent() && !below.is_broken()) else { return String::new() };
    match below.rank.cmp(&own.rank) {
        std::cmp::Ordering::Equal => "=".into(),
        std::cmp::Ordering::Greater => format!("{}{}", look.marks.up, number::rank3(below.rank - own.rank)),
        std::cmp::Ordering::Less => format!("{}{}", look.marks.down, number::rank3(own.rank - below.rank)),
    }
}

/// Solid up to the subject's p, then shaded up to the top token's.
fn draw_bar(row: &mut Row<'_>, p: f32, top: f32, look: &Look) {
    let solid = bar(p, BAR, &look.marks);
    let all = bar(top, BAR, &look.marks).chars().count();
    let shade = all.saturating_sub(solid.chars().count());
    row.put(solid, Role::Plain);
    row.put(look.marks.shade.to_string().repeat(shade), Role::Faint);
}

#[cfg(test)]
mod tests {
    use super::Columns;

    #[test]
    fn columns_never_leave_the_window() {
        for width in 60..=240 {
            let columns = Columns::of(width);
            let end = columns.numbers()
                + if columns.kl {
                    10
                } else if columns.entropy {
                    5
                } else {
                    0
                };
            assert!(end <= width, "{width}: {end}");
        }
        let columns = Columns::of(80);
        assert_eq!((columns.candidate(0), columns.candidate(1), columns.numbers()), (30, 43, 68));
    }
}
