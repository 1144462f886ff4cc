//! What is seen of the engine: parts of an answer, a long text being read, a broken exit, an engine that is gone, runs.

use std::{sync::Arc, time::Duration};

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::session::{
    check::Check,
    protocol::Event,
    trace::{ExitId, Method, TokenId},
};
use crate::tui::{
    commands,
    hearing::hear,
    keymap::Action,
    marks::{ASCII, Marks, UNICODE},
    state::{State, View},
    tests::fake::{answer, answer_all, answer_broken, answer_part, opened},
    tests::picture::{buffer, ready, text},
    theme::Depth,
    typing,
    update::{Effect, act},
};

fn drawn(state: &State, marks: &Marks, window: (u16, u16)) -> String {
    text(&buffer(state, marks, Depth::None, window))
}

fn screen(state: &State) -> String {
    drawn(state, &UNICODE, (80, 24))
}

fn keys(state: &mut State, text: &str) {
    for c in text.chars() {
        let code = if c == '\r' { KeyCode::Enter } else { KeyCode::Char(c) };
        typing::key(state, KeyEvent::new(code, KeyModifiers::NONE));
    }
}

#[test]
fn rows_come_in_parts() {
    let mut state = opened();
    let query = state.next_query().expect("the open slot");
    answer_part(&mut state, &query);
    insta::assert_snapshot!("part", screen(&state));
    assert!(state.ghost().is_none(), "Space waits for the whole");
    assert!(state.next_query().is_none(), "the rest is on its way");
    answer(&mut state, &query);
    assert!(!state.shown().expect("the whole").0.is_partial());
    // A part of an older question is not shown.
    act(&mut state, Action::LessAlpha);
    let older = state.next_query().expect("asked again");
    act(&mut state, Action::LessAlpha);
    state.next_query().expect("and again");
    answer_part(&mut state, &older);
    assert!(!state.shown().expect("the whole").0.is_partial());
}

#[test]
fn a_long_text_is_read_with_a_gauge_and_can_be_stopped() {
    let mut state = opened();
    let query = state.next_query().expect("the open slot");
    hear(&mut state, Event::Reading { done: 3, total: 7, seconds_left: 2.4 });
    insta::assert_snapshot!("gauge", screen(&state).lines().last().unwrap_or_default());
    insta::assert_snapshot!("gauge_ascii", drawn(&state, &ASCII, (80, 24)).lines().last().unwrap_or_default());
    // What has been read can be looked at meanwhile; the rest goes on being read.
    state.position = 2;
    let early = state.next_query().expect("the cursor's position");
    answer(&mut state, &early);
    assert!(screen(&state).contains("3 of 7, 3 s left, Esc stops"), "{}", screen(&state));
    act(&mut state, Action::OpenSlot);
    state.next_query().expect("the open slot again");
    act(&mut state, Action::Back);
    assert!(state.take_stop() && !state.take_stop(), "told once");
    assert!(screen(&state).contains("3 of 7 tokens read"), "{}", screen(&state));
    // What has been read can be asked for, the rest waits.
    let asked: Vec<usize> = std::iter::from_fn(|| {
        let query = state.next_query()?;
        answer(&mut state, &query);
        Some(query.position)
    })
    .collect();
    assert!(!asked.is_empty() && asked.iter().all(|position| *position <= 3), "{asked:?}");
    assert!(!state.is_waiting());
    assert!(screen(&state).contains("position 7 has not been read: 3 of 7 tokens are"), "{}", screen(&state));
    // A late answer to what was stopped is not heard.
    answer(&mut state, &query);
    assert!(state.fresh(7).is_none());
    act(&mut state, Action::Take);
    assert_eq!(state.next_query().map(|query| query.position), Some(7), "Space reads on");
    assert_eq!(act(&mut state, Action::Stop), Effect::Quit, "nothing runs");
    hear(&mut state, Event::Reading { done: 4, total: 7, seconds_left: 1.0 });
    assert_eq!(act(&mut state, Action::Stop), Effect::None, "Ctrl-C stops the reading first");
}

#[test]
fn a_broken_exit_is_named_and_the_others_stay() {
    let mut state = opened();
    let query = state.next_query().expect("the open slot");
    answer_broken(&mut state, &query, ExitId::Block(8));
    insta::assert_snapshot!("broken", screen(&state));
    assert!(state.ghost().is_some(), "the decoding does not read it");
    let mut state = opened();
    let query = state.next_query().expect("the open slot");
    let amateur = state.pair.amateur;
    answer_broken(&mut state, &query, amateur);
    assert!(state.ghost().is_none());
    assert_ne!(state.next_query().map(|query| query.position), Some(7), "it is not asked again and again");
    act(&mut state, Action::Take);
    assert!(screen(&state).contains("exit 12: not finite"), "{}", screen(&state));
    for view in View::ALL {
        act(&mut state, Action::View(view));
        assert!(!screen(&state).is_empty());
    }
}

#[test]
fn a_dead_engine_leaves_the_text_and_is_started_anew() {
    let mut state = ready();
    act(&mut state, Action::Take);
    answer_all(&mut state);
    act(&mut state, Action::Run);
    hear(&mut state, Event::Stopped("out of memory at position 812".into()));
    assert!(state.run.is_none() && state.next_query().is_none() && !state.is_waiting());
    let told = "engine stopped: out of memory at position 812; :restart keeps the session";
    assert!(screen(&state).contains(told), "{}", screen(&state));
    act(&mut state, Action::Left);
    assert!(screen(&state).contains("? help"), "until the next key");
    assert!(drawn(&state, &UNICODE, (120, 40)).contains(told), "the status row keeps it");
    act(&mut state, Action::Take);
    assert!(screen(&state).contains(told), "Space repeats it");
    let text: Vec<TokenId> = state.text.iter().map(|token| token.id).collect();
    state.restart();
    assert!(state.take_restart() && !state.take_restart(), "told once");
    let card = state.card.clone().expect("a card");
    let pair = state.pair;
    hear(&mut state, Event::Opened(card));
    hear(&mut state, Event::Prompt(Arc::from([TokenId(3)])));
    assert_eq!(state.text.iter().map(|token| token.id).collect::<Vec<_>>(), text);
    assert_eq!(state.pair, pair);
    answer_all(&mut state);
    act(&mut state, Action::OpenSlot);
    act(&mut state, Action::Take);
    answer_all(&mut state);
    assert!(state.text.len() > text.len());
}

#[test]
fn runs_have_a_number_and_a_speed() {
    let mut state = ready();
    let before = state.text.len();
    act(&mut state, Action::RunSome);
    assert!(screen(&state).contains("how many tokens? Enter: 10"), "{}", screen(&state));
    keys(&mut state, "x\r");
    assert!(screen(&state).contains("is not a number of tokens"));
    typing::key(&mut state, KeyEvent::new(KeyCode::Backspace, KeyModifiers::NONE));
    keys(&mut state, "3\r");
    answer_all(&mut state);
    assert_eq!((state.text.len(), state.run), (before + 3, None));
    act(&mut state, Action::RunSome);
    keys(&mut state, "\r");
    answer_all(&mut state);
    assert_eq!(state.text.len(), before + 6, "Enter repeats the last number");

    for _ in 0..3 {
        act(&mut state, Action::Slower);
    }
    assert!(screen(&state).contains("runs make 5 tokens a second"), "{}", screen(&state));
    act(&mut state, Action::Run);
    answer_all(&mut state);
    assert_eq!(state.text.len(), before + 7, "the first at once");
    assert_eq!(state.beat_in(), Some(Duration::from_millis(200)));
    // Settings changed meanwhile hold from the next token on.
    act(&mut state, Action::Contrast);
    answer_all(&mut state);
    assert_eq!(state.text.len(), before + 7);
    for beat in 1..=3 {
        state.tick_to(Duration::from_millis(200 * beat));
        answer_all(&mut state);
    }
    assert_eq!(state.text.len(), before + 10);
    let by = |n: usize| state.text[n].taken_by.as_ref().map(|decoding| decoding.method.clone());
    assert!(matches!(by(before + 6), Some(Method::Contrast(_))) && matches!(by(before + 7), Some(Method::Exit(_))));
    assert_eq!(act(&mut state, Action::Stop), Effect::None);
    assert!(state.run.is_none() && screen(&state).contains("stopped: r goes on"));
    assert_eq!(act(&mut state, Action::Stop), Effect::Quit);
}

#[test]
fn the_models_panel() {
    let mut state = ready();
    let (model, words) = commands::read("model").expect("a command");
    (model.run)(&mut state, words);
    assert!(state.take_check() && screen(&state).contains("running"));
    let check = |what, passed, found: &str| Check { what, passed, found: found.into() };
    let found = [
        check("finite", false, "not in exit 12: the file holds a broken weight"),
        check("heads: one row, or a batch", true, "logits differ by 4e-6 at most (exit 2), 5e-2 allowed"),
    ];
    hear(&mut state, Event::Checked(Arc::from(found)));
    insta::assert_snapshot!("model", screen(&state));
}

#[test]
fn a_prompt_that_is_none_opens_in_the_editor() {
    for (ids, said) in [(0, "type a text"), (1030, "6 tokens longer than the context")] {
        let opened = opened();
        let mut state = State::new("a model".into(), crate::tui::state::Wish::default());
        hear(&mut state, Event::Opened(opened.card.clone().expect("a card")));
        hear(&mut state, Event::Prompt([17_047, 5835, 288, 388].map(TokenId).into_iter().cycle().take(ids).collect()));
        assert!(screen(&state).contains(said), "{}", screen(&state));
        typing::key(&mut state, KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE));
        // Without a text every view is still a picture, and every key harmless.
        for view in View::ALL {
            act(&mut state, Action::View(view));
            assert!(!drawn(&state, &ASCII, (120, 40)).is_empty());
            for action in [Action::Take, Action::Run, Action::Cut, Action::StepBack, Action::Open, Action::Replay] {
                act(&mut state, action);
            }
            state.panel = None;
        }
        act(&mut state, Action::Edit);
        assert_eq!(screen(&state).contains("pty dum"), ids > 0, "{}", screen(&state));
    }
}

#[test]
fn a_sentence_leaves_the_keys_that_fit() {
    let mut state = ready();
    state.notice = Some("the last session ended unexpectedly: Ctrl-O opens it".into());
    for window in [(80, 24), (120, 40)] {
        let screen = drawn(&state, &UNICODE, window);
        let footer = screen.trim_end().lines().last().expect("a footer");
        assert!(footer.contains("Ctrl-O opens it   Space take ␣a") && footer.ends_with("? help"), "{footer}");
    }
    state.notice = Some("x".repeat(55));
    let screen = drawn(&state, &UNICODE, (60, 16));
    assert!(screen.trim_end().ends_with("xx"), "no half of a hint\n{screen}");
}
