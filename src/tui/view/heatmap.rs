//! Positions × exits: the top token of every exit at every position, in bands that wrap like text.

mod cells;
pub(super) mod inspector;

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use crate::session::reading::Reading;
use crate::tui::{
    hits::{Hit, Target},
    row::{Look, Row, line_of, split_columns},
    state::{CELL_WIDTHS, Heatmap, Measure, State},
    theme::{Role, Theme},
};

/// Cells of the exits' names.
const GUTTER: usize = 7;

/// Index of the strip's cell width.
const STRIP_WIDTH: usize = 3;

/// How many tokens the strip of a window has.
pub(in crate::tui) fn strip_columns(window: u16) -> usize {
    (usize::from(window).saturating_sub(GUTTER) / CELL_WIDTHS[STRIP_WIDTH]).max(1)
}

/// A band: some positions over some exits.
struct Band {
    from: usize,
    to: usize,
}

/// Draws the legend, the bands around the cursor, and the cell under it in full.
pub(super) fn draw(state: &State, look: &Look, area: Rect, buf: &mut Buffer) {
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    let Some(card) = &state.card else { return };
    let room = height.saturating_sub(1 + inspector::FEW_ROWS);
    let exits = card.exits.len().min(room.saturating_sub(1));
    let columns = (width.saturating_sub(GUTTER) / CELL_WIDTHS[state.heatmap.width]).max(1);
    let bands = (room / (exits + 2)).max(1);
    // What the bands leave, the inspector may have.
    let below = height.saturating_sub(1 + bands * (exits + 2)).clamp(inspector::FEW_ROWS, inspector::ROWS);
    legend(state, look, area, buf);
    // The cursor's band is among them, and as many of those before it as fit; where it is the first, those after it.
    let own = state.position / columns;
    let last = state.open_slot() / columns;
    let first = (own + 1).saturating_sub(bands);
    for (n, index) in (first..=last).take(bands).enumerate() {
        let band = Band { from: index * columns, to: ((index + 1) * columns).min(state.open_slot() + 1) };
        let top = u16::try_from(1 + n * (exits + 2)).unwrap_or(u16::MAX).min(area.height);
        let rows = Rect { y: area.y + top, height: area.height - top, ..area };
        draw_band(state, look, &state.heatmap, (&band, exits), rows, buf);
    }
    let shown = (first * columns, ((first + bands) * columns).min(state.open_slot() + 1));
    let top = u16::try_from(height - below.min(height)).unwrap_or(0);
    let inspected = Rect { y: area.y + top, height: area.height - top, ..area };
    let mut out = out(shown, state.open_slot(), card.exits.len() - exits);
    // In the blank row between bands and inspector, if there is one.
    let drawn = 1 + (first..=last).take(bands).count() * (exits + 2);
    if drawn <= usize::from(top)
        && let Some(area) = line_of(area, drawn - 1)
    {
        let mut row = Row::new(look);
        row.put(format!(" {}", out.take().unwrap_or_default()), Role::Faint);
        row.draw(area, buf, Style::default());
    }
    inspector::draw(state, look, out, inspected, buf);
}

/// What is not on the screen: positions before and after the shown ones, exits below.
fn out(shown: (usize, usize), slot: usize, exits: usize) -> Option<String> {
    let mut out = Vec::new();
    if shown.0 > 0 {
        out.push(format!("0 to {} above", shown.0 - 1));
    }
    if shown.1 <= slot {
        out.push(format!("{} to {slot} below", shown.1));
    }
    if exits > 0 {
        out.push(format!("{exits} lower exits hidden"));
    }
    (!out.is_empty()).then(|| out.join(", "))
}

/// Draws head and exits of a band; low exits are left out where rows are few.
fn draw_band(state: &State, look: &Look, heat: &Heatmap, (band, exits): (&Band, usize), area: Rect, buf: &mut Buffer) {
    let Some(card) = &state.card else { return };
    let width = CELL_WIDTHS[heat.width];
    let mut head = Row::new(look);
    head.right(band.from.to_string(), GUTTER - 2, Role::Faint).to(GUTTER);
    for position in band.from..band.to {
        cells::head(&mut head, state, position, width, look);
    }
    if let Some(area) = line_of(area, 0) {
        head.draw(area, buf, Style::default());
        look.hit(Hit::row(cells_of(band, width, area), Target::Position(band.from), width));
        reverse(state, band, width, area, buf);
    }
    // Once a column, not once a cell: a map has thirteen thousand of them.
    let read = |position| state.seen(position).map(|trace| (&**trace, Reading::of(trace)));
    let columns: Vec<_> = (band.from..band.to).map(read).collect();
    for index in 0..exits {
        let Some(area) = line_of(area, 1 + index) else { break };
        let mut row = Row::new(look);
        super::table::label(&mut row, state, card, index);
        row.to(GUTTER);
        for (position, known) in (band.from..band.to).zip(&columns) {
            if position == 0 {
                let sign = if index == 0 { look.marks.missing } else { ' ' };
                row.to(GUTTER + usize::from(width > 3)).put(sign.to_string(), Role::Faint).to(GUTTER + width);
                continue;
            }
            let known = known.as_ref().map(|(trace, reading)| (*trace, reading));
            let cell = known.and_then(|known| cells::cell(card, known, index, (heat, look)));
            cells::put(&mut row, cell.as_ref(), width, look);
        }
        row.draw(area, buf, Style::default());
        look.hit(Hit::one(split_columns(area, GUTTER).0, Target::Exit(index)));
        look.hit(Hit::row(cells_of(band, width, area), Target::Cell { position: band.from, row: index }, width));
        if index == state.row {
            reverse(state, band, width, area, buf);
        }
    }
}

/// The cells of a band in one of its rows.
fn cells_of(band: &Band, width: usize, row: Rect) -> Rect {
    split_columns(split_columns(row, GUTTER).1, (band.to - band.from) * width).0
}

/// Lays the cursor over its column in a row.
fn reverse(state: &State, band: &Band, width: usize, area: Rect, buf: &mut Buffer) {
    if (band.from..band.to).contains(&state.position) {
        let start = GUTTER + (state.position - band.from) * width;
        let cells = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
        let cell = Rect { x: area.x.saturating_add(cells(start)), width: cells(width), ..area };
        buf.set_style(cell.intersection(area), Theme::cursor());
    }
}

fn legend(state: &State, look: &Look, area: Rect, buf: &mut Buffer) {
    let marks = &look.marks;
    let words = [
        "cell: the exit's top token".to_owned(),
        format!("{} as in the text", marks.token),
        format!("{} like above, right  {} like above, wrong", marks.alive, marks.settled),
        match state.heatmap.measure {
            Measure::Token => format!("{}.1 {}.5 {}1 p of that", marks.height(0), marks.height(3), marks.height(7)),
            measure => cells::levels(measure, marks, look.units),
        },
    ];
    rule(&words, look, area, buf);
}

/// A rule with words in it, as many as fit; the last comes before those in the middle.
fn rule(words: &[String], look: &Look, area: Rect, buf: &mut Buffer) {
    use unicode_width::UnicodeWidthStr;
    let width = usize::from(area.width);
    let mut kept: Vec<&String> = words.iter().collect();
    while kept.len() > 1 && kept.iter().map(|word| word.width() + 4).sum::<usize>() > width + 2 {
        kept.remove(kept.len() / 2);
    }
    let mut row = Row::new(look);
    row.rule(1);
    for (n, word) in kept.into_iter().enumerate() {
        if n > 0 {
            row.put(" ", Role::Plain).dash(2);
        }
        row.put(format!(" {word}"), Role::Faint);
    }
    row.put(" ", Role::Plain).rule(width);
    if let Some(area) = line_of(area, 0) {
        row.draw(area, buf, Style::default());
    }
}

/// The strip below the table of Explore: one band around the cursor, eight cells a token.
pub(super) fn strip(state: &State, look: &Look, area: Rect, buf: &mut Buffer) {
    let Some(card) = &state.card else { return };
    if area.height < 5 {
        return;
    }
    let marks = &look.marks;
    let words = [
        format!("exits {} tokens", marks.times),
        format!("{} top token is the one in the text", marks.token),
        format!("{} same as above  {} same, another", marks.alive, marks.settled),
        match state.heatmap.measure {
            Measure::Token => {
                let between = if marks.ascii { " " } else { "" };
                let levels = [0, 4, 7].map(|n| marks.levels[n].to_string()).join(between);
                format!("{levels} p of the text's token")
            }
            measure => cells::levels(measure, marks, look.units),
        },
    ];
    rule(&words, look, area, buf);
    let mut own = state.heatmap;
    own.width = STRIP_WIDTH;
    let columns = strip_columns(area.width);
    let from = state.heatmap.strip_from(state.position, state.open_slot(), columns);
    let band = Band { from, to: (from + columns).min(state.open_slot() + 1) };
    let exits = card.exits.len().min(usize::from(area.height) - 2);
    let rows = Rect { y: area.y + 1, height: area.height - 1, ..area };
    draw_band(state, look, &own, (&band, exits), rows, buf);
}
