//! Weights in every type on the device against the same file on the processor.

use std::sync::Arc;

use mexit_models::{BATCH, DType, Engine, EngineOptions, Gelu, Mapping, Model, Placement, Spec, TokenId, shape};
use mexit_tui::decode::Distribution;

use super::placing::Part;

/// Random weights with rows that every type divides.
fn spec() -> Spec {
    Spec {
        blocks: 4,
        width: 256,
        attention_heads: 4,
        inner: 512,
        context: 64,
        vocabulary: 301,
        local: vec![false; 4],
        exits: vec![2, 4],
        ..shape::named("gpt2").expect("a shape")
    }
}

fn engine(mapping: &Arc<Mapping>, placement: Placement, kv_type: DType) -> Engine {
    let model = Model::of(Arc::clone(mapping), placement).expect("a model");
    Engine::new(model, EngineOptions { threads: 1, context: 64, kv_type, gelu: Gelu::Exact }).expect("an engine")
}

/// Every exit after each of twenty tokens, sixteen of them read at once.
fn distributions(mut engine: Engine) -> Vec<Vec<f32>> {
    let ids: Vec<TokenId> = (0..20).map(|i| TokenId(i * 13 % 301)).collect();
    let exits = engine.model().spec.exit_ids();
    engine.read(&ids[..16], BATCH, &mut |_| true).expect("read");
    let read = engine.logits(0..16, &exits).expect("logits");
    let steps = ids[16..].iter().map(|id| engine.step(*id, &exits).expect("a step")).collect::<Vec<_>>();
    let row = |i: usize, exit| if i < 16 { read.row(exit, i) } else { steps[i - 16].row(exit, 0) };
    (0..20)
        .flat_map(|i| exits.iter().map(move |exit| (i, *exit)))
        .map(|(i, exit)| row(i, exit).expect("a row").to_vec())
        .collect()
}

fn of(rows: &[Vec<f32>]) -> Vec<Distribution<'_>> {
    rows.iter().map(|row| Distribution::new(row)).collect()
}

/// The processor rounds the rows that it multiplies to 8 bits a number for every quantized type, to 8 bits of significand
/// for bf16; a device keeps them in f32, in f16 or in 8 bits of its own. Two rows rounded to 2⁻⁸ of a block's largest number
/// move logits of spread 4 by some 0.05 through four blocks, and KL by half the square of that: 1e-3 on average, and the top
/// token where two were that close.
#[test]
#[ignore = "needs a device: make test-device DEVICE=…"]
fn every_type_says_the_same() {
    for dtype in DType::ALL.into_iter().filter(|dtype| *dtype != DType::I32) {
        let mapping = Arc::new(shape::random(&spec(), dtype, dtype).expect("weights"));
        // A type's kernels take seconds to compile on lavapipe; those of the cache's types do not depend on them.
        let kv_types = if dtype == DType::F32 { &[DType::F32, DType::F16][..] } else { &[DType::F32] };
        for kv_type in kv_types.iter().copied() {
            let want = distributions(engine(&mapping, Placement::cpu().expect("a processor"), kv_type));
            let got = distributions(engine(&mapping, Part::Everything.of(4), kv_type));
            let (want, got) = (of(&want), of(&got));
            let kl = want.iter().zip(&got).map(|(a, b)| f64::from(a.kl(b))).sum::<f64>() / want.len() as f64;
            let same = want.iter().zip(&got).filter(|(a, b)| a.best().id == b.best().id).count();
            println!("{dtype} with a cache in {kv_type}: mean KL {kl:.1e}, {same} of {} top tokens", want.len());
            assert!(kl <= 1e-3, "{dtype}, {kv_type}: {kl}");
            assert!(same * 20 >= want.len() * 19, "{dtype}, {kv_type}: {same} of {}", want.len());
        }
    }
}
