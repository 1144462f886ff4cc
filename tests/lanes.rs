//! Lanes on the screen, over the demo model: what their steps cost, and how much stays of them.

#[path = "support/demo_screen.rs"]
mod demo_screen;
#[path = "support/script.rs"]
mod script;

use demo_screen::{DemoScreen, reader_of};
use script::Step;

const PROMPT: &str = "In the beginning God created the heaven and the earth";

fn play(screen: &mut DemoScreen, script: &str) {
    for step in script::steps(script) {
        if let Step::Press(key) = step {
            screen.press(key);
        }
    }
}

fn screen(context: usize) -> DemoScreen {
    DemoScreen::over(reader_of(context), PROMPT, (120, 40), false)
}

/// Whatever is looked at, each token runs through the blocks once in its lane, and the prompt once for all.
#[test]
fn no_lane_reads_again_what_it_has_read() {
    let mut screen = screen(128);
    let prompt = screen.reader.engine().computed();
    assert!(prompt > 8, "a prompt of some tokens");
    play(&mut screen, "7 a Enter a Enter");
    assert_eq!(screen.reader.engine().computed(), prompt, "new lanes copy what is read of it");
    play(&mut screen, "Space*10");
    assert_eq!(screen.reader.engine().computed(), prompt + 3 * 10, "thirty steps");
    play(&mut screen, ") 1 2 3 4 6 7 Left*5 ) ) m Down*3 E ( u Space");
    let last = screen.reader.engine().computed();
    play(&mut screen, "Space*2");
    assert_eq!(screen.reader.engine().computed(), last + 3 * 2);
}

/// 2,000 steps in four lanes, every exit filled in. What is kept of a step is its trace once as the open slot's and once as
/// the token's: less than 64 KiB (tests/engine.rs), with the demo's eight rows of ten
/// candidates, its pins and the contrast's lists less than 4 KiB each. The prompt's traces are each lane's own. Logits of all lanes share the 64 MiB that one text has.
#[test]
fn two_thousand_steps_through_lanes_stay_within_their_bound() {
    const STEP: usize = 8 << 10;
    let mut screen = screen(1024);
    play(&mut screen, "7 a Enter a Enter a Enter");
    let before = screen.headless.trace_bytes();
    play(&mut screen, "S\ntype 500\nEnter");
    let lines = screen.lines().join("\n");
    assert!(lines.contains("so far, 500 tokens each"), "{lines}");
    let held = screen.headless.trace_bytes() - before;
    println!("{} bytes of traces a step, {} of logits", held / 2000, screen.reader.held_bytes());
    assert!(held > 0 && held <= 2000 * STEP, "{held}");
    assert!(screen.reader.held_bytes() <= 64 << 20);
}
