//! The contrast's panel, whatever its numbers are.

use std::sync::Arc;

use crate::{
    session::trace::Contrasted,
    tui::{
        marks::{ASCII, Marks, UNICODE},
        tests::{
            picture::{buffer, ready, text},
            scripted::Stage,
        },
        theme::Depth,
    },
};

/// The rows of the contrast where each of its tokens has been changed.
fn rows(change: impl Fn(&mut Contrasted), marks: &Marks, (width, height): (u16, u16)) -> Vec<Vec<char>> {
    let mut state = ready();
    let slot = state.open_slot();
    let trace = Arc::make_mut(state.traces[slot].as_mut().expect("known"));
    trace.contrast.as_mut().expect("a contrast").plausible.iter_mut().for_each(change);
    let screen = text(&buffer(&state, marks, Depth::None, (width, height)));
    screen.lines().map(|line| line.chars().collect()).collect()
}

fn find(rows: &[Vec<char>], words: &str) -> (usize, usize) {
    let words: Vec<char> = words.chars().collect();
    let place = |row: &Vec<char>| row.windows(words.len()).position(|part| part == words);
    let found = rows.iter().enumerate().find_map(|(y, row)| Some((place(row)?, y)));
    found.unwrap_or_else(|| panic!("{words:?} is not there"))
}

#[test]
fn columns_hold_however_far_a_token_moves() {
    for places in [0, 1, 9, 10, 100, 999, 1_000, 10_000, 50_000, 200_000] {
        for up in [true, false] {
            let far = |token: &mut Contrasted| {
                (token.expert_rank, token.result_rank) = if up { (1 + places, 1) } else { (1, 1 + places) };
                token.amateur = token.expert - 12.34;
            };
            for (marks, bar) in [(&UNICODE, '│'), (&ASCII, '|')] {
                for width in 60..120 {
                    let rows = rows(far, marks, (width, 24));
                    let (start, y) = find(&rows, " token  ");
                    assert_eq!(start, 0);
                    let rule = rows[y].iter().position(|c| *c == bar).expect("a token below the threshold");
                    for row in &rows[y + 1..=y + 2] {
                        assert_eq!(row.iter().position(|c| *c == bar), Some(rule), "{width}, {places}");
                        // Cells of 14 from the ninth on, with a blank between two.
                        assert!((9..rule).step_by(14).all(|x| row[x] == ' ' && row[x - 1] == ' '), "{width}, {places}");
                        assert!(row[rule - 1] == ' ' && row[rule + 1] == ' ', "{width}, {places}");
                    }
                }
                for (width, height) in [(120, 40), (128, 40), (200, 60)] {
                    let rows = rows(far, marks, (width, height));
                    let (end, y) = find(&rows, "   p move");
                    for row in rows[y + 1..].iter().take_while(|row| row[end - 36] == bar).take(3) {
                        assert!(row.get(end + 8).is_none_or(|c| *c == ' '), "{width}, {places}: {row:?}");
                        assert_eq!(row[end + 4], ' ', "{width}, {places}: a blank before the move");
                    }
                }
            }
        }
    }
}

#[test]
fn the_head_names_both_exits_whole() {
    for (keys, expert) in [("", "24"), ("k*20 E", "orig")] {
        for off in ["", " c"] {
            let mut stage = Stage::new((120, 40));
            stage.play(&format!("{keys}{off}"));
            let screen = stage.screen();
            let head = screen.lines().find(|row| row.contains("│ contrast ")).unwrap_or_default();
            let words: Vec<&str> = head.split_whitespace().collect();
            assert!(words.ends_with(&["expert", expert, "amateur", "12"]), "{screen}");
        }
    }
}
