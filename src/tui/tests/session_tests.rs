//! Sessions over a made-up model: what is saved comes back the same, what is damaged is refused, and what has no model
//! can be looked at.

use std::{
    io::{Read, Write},
    sync::Arc,
};

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use ratatui::{
    buffer::Buffer,
    crossterm::event::{KeyCode, KeyEvent, KeyModifiers},
    layout::Rect,
};

use crate::tui::{
    copying::Copied,
    hearing::hear,
    keeping::{ModelState, NO_MODEL},
    keymap::Action,
    marks::UNICODE,
    moves,
    panel::Panel,
    question::Question,
    row::Look,
    state::{State, View, Wish},
    tests::fake::{answer_all, opened},
    tests::picture,
    theme::Depth,
    typing,
    update::{Effect, act},
    view,
};
use crate::{
    decode::uniform,
    session::{
        protocol::Event,
        saved::{Refusal, Saved, bytes, parse},
        trace::TokenId,
    },
};

fn look() -> Look {
    Look::new(&UNICODE, Depth::None)
}

fn press(state: &mut State, actions: &[Action]) {
    for action in actions {
        act(state, *action);
        answer_all(state);
    }
}

fn key(state: &mut State, code: KeyCode) -> Effect {
    typing::key(state, KeyEvent::new(code, KeyModifiers::NONE))
}

fn types(state: &mut State, text: &str) {
    for c in text.chars() {
        key(state, KeyCode::Char(c));
    }
}

/// Three branches, one with a title, a pin, a grid, and a removed branch.
fn worked() -> State {
    let mut state = opened();
    answer_all(&mut state);
    press(&mut state, &[Action::Take, Action::Take, Action::Take]);
    moves::force(&mut state, 8, TokenId(9));
    answer_all(&mut state);
    press(&mut state, &[Action::Contrast, Action::Take, Action::Title]);
    types(&mut state, "the edge");
    key(&mut state, KeyCode::Enter);
    moves::force(&mut state, 9, TokenId(10));
    answer_all(&mut state);
    press(&mut state, &[Action::View(View::Branches), Action::Down, Action::Down, Action::Remove]);
    state.pins.push(TokenId(3));
    answer_all(&mut state);
    press(&mut state, &[Action::View(View::WhatIf), Action::CursorLeft, Action::Down]);
    state
}

/// A screen on a saved session, without a model.
fn reopened(saved: Saved) -> State {
    let mut state = State::new("a model".into(), Wish::default());
    state.keeping.model = ModelState::Coming;
    state.restore(saved, Some("s.mexit".into()));
    hear(&mut state, Event::Stopped("no such file".into()));
    state
}

fn screen(state: &State) -> String {
    let area = Rect::new(0, 0, 120, 40);
    let mut buf = Buffer::empty(area);
    view::draw(state, &look(), area, &mut buf);
    let line = |y| (0..120).map(|x| buf[(x, y)].symbol()).collect::<String>().trim_end().to_owned() + "\n";
    (0..40).map(line).collect()
}

fn plain(packed: &[u8]) -> String {
    let mut text = String::new();
    GzDecoder::new(packed).read_to_string(&mut text).expect("gzip");
    text
}

fn packed(text: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    out.write_all(text).expect("memory");
    out.finish().expect("memory")
}

#[test]
fn what_is_saved_comes_back_the_same() {
    let state = worked();
    let first = bytes(&state.saved().expect("a text")).expect("bytes");
    let mut back = reopened(parse(&*first).expect("a session"));
    assert!(!back.has_model() && back.stopped.is_none());
    let again = bytes(&back.saved().expect("a text")).expect("bytes");
    assert_eq!(plain(&first), plain(&again));
    assert_eq!((back.position, back.row, back.view), (state.position, state.row, state.view));
    assert_eq!(state.tree.generated() - back.tree.generated(), 1, "what was removed stays behind");
    assert!(!back.is_unsaved());
    // Everything that was drawn is drawn again, but for the notice.
    for view in View::ALL {
        let mut before = worked();
        (before.view, back.view) = (view, view);
        (before.notice, back.notice) = (Some("the same".into()), Some("the same".into()));
        before.branch = back.branch;
        (before.millis, back.millis) = (None, None);
        before.lanes.forget_pace();
        // Wide enough for the name and what it lacks.
        let screen = |state: &State| picture::screen(state, 160, 40);
        let shown = screen(&before).replace("session not saved", "session saved");
        let again = screen(&back).replace(" (no model)", "");
        let blank = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert!(blank(&shown) == blank(&again), "{view:?}\n{shown}\n{again}");
    }
}

#[test]
fn without_a_model_everything_that_needs_one_says_so() {
    let saved = worked().saved().expect("a text");
    let mut state = reopened(saved);
    assert_eq!(state.notice.as_deref(), Some("no model: no such file"));
    state.view = View::Explore;
    for action in [Action::Take, Action::Run, Action::Find, Action::Edit, Action::Again, Action::Replay, Action::Open] {
        act(&mut state, action);
        assert_eq!(state.notice.as_deref(), Some(NO_MODEL), "{action:?}");
        assert!(state.panel.is_none() && state.next_query().is_none() && !state.is_waiting());
    }
    state.view = View::Branches;
    state.branch = 1;
    act(&mut state, Action::Open);
    assert_eq!(state.notice, None, "branches are walked without a model");
}

#[test]
fn its_model_goes_on_and_another_one_asks() {
    let saved = worked().saved().expect("a text");
    let card = opened().card.expect("a card");
    let mut state = State::new("a model".into(), Wish::default());
    state.keeping.model = ModelState::Coming;
    state.restore(saved.clone(), Some("s.mexit".into()));
    let len = state.text.len();
    hear(&mut state, Event::Opened(card.clone()));
    hear(&mut state, Event::Prompt([TokenId(1)].into()));
    assert!(state.has_model() && state.text.len() == len);
    state.view = View::Explore;
    answer_all(&mut state);
    press(&mut state, &[Action::OpenSlot, Action::Take, Action::Take]);
    assert_eq!(state.text.len(), len + 2);
    assert!(state.is_unsaved());

    let mut other = crate::session::protocol::ModelCard::clone(&card);
    other.exits.truncate(5);
    other.fingerprint = "f".repeat(64);
    for (answer, goes_on) in [(KeyCode::Char('y'), true), (KeyCode::Esc, false)] {
        let mut state = State::new("a model".into(), Wish::default());
        state.keeping.model = ModelState::Coming;
        state.restore(saved.clone(), Some("s.mexit".into()));
        hear(&mut state, Event::Opened(Arc::new(other.clone())));
        assert!(matches!(state.panel, Some(Panel::Question(Question::Other))) && !state.has_model());
        assert!(screen(&state).contains("y go on with it"));
        key(&mut state, answer);
        assert!(state.panel.is_none());
        assert_eq!(state.has_model(), goes_on);
        assert_eq!(state.traces.iter().flatten().count() == 0, goes_on, "another model's numbers are not shown");
        assert_eq!(state.text.len(), len);
        screen(&state);
    }
    other.vocabulary = 5;
    let mut state = State::new("a model".into(), Wish::default());
    state.keeping.model = ModelState::Coming;
    state.restore(saved, None);
    hear(&mut state, Event::Opened(Arc::new(other)));
    key(&mut state, KeyCode::Char('y'));
    assert!(!state.has_model() && state.notice.is_some_and(|text| text.contains("vocabulary")));
}

#[test]
fn quitting_asks_only_for_tokens_that_are_in_no_file() {
    let mut state = opened();
    answer_all(&mut state);
    assert_eq!(act(&mut state, Action::Quit), Effect::Quit, "a mere prompt is no loss");
    press(&mut state, &[Action::Take]);
    assert_eq!(act(&mut state, Action::Quit), Effect::None);
    assert!(screen(&state).contains("y quit  s save  Esc stay"));
    key(&mut state, KeyCode::Esc);
    assert!(state.panel.is_none());
    act(&mut state, Action::Quit);
    assert_eq!(key(&mut state, KeyCode::Char('x')), Effect::None);
    assert_eq!(key(&mut state, KeyCode::Char('s')), Effect::None);
    let Effect::Save { path, quit: true } = key(&mut state, KeyCode::Enter) else { panic!("saves, then ends") };
    let generated = state.tree.generated();
    state.is_saved_as(path, generated);
    assert_eq!(act(&mut state, Action::Quit), Effect::Quit);
    assert!(screen(&state).contains("session saved"));
    press(&mut state, &[Action::Take]);
    assert!(screen(&state).contains("session not saved"));
    assert!(matches!(act(&mut state, Action::Save), Effect::Save { quit: false, .. }), "the name is asked for once");
    act(&mut state, Action::Quit);
    assert_eq!(key(&mut state, KeyCode::Char('y')), Effect::Quit);
}

fn copied(state: &State, what: Copied) -> Result<(String, Option<String>), String> {
    what.text(state, &look(), &|trace, _| format!("step {}", trace.position))
}

#[test]
fn copies() {
    let mut state = opened();
    answer_all(&mut state);
    assert!(copied(&state, Copied::Command).is_err(), "nothing is generated yet");
    press(&mut state, &[Action::Take, Action::Take]);
    state.keeping.place = Some("a b's.gguf".into());
    state.position = 7;
    assert_eq!(copied(&state, Copied::Token).expect("a token").0, " a");
    assert_eq!(copied(&state, Copied::Ids).expect("ids").0, "17047,5835,288,388,5835,3332,319,257,3355");
    assert_eq!(copied(&state, Copied::Step).expect("a step").0, "step 7");
    let row = copied(&state, Copied::Row).expect("a row").0;
    assert!(row.starts_with("original\t␣a\t2\t0.19") && row.split('\t').count() == 26, "{row}");
    assert_eq!(copied(&state, Copied::View).expect("a view").0.lines().count(), 24);
    let (line, remark) = copied(&state, Copied::Command).expect("a command");
    assert_eq!(remark, None);
    let expected = "mexit-tui generate --model \"a b's.gguf\" --ids 17047,5835,288,388,5835,3332,319 -n 2 \
        --contrast 24,12 --alpha 0.1 --min-candidates 1";
    assert_eq!(line, expected);
    moves::force(&mut state, 8, TokenId(9));
    answer_all(&mut state);
    assert!(copied(&state, Copied::Command).is_err(), "the last token is the user's");
    state.decoding.sampling.random = true;
    answer_all(&mut state);
    press(&mut state, &[Action::OpenSlot, Action::Take]);
    let (line, remark) = copied(&state, Copied::Command).expect("a command");
    assert!(
        line.contains("--ids 17047,5835,288,388,5835,3332,319,257,9 -n 1") && line.ends_with("--seed 42"),
        "{line}"
    );
    assert_eq!(remark.as_deref(), Some("it starts after token 8, which was taken by you"));
}

/// Ten thousand flipped and cut files: each is refused by a sentence, or is a session that can be looked at.
#[test]
fn damaged_files_are_refused() {
    let mut small = opened();
    answer_all(&mut small);
    small.view = View::WhatIf;
    press(&mut small, &[Action::Take]);
    let good = bytes(&small.saved().expect("a text")).expect("bytes");
    let lines = plain(&good);
    let storms: Vec<_> = (1..=4u64)
        .map(|seed| {
            let (good, lines) = (good.clone(), lines.clone());
            std::thread::spawn(move || storm(seed, &good, lines.as_bytes()))
        })
        .collect();
    let passed: usize = storms.into_iter().map(|storm| storm.join().expect("no panic")).sum();
    assert!((10..9_000).contains(&passed), "{passed} of 10,000 damaged files were taken");
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole numbers below n")]
fn storm(seed: u64, good: &[u8], lines: &[u8]) -> usize {
    let mut rolls = 0;
    let mut below = |n: usize| {
        rolls += 1;
        (uniform(seed, rolls, 0) * n as f64) as usize
    };
    let mut passed = 0;
    for n in 0..2_500 {
        // Of the file as it is, its sum of bytes finds nearly all: the lines inside are damaged, too.
        let inside = n % 4 > 0;
        let mut damaged = if inside { lines.to_vec() } else { good.to_vec() };
        for _ in 0..=below(3) {
            let at = below(damaged.len());
            match below(5) {
                0 => damaged.truncate(at + 1),
                1 => damaged[at] ^= 1 << below(8),
                // Digits become others: numbers that can be read and do not fit.
                _ => {
                    let digit = damaged[at..].iter().position(u8::is_ascii_digit).map_or(at, |off| at + off);
                    damaged[digit] = b'0' + u8::try_from(below(10)).unwrap_or(0);
                }
            }
        }
        let file = if inside { packed(&damaged) } else { damaged };
        match parse(&*file) {
            Err(refusal) => {
                let said = refusal.to_string();
                assert!(!said.contains('\n') && said.len() < 400, "{said}");
            }
            Ok(saved) => {
                passed += 1;
                let mut state = reopened(saved);
                for view in View::ALL {
                    state.view = view;
                    if n % 10 == 1 {
                        screen(&state);
                    }
                }
                assert!(state.saved().is_some());
            }
        }
    }
    passed
}

#[test]
fn other_files_are_named_as_what_they_are() {
    // Not by `expect_err`, which would show all of a session.
    let refused = |bytes: &[u8]| parse(bytes).map(drop).expect_err("a refusal");
    assert!(matches!(refused(b"GGUF"), Refusal::Foreign { .. }));
    assert!(matches!(refused(&packed(b"{}\n")), Refusal::Foreign { .. }));
    assert!(matches!(refused(b""), Refusal::Foreign { .. }));
    let head = br#"{"mexit":{"session":9,"program":"mexit-tui 9","more":1}}"#;
    assert_eq!(refused(&packed(&[head, &b"\n"[..]].concat())), Refusal::Newer { found: 9 });
    // A line without an end, however long, is not read into memory.
    let endless = packed(&vec![b' '; 64 << 20]);
    assert!(endless.len() < 1 << 20 && matches!(refused(&endless), Refusal::Foreign { .. } | Refusal::Damaged { .. }));
    let good = plain(&bytes(&worked().saved().expect("a text")).expect("bytes"));
    for (right, wrong) in [
        ("\"trace\":{\"position\":2", "\"trace\":{\"position\":3"),
        ("\"parent\":1", "\"parent\":7"),
        ("\"alpha\":0.1", "\"alpha\":\"nan\""),
        ("\"expert\":\"24\"", "\"expert\":\"23\""),
        ("{\"end\"", "\n{\"end\""),
    ] {
        assert!(good.contains(right), "{right}");
        let wrong = good.replacen(right, wrong, 1);
        assert!(matches!(refused(&packed(wrong.as_bytes())), Refusal::Damaged { .. }), "{right}");
    }
}

#[test]
fn other_settings_without_a_model_are_exact_or_blank() {
    let mut state = reopened(worked().saved().expect("a text"));
    let redrawn = |state: &mut State| {
        assert!(state.next_query().is_none());
        screen(state)
    };
    state.view = View::Explore;
    act(&mut state, Action::OpenSlot);
    act(&mut state, Action::CursorLeft);
    let before = redrawn(&mut state);
    assert!(before.contains("4 of 50257"), "{before}");
    act(&mut state, Action::MoreAlpha);
    let more = redrawn(&mut state);
    assert!(more.contains("V 1 of 50257"), "V is a part of what was stored\n{more}");
    for _ in 0..6 {
        act(&mut state, Action::LessAlpha);
    }
    let less = redrawn(&mut state);
    assert!(less.contains("needs the model") && !less.contains("of 50257"), "{less}");
    state.view = View::WhatIf;
    let grid = redrawn(&mut state);
    assert!(grid.contains("needs the model"), "{grid}");
    let stored = worked().saved().expect("a text");
    let again = bytes(&state.saved().expect("a text")).expect("bytes");
    let nodes =
        |text: String| text.lines().filter(|l| l.starts_with("{\"trace")).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(nodes(plain(&again)), nodes(plain(&bytes(&stored).expect("bytes"))), "what was stored stays");
}
