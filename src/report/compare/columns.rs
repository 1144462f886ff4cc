//! Texts beside each other, or one after the other where the terminal is too narrow.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::{Compared, text};
use crate::session::protocol::ModelCard;

/// What stands between two columns.
const BETWEEN: &str = " │ ";
/// Narrower columns are hard to read.
const NARROWEST: usize = 30;
/// Where the prompt ends, and before the first token that lane 1 has not.
const BOUNDARY: char = '┊';
const DIFFERS: char = '≠';

/// The texts side by side in so many cells; `None` if these are too few.
#[must_use]
pub fn columns(all: &[Compared], card: &ModelCard, width: usize) -> Option<String> {
    let between = BETWEEN.width() * all.len().saturating_sub(1);
    let column = width.checked_sub(between)? / all.len().max(1);
    if column < NARROWEST {
        return None;
    }
    let texts: Vec<Vec<String>> = all.iter().enumerate().map(|(n, one)| lines(n, one, card, column)).collect();
    let rows = texts.iter().map(Vec::len).max().unwrap_or(0);
    let cell = |lines: &Vec<String>, row: usize| {
        let text = lines.get(row).map_or("", String::as_str);
        format!("{text}{}", " ".repeat(column.saturating_sub(text.width())))
    };
    let row = |row: usize| {
        let cells: Vec<String> = texts.iter().map(|lines| cell(lines, row)).collect();
        format!("{}\n", cells.join(BETWEEN).trim_end())
    };
    Some((0..rows).map(row).collect())
}

/// The texts one after the other.
#[must_use]
pub fn lists(all: &[Compared], card: &ModelCard, width: usize) -> String {
    let blocks = all.iter().enumerate().map(|(n, one)| lines(n, one, card, width.max(NARROWEST)).join("\n") + "\n");
    blocks.collect::<Vec<String>>().join("\n")
}

/// A lane's name and its text, broken to a width.
fn lines(n: usize, one: &Compared, card: &ModelCard, width: usize) -> Vec<String> {
    let (lane, end) = (&one.lane, one.lane.text.len());
    let split = one.first_difference.unwrap_or(end).clamp(lane.prompt, end);
    let (prompt, shared, own) = (&lane.text[..lane.prompt], &lane.text[lane.prompt..split], &lane.text[split..]);
    let mut whole = format!("{}{BOUNDARY}{}", text(prompt, card), text(shared, card));
    if one.first_difference.is_some() {
        whole.push(DIFFERS);
    }
    whole += &text(own, card);
    let name: String = format!("{} {}", n + 1, one.name).chars().take(width).collect();
    let mut lines = vec![name, String::new()];
    lines.extend(whole.lines().flat_map(|line| broken(line, width)));
    lines
}

/// A line broken after blanks, or where a word is longer than the width. What a terminal would obey is written out.
pub(super) fn broken(line: &str, width: usize) -> Vec<String> {
    let plain: String =
        line.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect();
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in plain.split_inclusive(' ') {
        let fits = used + word.trim_end().width() <= width;
        if !fits && used > 0 {
            lines.push(String::new());
            used = 0;
        }
        for sign in word.graphemes(true) {
            if used + sign.width() > width {
                // A blank at the edge is none at the start of the next line.
                if sign == " " {
                    continue;
                }
                lines.push(String::new());
                used = 0;
            }
            used += sign.width();
            if let Some(last) = lines.last_mut() {
                last.push_str(sign);
            }
        }
    }
    lines.into_iter().map(|line| line.trim_end().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::broken;

    #[test]
    fn lines_break_after_blanks_and_never_leave_their_width() {
        assert_eq!(broken("had a great fall", 9), ["had a", "great", "fall"]);
        assert_eq!(broken("a wall, unbelievable", 8), ["a wall,", "unbeliev", "able"]);
        assert_eq!(broken("", 8), [""]);
        assert_eq!(broken("\x1b[2J日本語日本語", 8), ["\\u{1b}[2", "J日本語", "日本語"]);
        for width in 2..20 {
            let lines = broken("日本 humpty dumpty  sat\ton a wall 👍🏻 and", width);
            assert!(lines.iter().all(|line| line.width() <= width), "{width}: {lines:?}");
        }
    }
}
