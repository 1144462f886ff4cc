//! From a cursor key to the picture, in the real program in a pseudo-terminal, while the engine is busy: with a run, and
//! with filling a prompt in.
//!
//! `cargo bench --profile release --workspace --bench latency [-- MODEL.gguf]`; the embedded demo model without a file.
//! A key is answered when the position of the cursor in the status row has changed.

#[path = "../tests/support/pty.rs"]
mod pty;

use std::{num::NonZeroU16, time::Instant};

use pty::Session;

const KEYS: usize = 60;
const SIZE: (NonZeroU16, NonZeroU16) = (NonZeroU16::new(200).unwrap(), NonZeroU16::new(60).unwrap());

/// The position in the status row.
fn position(text: &str) -> Option<usize> {
    let after = |at: usize| text[at..].trim_start().strip_prefix("position ");
    text.match_indices(" position ").find_map(|(at, _)| after(at)?.split_once(" of ")?.0.parse().ok())
}

/// Times from a key to its picture, in ms, sorted.
fn moves(session: &mut Session) -> Vec<f64> {
    let mut times = Vec::with_capacity(KEYS);
    for n in 0..KEYS {
        let before = position(&session.text());
        let started = Instant::now();
        session.press(if n % 2 == 0 { "h" } else { "l" });
        session.until("the cursor has moved", |text| position(text) != before && position(text).is_some());
        times.push(started.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    times
}

fn main() {
    let model = std::env::args().skip(1).find(|word| !word.starts_with("--"));
    let prompt = "In the beginning God created the heaven and the earth. ".repeat(12);
    let mut args = vec!["--prompt", &prompt];
    args.extend(model.iter().flat_map(|path| ["--model", path.as_str()]));
    let mut session = Session::start_at(SIZE, &args, &[]);
    let say = |what: &str, times: &[f64]| {
        println!("{what:40} median {:5.1} ms   slowest {:5.1} ms", times[KEYS / 2], times[KEYS - 1]);
    };
    session.until("a position", |text| position(text).is_some());
    session.press("0llllll");
    session.until("position 6", |text| position(text) == Some(6));
    say("a cursor key while the prompt is read", &moves(&mut session));
    session.press("$");
    session.shows("Space take");
    let end = position(&session.text()).unwrap_or(0);
    session.press("hhhh");
    // None of these moves may be taken for one that is timed.
    session.until("four tokens back", |text| position(text) == end.checked_sub(4));
    session.shows(" decided at");
    say("a cursor key while positions fill in", &moves(&mut session));
    session.press("r");
    session.shows("running at");
    say("a cursor key during a run", &moves(&mut session));
    session.quit_unsaved();
    session.end();
}
