//! Journeys over the numbers of its first drawing: thirteen exits, six tokens, "humpty dumpty sat on a wall".

use std::sync::Arc;

use crate::session::trace::{Candidate, ExitId, PinRow, StepTrace, TokenId};
use crate::tui::{
    journeys::{Pin, group, selected},
    keymap::Action,
    marks::{ASCII, UNICODE},
    moves,
    state::{State, View},
    tests::fake::{answer_all, id, opened},
    tests::picture::{buffer, screen, text},
    theme::Depth,
    update::act,
};

/// A token, and its p from the lowest exit to original; the text's first.
const TOKENS: [(&str, u32, [f32; 13]); 6] = [
    (" wall", 3355, [9e-6, 1e-5, 2e-5, 3e-5, 2e-4, 0.001, 0.013, 0.056, 0.139, 0.224, 0.284, 0.358, 0.323]),
    (" chair", 5118, [0.001, 0.002, 0.003, 0.006, 0.015, 0.027, 0.051, 0.082, 0.083, 0.088, 0.072, 0.069, 0.075]),
    (" table", 3084, [0.002, 0.004, 0.007, 0.011, 0.021, 0.034, 0.043, 0.054, 0.042, 0.032, 0.027, 0.021, 0.023]),
    (" small", 1402, [0.013, 0.015, 0.019, 0.026, 0.030, 0.033, 0.026, 0.024, 0.020, 0.018, 0.014, 0.011, 0.011]),
    (" lot", 1256, [0.052, 0.044, 0.044, 0.031, 0.018, 0.006, 0.003, 0.001, 7e-4, 3e-4, 2e-4, 8e-5, 8e-5]),
    (" bench", 7624, [2e-4, 4e-4, 9e-4, 0.002, 0.006, 0.021, 0.041, 0.074, 0.071, 0.070, 0.055, 0.048, 0.050]),
];
/// Which of them is the top token of each exit.
const TOPS: [usize; 13] = [4, 4, 4, 4, 3, 2, 1, 1, 0, 0, 0, 0, 0];
/// The rank of the text's token.
const RANKS: [u32; 13] = [9400, 6200, 3800, 2100, 521, 92, 9, 3, 1, 1, 1, 1, 1];

fn wall() -> State {
    let mut state = opened();
    state.window = (120, 40);
    for (position, word) in [(7, " a"), (8, " wall")] {
        answer_all(&mut state);
        moves::force(&mut state, position, id(word));
    }
    state.view = View::Journeys;
    (state.position, state.row) = (8, 7);
    state.pins = vec![TokenId(7624)];
    answer_all(&mut state);
    let trace = drawn(state.trace(8).expect("answered"));
    state.traces[8] = Some(Arc::new(trace));
    state.notice = None;
    state
}

fn drawn(trace: &StepTrace) -> StepTrace {
    let mut exits = trace.exits.to_vec();
    for (row, column) in exits.iter_mut().zip((0..13).rev()) {
        let (_, id, p) = TOKENS[TOPS[column]];
        row.top = vec![Candidate { id: TokenId(id), ln_p: p[column].ln() }];
        (row.ln_p, row.rank) = (TOKENS[0].2[column].ln(), RANKS[column]);
    }
    let pin = |(_, id, p): &(&str, u32, [f32; 13])| PinRow {
        id: TokenId(*id),
        ln_p: p.iter().rev().map(|p| p.ln()).collect(),
        rank: RANKS.iter().rev().copied().collect(),
    };
    StepTrace { exits: exits.into(), pins: TOKENS.iter().map(pin).collect(), contrast: None, ..trace.clone() }
}

#[test]
fn the_drawing_at_every_size() {
    let state = wall();
    insta::assert_snapshot!("wall_120x40", screen(&state, 120, 40));
    insta::assert_snapshot!("wall_80x24", screen(&state, 80, 24));
    insta::assert_snapshot!("wall_60x16", screen(&state, 60, 16));
    let ascii = text(&buffer(&state, &ASCII, Depth::None, (120, 30)));
    assert!(ascii.is_ascii());
    insta::assert_snapshot!("wall_ascii", ascii);
}

#[test]
fn the_race_and_the_axes() {
    let mut state = wall();
    let has = |state: &State, text: &str| {
        let shown = screen(state, 120, 40);
        assert!(shown.contains(text), "{text:?} in\n{shown}");
    };
    has(&state, "a overtakes b between 16 and 18 ── largest step of a: 18 → 20, +.085");
    for _ in 0..4 {
        act(&mut state, Action::Down);
    }
    act(&mut state, Action::Versus);
    has(&state, "a overtakes e between 12 and 14 ── largest step of e: 8 → 10, -.013");
    has(&state, " ln a/e       -8.66");
    act(&mut state, Action::Versus);
    has(&state, " ln a/b       -4.71");
    act(&mut state, Action::Versus);
    act(&mut state, Action::Measure);
    has(&state, "─ rank ──");
    has(&state, "rank over exits, log, 1 is high");
    has(&state, "a●␣wall        9k      6k      4k      2k     521      92       9       3       1•");
    act(&mut state, Action::Measure);
    has(&state, "p over exits, linear");
    insta::assert_snapshot!("wall_linear", screen(&state, 120, 40));
}

#[test]
fn pins_of_the_user_stay_and_go() {
    let mut state = wall();
    for _ in 0..20 {
        act(&mut state, Action::Down);
    }
    assert_eq!(selected(&state), Some(Pin::Token(TokenId(7624))), "the user's come last");
    act(&mut state, Action::Pin);
    assert!(state.pins.is_empty());
    assert_eq!(state.notice.take().as_deref(), Some("␣bench unpinned"));
    assert!(!screen(&state, 120, 40).contains("bench"));
    // The text's token shows both that it is the text's and the user's.
    act(&mut state, Action::Down);
    state.journeys.selected = 0;
    act(&mut state, Action::Pin);
    state.notice = None;
    assert!(screen(&state, 120, 40).contains("\n*>a●␣wall"));
    act(&mut state, Action::Pin);
    state.journeys.selected = 9;
    // A default pin can be made the user's own.
    act(&mut state, Action::Up);
    act(&mut state, Action::Pin);
    let kept = state.pins.clone();
    act(&mut state, Action::CursorLeft);
    answer_all(&mut state);
    let own = kept.first().copied().map(Pin::Token);
    assert!(crate::tui::journeys::lines(&state, state.journeys.across()).iter().any(|pin| Some(*pin) == own));
    group(&mut state, "␣the,␣a");
    answer_all(&mut state);
    let shown = screen(&state, 120, 40);
    assert!(shown.contains("*␣the+␣a") && shown.contains("(yours)"), "{shown}");
    act(&mut state, Action::DefaultPins);
    assert!(state.pins.is_empty() && state.journeys.groups.is_empty());
    act(&mut state, Action::View(View::Explore));
    act(&mut state, Action::Pin);
    let top = state.trace(state.position).and_then(|t| t.exits[state.row].top.first()).map(|top| top.id);
    assert_eq!(state.pins.first().copied(), top, "elsewhere p pins the exit's top token");
}

#[test]
fn a_group_sums_its_tokens() {
    let mut state = wall();
    state.pins.clear();
    group(&mut state, "␣wall,␣chair");
    state.notice = None;
    let shown = screen(&state, 120, 40);
    // .323 + .075 at original, .056 + .082 at 16.
    let line = shown.lines().find(|line| line.contains("␣wall+␣ch")).expect("a line of the group");
    assert!(line.contains(".138") && line.contains(".398•"), "{line}");
    assert!(shown.contains("G*␣wall+␣ch"), "a sign of its own:\n{shown}");
}

#[test]
fn positions_on_the_axis() {
    let mut state = wall();
    act(&mut state, Action::OverPositions);
    answer_all(&mut state);
    state.row = 0;
    insta::assert_snapshot!("wall_positions", screen(&state, 120, 40));
    let lines = crate::tui::journeys::lines(&state, state.journeys.across());
    let at = state.position;
    act(&mut state, Action::Left);
    assert_eq!(state.position, at - 1, "the axis is positions: the arrows move along it");
    assert_eq!(crate::tui::journeys::lines(&state, state.journeys.across()), lines, "and its lines stay");
    // Everything that is followed is asked for wherever it is seen.
    for position in 1..state.text.len() {
        let trace = state.trace(position).expect("known");
        assert!(state.followed().all(|id| position == 8 || trace.pins.iter().any(|pin| pin.id == id)), "{position}");
    }
    act(&mut state, Action::OverPositions);
    assert!(screen(&state, 120, 40).contains("p over exits"));
}

#[test]
fn lines_are_told_apart_without_colour_and_with_it() {
    let state = wall();
    let plain = text(&buffer(&state, &UNICODE, Depth::None, (120, 40)));
    assert_eq!(plain, text(&buffer(&state, &UNICODE, Depth::True, (120, 40))));
    let buf = buffer(&state, &UNICODE, Depth::True, (120, 40));
    let colour = |letter: &str| {
        // In the chart, below the text and its rule.
        let found = (6..20).flat_map(|y| (13..119).map(move |x| (x, y))).find(|at| buf[*at].symbol() == letter);
        buf[found.expect("a point")].fg
    };
    let mut colours = ["a", "b", "c", "d", "e", "f"].map(colour).to_vec();
    colours.dedup();
    assert_eq!(colours.len(), 6);
}

#[test]
fn the_cursor_is_a_pin_and_an_exit() {
    let mut state = wall();
    let exit = |state: &State| state.exit();
    assert_eq!(exit(&state), Some(ExitId::Block(12)));
    act(&mut state, Action::Right);
    assert_eq!(exit(&state), Some(ExitId::Block(14)), "to the right is upwards");
    act(&mut state, Action::Left);
    act(&mut state, Action::Left);
    assert_eq!(exit(&state), Some(ExitId::Block(10)));
    for _ in 0..20 {
        act(&mut state, Action::Left);
    }
    assert_eq!(exit(&state), Some(ExitId::Block(2)));
    act(&mut state, Action::CursorUp);
    assert_eq!(exit(&state), Some(ExitId::Block(4)), "Shift moves the exit as in every view");
}

#[test]
fn the_wide_explore() {
    let mut state = wall();
    act(&mut state, Action::View(View::Explore));
    state.window = (200, 60);
    answer_all(&mut state);
    let asked = state.trace(8).expect("known").grid.clone();
    assert!(asked.is_some(), "the grid is on the screen");
    let mut trace = drawn(state.trace(8).expect("known"));
    trace.contrast = state.trace(8).and_then(|trace| trace.contrast.clone());
    state.traces[8] = Some(Arc::new(trace));
    insta::assert_snapshot!("explore_200x60", screen(&state, 200, 60));
    assert!(
        screen(&state, 240, 60).contains("journeys   p over exits, log   f*␣bench"),
        "whose line is the user's\n{}",
        screen(&state, 240, 60)
    );
    state.window = (199, 60);
    assert_eq!(state.grid_pair(), None, "not asked for where it is not seen");
}

#[test]
fn who_gets_the_rows() {
    let mut state = opened();
    let card = state.card.as_mut().and_then(Arc::get_mut).expect("open, and nobody else has it");
    card.bytes[7] = b" alphabetic".as_slice().into();
    moves::begin(&mut state, &[TokenId(7); 90]);
    let lines = |width: u16, height: u16| {
        let shown = screen(&state, width, height);
        let texts = shown.lines().filter(|line| line.matches("alphabetic").count() > 3).count();
        let has = |text: &str| shown.contains(text);
        (texts, has("exits × tokens"), has("of 90, context"), has("what-if"))
    };
    // At 24 rows the table, one text line and three rows of contrast leave nothing.
    assert_eq!(lines(80, 24), (1, false, false, false));
    assert_eq!(lines(80, 26), (2, false, false, false));
    assert_eq!(lines(80, 31), (4, false, true, false));
    assert!(!lines(80, 41).1);
    assert_eq!(lines(80, 42), (2, true, true, false), "the strip before a third line");
    assert_eq!(lines(120, 38), (2, true, true, false));
    assert_eq!(lines(120, 40), (3, true, true, false));
    assert_eq!(lines(120, 60), (5, true, true, false));
    assert!(!lines(200, 57).3);
    assert_eq!(lines(200, 58), (5, true, true, true));
}
