//! The numbers of a position against numpy's (`tests/parity/metrics.py`), both from the original library's logits.

#[path = "support/cases.rs"]
mod cases;

use std::{collections::BTreeMap, fs, path::Path};

use mexit_models::{ExitId, LogitRows, TokenId};
use mexit_tui::session::{
    analyze::{Analysis, Question},
    reading::Reading,
    trace::{Decoding, Method, Sampling},
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Recorded {
    exits: Vec<String>,
    positions: Vec<Position>,
}

#[derive(Deserialize)]
struct Position {
    prompt: usize,
    after: usize,
    token: u32,
    decided: usize,
    exits: Vec<Numbers>,
}

#[derive(Deserialize)]
struct Numbers {
    entropy: f64,
    kl: f64,
    js: f64,
    rank: u32,
    ln_p: f64,
    best: u32,
    margin: f64,
}

/// Sums over 1,000 tokens in f64 of exponentials in f32, each off by a few 2^-24 of itself, times logarithms of up to 16; what
/// comes out is rounded to f32, which is 2^-21 at numbers up to 16.
const BOUND: f64 = 1e-5;

#[test]
fn numbers_of_a_position_are_numpys() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/metrics.json");
    let recorded: BTreeMap<String, Recorded> =
        serde_json::from_slice(&fs::read(path).expect("a file")).expect("recorded numbers");
    assert!(recorded.len() >= 9);
    let mut largest = 0.0f64;
    for case in cases::all() {
        let name = case.name();
        let Some(recorded) = recorded.get(&name) else { continue };
        let expected = case.expected();
        let exits: Vec<ExitId> = recorded.exits.iter().map(|exit| exit.parse().expect("an exit")).collect();
        for position in &recorded.positions {
            let part = |exit: &ExitId| {
                let all = &expected[&format!("p{}.logits.{exit}", position.prompt)];
                let row = &all[position.after * case.vocab_size..][..case.vocab_size];
                LogitRows::of(&[*exit], case.vocab_size, row.to_vec())
            };
            let parts: Vec<LogitRows> = exits.iter().map(part).collect();
            let decoding = Decoding { method: Method::Exit(ExitId::Original), sampling: Sampling::default() };
            let history = &case.prompts[position.prompt].input_ids[..=position.after];
            let question = Question {
                decoding: &decoding,
                shown_pair: None,
                candidates: 2,
                history,
                token: Some(TokenId(position.token)),
                pins: &[],
                grid: None,
            };
            let trace = Analysis::new(&parts, &exits, 0).trace(position.after + 1, &question);
            assert_eq!(Reading::of(&trace).decided, exits[position.decided], "{name} {}", position.after);
            for (row, want) in trace.exits.iter().zip(&position.exits) {
                let at = format!("{name}, prompt {}, after {}, exit {}", position.prompt, position.after, row.exit);
                assert_eq!((row.rank, row.top[0].id.0), (want.rank, want.best), "{at}");
                let margin = f64::from(row.top[0].ln_p).exp() - f64::from(row.top[1].ln_p).exp();
                let numbers = [row.entropy, row.kl, row.js, row.ln_p].map(f64::from);
                let wants = [want.entropy, want.kl, want.js, want.ln_p, want.margin];
                for (got, want) in numbers.into_iter().chain([margin]).zip(wants) {
                    largest = largest.max((got - want).abs());
                    assert!((got - want).abs() < BOUND, "{at}: {got}, numpy says {want}");
                }
            }
        }
    }
    println!("largest difference {largest:.1e}");
    assert!(largest > 0.0, "something was compared");
}
