//! Exits against exits: the page with few and many exits, its numbers against counts by hand, its keys and clicks.

use ratatui::crossterm::event::{Event, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::{
    line_screens::with_exits,
    picture::{buffer, text},
    scripted::{Stage, shown},
};
use crate::{
    session::trace::{ExitId, Method, StepTrace},
    tui::{
        app,
        marks::{ASCII, UNICODE},
        row::Look,
        state::{State, View},
        theme::Depth,
        view,
    },
};

fn page(keys: &str, window: (u16, u16)) -> Stage {
    let mut stage = Stage::new(window);
    stage.play("Space*25 Home Right*8 6 a Left*20");
    stage.play(keys);
    stage
}

fn with(count: u32) -> State {
    let mut state = with_exits(View::Exits, count);
    crate::tui::update::act(&mut state, crate::tui::keymap::Action::Agreement);
    state
}

#[test]
fn screens() {
    for (name, window) in [("60x16", (60, 16)), ("80x24", (80, 24)), ("200x60", (200, 60))] {
        insta::assert_snapshot!(format!("agreement_{name}"), page("Down*7", window).screen());
    }
    let grey = |count, window| text(&buffer(&with(count), &UNICODE, Depth::None, window));
    insta::assert_snapshot!("agreement_49_exits_80x24", grey(49, (80, 24)));
    insta::assert_snapshot!("agreement_49_exits_120x40", grey(49, (120, 40)));
    let ascii = text(&buffer(&with(13), &ASCII, Depth::None, (80, 24)));
    assert!(ascii.is_ascii());
    insta::assert_snapshot!("agreement_ascii", ascii);
}

#[test]
fn every_cell_is_counted_and_the_page_fits_everywhere() {
    for count in [1, 2, 13, 49, 97] {
        let mut state = with(count);
        for (width, height) in [(60, 16), (61, 17), (80, 24), (119, 23), (120, 40), (240, 80)] {
            state.row = usize::try_from(count).expect("small") / 2;
            let seen = text(&buffer(&state, &UNICODE, Depth::None, (width, height)));
            assert!(seen.contains("same top token"), "{count} exits, {width}x{height}\n{seen}");
            assert!(seen.lines().any(|line| line.starts_with('>')), "{count} exits, {width}x{height}\n{seen}");
        }
    }
}

#[test]
fn numbers_are_those_of_the_traces() {
    let stage = page("", (120, 40));
    let traces: Vec<&StepTrace> = (1..stage.state.text.len()).filter_map(|p| Some(&**stage.state.trace(p)?)).collect();
    let same = |a: usize, b: usize| traces.iter().filter(|t| t.exits[a].top[0].id == t.exits[b].top[0].id).count();
    let (screen, n) = (stage.screen(), traces.len());
    assert_eq!(n, 31);
    for (row, label) in [(0, " orig "), (4, "   18  "), (12, "    2  ")] {
        let line = screen.lines().find(|line| line.replacen('>', " ", 1).starts_with(label)).expect("a row");
        let cells: String = line.chars().take(59).skip(7).collect();
        let cells: Vec<usize> = cells.split_whitespace().map(|cell| cell.parse().expect("a number")).collect();
        // In whole numbers, so that nothing is computed as the page does: halves up, and 100 only for always.
        let percent = |b| if same(row, b) == n { 100 } else { ((200 * same(row, b) + n) / (2 * n)).min(99) };
        assert_eq!(cells, (0..13).map(percent).collect::<Vec<_>>(), "{label}");
    }
}

#[test]
fn arrows_choose_two_exits_and_w_goes_where_they_differ() {
    let mut stage = page("Down*7 Right*2", (120, 40));
    assert!(stage.screen().contains("exit 12 and exit 22"), "{}", stage.screen());
    let differ = |state: &State, p: usize| {
        let exits = &state.trace(p).expect("known").exits;
        exits[7].top[0].id != exits[2].top[0].id
    };
    let at = stage.state.position;
    let next = (at + 1..stage.state.text.len()).find(|p| differ(&stage.state, *p)).expect("they differ");
    stage.play("w");
    assert_eq!(stage.state.position, next);
    stage.play("Left*40 Up*40");
    assert!(stage.screen().contains("original and original: 100.0 %"));
    stage.play("Right*40 Down*40");
    assert!(stage.screen().contains("exit 2 and exit 2: 100.0 %"), "{}", stage.screen());
    stage.play("Enter");
    assert!(stage.screen().contains("same exit: nothing to contrast"));
    // The lower exit is the amateur, whichever of the two it is.
    stage.play("Up*11 Enter");
    assert_eq!((stage.state.pair.expert, stage.state.pair.amateur), (ExitId::Block(24), ExitId::Block(2)));
    assert_eq!(stage.state.decoding.method, Method::Contrast(stage.state.pair));
    let alpha = stage.state.pair.alpha;
    stage.play("=");
    assert!(stage.state.pair.alpha > alpha, "no threshold is on this page");
    stage.play("a");
    assert!(shown(&stage.screen(), "confidence").is_some(), "the policies are back");
}

#[test]
fn a_click_chooses_two_exits_or_a_token() {
    let mut stage = page("", (120, 40));
    stage.state.display.mouse = true;
    let mut click = |column: u16, label: &str| {
        let area = ratatui::layout::Rect::new(0, 0, 120, 40);
        let mut buf = ratatui::buffer::Buffer::empty(area);
        stage.state.hits = view::draw(&stage.state, &Look::new(&UNICODE, Depth::True), area, &mut buf);
        let screen = text(&buf);
        let row = screen.lines().position(|line| line.starts_with(label)).expect("a row");
        let (kind, row) = (MouseEventKind::Down(MouseButton::Left), u16::try_from(row).expect("small"));
        app::take_in(&mut stage.state, Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
        (stage.state.row, stage.state.exits.matrix.column, stage.state.position)
    };
    assert_eq!(click(7 + 4 * 5 + 2, "   20 "), (3, 5, 8));
    assert_eq!(click(4, "   10 "), (8, 5, 8), "a name is its row");
    let (row, column, position) = click(80, "   22 ");
    assert_eq!((row, column), (8, 5));
    assert_ne!(position, 8, "a token over which they differ");
}
