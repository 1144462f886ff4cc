//! Tokens that are hard to draw, in every view: wide and combining characters, controls, lone bytes. Nothing moves out
//! of its column, nothing is half drawn.

use std::sync::Arc;

use ratatui::buffer::Buffer;

use crate::tui::keymap::Action;
use crate::tui::{
    marks::{ASCII, Marks, UNICODE},
    state::{State, View},
    tests::fake::{answer_all, id, opened},
    tests::picture::buffer,
    theme::Depth,
    update::act,
};

/// What stands in place of the made-up model's words.
const HARD: [(&str, &[u8]); 14] = [
    // The text around position 8, and what exits say there.
    (" a", "日本語".as_bytes()),
    (" wall", " 日本語のかべ".as_bytes()),
    (" chair", "e\u{301}\u{301}".as_bytes()),
    (" bench", "\u{200d}\u{fe0f}".as_bytes()),
    (" table", b"\xE2\x80"),
    (" small", b"\t\tx\n\n"),
    (" lot", b"                "),
    (" log", "👍🏻🇩🇪".as_bytes()),
    (" stool", "لا".as_bytes()),
    (" the", "\u{1b}[31m".as_bytes()),
    (" his", "␣«⏎».".as_bytes()),
    (" top", b"\xFF\xFE"),
    (",", b"\r\n"),
    (" on", "ｏｎ".as_bytes()),
];

fn hard() -> State {
    let mut state = opened();
    let card = state.card.as_mut().and_then(Arc::get_mut).expect("open, and nobody else has it");
    for (word, bytes) in HARD {
        card.bytes[id(word).index()] = bytes.into();
    }
    answer_all(&mut state);
    for _ in 0..6 {
        act(&mut state, Action::Take);
        answer_all(&mut state);
    }
    state.position = 8;
    state
}

/// The line as a terminal shows it: the cell behind a wide sign is part of it.
fn shown(buf: &Buffer, y: u16) -> String {
    use unicode_width::UnicodeWidthStr;
    let (mut line, mut x) = (String::new(), 0);
    while x < buf.area.width {
        let symbol = buf[(x, y)].symbol();
        line += symbol;
        let cells = u16::try_from(symbol.width().max(1)).expect("small");
        assert!(x + cells <= buf.area.width, "{symbol:?} is cut by the edge at {x}, {y}");
        for behind in x + 1..x + cells {
            assert_eq!(buf[(behind, y)].symbol(), " ", "{symbol:?} at {x}, {y} is half covered");
        }
        x += cells;
    }
    line
}

fn screen(state: &State, marks: &Marks, width: u16, height: u16) -> String {
    let buf = buffer(state, marks, Depth::None, (width, height));
    (0..height).map(|y| shown(&buf, y).trim_end().to_owned() + "\n").collect()
}

#[test]
fn hard_tokens_in_every_view() {
    let mut state = hard();
    for (view, name) in [(View::Explore, "explore"), (View::Heatmap, "heatmap"), (View::WhatIf, "what_if")] {
        state.view = view;
        answer_all(&mut state);
        insta::assert_snapshot!(format!("{name}_80x24"), screen(&state, &UNICODE, 80, 24));
    }
    state.view = View::Explore;
    insta::assert_snapshot!("explore_ascii", screen(&state, &ASCII, 80, 24));
    act(&mut state, Action::Open);
    answer_all(&mut state);
    insta::assert_snapshot!("picker_80x24", screen(&state, &UNICODE, 80, 24));
}

/// Rows of numbers end where they end, whatever the tokens between are.
#[test]
fn hard_tokens_move_nothing() {
    let plain = {
        let mut state = opened();
        answer_all(&mut state);
        for _ in 0..6 {
            act(&mut state, Action::Take);
            answer_all(&mut state);
        }
        state.position = 8;
        state
    };
    let hard = hard();
    for width in [60, 66, 70, 75, 79, 80, 86, 93, 119, 120, 160, 200] {
        let (a, b) =
            (buffer(&plain, &UNICODE, Depth::None, (width, 24)), buffer(&hard, &UNICODE, Depth::None, (width, 24)));
        // The rows of the table: its numbers are where they would be beside plain words.
        let digits = |buf: &Buffer, y: u16| {
            let is = |x: u16| buf[(x, y)].symbol().chars().all(|c| c.is_ascii_digit());
            (0..width).filter(|x| is(*x)).map(|x| (x, buf[(x, y)].symbol().to_owned())).collect::<Vec<_>>()
        };
        let exits = (0..24).filter(|y| shown(&a, *y).contains("24E") || shown(&a, *y).contains("12A"));
        for y in exits {
            let upto = if width < 120 { width } else { 80 };
            let numbers = |buf: &Buffer| {
                let all = digits(buf, y).into_iter();
                all.filter(|(x, _)| *x < upto && !inside_token(buf, *x, y)).collect::<Vec<_>>()
            };
            let (plain, hard) = (numbers(&a), numbers(&b));
            assert_eq!(plain, hard, "{width}, row {y}\n{}\n{}", shown(&a, y), shown(&b, y));
        }
    }
}

/// Digits of an escape belong to a token: they follow its backslash, or stand in ‹›, or behind ×.
fn inside_token(buf: &Buffer, x: u16, y: u16) -> bool {
    let before = (0..x).rev().map(|x| buf[(x, y)].symbol().to_owned());
    before.take_while(|symbol| symbol != " ").any(|symbol| ["\\", "‹", "×"].contains(&symbol.as_str()))
}

/// Every size, both sets of signs: wide signs are whole or absent.
#[test]
fn hard_tokens_at_every_size() {
    let mut state = hard();
    for view in View::ALL {
        state.view = view;
        answer_all(&mut state);
        for cells in 0..6 {
            state.heatmap.width = cells;
            for (width, height) in (60..=240).step_by(7).map(u16::try_from).zip((16..).step_by(2)) {
                let (width, height) = (width.expect("small"), u16::min(height, 80));
                let unicode = screen(&state, &UNICODE, width, height);
                assert!(!unicode.contains('\u{1b}') && !unicode.contains('\u{301}'), "{unicode}");
                assert!(screen(&state, &ASCII, width, height).is_ascii());
            }
        }
    }
}

#[test]
fn position_0_has_no_prediction_in_any_view() {
    let mut state = hard();
    state.position = 0;
    // Branches and the exit lab are about whole texts.
    for view in View::ALL.into_iter().filter(|view| !matches!(view, View::Branches | View::Exits)) {
        state.view = view;
        let screen = screen(&state, &UNICODE, 80, 24);
        assert!(screen.contains("the first token has no prediction"), "{view:?}\n{screen}");
        assert!(screen.contains('–'), "{view:?}\n{screen}");
    }
}
