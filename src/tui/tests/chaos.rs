//! A hundred thousand random keys, pastes, answers and window sizes: nothing panics, nothing is drawn outside, and what
//! the state says of itself stays true.

use std::{sync::Arc, time::Duration};

use ratatui::{
    buffer::Buffer,
    crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind},
    layout::Rect,
};

use crate::tui::{
    app::take_in,
    commands,
    hearing::hear,
    journeys::group,
    keeping::ModelState,
    lanes::MOST,
    marks::{ASCII, UNICODE},
    number::Units,
    row::Look,
    state::State,
    tests::fake::{answer, answer_broken, answer_part, opened},
    theme::{Depth, ThemeName},
    tree::ids,
    typing, view,
};
use crate::{
    decode::uniform,
    session::{
        protocol::Event,
        trace::{ExitId, TokenId},
    },
};

const EVENTS: u32 = 25_000;

/// Numbers that depend on a seed alone.
struct Dice {
    seed: u64,
    rolls: u64,
}

impl Dice {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number below n")]
    fn below(&mut self, n: usize) -> usize {
        self.rolls += 1;
        (uniform(self.seed, self.rolls, 0) * n as f64) as usize
    }

    fn key(&mut self) -> KeyEvent {
        const CODES: [KeyCode; 17] = [
            KeyCode::Enter,
            KeyCode::Esc,
            KeyCode::Up,
            KeyCode::Down,
            KeyCode::Left,
            KeyCode::Right,
            KeyCode::Home,
            KeyCode::End,
            KeyCode::PageUp,
            KeyCode::PageDown,
            KeyCode::Tab,
            KeyCode::BackTab,
            KeyCode::Backspace,
            KeyCode::Delete,
            KeyCode::F(1),
            KeyCode::F(2),
            KeyCode::Char(' '),
        ];
        let printable = (33u8..127).map(char::from).collect::<Vec<char>>();
        let code = match self.below(3) {
            0 => CODES[self.below(CODES.len())],
            _ => KeyCode::Char(printable[self.below(printable.len())]),
        };
        let modifiers = match self.below(12) {
            0 => KeyModifiers::CONTROL,
            1 => KeyModifiers::ALT,
            2 | 3 => KeyModifiers::SHIFT,
            _ => KeyModifiers::NONE,
        };
        KeyEvent::new(code, modifiers)
    }
}

/// A click or the wheel, anywhere in the window or just outside it.
fn mouse(state: &State, dice: &mut Dice) -> MouseEvent {
    const KINDS: [MouseEventKind; 5] = [
        MouseEventKind::Down(MouseButton::Left),
        MouseEventKind::ScrollUp,
        MouseEventKind::ScrollDown,
        MouseEventKind::ScrollLeft,
        MouseEventKind::ScrollRight,
    ];
    let mut place = |size: u16| u16::try_from(dice.below(usize::from(size) + 8)).expect("small");
    let (column, row) = (place(state.window.0), place(state.window.1));
    MouseEvent { kind: KINDS[dice.below(KINDS.len())], column, row, modifiers: KeyModifiers::NONE }
}

fn draw(state: &mut State, dice: &mut Dice) {
    let size = |n: usize| u16::try_from(n).expect("small");
    let (width, height) = (size(20 + dice.below(230)), size(4 + dice.below(90)));
    state.window = (width, height);
    // Drawn into the middle of a larger buffer: its rim must stay blank.
    let area = Rect::new(3, 2, width, height);
    let mut buf = Buffer::empty(Rect::new(0, 0, width + 6, height + 4));
    let depth = [Depth::True, Depth::Indexed, Depth::Sixteen, Depth::None][dice.below(4)];
    let ascii = dice.below(4) == 0;
    let look = Look::new(&if ascii { ASCII } else { UNICODE }, depth);
    state.hits = view::draw(state, &look, area, &mut buf);
    for y in 0..buf.area.height {
        for x in 0..buf.area.width {
            let symbol = buf[(x, y)].symbol();
            assert!(area.contains((x, y).into()) || symbol == " ", "{width}x{height} at {x},{y}: {symbol:?}");
            assert!(!ascii || symbol.is_ascii(), "{symbol:?}");
        }
    }
}

fn holds(state: &State) {
    assert!(state.position <= state.open_slot());
    assert_eq!(state.traces.len(), state.text.len() + 1);
    assert!(!state.text.is_empty(), "a text has a token at least");
    let text: Vec<TokenId> = state.text.iter().map(|token| token.id).collect();
    assert_eq!(ids(&state.tree, state.node), text, "the text is the tree's");
    assert!((1..=MOST).contains(&state.lanes.count()) && state.lanes.present() < state.lanes.count());
    for n in 0..state.lanes.count() {
        let lane = state.of_lane(n);
        let text: Vec<TokenId> = lane.text.iter().map(|token| token.id).collect();
        assert!(!text.is_empty() && lane.position <= lane.open_slot() && lane.traces.len() == text.len() + 1);
        assert_eq!(ids(&state.tree, state.end_of_lane(n)), text, "a lane's text is the tree's");
    }
    for (position, trace) in state.traces.iter().enumerate() {
        assert!(trace.as_ref().is_none_or(|trace| trace.position == position));
        // What is said of a token is said of this one.
        let token = state.text.get(position).map(|token| token.id);
        assert!(token.is_none() || trace.as_ref().is_none_or(|trace| Some(trace.subject) == token));
    }
}

/// What the engine may say at any time.
fn engine_says(state: &mut State, dice: &mut Dice) {
    let ticket = state.asked.as_ref().map_or(0, |query| query.ticket);
    match dice.below(6) {
        0 => hear(state, Event::Stopped("out of memory ␣".into())),
        1 => hear(state, Event::Refused { ticket, reason: "out of memory".into() }),
        2..=4 => {
            let (done, seconds_left) = (dice.below(40), dice.below(200) as f32);
            hear(state, Event::Reading { done, total: 40, seconds_left });
        }
        _ => {
            if let Some(card) = state.card.clone() {
                hear(state, Event::Opened(card));
                hear(state, Event::Prompt(Arc::from([TokenId(0)])));
            }
        }
    }
    // A storm over a dead engine tests little.
    if state.stopped.is_some() && dice.below(2) == 0 {
        state.restart();
    }
}

fn storm(seed: u64) {
    let mut dice = Dice { seed, rolls: 0 };
    let (mut state, mut time) = (opened(), Duration::ZERO);
    for n in 0..EVENTS {
        match dice.below(10) {
            0..=5 => {
                let key = dice.key();
                take_in(&mut state, Input::Key(key));
            }
            6..=8 => {
                if let Some(query) = state.next_query() {
                    match dice.below(12) {
                        0 => {}
                        1 => answer_part(&mut state, &query),
                        2 => {
                            answer_broken(&mut state, &query, ExitId::Block(if dice.below(2) == 0 { 2 } else { 12 }));
                        }
                        _ => answer(&mut state, &query),
                    }
                }
            }
            _ => match dice.below(15) {
                0 => typing::paste(&mut state, "a\tpaste of\nlines ␣ «»"),
                2..=5 => {
                    state.display.mouse = true;
                    let event = mouse(&state, &mut dice);
                    take_in(&mut state, Input::Mouse(event));
                }
                6 => {
                    let (name, theme) = ThemeName::ALL[dice.below(ThemeName::ALL.len())];
                    let (units, _) = Units::ALL[dice.below(Units::ALL.len())];
                    state.display.theme = theme;
                    let line = if dice.below(2) == 0 { format!("theme {name}") } else { format!("units {units}") };
                    let (command, words) = commands::read(&line).expect("a command");
                    (command.run)(&mut state, words);
                }
                1 => {
                    let length = u32::try_from(dice.below(15)).unwrap_or(0);
                    let text = String::from("any");
                    hear(&mut state, Event::Tokens { text, ids: Ok((0..length).map(TokenId).collect()) });
                }
                9 => group(&mut state, ["␣a,␣the", "no token", "#3, it"][dice.below(3)]),
                7 => engine_says(&mut state, &mut dice),
                8 => {
                    time += Duration::from_millis(u64::try_from(dice.below(400)).unwrap_or(0));
                    state.tick_to(time);
                }
                10 => {
                    let saved = state.saved().expect("a text");
                    state.restore(saved, None);
                }
                14 => {
                    // A method of the panel, with its first field open.
                    let methods = dice.below(6);
                    let keys =
                        [vec![KeyCode::Esc, KeyCode::Char('d')], vec![KeyCode::Right; methods], vec![KeyCode::Down]];
                    for code in keys.concat() {
                        take_in(&mut state, Input::Key(KeyEvent::new(code, KeyModifiers::NONE)));
                    }
                }
                // The model goes, and comes back.
                11 => state.keeping.model = ModelState::Missing,
                12 | 13 => {
                    let card = Arc::clone(state.card.as_ref().expect("a card"));
                    hear(&mut state, Event::Opened(card));
                }
                _ => {}
            },
        }
        holds(&state);
        if n % 8 == 0 {
            draw(&mut state, &mut dice);
        }
        // Texts that only grow make every later event slower, and test nothing more.
        if state.text.len() > 200 {
            crate::tui::moves::cut(&mut state, 5);
        }
    }
}

#[test]
fn a_hundred_thousand_events() {
    let storms: Vec<_> = (1..=4).map(|seed| std::thread::spawn(move || storm(seed))).collect();
    for handle in storms {
        handle.join().expect("no panic");
    }
}
