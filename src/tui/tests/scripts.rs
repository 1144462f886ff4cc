//! Every view at every size and depth, driven by the key scripts that also drive the real model (`tests/explorer.rs`).

use std::fmt::Write;

use ratatui::buffer::Buffer;

use crate::tui::{tests::picture::text, tests::scripted::Stage, tests::style_dump::style_dump, theme::Depth};

const SIZES: [(u16, u16); 4] = [(60, 16), (80, 24), (120, 40), (200, 60)];
/// Checks of what a script says can be seen hold where there is room for it.
const ROOMY: (u16, u16) = (120, 40);

/// What was drawn, one look after the other.
fn drawn(looks: &[(String, Buffer)], show: fn(&Buffer) -> String) -> String {
    looks.iter().fold(String::new(), |mut all, (name, buf)| {
        let _ = writeln!(all, "== {name}\n{}", show(buf));
        all
    })
}

fn play(name: &str, script: &str) {
    for size in SIZES {
        let mut stage = Stage::new(size).with(Depth::None, false);
        stage.checks = size >= ROOMY;
        let looks = stage.play(script);
        insta::assert_snapshot!(format!("{name}_{}x{}", size.0, size.1), drawn(&looks, text));
    }
    let mut stage = Stage::new((80, 24)).with(Depth::None, true);
    stage.checks = false;
    let ascii = drawn(&stage.play(script), text);
    assert!(ascii.is_ascii(), "{ascii}");
    insta::assert_snapshot!(format!("{name}_ascii"), ascii);
    for (depth, called) in [(Depth::True, "true"), (Depth::Sixteen, "sixteen"), (Depth::None, "plain")] {
        let mut stage = Stage::new((80, 24)).with(depth, false);
        stage.checks = false;
        insta::assert_snapshot!(format!("{name}_styles_{called}"), drawn(&stage.play(script), style_dump));
    }
}

#[test]
fn explore() {
    play("explore", include_str!("../../../tests/scripts/explore.txt"));
}

#[test]
fn heatmap() {
    play("heatmap", include_str!("../../../tests/scripts/heatmap.txt"));
}

#[test]
fn agreement() {
    play("agreement", include_str!("../../../tests/scripts/agreement.txt"));
}

#[test]
fn lens() {
    play("lens", include_str!("../../../tests/scripts/lens.txt"));
}

#[test]
fn what_if() {
    play("what_if", include_str!("../../../tests/scripts/what_if.txt"));
}

#[test]
fn branches() {
    play("branches", include_str!("../../../tests/scripts/branches.txt"));
}

#[test]
fn lanes() {
    play("lanes", include_str!("../../../tests/scripts/lanes.txt"));
}

#[test]
fn panels() {
    play("panels", include_str!("../../../tests/scripts/panels.txt"));
}

#[test]
fn drawn_tokens() {
    play("drawn", include_str!("../../../tests/scripts/drawn.txt"));
}

#[test]
fn too_small() {
    let screen = Stage::new((52, 14)).screen();
    assert_eq!(screen.lines().next(), Some("mexit-tui needs 60x16, this window is 52x14"));
    assert_eq!(screen.trim().lines().count(), 1);
}

/// A script whose expectation is not met fails.
#[test]
#[should_panic(expected = "is not on")]
fn a_script_can_fail() {
    Stage::new((80, 24)).play("Space\nsee a sentence that is nowhere");
}
