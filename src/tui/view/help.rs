//! The help: what the marks mean, then the keys, from the one table.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use crate::tui::{
    keymap::{Binding, TABLE},
    row::{Look, Row, line_of},
    theme::Role,
};

/// Cells of a column of keys.
const COLUMN: usize = 40;
/// Cells of the keys themselves.
const KEYS: usize = 13;

/// How many pages the help has in an area.
pub(crate) fn pages(width: usize, height: usize) -> usize {
    let columns = (width / COLUMN).max(1);
    let first = columns * height.saturating_sub(MARKS + 1);
    let rest = TABLE.len().saturating_sub(first);
    1 + rest.div_ceil((columns * height).max(1))
}

/// Draws a page (from 1) over the body: on the first the marks, then the keys from the one table, as many as fit.
pub(super) fn draw(look: &Look, page: usize, area: Rect, buf: &mut Buffer) {
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    let columns = (width / COLUMN).max(1);
    let first = columns * height.saturating_sub(MARKS + 1);
    let mut area = area;
    if page == 1 {
        for (n, (sign, meaning)) in marks(look).into_iter().enumerate() {
            let mut row = Row::new(look);
            row.put(" ", Role::Plain).put(sign, Role::Strong).to(KEYS).put(meaning, Role::Plain);
            put(row, n, area, buf);
        }
        let used = u16::try_from(MARKS + 1).unwrap_or(0).min(area.height);
        area = Rect { y: area.y + used, height: area.height - used, ..area };
    }
    let keys = keys(look);
    let rows = usize::from(area.height);
    let start = if page == 1 { 0 } else { first + (page - 2) * columns * rows };
    for n in 0..rows {
        let mut row = Row::new(look);
        for column in 0..columns {
            let Some((shown, does)) = keys.get(start + column * rows + n) else { continue };
            let x = column * COLUMN;
            row.to(x).put(" ", Role::Plain).put(shown.clone(), Role::Strong).to(x + KEYS);
            row.put(crate::tui::token_text::clip(does, COLUMN - KEYS - 1, &look.marks), Role::Plain);
        }
        put(row, n, area, buf);
    }
}

fn put(row: Row<'_>, n: usize, area: Rect, buf: &mut Buffer) {
    if let Some(area) = line_of(area, n) {
        row.draw(area, buf, Style::default());
    }
}

fn keys(look: &Look) -> Vec<(String, String)> {
    TABLE.iter().map(|binding| words(binding, look)).collect()
}

/// Keys and meaning of a row of the table, in the signs that the terminal shows.
pub(super) fn words(binding: &Binding, look: &Look) -> (String, String) {
    let mut shown = binding.shown.to_owned();
    if look.marks.ascii {
        shown = shown.replace('←', "left").replace('→', "right").replace('↑', "up").replace('↓', "down");
    }
    (shown, binding.does.replace('α', look.marks.alpha))
}

/// Lines of [`marks`].
const MARKS: usize = 8;

fn marks(look: &Look) -> Vec<(String, String)> {
    let m = &look.marks;
    let pair = |sign: String, meaning: &str| (sign, meaning.to_owned());
    vec![
        pair("position".into(), "p: how the token at p is chosen, from those before it"),
        pair("exit k".into(), "the model read out after block k; original: its own output"),
        pair(format!("{}", m.token), "the token in the text; at the end, the one that Space takes"),
        pair(format!("{} {}", m.decided, m.settled), "the exit that decided: from it upwards the top token stays"),
        pair("a b c".into(), "letters name the distinct top tokens; a is original's"),
        pair(format!("E A  {}", m.changed), "expert, amateur; the contrast changed the choice"),
        pair("~".into(), "the present decoding would take another token than the text has"),
        pair(format!("H KL {}", m.tau), "entropy, KL(original || exit), nats; threshold of plausibility"),
    ]
}
