//! Runs one piece of work so many times, for a tool that counts instructions: `tools/instructions.sh`.
//!
//! `instructions PIECE TIMES`; without arguments it names the pieces. Two counts with different TIMES give what one
//! costs, without the making of rows.

#[path = "support/rows.rs"]
mod rows;
#[path = "support/work.rs"]
mod work;

use std::hint::black_box;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let [piece, times] = &words[..] else {
        for piece in work::pieces() {
            println!("{}", piece.name);
        }
        return;
    };
    let all = work::pieces();
    let piece = all.iter().find(|known| known.name == *piece).unwrap_or_else(|| panic!("no piece is called {piece}"));
    let times: usize = times.parse().expect("TIMES is a number");
    let run = (piece.make)();
    for _ in 0..times {
        black_box(run());
    }
}
