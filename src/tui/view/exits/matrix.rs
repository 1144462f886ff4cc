//! Exits against exits: how often their top tokens are the same, and where the two under the cursor differ.

use std::ops::Range;

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::differences;
use crate::{
    session::{
        agreement::{Agreement, tens, upright},
        protocol::ModelCard,
    },
    tui::{
        exits::differ,
        hits::{Hit, Target},
        row::{Look, Row, line_of, split_columns, split_rows, window},
        state::State,
        theme::{Role, Theme},
        view::{TEXT_ROWS, name, scores, table, text, verdict},
    },
};

/// Cells of the exits' names.
const GUTTER: usize = 7;
/// Cells of a column, the first that fits: a percentage, its tens with a blank, its tens.
const CELLS: [usize; 3] = [4, 2, 1];
/// Windows of fewer rows show no text, which would leave too few exits.
const HIGH: u16 = 19;

/// What of the exits fits.
struct Places {
    rows: Range<usize>,
    columns: Range<usize>,
    cell: usize,
}

impl Places {
    fn of(state: &State, count: usize, area: Rect) -> Self {
        let (cell, room) = cell(count, area);
        let height = usize::from(area.height).saturating_sub(head_rows(cell));
        Self {
            rows: window(count, height, state.row),
            columns: window(count, room / cell, state.exits.matrix.column),
            cell,
        }
    }

    fn width(&self) -> usize {
        GUTTER + self.columns.len() * self.cell
    }
}

/// Cells of a column, and of all of them.
fn cell(count: usize, area: Rect) -> (usize, usize) {
    let room = usize::from(area.width).saturating_sub(GUTTER + 1);
    (CELLS.into_iter().find(|cell| count * cell <= room).unwrap_or(1), room)
}

/// Names stand upright where a column is narrower than they are.
fn head_rows(cell: usize) -> usize {
    if cell == CELLS[0] { 1 } else { 2 }
}

/// Draws the page.
pub(super) fn draw(state: &State, look: &Look, lines: usize, area: Rect, buf: &mut Buffer) {
    let Some(card) = &state.card else { return };
    let known = (1..state.text.len()).filter_map(|position| state.trace(position));
    let agreement = Agreement::of(&card.exits, known.map(|trace| &**trace));
    let (head, rest) = split_rows(area, 1);
    let digits = cell(card.exits.len(), area).0 < CELLS[0];
    verdict::rule(heading(state, &agreement, digits, look), look, head, buf);
    let (above, rest) = split_rows(rest, if area.height < HIGH { 0 } else { lines * TEXT_ROWS });
    text::draw_differences(state, look, above, buf);
    let (rule, rest) = split_rows(rest, 1);
    verdict::rule(pair(state, card, &agreement, look), look, rule, buf);
    let places = Places::of(state, card.exits.len(), rest);
    let (left, right) = split_columns(rest, places.width());
    draw_cells(state, card, look, (&agreement, &places), left, buf);
    differences::draw(state, card, look, right, buf);
}

fn heading(state: &State, agreement: &Agreement, digits: bool, look: &Look) -> Vec<(String, Role)> {
    let cells = if digits {
        "exits with the same top token: 9 from 90 % on, X always"
    } else {
        "exits with the same top token, %"
    };
    let unread = (state.text.len().saturating_sub(1)).saturating_sub(agreement.positions);
    let tokens = match unread {
        0 => format!("{} tokens of the text", agreement.positions),
        _ => format!("{} tokens of the text, {unread} still to be read", agreement.positions),
    };
    let (same, other) = (look.marks.height(0), look.marks.height(7));
    vec![
        (cells.into(), Role::Strong),
        (tokens, Role::Plain),
        (format!("ribbon: {same}same {other}another top token"), Role::Faint),
    ]
}

/// What the two exits under the cursor come to.
fn pair(state: &State, card: &ModelCard, agreement: &Agreement, look: &Look) -> Vec<(String, Role)> {
    let places = [state.row, state.exits.matrix.column];
    let [Some(row), Some(column)] = places.map(|at| card.exits.get(at).copied()) else { return Vec::new() };
    let (same, n) = (agreement.same(places[0], places[1]), agreement.positions);
    let share =
        if n == 0 { String::new() } else { format!(": {:.1} %, {same} of {n}", 100.0 * same as f64 / n as f64) };
    let mut parts = vec![(format!("{} and {}{share}", name::exit(row), name::exit(column)), Role::Strong)];
    if let Some(tops) = differ(state, state.position) {
        let [a, b] = tops.map(|id| name::clipped(card, id, 10, look));
        parts.push((format!("{}: {a} / {b}", state.position), Role::Plain));
    }
    parts
}

fn draw_cells(
    state: &State,
    card: &ModelCard,
    look: &Look,
    (agreement, places): (&Agreement, &Places),
    area: Rect,
    buf: &mut Buffer,
) {
    let (head, body) = split_rows(area, head_rows(places.cell));
    draw_head(state, card, look, places, head, buf);
    for (n, at) in places.rows.clone().enumerate() {
        let Some(area) = line_of(body, n) else { return };
        let mut row = Row::new(look);
        table::label(&mut row, state, card, at);
        row.to(GUTTER);
        for column in places.columns.clone() {
            put(&mut row, look, (agreement, at, column), places.cell);
        }
        row.draw(area, buf, Style::default());
        let (name, cells) = split_columns(area, GUTTER);
        look.hit(Hit::one(name, Target::Exit(at)));
        look.hit(Hit::row(cells, Target::Pair { expert: at, amateur: places.columns.start }, places.cell));
        let column = state.exits.matrix.column;
        if at == state.row && places.columns.contains(&column) {
            let (_, from) = split_columns(cells, (column - places.columns.start) * places.cell);
            buf.set_style(split_columns(from, places.cell).0, Theme::cursor());
        }
    }
}

/// The names over the columns, upright where they are wider than these.
fn draw_head(state: &State, card: &ModelCard, look: &Look, places: &Places, area: Rect, buf: &mut Buffer) {
    let (expert, amateur) = scores::pair(state);
    for line in 0..head_rows(places.cell) {
        let Some(area) = line_of(area, line) else { return };
        let mut row = Row::new(look);
        row.to(GUTTER);
        for column in places.columns.clone() {
            let exit = card.exits[column];
            let role = match exit {
                _ if column == state.exits.matrix.column => Role::Strong,
                exit if exit == expert => Role::Expert,
                exit if exit == amateur => Role::Amateur,
                _ => Role::Faint,
            };
            let end = row.width() + places.cell;
            let text = match places.cell {
                cell if cell == CELLS[0] => name::short(exit),
                _ => upright(&exit.to_string(), line).into(),
            };
            row.right(text, end - usize::from(places.cell == 2), role).to(end);
        }
        row.draw(area, buf, Style::default());
    }
}

/// A cell on the ground of its share.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 100, or a level")]
fn put(row: &mut Row<'_>, look: &Look, (agreement, at, column): (&Agreement, usize, usize), cell: usize) {
    let share = agreement.share(at, column);
    if share.is_nan() {
        let end = row.width() + cell;
        row.right(look.marks.waiting.to_string(), end, Role::Faint);
        return;
    }
    let level = (share * 7.0).round() as usize;
    let role = if at == column { Role::Faint } else { Role::Plain };
    // Rounded, but for what is not always so.
    let percent = (100.0 * share).round().min(if share < 1.0 { 99.0 } else { 100.0_f64 }) as usize;
    let text = if cell < CELLS[0] { format!("{:<cell$}", tens(share)) } else { format!("{percent:>4}") };
    row.styled(text, look.theme.on_level(role, Some(level)));
}
