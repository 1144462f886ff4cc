//! The screens as the design draws them: the same text, numbers, places and sizes.

use crate::tui::{
    state::View,
    tests::scripted::{Stage, shown},
};

/// The design's text, whole, under a cursor.
fn whole(keys: &str, window: (u16, u16)) -> Stage {
    let mut stage = Stage::new(window);
    stage.play("Space*25");
    stage.play(keys);
    stage
}

#[test]
fn explore_80x24() {
    insta::assert_snapshot!(Stage::new((80, 24)).screen());
}

#[test]
fn explore_120x40() {
    // Right to 15 and back: the strip then begins at 4, as drawn.
    insta::assert_snapshot!(whole("Home Right*15 Left*7 Down*7", (120, 40)).screen());
}

#[test]
fn heatmap_120x40() {
    insta::assert_snapshot!(whole("Home Right*17 Down*5 2", (120, 40)).screen());
}

#[test]
fn what_if_80x24() {
    let mut stage = Stage::new((80, 24));
    stage.play("Space*7 Home Right*7 4");
    assert_eq!(stage.state.view, View::WhatIf);
    insta::assert_snapshot!(stage.screen());
}

#[test]
fn exits_120x40() {
    let stage = whole("Home Right*8 6", (120, 40));
    let screen = stage.screen();
    insta::assert_snapshot!(screen);
    // The design's words and, where the made-up model has its numbers, those.
    for row in
        ["c confidence  p ≥ .30          100 %", "o oracle      first right      100 %       10.6", "0.52  █████▎"]
    {
        assert!(screen.contains(row), "{row}\n{screen}");
    }
}

/// The texts of the design's tree: main by the contrast, one that original went on with, with a token taken in it, and
/// one with a token taken in main.
#[test]
fn branches_100x24() {
    let mut stage = whole("Home Right*7 x O", (100, 24));
    stage.play("Space*25 Home Right*14");
    stage.force(" arms");
    stage.play("Space*4");
    stage.play("5 Up*9 Enter c Home 1 Right*8");
    stage.force(" chair");
    stage.play("Space*5 5 Up*9 Enter");
    let screen = stage.screen();
    insta::assert_snapshot!(screen);
    // Each row's mean is the design's.
    for (row, mean) in [("main", "-.47"), ("␣the", "-1.24"), ("␣arms", "-1.90"), ("␣chair", "-2.20")] {
        let line = shown(&screen, row).unwrap_or_else(|| panic!("{row}\n{screen}"));
        assert!(line.ends_with(mean), "{line}");
    }
}

/// The verdict's words for where a token came from.
#[test]
fn verdicts_of_taken_tokens() {
    let verdict = |stage: &Stage| {
        let label = format!("─ {}: ", stage.state.position);
        shown(&stage.screen(), &label).map(str::to_owned).unwrap_or_default()
    };
    let mut stage = Stage::new((200, 60));
    stage.play("Home Right");
    assert!(verdict(&stage).contains("from the prompt"));
    // Sampled: the made-up model draws the first three tokens in turns.
    stage.play("End s Right Enter Space*9 Home Right*7");
    let mut drawn = String::new();
    for _ in 0..9 {
        drawn += &verdict(&stage);
        stage.play("Right");
    }
    for words in ["drawn, rank 1", "drawn, rank 2", "drawn, rank 3", "from the tail"] {
        assert!(drawn.contains(words), "{words}: {drawn}");
    }
    // By the contrast ␣a, by the expert alone ␣the: the text stays, and says what it was.
    let mut stage = Stage::new((200, 60));
    stage.play("Space Left c");
    assert!(verdict(&stage).contains("now ␣the, was 24▸12 α .10"), "{}", verdict(&stage));
    stage.play("c");
    assert!(verdict(&stage).contains("chosen by 24▸12 α .10 greedy"), "{}", verdict(&stage));
    stage.force(" his");
    assert!(verdict(&stage).contains("taken by you instead of ␣a"), "{}", verdict(&stage));
}
