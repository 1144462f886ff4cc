//! Tokens as text: exactly, with nothing that a terminal would swallow or obey.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::marks::Marks;

/// One token alone, as it stands in a table: spaces and line ends made visible, lone parts of characters as bytes.
pub(crate) fn exact(bytes: &[u8], special: bool, marks: &Marks) -> String {
    if special {
        let name = String::from_utf8_lossy(bytes);
        let name = name.trim_start_matches("<|").trim_end_matches("|>");
        return marks.special(if name == "endoftext" { "eot" } else { name });
    }
    if bytes.is_empty() {
        return marks.special("pad");
    }
    let mut shown = String::new();
    let spaces = bytes.iter().take_while(|b| **b == b' ').count();
    let rest = if spaces > 3 {
        shown += &format!("{}{}{spaces}", marks.space, marks.times);
        &bytes[spaces..]
    } else {
        bytes
    };
    for chunk in rest.utf8_chunks() {
        chunk.valid().chars().for_each(|c| push(&mut shown, c, marks));
        chunk.invalid().iter().for_each(|b| shown += &format!("\\x{b:02X}"));
    }
    shown
}

fn push(shown: &mut String, c: char, marks: &Marks) {
    match c {
        ' ' => shown.push(marks.space),
        '\n' => *shown += marks.newline,
        '\t' => *shown += marks.tab,
        c if c == marks.space || (!marks.ascii && matches!(c, '⏎' | '⇥' | '«')) => {
            shown.push('\\');
            shown.push(c);
        }
        c => push_visible(shown, c, marks),
    }
}

/// A text that is no token, such as a title or a notice: as it is, with nothing that a terminal would obey.
pub(crate) fn plain(text: &str, marks: &Marks) -> String {
    let mut shown = String::new();
    text.chars().for_each(|c| push_visible(&mut shown, c, marks));
    shown
}

/// A character that is neither space nor line end.
fn push_visible(shown: &mut String, c: char, marks: &Marks) {
    if c.is_control() {
        *shown += &format!("\\x{:02x}", u32::from(c));
    } else if marks.ascii && !c.is_ascii() {
        *shown += &format!("\\u{:04x}", u32::from(c));
    } else if c.width().unwrap_or(0) == 0 {
        *shown += &format!("‹{:x}›", u32::from(c));
    } else {
        shown.push(c);
    }
}

/// Tokens in a row, as they stand in the text: spaces are spaces, a newline shows its sign, a character that is split
/// over tokens is drawn at its last one.
pub(crate) fn flowing<'t>(tokens: impl Iterator<Item = (&'t [u8], bool)>, marks: &Marks) -> Vec<String> {
    let mut pending: Vec<u8> = Vec::new();
    let mut shown: Vec<String> = Vec::new();
    for (bytes, special) in tokens {
        if special {
            let lost = lone(&std::mem::take(&mut pending));
            shown.push(lost + &exact(bytes, true, marks));
            continue;
        }
        pending.extend_from_slice(bytes);
        let mut text = String::new();
        let held = incomplete_tail(&pending);
        let whole: Vec<u8> = pending.drain(..pending.len() - held).collect();
        for chunk in whole.utf8_chunks() {
            for c in chunk.valid().chars() {
                match c {
                    ' ' => text.push(' '),
                    c => push(&mut text, c, marks),
                }
            }
            text += &lone(chunk.invalid());
        }
        shown.push(text);
    }
    if let Some(last) = shown.last_mut() {
        *last += &lone(&pending);
    }
    shown
}

fn lone(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("\\x{b:02X}")).collect()
}

/// How many bytes at the end begin a character that is not complete yet.
fn incomplete_tail(bytes: &[u8]) -> usize {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => bytes.len() - error.valid_up_to(),
        // Something invalid earlier: look at what follows it.
        Err(error) => incomplete_tail(&bytes[error.valid_up_to() + error.error_len().unwrap_or(1)..]),
        Ok(_) => 0,
    }
}

/// How many cells a text takes: counted by what a reader takes for one character, as ratatui draws it. The width of the
/// whole would count some Arabic pairs as one cell, which no grid of cells can draw.
pub(crate) fn cells(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.graphemes(true).map(UnicodeWidthStr::width).sum() }
}

/// Cut at the end to a display width, with a sign where something is missing; never padded.
pub(crate) fn clip(text: &str, width: usize, marks: &Marks) -> String {
    if cells(text) <= width {
        return text.to_owned();
    }
    let mut cut = String::new();
    let mut used = 0;
    for character in text.graphemes(true) {
        let w = character.width();
        if used + w + 1 > width {
            break;
        }
        used += w;
        cut.push_str(character);
    }
    if width > 0 {
        cut.push(marks.clip);
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::{cells, clip, exact, flowing};
    use crate::tui::marks::{ASCII, UNICODE};

    #[test]
    fn tokens_alone_are_exact() {
        let shown = |bytes: &[u8]| exact(bytes, false, &UNICODE);
        assert_eq!(shown(b" the"), "␣the");
        assert_eq!(shown(b"\n\t\x1b"), "⏎⇥\\x1b");
        assert_eq!(shown(b"\xE2\x80"), "\\xE2\\x80");
        assert_eq!(shown("a\u{200d}b".as_bytes()), "a‹200d›b");
        assert_eq!(shown("␣«".as_bytes()), "\\␣\\«");
        assert_eq!(shown(&[b' '; 16]), "␣×16");
        assert_eq!(exact(b"<|endoftext|>", true, &UNICODE), "«eot»");
        assert_eq!(exact("é _".as_bytes(), false, &ASCII), "\\u00e9_\\_");
    }

    #[test]
    fn a_split_character_is_drawn_at_its_last_token() {
        let tokens: [&[u8]; 4] = [b" a\xE2\x80", b"\x94", b"\xFFb", b"\xE2"];
        let shown = flowing(tokens.iter().map(|t| (*t, false)), &UNICODE);
        assert_eq!(shown, [" a", "—", "\\xFFb", "\\xE2"]);
    }

    #[test]
    fn clipping_counts_cells() {
        assert_eq!(clip("␣great", 7, &UNICODE), "␣great");
        assert_eq!(clip("␣greatest", 7, &UNICODE), "␣great…");
        assert_eq!(clip("日本語", 4, &UNICODE), "日…");
        assert_eq!(clip("abc", 0, &UNICODE), "");
        assert_eq!(clip("👍🏻🇩🇪🇫🇷", 5, &UNICODE), "👍🏻🇩🇪…");
        assert_eq!(clip("👍🏻🇩🇪🇫🇷", 4, &UNICODE), "👍🏻…");
        assert_eq!(["لا", "👍🏻", "ｏ", "a␣"].map(cells), [2, 2, 2, 2]);
    }
}
