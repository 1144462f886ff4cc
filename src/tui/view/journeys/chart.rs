//! Lines of letters: each point is its line's letter, and braille dots lead from one to the next.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

/// One line of a chart.
pub(super) struct Line {
    /// The height at each point, 0 at the bottom to 1; `None` where it is not known.
    pub(super) reach: Vec<Option<f32>>,
    pub(super) sign: char,
    pub(super) style: Style,
}

/// Dots of a braille cell, left and right, from the top (Unicode's order of their bits).
const DOTS: [[u32; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
const BLANK: u32 = 0x2800;

/// Draws lines whose points stand at the columns `at`. Where points meet the earlier line's letter is seen. Without
/// `dots` there are points only.
pub(super) fn plot(lines: &[Line], at: &[usize], dots: bool, area: Rect, buf: &mut Buffer) {
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    if width == 0 || height == 0 {
        return;
    }
    // In dots: two columns and four rows a cell.
    let point = |line: &Line, n: usize| {
        let reach = line.reach.get(n).copied().flatten()?;
        let x = at.get(n).filter(|x| **x < width)?;
        Some((2 * x, dot(reach, 4 * height)))
    };
    if dots {
        // The last first, so that the colour of a cell is that of its earliest line.
        let mut cells = vec![(BLANK, Style::default()); width * height];
        for line in lines.iter().rev() {
            for n in 1..at.len() {
                let (Some(from), Some(to)) = (point(line, n - 1), point(line, n)) else { continue };
                for (x, y) in between(from, to) {
                    let cell = &mut cells[y / 4 * width + x / 2];
                    *cell = (cell.0 | DOTS[y % 4][x % 2], line.style);
                }
            }
        }
        for (n, (bits, style)) in cells.into_iter().enumerate().filter(|(_, (bits, _))| *bits != BLANK) {
            let sign = char::from_u32(bits).unwrap_or(' ');
            put(sign, style, (n % width, n / width), area, buf);
        }
    }
    for line in lines.iter().rev() {
        for (x, y) in (0..at.len()).filter_map(|n| point(line, n)) {
            put(line.sign, line.style, (x / 2, y / 4), area, buf);
        }
    }
}

/// The row of a height in a chart of so many rows.
pub(super) fn row_of(reach: f32, rows: usize) -> usize {
    dot(reach, 4 * rows) / 4
}

/// The row of dots, from the top.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the rows")]
fn dot(reach: f32, rows: usize) -> usize {
    let last = rows.saturating_sub(1);
    (((1.0 - reach.clamp(0.0, 1.0)) * last as f32).round() as usize).min(last)
}

/// The dots of a straight line from left to right, each column's share of the way up or down filled.
fn between((x0, y0): (usize, usize), (x1, y1): (usize, usize)) -> Vec<(usize, usize)> {
    let steps = x1.saturating_sub(x0).max(y0.abs_diff(y1)).max(1);
    let along = |from: usize, to: usize, n: usize| {
        // Rounded to the nearest, also downwards.
        let far = from.abs_diff(to) * 2 * n + steps;
        if to >= from { from + far / (2 * steps) } else { from - far / (2 * steps) }
    };
    (0..=steps).map(|n| (along(x0, x1, n), along(y0, y1, n))).collect()
}

fn put(sign: char, style: Style, (x, y): (usize, usize), area: Rect, buf: &mut Buffer) {
    let cell = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
    buf[(area.x + cell(x), area.y + cell(y))].set_char(sign).set_style(style);
}

#[cfg(test)]
mod tests {
    use ratatui::{
        buffer::Buffer,
        layout::Rect,
        style::{Color, Style},
    };

    use super::{Line, between, plot, row_of};

    fn drawn(lines: &[Line], at: &[usize], dots: bool, (width, height): (u16, u16)) -> (Vec<String>, Buffer) {
        // Inside of a larger buffer, so that what leaves the area is seen.
        let area = Rect::new(1, 1, width, height);
        let mut buf = Buffer::empty(Rect::new(0, 0, width + 2, height + 2));
        plot(lines, at, dots, area, &mut buf);
        let rim = |x: u16, y: u16| !area.contains((x, y).into());
        for y in 0..height + 2 {
            assert!((0..width + 2).all(|x| !rim(x, y) || buf[(x, y)].symbol() == " "));
        }
        let row = |y: u16| (1..=width).map(|x| buf[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
        ((1..=height).map(row).collect(), buf)
    }

    fn line(sign: char, color: Color, reach: &[f32]) -> Line {
        Line { reach: reach.iter().copied().map(Some).collect(), sign, style: Style::new().fg(color) }
    }

    #[test]
    fn points_are_letters_and_dots_lead_between_them() {
        let (text, _) = drawn(&[line('a', Color::Red, &[1.0, 1.0, 0.0])], &[0, 3, 6], true, (7, 3));
        assert_eq!(text, ["a⠉⠉a⡀", "    ⠱⡀", "     ⠱a"]);
    }

    #[test]
    fn where_two_meet_the_earlier_is_seen() {
        let lines = [line('a', Color::Red, &[0.0, 1.0]), line('b', Color::Blue, &[1.0, 1.0])];
        let (text, buf) = drawn(&lines, &[0, 4], true, (5, 2));
        assert!(text[0].ends_with('a') && text[0].starts_with('b') && text[1].starts_with('a'), "{text:?}");
        // The cell before the point holds dots of both.
        let meeting = &buf[(4, 1)];
        assert!(meeting.symbol() != " " && meeting.fg == Color::Red);
    }

    #[test]
    fn what_is_not_known_breaks_a_line_and_ascii_has_points_only() {
        let mut broken = line('a', Color::Red, &[0.5, 0.5, 0.5, 0.5]);
        broken.reach[1] = None;
        let (text, _) = drawn(&[broken], &[0, 2, 4, 6], true, (7, 1));
        assert_eq!(text, ["a   a⠤a"]);
        let (text, _) = drawn(&[line('a', Color::Red, &[0.0, 1.0])], &[0, 4], false, (5, 2));
        assert_eq!(text, ["    a", "a"]);
    }

    #[test]
    fn heights_reach_both_ends_and_never_leave() {
        assert_eq!([1.0, 0.0, 7.0, -7.0, f32::NEG_INFINITY].map(|reach| row_of(reach, 10)), [0, 9, 0, 9, 9]);
        assert_eq!(row_of(1.0, 0), 0);
        // Points outside of the area are left out, and no area is no chart.
        let (text, _) = drawn(&[line('a', Color::Red, &[1.0, 1.0])], &[0, 50], true, (3, 1));
        assert_eq!(text, ["a"]);
        drawn(&[line('a', Color::Red, &[1.0])], &[0], true, (0, 0));
    }

    #[test]
    fn a_steep_line_has_no_holes() {
        let dots = between((0, 0), (2, 9));
        assert!(dots.windows(2).all(|pair| pair[0].0.abs_diff(pair[1].0) <= 1 && pair[0].1.abs_diff(pair[1].1) <= 1));
        assert_eq!((dots.first(), dots.last()), (Some(&(0, 0)), Some(&(2, 9))));
    }
}
