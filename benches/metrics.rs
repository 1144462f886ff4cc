//! What the numbers of one position cost: each measure of a row of 50,257 logits, the contrast of two, and the trace of
//! thirteen. All on one thread, over made-up rows, as a trained model's (`likely`) and a random one's (`flat`).
//!
//! `cargo bench --profile release --workspace --bench metrics`.

#[path = "support/rows.rs"]
mod rows;

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, criterion_group, criterion_main};
use mexit_models::{ExitId, LogitRows, TokenId};
use mexit_tui::{
    decode::{Distribution, Reference, contrast, winners},
    session::{
        analyze::{Analysis, Question},
        trace::{ALPHAS, Decoding, Method, Pair, Sampling},
    },
};

const EXITS: u32 = 13;
const PAIR: Pair = Pair { expert: ExitId::Block(24), amateur: ExitId::Block(12), alpha: 0.1, min_candidates: 1 };

type Made = (&'static str, fn(u64) -> Vec<f32>);
const KINDS: [Made; 2] = [("likely", rows::likely), ("flat", rows::flat)];

fn measures(criterion: &mut Criterion) {
    for (kind, made) in KINDS {
        let (original, exit) = (made(12), made(6));
        let (p, q) = (Distribution::new(&original), Distribution::new(&exit));
        let middle = q.top(rows::VOCABULARY / 2).last().map_or(0, |token| token.id);
        let mut bench = |name: &str, work: &dyn Fn() -> f32| {
            criterion.bench_function(&format!("{kind}, {name}"), |bench| bench.iter(work));
        };
        let reference = Reference::new(&p);
        bench("a distribution", &|| Distribution::new(black_box(&exit)).entropy());
        bench("a reference", &|| Reference::new(black_box(&p)).divergences(&p).kl);
        bench("KL and JS", &|| reference.divergences(black_box(&q)).js);
        bench("top 10", &|| black_box(&q).top(10)[9].ln_p);
        bench("a rank", &|| black_box(&q).rank(middle) as f32);
        bench("the contrast", &|| contrast(black_box(&p), &q, 0.1, 1).effect);
        bench("its choice at 8 α", &|| winners(black_box(&p), &q, &ALPHAS, 1)[7] as f32);
    }
}

fn traces(criterion: &mut Criterion) {
    let exits: Vec<ExitId> =
        std::iter::once(ExitId::Original).chain((1..EXITS).rev().map(|k| ExitId::Block(2 * k))).collect();
    let greedy = Decoding { method: Method::Contrast(PAIR), sampling: Sampling::default() };
    let random = Decoding { sampling: Sampling { random: true, ..Sampling::default() }, ..greedy.clone() };
    for (kind, made) in KINDS {
        let values = (0..u64::from(EXITS)).rev().flat_map(made).collect();
        let parts = [LogitRows::of(&exits, rows::VOCABULARY, values)];
        for (name, decoding, grid) in
            [("greedy", &greedy, None), ("random", &random, None), ("greedy, with the grid", &greedy, Some(PAIR))]
        {
            let history = [TokenId(67), TokenId(9)];
            let question = Question {
                decoding,
                shown_pair: Some(PAIR),
                candidates: 10,
                history: &history,
                token: None,
                pins: &[TokenId(5)],
                grid,
            };
            criterion.bench_function(&format!("{kind}, a trace, {name}"), |bench| {
                bench.iter(|| black_box(Analysis::new(black_box(&parts), &exits, 0).trace(2, &question)));
            });
        }
    }
}

fn quick() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(20)
}

criterion_group! { name = benches; config = quick(); targets = measures, traces }
criterion_main!(benches);
