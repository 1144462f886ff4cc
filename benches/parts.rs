//! What an answer in parts is worth, and how many positions are best filled in at once: the measurements behind
//! `Reader::answer_in_parts`, `FILL_ROWS` and `BATCH`.
//!
//! `cargo bench --profile release --workspace --bench parts [-- MODEL.gguf]`; the embedded demo model without a file.
//!
//! One virtual core of a machine that others worked on too, the fastest of seven rounds, in ms:
//!
//! |                              | demo, 7 exits | GPT-2 Medium's shape, q8_0, 13 exits |
//! |------------------------------|--------------:|-------------------------------------:|
//! | original, expert and amateur |           0.4 |                                   33 |
//! | the other rows               |           0.6 |                                  120 |
//! | all rows at once             |           1.0 |                                  159 |
//! | filling in 1 position        |           1.0 |                                  136 |
//! | … 4, a position              |           0.4 |                                   74 |
//! | … 8, a position              |           0.4 |                                   53 |
//! | … 16, a position             |           0.7 |                                   32 |
//! | … 32, a position             |           1.1 |                                   33 |
//! | reading by 16, a token       |           1.0 |                                   29 |
//! | reading by 64, a token       |           0.5 |                                   20 |
//!
//! So: what decides is on the screen after a fifth of the time, and costs the whole nothing; a large model is filled in
//! by 16 (a newer question waits for one head over 16 rows, about 40 ms), and more gains nothing; texts are read by 64.
//! A step keeps its one graph: its heads wait for the trunk anyhow, and with them in one graph it is as fast as ggml.

use std::{path::Path, sync::Arc, time::Instant};

use mexit_models::{DType, Engine, EngineOptions, ExitId, Gelu, Model, Placement, TokenId, demo};
use mexit_tui::session::analyze::{Analysis, Question};
use mexit_tui::session::trace::{Decoding, Method, Pair, Sampling};

const TOKENS: u32 = 256;
const ROUNDS: usize = 7;

fn engine(path: Option<&str>) -> Engine {
    let placement = Placement::cpu().expect("a processor");
    let model = match path {
        Some(path) => Model::open(Path::new(path), placement),
        None => Model::of(Arc::new(demo::mapping()), placement),
    };
    let options = EngineOptions { threads: 1, context: usize::MAX, kv_type: DType::F32, gelu: Gelu::Exact };
    Engine::new(model.expect("a model"), options).expect("an engine")
}

/// The fastest of some rounds, in ms: the others met something else on the machine.
fn timed(mut work: impl FnMut(usize)) -> f64 {
    work(0);
    let mut times: Vec<f64> = (1..=ROUNDS)
        .map(|round| {
            let started = Instant::now();
            work(round);
            started.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[0]
}

fn main() {
    let path = std::env::args().skip(1).find(|word| !word.starts_with("--"));
    let mut engine = engine(path.as_deref());
    let spec = engine.model().spec.clone();
    let ids: Vec<TokenId> = (0..TOKENS).map(|i| TokenId(i * 37 % 250)).collect();
    for batch in [16, 32, 64, 128] {
        let read = timed(|_| {
            engine.truncate(0);
            engine.read(&ids[..128], batch, &mut |_| true).expect("read");
        });
        println!("reading 128 tokens by {batch:3}             {read:8.1}   {:6.2} a token", read / 128.0);
    }
    engine.read(&ids, 64, &mut |_| true).expect("read");

    let exits = spec.exit_ids();
    let pair = Pair { expert: exits[1], amateur: exits[exits.len() / 2], alpha: 0.1, min_candidates: 1 };
    let first: Vec<ExitId> = vec![exits[0], pair.expert, pair.amateur];
    let rest: Vec<ExitId> = exits.iter().copied().filter(|exit| !first.contains(exit)).collect();
    let step = timed(|round| {
        engine.truncate(200 + round);
        engine.step(ids[200 + round], &exits).expect("a step");
    });
    engine.read(&ids, 64, &mut |_| true).expect("read");
    println!("a step with all {:2} exits           {step:8.1}", exits.len());
    for (name, some) in [("first 3 rows", &first), ("the other rows", &rest), ("all rows at once", &exits)] {
        let took = timed(|round| {
            engine.logits(round..round + 1, some).expect("logits");
        });
        println!("{name:16}                    {took:8.1}");
    }
    for rows in [1, 2, 4, 8, 16, 32, 64] {
        let took = timed(|round| {
            for exit in &exits {
                engine.logits(round..round + rows, &[*exit]).expect("logits");
            }
        });
        println!("filling in {rows:2} positions            {took:8.1}   {:6.2} a position", took / rows as f64);
    }
    let logits = [engine.logits(0..1, &exits).expect("logits")];
    let decoding = Decoding { method: Method::Contrast(pair), sampling: Sampling::default() };
    let analysis = timed(|_| {
        let question = Question {
            decoding: &decoding,
            shown_pair: None,
            candidates: 10,
            history: &ids[..1],
            token: Some(ids[1]),
            pins: &[],
            grid: None,
        };
        let trace = Analysis::new(&logits, &exits, 0).trace(1, &question);
        assert_eq!(trace.exits.len(), exits.len());
    });
    println!("analysing a position                {analysis:8.1}");
}
