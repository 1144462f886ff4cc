//! What the embedded model's steps cost, with everything that the screen shows: one more token, filling in positions,
//! another contrast over what is known, and the text read anew. One thread.
//!
//! `cargo bench --profile release --workspace --bench demo`.

use std::{hint::black_box, sync::Arc, time::Duration};

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use mexit_models::{DType, Engine, EngineOptions, ExitId, Gelu, Model, Placement, TokenId, demo};
use mexit_tui::session::{
    protocol::Query,
    reader::Reader,
    trace::{Decoding, Method, Pair, Sampling},
};

const TOKENS: usize = 64;

fn reader() -> Reader {
    let model = Model::of(Arc::new(demo::mapping()), Placement::cpu().expect("a processor")).expect("the demo model");
    let options = EngineOptions { threads: 1, context: 2 * TOKENS, kv_type: DType::F32, gelu: Gelu::Exact };
    Reader::new(Engine::new(model, options).expect("an engine"))
}

fn query(text: &[TokenId], alpha: f32) -> Query {
    let pair = Pair { expert: ExitId::Block(12), amateur: ExitId::Block(6), alpha, min_candidates: 1 };
    Query::after(text, Decoding { method: Method::Contrast(pair), sampling: Sampling::default() })
}

fn steps(criterion: &mut Criterion) {
    let text: Vec<TokenId> = (0u32..).take(TOKENS + 1).map(|i| TokenId(i * 37 % 250)).collect();
    let (read, other) = (&text[..TOKENS], TokenId(251));
    let mut reader = reader();
    let mut answer = |query: &Query| reader.answer(query, &mut |_| true).expect("an answer").choice.ln_p;
    let mut turn = 0;
    criterion.bench_function("demo.reading", |bench| {
        // Another first token: nothing of the text stays.
        bench.iter(|| {
            turn ^= 1;
            let mut text = read.to_vec();
            text[0] = TokenId(turn);
            answer(&query(&text, 0.1))
        });
    });
    answer(&query(read, 0.1));
    criterion.bench_function("demo.step", |bench| {
        // Another last token each time: a step that has not been made.
        bench.iter(|| {
            turn ^= 1;
            let mut text = text.clone();
            text[TOKENS] = TokenId(turn + other.0);
            answer(&query(&text, 0.1))
        });
    });
    let mut tenths = 0u8;
    criterion.bench_function("demo.another-contrast", |bench| {
        bench.iter(|| {
            tenths = (tenths + 1) % 9;
            answer(&query(&text, 0.1 + f32::from(tenths) / 10.0))
        });
    });
    let positions: Vec<usize> = (1..=16).collect();
    criterion.bench_function("demo.filling-in-16", |bench| {
        bench.iter_batched(
            || query(&text, 0.1),
            |query| black_box(reader.fill(&query, &positions, &mut |_| true).expect("traces")),
            BatchSize::SmallInput,
        );
    });
}

fn quick() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(20)
}

criterion_group! { name = benches; config = quick(); targets = steps }
criterion_main!(benches);
