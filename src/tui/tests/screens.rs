//! Whole screens over a made-up model, and what keys do to them.

use ratatui::{
    crossterm::event::{KeyCode, KeyEvent, KeyModifiers},
    style::{Color, Modifier},
};

use crate::session::{
    protocol::Event,
    trace::{ExitId, Method},
};
use crate::tui::{
    keymap::Action,
    marks::{ASCII, UNICODE},
    state::{State, View},
    tests::fake::{answer, answer_all, id, opened},
    tests::picture::{buffer, ready, screen, text},
    theme::Depth,
    update::{Effect, act},
};

fn press(state: &mut State, actions: &[Action]) {
    for action in actions {
        act(state, *action);
        answer_all(state);
    }
}

#[test]
fn first_screen_80x24() {
    insta::assert_snapshot!(screen(&ready(), 80, 24));
}

#[test]
fn first_screen_120x40() {
    insta::assert_snapshot!(screen(&ready(), 120, 40));
}

#[test]
fn other_sizes() {
    insta::assert_snapshot!("60x16", screen(&ready(), 60, 16));
    insta::assert_snapshot!("200x60", screen(&ready(), 200, 60));
    insta::assert_snapshot!("too_small", screen(&ready(), 52, 14));
}

#[test]
fn branches() {
    let mut state = ready();
    press(&mut state, &[Action::View(View::Branches)]);
    insta::assert_snapshot!("branches_one", screen(&state, 80, 24));
    press(&mut state, &[Action::Take, Action::Take, Action::Take]);
    crate::tui::moves::force(&mut state, 8, id(" his"));
    press(&mut state, &[Action::Take, Action::Contrast, Action::Take]);
    crate::tui::moves::force(&mut state, 9, id(" top"));
    answer_all(&mut state);
    insta::assert_snapshot!("branches", screen(&state, 120, 40));
}

#[test]
fn heatmap() {
    let mut state = ready();
    press(&mut state, &[Action::View(View::Heatmap), Action::CursorLeft, Action::Down, Action::Down]);
    insta::assert_snapshot!("heatmap_80x24", screen(&state, 80, 24));
    insta::assert_snapshot!("heatmap_120x40", screen(&state, 120, 40));
    press(&mut state, &[Action::Measure, Action::Repeats, Action::Wider]);
    insta::assert_snapshot!("heatmap_200x60", screen(&state, 200, 60));
    press(&mut state, &[Action::Narrower, Action::Narrower, Action::Narrower]);
    insta::assert_snapshot!("heatmap_ascii", text(&buffer(&state, &ASCII, Depth::None, (80, 24))));
}

#[test]
fn panels() {
    let mut state = ready();
    press(&mut state, &[Action::Open]);
    insta::assert_snapshot!("picker", screen(&state, 80, 24));
    let keys = |state: &mut State, text: &str| {
        for c in text.chars() {
            crate::tui::typing::key(state, KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE));
        }
    };
    keys(&mut state, "/ th");
    insta::assert_snapshot!("picker_found", screen(&state, 80, 24));
    crate::tui::typing::key(&mut state, KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE));
    answer_all(&mut state);
    assert_eq!(state.text.last().map(|t| (t.id.0, t.forced)), Some((262, true)));
    press(&mut state, &[Action::Palette]);
    keys(&mut state, "undo");
    insta::assert_snapshot!("palette", screen(&state, 80, 24));
    crate::tui::typing::key(&mut state, KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE));
    assert_eq!(state.text.len(), 7);
    press(&mut state, &[Action::Search]);
    keys(&mut state, "pty");
    assert!(screen(&state, 80, 24).contains(" / pty"));
    crate::tui::typing::key(&mut state, KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE));
    assert_eq!(state.position, 1);
    press(&mut state, &[Action::NextHit]);
    assert_eq!(state.position, 4);
    press(&mut state, &[Action::Edit]);
    insta::assert_snapshot!("editor_counting", screen(&state, 80, 24));
    let ids = Ok((0..5).map(crate::session::trace::TokenId).collect());
    crate::tui::hearing::hear(&mut state, Event::Tokens { text: "humpty dumpty sat on".into(), ids });
    insta::assert_snapshot!("editor", screen(&state, 80, 24));
    let tab = |state: &mut State| crate::tui::typing::key(state, KeyEvent::new(KeyCode::Tab, KeyModifiers::NONE));
    tab(&mut state);
    assert!(screen(&state, 80, 24).contains("[x] start with «eot»") && screen(&state, 80, 24).contains("6 of 1024"));
    tab(&mut state);
    crate::tui::typing::key(&mut state, KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE));
    assert_eq!((state.text.len(), state.tree.branches(state.node).len()), (5, 2));
    crate::tui::typing::paste(&mut state, "nothing is open");
    press(&mut state, &[Action::Sampling]);
    let before = state.decoding.clone();
    for code in [KeyCode::Right, KeyCode::Down, KeyCode::Left, KeyCode::Down, KeyCode::Right] {
        crate::tui::typing::key(&mut state, KeyEvent::new(code, KeyModifiers::NONE));
        answer_all(&mut state);
    }
    let sampling = &state.decoding.sampling;
    assert!(sampling.random && sampling.temperature == 0.95 && sampling.top_k == 5);
    insta::assert_snapshot!("sampling", screen(&state, 80, 24));
    crate::tui::typing::key(&mut state, KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE));
    assert_eq!(state.decoding, before, "Esc restores");
}

#[test]
fn ascii_and_help_and_waiting() {
    let mut state = ready();
    let ascii = text(&buffer(&state, &ASCII, Depth::None, (80, 24)));
    assert!(ascii.is_ascii());
    insta::assert_snapshot!("ascii", ascii);
    act(&mut state, Action::Help);
    insta::assert_snapshot!("help", screen(&state, 80, 24));
    insta::assert_snapshot!("waiting", screen(&opened(), 80, 24));
}

#[test]
fn space_takes_the_ghost_and_the_cursor_follows_when_the_next_is_known() {
    let mut state = ready();
    assert_eq!(act(&mut state, Action::Take), Effect::None);
    assert_eq!((state.text.len(), state.position), (8, 7), "the cursor stays on the token just taken");
    act(&mut state, Action::Take);
    act(&mut state, Action::Take);
    let query = state.next_query().expect("the open slot is asked for");
    assert_eq!(query.position, 8);
    answer(&mut state, &query);
    assert_eq!((state.text.len(), state.position), (9, 8), "one Space waited, the other was one too many");
    answer_all(&mut state);
    assert_eq!((state.text.len(), state.position), (9, 9));
}

#[test]
fn back_and_forth_costs_nothing_and_keeps_the_cursor() {
    let mut state = ready();
    press(&mut state, &[Action::Take, Action::Take, Action::StepBack]);
    assert_eq!((state.text.len(), state.position), (8, 8));
    assert!(state.ghost().is_some(), "what was known of the slot is known still");
    press(&mut state, &[Action::First]);
    assert!(screen(&state, 80, 24).contains("the first token has no prediction"));
    press(&mut state, &[Action::StepBack; 20]);
    assert_eq!(state.text.len(), 1);
    assert!(screen(&state, 80, 24).contains("a text needs one token"));
}

#[test]
fn contrast_settings_act_without_changing_the_text() {
    let mut state = ready();
    let text: Vec<_> = state.text.iter().map(|t| t.id).collect();
    press(&mut state, &[Action::LessAlpha, Action::LessAlpha]);
    assert_eq!(state.pair.alpha, 0.02);
    press(&mut state, &[Action::MoreAlpha; 20]);
    assert_eq!(state.pair.alpha, 1.0);
    press(&mut state, &[Action::Down, Action::Down, Action::SetExpert, Action::Lowest, Action::SetAmateur]);
    assert_eq!((state.pair.expert, state.pair.amateur), (ExitId::Block(22), ExitId::Block(2)));
    press(&mut state, &[Action::Contrast]);
    assert_eq!(state.decoding.method, Method::Exit(ExitId::Block(22)));
    assert!(screen(&state, 80, 24).contains("contrast (off) 22▸2"));
    press(&mut state, &[Action::Original, Action::SetOutput]);
    assert_eq!(state.decoding.method, Method::Exit(ExitId::Original));
    assert_eq!(state.text.iter().map(|t| t.id).collect::<Vec<_>>(), text);
}

#[test]
fn an_answer_to_older_settings_is_not_shown_as_new() {
    let mut state = opened();
    let query = state.next_query().expect("the open slot");
    act(&mut state, Action::LessAlpha);
    let newer = state.next_query().expect("asked again with the new α");
    assert!(newer.ticket > query.ticket && newer.position == query.position);
    answer(&mut state, &query);
    assert!(state.fresh(7).is_none());
    answer(&mut state, &newer);
    assert!(state.fresh(7).is_some());
}

/// Without colour, attributes and signs still tell the cursor, the ghost, expert and amateur apart.
#[test]
fn no_line_leaves_its_width_and_nothing_needs_colour() {
    let state = ready();
    for (width, height) in (60..=240).step_by(3).map(u16::try_from).zip((16..).step_by(1)) {
        let (width, height) = (width.expect("small"), u16::min(height, 80));
        let buf = buffer(&state, &UNICODE, Depth::None, (width, height));
        assert!(buf.content.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
        let reversed = buf.content.iter().any(|cell| cell.modifier.contains(Modifier::REVERSED));
        assert!(reversed, "{width}x{height}: the cursor is seen");
        assert!(text(&buf).trim_end().ends_with("? help"), "{width}x{height}");
    }
}
