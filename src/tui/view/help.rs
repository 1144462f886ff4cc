//! The help: what the marks mean, then the keys, from the one table.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use crate::tui::{
    keymap::TABLE,
    row::{Look, Row, line_of},
    theme::Role,
};

/// Draws over the body. In a wide window keys stand beside the marks, else below them as far as there is room.
pub(super) fn draw(look: &Look, area: Rect, buf: &mut Buffer) {
    let marks = marks(look);
    let two = area.width >= 120;
    for (n, (sign, meaning)) in marks.iter().enumerate() {
        let mut row = Row::new(look);
        row.put(" ", Role::Plain).put(sign.clone(), Role::Strong).to(11).put(meaning.clone(), Role::Plain);
        put(row, n, area, buf);
    }
    let half = 76;
    let keys_area = if two {
        Rect { x: area.x + half, width: area.width - half, ..area }
    } else {
        let used = u16::try_from(marks.len() + 1).unwrap_or(0).min(area.height);
        Rect { y: area.y + used, height: area.height - used, ..area }
    };
    let keys = keys(look);
    // Two columns where the rows do not suffice.
    let per_column = if two { keys.len() } else { keys.len().div_ceil(2) };
    for n in 0..per_column {
        let mut row = Row::new(look);
        for (column, (shown, does)) in [keys.get(n), keys.get(n + per_column)].into_iter().flatten().enumerate() {
            let start = column * usize::from(keys_area.width) / 2;
            let room = if two { usize::MAX } else { usize::from(keys_area.width) / 2 - 13 };
            row.to(start).put(" ", Role::Plain).put(shown.clone(), Role::Strong).to(start + 12);
            row.put(crate::tui::token_text::clip(does, room, &look.marks), Role::Plain);
        }
        put(row, n, keys_area, buf);
    }
}

fn put(row: Row<'_>, n: usize, area: Rect, buf: &mut Buffer) {
    if let Some(area) = line_of(area, n) {
        row.draw(area, buf, Style::default());
    }
}

fn keys(look: &Look) -> Vec<(String, String)> {
    let shown = |text: &str| {
        if look.marks.ascii {
            text.replace('←', "left").replace('→', "right").replace('↑', "up").replace('↓', "down")
        } else {
            text.to_owned()
        }
    };
    let does = |text: &str| text.replace('α', look.marks.alpha);
    TABLE.iter().map(|binding| (shown(binding.shown), does(binding.does))).collect()
}

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
