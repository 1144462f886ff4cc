//! What the numbers of one position cost: each measure of a row of 50,257 logits, the contrast of two, and the trace of
//! thirteen.
//!
//! `cargo bench --profile release --workspace --bench metrics`.

#[path = "support/rows.rs"]
mod rows;
#[path = "support/work.rs"]
mod work;

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};

fn metrics(criterion: &mut Criterion) {
    for piece in work::pieces() {
        let run = (piece.make)();
        criterion.bench_function(&piece.name, |bench| bench.iter(&run));
    }
}

fn quick() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(20)
}

criterion_group! { name = benches; config = quick(); targets = metrics }
criterion_main!(benches);
