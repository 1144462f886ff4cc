//! Screens of the views that follow tokens over exits: What-if and Journeys.

use std::sync::Arc;

use ratatui::{
    buffer::Buffer,
    style::{Color, Modifier},
};

use crate::session::trace::{ExitId, Pair};
use crate::tui::{
    marks::{ASCII, Marks, UNICODE},
    state::{Answer, State, View},
    tests::fake::{answer_all, opened},
    tests::picture::{self, text},
    theme::Depth,
    update::set_pair,
};

fn buffer(state: &State, marks: &Marks, width: u16, height: u16) -> Buffer {
    let buf = picture::buffer(state, marks, Depth::None, (width, height));
    assert!(buf.content.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
    buf
}

fn screen(state: &State, width: u16, height: u16) -> String {
    text(&buffer(state, &UNICODE, width, height))
}

fn ready(view: View) -> State {
    with_exits(view, 13)
}

/// The same model with other exits.
pub(super) fn with_exits(view: View, count: u32) -> State {
    let mut state = opened();
    state.view = view;
    if count != 13 {
        let card = state.card.as_mut().and_then(Arc::get_mut).expect("open, and nobody else has it");
        let blocks = (1..count).rev().map(ExitId::Block);
        card.exits = std::iter::once(ExitId::Original).chain(blocks).collect();
        let (expert, amateur) = (card.exits[card.exits.len().min(2) - 1], card.exits[card.exits.len() - 1]);
        let pair = Pair { expert, amateur, ..state.pair };
        set_pair(&mut state, pair);
    }
    answer_all(&mut state);
    state
}

/// Every size of a window that the program accepts, and some between.
fn sizes() -> impl Iterator<Item = (u16, u16)> {
    (60..=240).step_by(15).flat_map(|width| [16, 17, 19, 22, 23, 24, 25, 31, 40, 60, 80].map(|height| (width, height)))
}

fn what_if(expert: usize, amateur: usize) -> State {
    let mut state = opened();
    state.view = View::WhatIf;
    (state.what_if.expert, state.what_if.amateur) = (expert, amateur);
    answer_all(&mut state);
    state
}

#[test]
fn what_if_80x24() {
    insta::assert_snapshot!(screen(&what_if(1, 7), 80, 24));
}

#[test]
fn what_if_other_sizes() {
    let mut state = what_if(1, 7);
    insta::assert_snapshot!("what_if_120x40", screen(&state, 120, 40));
    insta::assert_snapshot!("what_if_200x60", screen(&state, 200, 60));
    state.what_if.answer = Answer::P;
    insta::assert_snapshot!("what_if_p_60x16", screen(&state, 60, 16));
}

#[test]
fn what_if_ascii() {
    let mut state = what_if(2, 5);
    state.what_if.answer = Answer::Plausible;
    let ascii = text(&buffer(&state, &ASCII, 80, 24));
    assert!(ascii.is_ascii());
    insta::assert_snapshot!(ascii);
}

#[test]
fn what_if_without_a_grid_says_why() {
    let mut state = ready(View::Explore);
    state.view = View::WhatIf;
    insta::assert_snapshot!("what_if_computing", screen(&state, 80, 24));
    state.position = 0;
    assert!(screen(&state, 80, 24).contains("the first token has no prediction"));
}

#[test]
fn what_if_follows_the_pair_through_many_exits() {
    let mut state = with_exits(View::WhatIf, 49);
    (state.what_if.expert, state.what_if.amateur) = (30, 40);
    insta::assert_snapshot!("what_if_49_exits", screen(&state, 80, 24));
}

#[test]
fn what_if_holds_at_every_size() {
    for count in [1, 2, 3, 13, 49] {
        let mut state = with_exits(View::WhatIf, count);
        for (expert, amateur, answer) in [(0, 1, Answer::P), (1, 7, Answer::Choice), (60, 0, Answer::Plausible)] {
            (state.what_if.expert, state.what_if.amateur, state.what_if.answer) = (expert, amateur, answer);
            for (width, height) in sizes() {
                let buf = buffer(&state, &UNICODE, width, height);
                let shown = text(&buf);
                let cursor = buf.content.iter().filter(|cell| cell.modifier.contains(Modifier::REVERSED)).count();
                // The text's token, and the pair.
                assert!(cursor > 2 + 2 * usize::from(count > 1), "{count} exits at {width}x{height}:\n{shown}");
                assert!(shown.contains('[') || count == 1, "{count} exits at {width}x{height}:\n{shown}");
            }
        }
    }
}

fn journeys(count: u32) -> State {
    let mut state = with_exits(View::Journeys, count);
    state.row = state.card.as_ref().map_or(0, |card| card.exits.len() / 2);
    answer_all(&mut state);
    state
}

#[test]
fn journeys_80x24() {
    insta::assert_snapshot!(screen(&journeys(13), 80, 24));
}

#[test]
fn journeys_other_sizes() {
    let state = journeys(13);
    insta::assert_snapshot!("journeys_120x40", screen(&state, 120, 40));
    insta::assert_snapshot!("journeys_200x60", screen(&state, 200, 60));
    insta::assert_snapshot!("journeys_60x16", screen(&state, 60, 16));
    insta::assert_snapshot!("journeys_49_exits", screen(&journeys(49), 120, 40));
    let ascii = text(&buffer(&state, &ASCII, 80, 24));
    assert!(ascii.is_ascii());
    insta::assert_snapshot!("journeys_ascii", ascii);
}

#[test]
fn journeys_hold_at_every_size() {
    for count in [1, 2, 3, 13, 49] {
        let mut state = journeys(count);
        for row in [0, count as usize / 2, count as usize - 1] {
            state.row = row;
            for (width, height) in sizes() {
                let buf = buffer(&state, &UNICODE, width, height);
                let shown = text(&buf);
                let cursor = buf.content.iter().filter(|cell| cell.modifier.contains(Modifier::REVERSED)).count();
                // The text's token, the pin's name, its exit in the row and above.
                assert!(cursor > 2 + 14 + 5, "{count} exits at {width}x{height}:\n{shown}");
                let name = state.exit().map(|exit| match exit {
                    ExitId::Original => ">orig".to_owned(),
                    ExitId::Block(k) => format!(">{k}"),
                });
                assert!(name.is_some_and(|name| shown.contains(&name)), "{count} exits at {width}x{height}:\n{shown}");
                // A chart has its points, the table its letters.
                let letters = buf.content.iter().filter(|cell| cell.symbol() == "a").count();
                assert!(letters >= 2, "{count} exits at {width}x{height}:\n{shown}");
            }
        }
    }
}

#[test]
fn journeys_without_a_prediction_say_why() {
    let mut state = journeys(13);
    state.position = 0;
    assert!(screen(&state, 80, 24).contains("0: hum 17047 ── the first token has no prediction"));
    let mut state = opened();
    state.view = View::Journeys;
    assert!(screen(&state, 80, 24).contains("journeys to next ── reading position 7"));
}
