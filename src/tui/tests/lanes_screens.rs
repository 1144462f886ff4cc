//! Lanes: the design's screen, every size, the keys, and what is shown against what is.

use ratatui::crossterm::event::{Event, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use crate::{
    session::{
        saved::{bytes, parse},
        trace::{ExitId, Method, TokenId},
    },
    tui::{
        app::take_in,
        keymap::Action,
        moves::begin,
        state::View,
        tests::{
            fake::{answer_all, id},
            scripted::{Stage, shown},
        },
        theme::Depth,
        update::act,
    },
};

/// The design's three lanes with 25 tokens each, the first one present: original, exit 12, the contrast.
fn three(keys: &str, window: (u16, u16)) -> Stage {
    let mut stage = Stage::new(window);
    // Original comes first: the text's own decoding.
    stage.play("7 g O a Enter a Enter");
    stage.play("Space*25 )");
    stage.play(keys);
    stage
}

fn ids(stage: &Stage, n: usize) -> Vec<TokenId> {
    stage.state.of_lane(n).text.iter().map(|token| token.id).collect()
}

#[test]
fn screens() {
    for (name, window) in [("120x40", (120, 40)), ("60x16", (60, 16)), ("80x24", (80, 24)), ("200x60", (200, 60))] {
        insta::assert_snapshot!(format!("lanes_{name}"), three("Home Right*8", window).screen());
    }
    let ascii = three("Home Right*8", (80, 24)).with(Depth::None, true).screen();
    assert!(ascii.is_ascii(), "{ascii}");
    insta::assert_snapshot!("lanes_ascii", ascii);
    let four = three("a Enter ( (", (80, 24)).screen();
    insta::assert_snapshot!("lanes_four", four);
}

#[test]
fn lanes_that_are_not_shown_are_counted_where_keys_bring_them() {
    for (keys, left, right) in [("( (", "", "+2 ›"), ("(", "‹ +1", "+1 ›"), ("", "‹ +2", "")] {
        let head = |ascii| {
            let screen = three(&format!("a Enter {keys}"), (80, 24)).with(Depth::None, ascii).screen();
            screen.lines().nth(2).expect("names").to_owned()
        };
        let names = head(false);
        assert_eq!(names.contains('‹'), !left.is_empty(), "{names}");
        assert_eq!(names.contains('›'), !right.is_empty(), "{names}");
        assert!(names.contains(left) && names.ends_with(right), "{names}");
        let (names, plain) = (head(true), |sign: &str| sign.replace('‹', "<").replace('›', ">"));
        assert!(names.contains(&plain(left)) && names.ends_with(&plain(right)), "{names}");
    }
    let wide = three("a Enter", (200, 60)).screen();
    assert!(!wide.contains('›') && !wide.contains('‹'), "{wide}");
}

#[test]
fn the_footer_of_a_small_window_says_how_lanes_come_and_go() {
    let screen = three("", (60, 16)).screen();
    assert!(screen.contains("a add  Del remove"), "{screen}");
}

/// The design's words and numbers.
#[test]
fn the_table_is_the_designs() {
    let screen = three("Home Right*8", (120, 40)).screen();
    for (lane, numbers) in [
        (">1 original, greedy  ", ["-1.24", "14.5", ".00", "1.00", "–", "–"]),
        (" 2 exit 12, greedy  ", ["-2.31", "10.6", ".29", ".71", "8", "–"]),
        (" 3 contrast 24▸12 α .10, greedy  ", ["-.47", "10.6", ".08", ".92", "7", "2"]),
    ] {
        let row = screen.lines().rfind(|line| line.starts_with(lane)).unwrap_or_else(|| panic!("{lane}\n{screen}"));
        let found: Vec<&str> = row[lane.len()..].split_whitespace().collect();
        assert_eq!(found[..6], numbers, "{row}");
    }
    assert!(screen.contains("kept by 24") && screen.contains("exit 12 itself  H 5.93  KL 0.41"), "{screen}");
    assert!(screen.contains("●␣wall       .499") && screen.contains("tail"), "{screen}");
}

/// Each lane is the text that its decoding makes alone.
#[test]
fn a_lane_is_what_its_decoding_makes_alone() {
    let stage = three("", (120, 40));
    for (n, keys) in ["g O", "G K*5 O", ""].into_iter().enumerate() {
        let mut alone = Stage::new((120, 40));
        alone.play(keys);
        alone.play("Space*25");
        assert_eq!(alone.state.decoding.method, stage.state.of_lane(n).decoding.method);
        assert_eq!(ids(&alone, 0), ids(&stage, n), "lane {}", n + 1);
    }
}

#[test]
fn every_other_view_belongs_to_the_present_lane() {
    let mut stage = three("Home Right*8", (120, 40));
    for (n, word) in ["␣edge", "␣floor", "␣wall"].into_iter().enumerate() {
        assert_eq!(stage.state.lanes.present(), n);
        for view in ["1", "2", "3"] {
            stage.play(view);
            assert!(shown(&stage.screen(), word).is_some(), "{word}\n{}", stage.screen());
        }
        // A token there is this lane's alone.
        stage.play("1 Space 7");
        let made: Vec<usize> = (0..3).map(|k| stage.state.of_lane(k).text.len()).collect();
        assert!((0..3).all(|k| made[k] == if k == n { 33 } else { 32 }), "{made:?}");
        stage.play("Backspace )");
    }
}

#[test]
fn shorter_lanes_catch_up_and_longer_ones_go_back_first() {
    let mut stage = three("1 x 7", (120, 40));
    stage.state.position = 20;
    act(&mut stage.state, Action::Cut);
    let made = |stage: &Stage| (0..3).map(|n| stage.state.of_lane(n).text.len()).collect::<Vec<usize>>();
    assert_eq!(made(&stage), [20, 32, 32]);
    stage.play("Space*3");
    assert_eq!(made(&stage), [23, 32, 32]);
    stage.play("Backspace*2");
    assert_eq!(made(&stage), [23, 30, 30]);
    stage.play("S");
    stage.play("type 9\nEnter");
    assert_eq!(made(&stage), [32, 32, 32], "seven to catch up, two together");
    // Undo is the lane's own.
    stage.play("u");
    assert_eq!(made(&stage), [23, 32, 32]);
}

#[test]
fn lanes_are_added_with_a_decoding_of_their_own_and_removed() {
    let mut stage = Stage::new((120, 40));
    stage.play("7 )");
    assert!(stage.screen().contains("one lane so far: a adds another"), "{}", stage.screen());
    stage.play("a Enter a Enter a Enter");
    let methods: Vec<Method> = (0..4).map(|n| stage.state.of_lane(n).decoding.method).collect();
    let contrast = stage.state.of_lane(0).decoding.method;
    let exits = [ExitId::Original, ExitId::Block(12), ExitId::Block(24)].map(Method::Exit);
    assert_eq!(methods, [[contrast.clone()].as_slice(), &exits].concat());
    stage.play("a");
    assert!(stage.screen().contains("4 lanes at most"), "{}", stage.screen());
    // Esc takes the panel's changes back, or the lane that it came with.
    stage.play("Del*3");
    assert_eq!((stage.state.lanes.count(), &stage.state.decoding.method), (1, &contrast));
    stage.play("Del");
    assert!(stage.screen().contains("one lane stays"), "{}", stage.screen());
    stage.play("a Right Esc");
    assert_eq!((stage.state.lanes.count(), &stage.state.decoding.method), (1, &contrast));
}

/// A lane whose next token ends the text waits; the others go on.
#[test]
fn the_end_of_a_text_stops_its_lane_alone() {
    let mut stage = three("", (120, 40));
    let end = stage.state.card.as_ref().and_then(|card| card.end_of_text).expect("one");
    let mut slot = (**stage.state.seen(32).expect("known")).clone();
    (slot.choice.id, slot.subject) = (end, end);
    stage.state.traces[32] = Some(slot.into());
    stage.play("Space*2");
    let made: Vec<usize> = (0..3).map(|n| stage.state.of_lane(n).text.len()).collect();
    assert_eq!(made, [32, 34, 34]);
}

#[test]
fn own_prompts_are_aligned_where_they_end() {
    let mut stage = Stage::new((120, 40));
    stage.play("7 a Enter");
    let mut prompt: Vec<TokenId> = ids(&stage, 1);
    prompt.push(id(" the"));
    begin(&mut stage.state, &prompt);
    stage.play("Space*4 Left*2");
    let screen = stage.screen();
    assert!(screen.contains("own prompts, two decodings") && screen.contains("aligned where"), "{screen}");
    assert!(!screen.contains('≠') && !screen.contains("as lane 1 ──"), "{screen}");
    let [first, second] = [0, 1].map(|n| stage.state.of_lane(n));
    assert_eq!((first.position - first.prompt_len(), first.prompt_len()), (2, 7));
    assert_eq!((second.position - second.prompt_len(), second.prompt_len()), (2, 8));
}

#[test]
fn clicks_go_to_a_lane_and_its_token() {
    let mut stage = three("M Home", (120, 40));
    let click = |stage: &mut Stage, wanted: &str| {
        let screen = stage.screen();
        let found =
            screen.lines().enumerate().find_map(|(y, line)| Some((line[..line.find(wanted)?].chars().count(), y)));
        let (x, y) = found.unwrap_or_else(|| panic!("{wanted}\n{screen}"));
        let small = |n: usize| u16::try_from(n).expect("small");
        stage.state.hits = stage.hits();
        let kind = MouseEventKind::Down(MouseButton::Left);
        let event = MouseEvent { kind, column: small(x), row: small(y), modifiers: KeyModifiers::NONE };
        take_in(&mut stage.state, Event::Mouse(event));
    };
    click(&mut stage, "covered");
    assert_eq!((stage.state.lanes.present(), stage.state.position), (1, 13));
    click(&mut stage, "wall,");
    assert_eq!((stage.state.lanes.present(), stage.state.position), (2, 8));
    click(&mut stage, "1 original");
    assert_eq!((stage.state.lanes.present(), stage.state.position), (0, 8));
    // In the tokens side by side, too; a second click is Enter.
    click(&mut stage, "␣floor  ␣and");
    assert_eq!((stage.state.lanes.present(), stage.state.position), (1, 8));
    click(&mut stage, "␣floor  ␣and");
    assert!(stage.state.panel.is_some());
    // What the panel is about stays.
    click(&mut stage, "1 original");
    assert_eq!(stage.state.lanes.present(), 1);
}

/// The panel of a lane shows what decides in it: when it is new, and when it is opened again.
#[test]
fn panels_show_the_lane_that_they_are_of() {
    let exit = |stage: &mut Stage| {
        stage.play("d");
        let screen = stage.screen();
        stage.play("Esc");
        let row = screen.lines().find(|line| line.contains("  exit  ")).map(str::to_owned);
        row.unwrap_or_else(|| panic!("{screen}"))
    };
    let mut stage = three(")", (120, 40));
    assert_eq!(stage.state.decoding.method, Method::Exit(ExitId::Block(12)));
    assert!(exit(&mut stage).contains("exit 12"));
    stage.play(")");
    let saved = stage.state.saved().expect("a text");
    stage.state.restore(parse(&*bytes(&saved).expect("bytes")).expect("a session"), None);
    answer_all(&mut stage.state);
    stage.play("(");
    assert_eq!(stage.state.decoding.method, Method::Exit(ExitId::Block(12)));
    assert!(exit(&mut stage).contains("exit 12"));
}

/// What is saved comes back: texts, decodings, which lane is present.
#[test]
fn lanes_are_saved() {
    let mut stage = three(") Backspace", (120, 40));
    let saved = stage.state.saved().expect("a text");
    let back = parse(&*bytes(&saved).expect("bytes")).expect("a session");
    let before: Vec<(Vec<TokenId>, Method)> =
        (0..3).map(|n| (ids(&stage, n), stage.state.of_lane(n).decoding.method)).collect();
    let screen = stage.screen();
    stage.play("Del Del Space*3");
    stage.state.restore(back, None);
    answer_all(&mut stage.state);
    let after: Vec<(Vec<TokenId>, Method)> =
        (0..3).map(|n| (ids(&stage, n), stage.state.of_lane(n).decoding.method)).collect();
    assert_eq!((before, 1, View::Lanes), (after, stage.state.lanes.present(), stage.state.view));
    // All but the pace, which is this run's.
    let without = |screen: &str| screen.replace("94", "–").split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(without(&screen), without(&stage.screen()), "{screen}\n{}", stage.screen());
    // A lane that ends nowhere is refused.
    let mut damaged = saved;
    damaged.lanes.others[0].end = damaged.nodes.len();
    assert!(parse(&*bytes(&damaged).expect("bytes")).is_err());
}
