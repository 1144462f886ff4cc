//! What the user likes otherwise: themes, units, ids, keys, the mouse; and what is left when no colour is.

use ratatui::{
    buffer::Buffer,
    crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind},
    layout::Rect,
    style::{Color, Modifier},
};

use crate::session::trace::ExitId;

use crate::tui::{
    app,
    keymap::{Action, Keymap, Patch},
    marks::{ASCII, Marks, UNICODE},
    number::Units,
    panel::Panel,
    row::Look,
    state::{State, View, Wish},
    tests::fake::{answer_all, opened},
    tests::picture::{ready, text},
    tests::style_dump::{style_dump, without_colours},
    theme::{Depth, ThemeName},
    update::{Effect, act},
    view,
};

fn drawn(state: &mut State, marks: &Marks, depth: Depth, (width, height): (u16, u16)) -> Buffer {
    let area = Rect::new(0, 0, width, height);
    let mut buf = Buffer::empty(area);
    state.window = (width, height);
    state.hits = view::draw(state, &Look::new(marks, depth), area, &mut buf);
    buf
}

fn screen(state: &mut State) -> String {
    text(&drawn(state, &UNICODE, Depth::True, (80, 24)))
}

fn key(state: &mut State, code: KeyCode, held: KeyModifiers) -> Effect {
    let effect = app::take_in(state, Event::Key(KeyEvent::new(code, held)));
    answer_all(state);
    effect
}

fn typed(state: &mut State, text: &str) {
    for c in text.chars() {
        key(state, if c == '\n' { KeyCode::Enter } else { KeyCode::Char(c) }, KeyModifiers::NONE);
    }
}

/// Where a text stands on the screen, from the n-th place on.
fn place(screen: &str, wanted: &str, n: usize) -> (u16, u16) {
    let found = screen.lines().enumerate().flat_map(|(y, line)| {
        line.match_indices(wanted).map(move |(at, _)| (line[..at].chars().count(), y)).collect::<Vec<_>>()
    });
    let (x, y) = found.into_iter().nth(n).unwrap_or_else(|| panic!("{wanted:?} is not on the screen:\n{screen}"));
    (u16::try_from(x).expect("small"), u16::try_from(y).expect("small"))
}

fn mouse(state: &mut State, kind: MouseEventKind, wanted: &str, n: usize) -> Effect {
    let (column, row) = place(&screen(state), wanted, n);
    let effect = app::take_in(state, Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
    answer_all(state);
    effect
}

fn click(state: &mut State, wanted: &str, n: usize) {
    assert_eq!(mouse(state, MouseEventKind::Down(MouseButton::Left), wanted, n), Effect::None);
}

/// Each view with something marked in it.
fn views() -> Vec<State> {
    let each = View::ALL.into_iter().map(|view| {
        let mut state = ready();
        act(&mut state, Action::Take);
        answer_all(&mut state);
        act(&mut state, Action::CursorLeft);
        act(&mut state, Action::View(view));
        answer_all(&mut state);
        state
    });
    each.collect()
}

#[test]
fn themes_and_units_are_said_in_words() {
    let mut state = ready();
    typed(&mut state, ":theme light\n");
    typed(&mut state, ":units bits\n");
    assert_eq!((state.display.theme, state.display.units), (ThemeName::Light, Units::Bits));
    assert!(state.panel.is_none());
    // 3.17 nats are 4.57 bits.
    let seen = screen(&mut state);
    assert!(seen.contains("4.57") && seen.contains("H bits") && !seen.contains("3.17"), "{seen}");
    assert!(seen.contains("log2→p"), "{seen}");
    // Chosen from the list, a command waits for its words.
    typed(&mut state, ":colours\n");
    assert!(matches!(&state.panel, Some(Panel::Palette(palette)) if palette.filter.value() == "theme "));
    typed(&mut state, "high-contrast\n");
    assert_eq!(state.display.theme, ThemeName::HighContrast);
    let buf = drawn(&mut state, &UNICODE, Depth::True, (80, 24));
    assert!(buf.content.iter().all(|cell| cell.bg != Color::Reset && !cell.modifier.contains(Modifier::DIM)));
    typed(&mut state, ":theme blue\n");
    assert!(screen(&mut state).contains("theme is high-contrast: expected dark or light or high-contrast, found blue"));
}

#[test]
fn ids_take_the_place_of_text_wherever_a_token_is_named() {
    for mut state in views() {
        typed(&mut state, "i");
        let seen = screen(&mut state);
        let (id, text) = match state.view {
            View::Explore => ("●257 ", "␣the"),
            View::Heatmap => ("262 ", "␣the"),
            View::Journeys => ("7: 257 ␣a", "7: ␣a"),
            View::WhatIf => ("b 257 ", "␣the"),
            // Their texts stay such that can be read.
            View::Branches | View::Exits | View::Lanes => continue,
        };
        assert!(seen.contains(id) && !seen.contains(text), "{:?}\n{seen}", state.view);
    }
    let mut state = ready();
    typed(&mut state, "i");
    assert!(screen(&mut state).contains("next: 257 ␣a"), "the verdict has both");
    assert!(screen(&mut state).contains(" humpty dumpty sat on┊ a"), "the text stays one that can be read");
}

#[test]
fn a_pair_that_the_model_lacks_is_said_and_not_taken() {
    let (mut state, card) = (State::new("a model".into(), Wish::default()), opened().card.expect("a model"));
    state.wish.contrast = Some((ExitId::Original, ExitId::Block(7)));
    crate::tui::hearing::hear(&mut state, crate::session::protocol::Event::Opened(card));
    assert_eq!((state.pair.expert, state.pair.amateur), (ExitId::Block(24), ExitId::Block(12)));
    assert!(state.notice.expect("said").contains("exit 7"));
}

#[test]
fn the_users_own_keys_act_and_are_shown() {
    let rows = [("run", "F5"), ("next-token", "Ctrl-T"), ("help", "F3"), ("contrast", "Alt-c")];
    let patch: Patch = rows.iter().map(|(name, key)| ((*name).to_owned(), vec![(*key).to_owned()])).collect();
    let mut state = ready();
    state.keys = Keymap::patched(&patch).expect("no conflict");
    let seen = text(&drawn(&mut state, &UNICODE, Depth::None, (160, 40)));
    for part in ["Ctrl-T take ␣a", "Alt-c contrast off", "F5 run", "F3 help"] {
        assert!(seen.contains(part), "{part}\n{seen}");
    }
    key(&mut state, KeyCode::Char(' '), KeyModifiers::NONE);
    assert_eq!(state.text.len(), 7, "Space is free");
    key(&mut state, KeyCode::Char('t'), KeyModifiers::CONTROL);
    assert_eq!(state.text.len(), 8);
    key(&mut state, KeyCode::Char('c'), KeyModifiers::ALT);
    assert!(!state.contrast_decides());
    typed(&mut state, ":");
    assert!(screen(&mut state).contains("Ctrl-T"));
    key(&mut state, KeyCode::Esc, KeyModifiers::NONE);
    key(&mut state, KeyCode::F(3), KeyModifiers::NONE);
    assert!(screen(&mut state).contains("Ctrl-T"));
}

#[test]
fn the_footer_ends_in_help_and_help_begins_with_the_view() {
    for mut state in views() {
        for (marks, width) in [(&UNICODE, 60), (&ASCII, 60), (&UNICODE, 80), (&UNICODE, 240)] {
            let seen = text(&drawn(&mut state, marks, Depth::None, (width, 16)));
            assert!(seen.trim_end().ends_with("? help"), "{seen}");
        }
        typed(&mut state, "?");
        assert!(screen(&mut state).contains(&format!("keys of {}", state.view.name())));
        let mut all = String::new();
        while state.help > 0 {
            all += &screen(&mut state);
            typed(&mut state, "?");
        }
        for (binding, _) in state.keys.rows() {
            let shown = state.keys.shown(binding.action, false);
            assert!(all.contains(&format!(" {shown} ")), "{shown}\n{all}");
        }
    }
}

/// Who sees no colours still tells the cursor, the deciding exit, expert and amateur, the token, and what the contrast
/// changed apart: by signs and attributes, which the dumps show.
#[test]
fn without_colours_the_marks_stay() {
    for mut state in views() {
        let name = format!("grey_{}", state.view.name());
        let coloured = drawn(&mut state, &UNICODE, Depth::True, (80, 24));
        let grey = style_dump(&without_colours(&coloured));
        assert!(!grey.contains('@'), "no colours are left");
        assert_eq!(text(&coloured), text(&without_colours(&coloured)));
        let marks: &[&str] = match state.view {
            View::Explore => &["24E", "12A", "●␣a", "▲", "◆"],
            View::Heatmap => &["24E", "12A", "│"],
            View::Journeys => &["▲"],
            View::WhatIf => &["24E", "12A", "[", "▲"],
            View::Branches => &["main"],
            View::Exits | View::Lanes => &[">"],
        };
        for mark in marks {
            assert!(grey.contains(mark), "{mark}\n{grey}");
        }
        let cursor = |line: &str| line.starts_with('~') && line.contains(['r', 'B', 'U', 'F', '#']);
        assert!(grey.lines().any(cursor), "the cursor\n{grey}");
        insta::assert_snapshot!(name, grey);
    }
}

#[test]
fn heat_cells_take_the_colour_of_their_level_and_can_be_read_on_it() {
    let mut state = ready();
    act(&mut state, Action::View(View::Heatmap));
    for depth in [Depth::True, Depth::Indexed] {
        let buf = drawn(&mut state, &UNICODE, depth, (80, 24));
        let heated: Vec<_> = buf.content.iter().filter(|cell| cell.bg != Color::Reset).collect();
        assert!(!heated.is_empty());
        let black_or_white = [Color::Rgb(0, 0, 0), Color::Rgb(255, 255, 255), Color::Indexed(16), Color::Indexed(231)];
        assert!(heated.iter().all(|cell| black_or_white.contains(&cell.fg) && !cell.modifier.contains(Modifier::DIM)));
    }
    let buf = drawn(&mut state, &UNICODE, Depth::Sixteen, (80, 24));
    assert!(buf.content.iter().all(|cell| cell.bg == Color::Reset));
}

#[test]
fn the_mouse_is_off_until_it_is_wanted() {
    let mut state = ready();
    click(&mut state, "2 Heatmap", 0);
    assert_eq!(state.view, View::Explore);
    assert!(state.hits.is_empty());
    typed(&mut state, "M");
    assert!(screen(&mut state).contains("mouse on"));
    click(&mut state, "2 Heatmap", 0);
    assert_eq!(state.view, View::Heatmap);
}

#[test]
fn a_click_is_the_cursor_and_a_second_one_enter() {
    let mut state = ready();
    state.display.mouse = true;
    click(&mut state, "sat", 0);
    assert_eq!(state.position, 5);
    click(&mut state, " 10  b", 0);
    assert_eq!(state.row, 8);
    click(&mut state, " 10  b", 0);
    assert!(matches!(state.panel, Some(Panel::Picker(_))));
    click(&mut state, "␣was", 0);
    let listed = |state: &State| match &state.panel {
        Some(Panel::Picker(picker)) => picker.selected,
        _ => panic!("the picker is open"),
    };
    assert!(listed(&state) > 0);
    click(&mut state, "1 Explore", 0);
    assert!(state.panel.is_some(), "a panel covers what is under it");
    click(&mut state, "␣was", 0);
    click(&mut state, "␣was", 0);
    assert_eq!((state.panel.is_none(), state.text.len()), (true, 6));
    assert!(state.text[5].forced);
}

#[test]
fn cells_pairs_and_branches_can_be_clicked() {
    let mut state = ready();
    state.display.mouse = true;
    act(&mut state, Action::View(View::Heatmap));
    act(&mut state, Action::First);
    let (column, row) = place(&screen(&mut state), "   20 ", 0);
    let kind = MouseEventKind::Down(MouseButton::Left);
    let event = MouseEvent { kind, column: column + 7 + 3 * 8 + 2, row, modifiers: KeyModifiers::NONE };
    app::take_in(&mut state, Event::Mouse(event));
    assert_eq!((state.position, state.row), (3, 3));
    act(&mut state, Action::View(View::WhatIf));
    answer_all(&mut state);
    let (_, row) = place(&screen(&mut state), "   20 ", 0);
    // The fifth amateur column: four cells each.
    let event = MouseEvent { kind, column: 12 + 4 * 4 + 3, row, modifiers: KeyModifiers::NONE };
    app::take_in(&mut state, Event::Mouse(event));
    assert_eq!((state.what_if.expert, state.what_if.amateur), (3, 5));
    act(&mut state, Action::View(View::Explore));
    crate::tui::moves::force(&mut state, 5, crate::session::trace::TokenId(9));
    answer_all(&mut state);
    act(&mut state, Action::View(View::Branches));
    let before = state.node;
    click(&mut state, "main", 0);
    assert_eq!(state.branch, 0);
    click(&mut state, "main", 0);
    assert_ne!(state.node, before);
}

#[test]
fn the_wheel_moves_what_is_under_it() {
    let mut state = ready();
    state.display.mouse = true;
    mouse(&mut state, MouseEventKind::ScrollDown, "   20 ", 0);
    assert_eq!(state.row, 1);
    mouse(&mut state, MouseEventKind::ScrollUp, "sat", 0);
    assert_eq!(state.position, 6);
    mouse(&mut state, MouseEventKind::ScrollUp, "contrast", 0);
    assert_eq!((state.position, state.row), (6, 1), "nothing is there to move");
    typed(&mut state, ":");
    mouse(&mut state, MouseEventKind::ScrollDown, "step-back", 0);
    assert!(matches!(&state.panel, Some(Panel::Palette(palette)) if palette.selected == 1));
}
