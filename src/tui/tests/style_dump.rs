//! A screen as text with its attributes, for snapshots: what is bold, faint, underlined, reversed and coloured can be
//! read, and shows in a diff.
//!
//! Under each line of text that has any stands `~` with one sign a cell for the attributes, then `@` with one for the
//! colours; the signs of the colours are explained at the end.

use std::collections::BTreeMap;

use ratatui::{
    buffer::{Buffer, Cell},
    style::{Color, Modifier, Style},
};
use unicode_width::UnicodeWidthStr;

/// Signs of attributes, the strongest first; reversed ones are the capital twins.
const SIGNS: [(Modifier, char, char); 3] =
    [(Modifier::BOLD, 'b', 'B'), (Modifier::UNDERLINED, 'u', 'U'), (Modifier::DIM, 'f', 'F')];

/// The screen's lines with their attributes and colours.
pub(crate) fn style_dump(buf: &Buffer) -> String {
    let mut colours = BTreeMap::new();
    let mut next = ('a'..='z').chain('A'..='Z').chain('0'..='9');
    let mut sign = |colour: String| *colours.entry(colour).or_insert_with(|| next.next().unwrap_or('?'));
    let mut dump = String::new();
    for y in 0..buf.area.height {
        let (mut text, mut attributes, mut hues) = (String::new(), String::new(), String::new());
        let mut x = 0;
        while x < buf.area.width {
            let cell = &buf[(buf.area.x + x, buf.area.y + y)];
            // The cell behind a wide sign is part of it.
            let cells = cell.symbol().width().max(1);
            text.push_str(cell.symbol());
            attributes.extend(std::iter::repeat_n(attribute(cell), cells));
            hues.extend(std::iter::repeat_n(colour(cell).map_or(' ', &mut sign), cells));
            x += u16::try_from(cells).unwrap_or(1);
        }
        for (head, line) in [(' ', text), ('~', attributes), ('@', hues)] {
            if head == ' ' || !line.trim_end().is_empty() {
                dump.push_str(&format!("{head}{}\n", line.trim_end()).replace(" \n", "\n"));
            }
        }
    }
    let mut legend: Vec<(char, String)> = colours.into_iter().map(|(colour, sign)| (sign, colour)).collect();
    legend.sort_unstable_by_key(|(sign, _)| (!sign.is_lowercase(), !sign.is_uppercase(), *sign));
    dump.extend(legend.into_iter().map(|(sign, colour)| format!("@ {sign} = {colour}\n")));
    dump
}

/// The same screen without its colours: what one sees who sees none.
pub(crate) fn without_colours(buf: &Buffer) -> Buffer {
    let mut grey = buf.clone();
    for cell in &mut grey.content {
        cell.set_style(Style::default().fg(Color::Reset).bg(Color::Reset));
    }
    grey
}

/// `b` bold, `u` underlined, `f` faint, `*` several of them; `r` reversed, and a capital for reversed beside another.
fn attribute(cell: &Cell) -> char {
    let reversed = cell.modifier.contains(Modifier::REVERSED);
    let mut found = SIGNS.iter().filter(|(modifier, ..)| cell.modifier.contains(*modifier));
    match (found.next(), found.next()) {
        (None, _) if reversed => 'r',
        (None, _) => ' ',
        (Some((_, _, capital)), None) if reversed => *capital,
        (Some((_, plain, _)), None) => *plain,
        (Some(_), Some(_)) if reversed => '#',
        (Some(_), Some(_)) => '*',
    }
}

/// The colours of a cell, if it has any.
fn colour(cell: &Cell) -> Option<String> {
    match (cell.fg, cell.bg) {
        (Color::Reset, Color::Reset) => None,
        (fg, Color::Reset) => Some(fg.to_string()),
        (Color::Reset, bg) => Some(format!("on {bg}")),
        (fg, bg) => Some(format!("{fg} on {bg}")),
    }
}

#[cfg(test)]
mod tests {
    use ratatui::{
        buffer::Buffer,
        layout::Rect,
        style::{Color, Modifier, Style},
    };

    use super::{style_dump, without_colours};

    fn sample() -> Buffer {
        let mut buf = Buffer::empty(Rect::new(0, 0, 20, 2));
        buf.set_string(0, 0, " plain", Style::default());
        buf.set_string(7, 0, "bold", Style::default().add_modifier(Modifier::BOLD).fg(Color::Indexed(74)));
        buf.set_string(0, 1, "日本", Style::default().add_modifier(Modifier::REVERSED | Modifier::UNDERLINED));
        buf.set_string(5, 1, "x", Style::default().bg(Color::from_u32(0x0056_B4E9)));
        buf
    }

    #[test]
    fn attributes_and_colours_stand_under_their_cells() {
        let expected =
            "  plain bold\n~       bbbb\n@       aaaa\n 日本 x\n~UUUU\n@     b\n@ a = 74\n@ b = on #56B4E9\n";
        assert_eq!(style_dump(&sample()), expected);
    }

    #[test]
    fn without_colours_the_attributes_stay() {
        assert_eq!(style_dump(&without_colours(&sample())), "  plain bold\n~       bbbb\n 日本 x\n~UUUU\n");
    }
}
