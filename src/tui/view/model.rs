//! The model's panel: what the file is, and whether this machine computes it as it must.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};
use unicode_width::UnicodeWidthStr;

use crate::tui::{
    row::{Look, Row, line_of},
    state::State,
    theme::Role,
};

/// Where sentences begin.
const INDENT: usize = 14;

/// Draws what is in the frame.
pub(super) fn draw(state: &State, look: &Look, area: Rect, buf: &mut Buffer) {
    let Some(card) = &state.card else { return };
    let width = usize::from(area.width).saturating_sub(INDENT + 1);
    let mut lines: Vec<(String, String, Role)> = Vec::new();
    for (name, says) in &card.about {
        for (n, part) in wrapped(says, width).into_iter().enumerate() {
            lines.push((if n == 0 { name.clone() } else { String::new() }, part, Role::Plain));
        }
    }
    lines.push((String::new(), String::new(), Role::Plain));
    match &state.asking.checked {
        None if state.stopped.is_some() => {
            lines.push(("self-check".into(), "not made: the engine has stopped".into(), Role::Warn));
        }
        None => lines.push(("self-check".into(), "running".into(), Role::Faint)),
        Some(checks) => {
            for check in checks.iter() {
                let (name, role) = if check.passed { ("passed", Role::Plain) } else { ("FAILED", Role::Warn) };
                for (n, part) in wrapped(&format!("{}: {}", check.what, check.found), width).into_iter().enumerate() {
                    lines.push((if n == 0 { name.into() } else { String::new() }, part, role));
                }
            }
        }
    }
    // Of a file with much to say the beginning goes: the self-check is what was asked for.
    let room = usize::from(area.height).saturating_sub(1);
    let hidden = lines.len().saturating_sub(room);
    for (n, (name, says, role)) in lines.into_iter().skip(hidden).enumerate() {
        let mut row = Row::new(look);
        row.put(format!(" {name}"), Role::Faint).to(INDENT).put(look.marks.sentence(&says), role);
        if let Some(area) = line_of(area, n) {
            row.draw(area, buf, Style::default());
        }
    }
    let mut row = Row::new(look);
    row.put(" Esc close", Role::Faint);
    if let Some(area) = line_of(area, room) {
        row.draw(area, buf, Style::default());
    }
}

/// A sentence in lines of a width, broken between words.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.len() - 1;
        if !lines[last].is_empty() && lines[last].width() + 1 + word.width() > width {
            lines.push(word.to_owned());
        } else {
            let between = if lines[last].is_empty() { "" } else { " " };
            lines[last] += &format!("{between}{word}");
        }
    }
    lines
}
