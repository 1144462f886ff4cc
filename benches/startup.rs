//! From the start of the real program, in a pseudo-terminal, to its first picture and to the first complete table.
//!
//! `cargo bench --profile release --workspace --bench startup [-- MODEL.gguf]`; the embedded demo model without a file.

#[path = "../tests/support/pty.rs"]
mod pty;

use std::{num::NonZeroU16, time::Instant};

use pty::Session;

const ROUNDS: usize = 15;
const SIZE: (NonZeroU16, NonZeroU16) = (NonZeroU16::new(120).unwrap(), NonZeroU16::new(40).unwrap());

fn main() {
    let model = std::env::args().skip(1).find(|word| !word.starts_with("--"));
    let args: Vec<&str> = model.iter().flat_map(|path| ["--model", path.as_str()]).collect();
    let (mut first, mut complete) = (Vec::with_capacity(ROUNDS), Vec::with_capacity(ROUNDS));
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let mut session = Session::start_at(SIZE, &args, &[]);
        session.until("a picture", |text| !text.trim().is_empty());
        first.push(started.elapsed().as_secs_f64() * 1e3);
        session.shows(" exits agree");
        complete.push(started.elapsed().as_secs_f64() * 1e3);
        session.press("q");
        session.end();
    }
    for (what, mut times) in [("the first picture", first), ("the first complete table", complete)] {
        times.sort_by(f64::total_cmp);
        let (median, fastest, slowest) = (times[ROUNDS / 2], times[0], times[ROUNDS - 1]);
        println!("{what:26} median {median:6.1} ms   fastest {fastest:6.1} ms   slowest {slowest:6.1} ms");
    }
}
