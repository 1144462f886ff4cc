//! The key scripts that draw the made-up model's screens, over the real demo model: what they say can be seen, is seen,
//! and every screen on the way is whole.

#[path = "support/demo_screen.rs"]
mod demo_screen;
#[path = "support/script.rs"]
mod script;

use demo_screen::{DemoScreen, holds};
use script::Step;

const PROMPT: &str = "In the beginning God created";
/// Where there is room for all that a script says can be seen.
const ROOMY: (u16, u16) = (120, 40);

/// Plays a script, looks after every key, and gives how many keys there were.
fn play(script: &str, size: (u16, u16), ascii: bool) -> usize {
    let mut screen = DemoScreen::new(PROMPT, size, ascii);
    let mut keys = 0;
    for step in script::steps(script) {
        match step {
            Step::Press(key) => {
                screen.press(key);
                holds(&screen.draw(), ascii);
                keys += 1;
            }
            Step::See(any) if size == ROOMY && !ascii => {
                let text = screen.lines().join("\n");
                assert!(any.iter().any(|wanted| text.contains(wanted.as_str())), "{any:?} is not on\n{text}");
            }
            Step::Not(text) if size == ROOMY => {
                let screen = screen.lines().join("\n");
                assert!(!screen.contains(&text), "{text} is on\n{screen}");
            }
            Step::See(_) | Step::Not(_) | Step::Look(_) => {}
        }
    }
    keys
}

fn everywhere(script: &str) {
    for (size, ascii) in [(ROOMY, false), ((80, 24), true), ((60, 16), false), ((200, 60), false)] {
        assert!(play(script, size, ascii) > 0);
    }
}

#[test]
fn explore() {
    everywhere(include_str!("scripts/explore.txt"));
}

#[test]
fn heatmap() {
    everywhere(include_str!("scripts/heatmap.txt"));
}

#[test]
fn agreement() {
    everywhere(include_str!("scripts/agreement.txt"));
}

#[test]
fn lens() {
    everywhere(include_str!("scripts/lens.txt"));
}

#[test]
fn what_if() {
    everywhere(include_str!("scripts/what_if.txt"));
}

#[test]
fn branches() {
    everywhere(include_str!("scripts/branches.txt"));
}

#[test]
fn lanes() {
    everywhere(include_str!("scripts/lanes.txt"));
}

/// The editor asks for tokens, which the made-up model has not.
#[test]
fn lanes_with_own_prompts() {
    everywhere(include_str!("scripts/own_prompts.txt"));
}

#[test]
fn panels() {
    everywhere(include_str!("scripts/panels.txt"));
}

#[test]
fn drawn_tokens() {
    everywhere(include_str!("scripts/drawn.txt"));
}

/// A sentence that the real model's screen does not say fails the script.
#[test]
#[should_panic(expected = "is not on")]
fn a_script_can_fail() {
    play("Space\nsee decided at exit 99", ROOMY, false);
}
