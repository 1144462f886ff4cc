//! K-quants through the engine: the demo's rows are too short for them, so these are models of random weights with
//! longer ones.

use std::sync::Arc;

use mexit_models::{
    BATCH, DType, Engine, EngineOptions, ExitId, Gelu, Mapping, Model, Placement, Spec, TokenId, shape,
};

const TYPES: [DType; 3] = [DType::Q6K, DType::Q5K, DType::Q4K];
const TOKENS: u32 = 40;

/// Rows of one and of four blocks of 256; a vocabulary that no number of rows computed together divides.
fn spec() -> Spec {
    Spec {
        blocks: 4,
        width: 256,
        attention_heads: 4,
        inner: 1024,
        context: 64,
        vocabulary: 301,
        local: vec![false; 4],
        exits: vec![2, 4],
        ..shape::named("gpt2").expect("a shape")
    }
}

fn engine(mapping: Mapping, threads: usize) -> Engine {
    let model = Model::of(Arc::new(mapping), Placement::cpu().expect("a processor")).expect("a model");
    let options = EngineOptions { threads, context: 64, kv_type: DType::F32, gelu: Gelu::Exact };
    Engine::new(model, options).expect("an engine")
}

fn of_type(dtype: DType, threads: usize) -> Engine {
    engine(shape::random(&spec(), dtype, dtype).expect("weights"), threads)
}

fn text() -> Vec<TokenId> {
    (0..TOKENS).map(|i| TokenId(i * 13 % 301)).collect()
}

/// What every exit says after every token: token by token, or in a batch.
fn said(engine: &mut Engine, in_steps: bool) -> Vec<Vec<f32>> {
    let exits = engine.model().spec.exit_ids();
    let rows = |row: &dyn Fn(ExitId) -> Vec<f32>| exits.iter().map(|exit| row(*exit)).collect::<Vec<_>>();
    if in_steps {
        let step = |id| {
            let logits = engine.step(id, &exits).expect("a step");
            rows(&|exit| logits.row(exit, 0).expect("a row").to_vec())
        };
        return text().into_iter().flat_map(step).collect();
    }
    engine.read(&text(), BATCH, &mut |_| true).expect("read");
    let logits = engine.logits(0..TOKENS as usize, &exits).expect("logits");
    (0..TOKENS as usize).flat_map(|at| rows(&|exit| logits.row(exit, at).expect("a row").to_vec())).collect()
}

/// √mean of squares of all numbers.
fn size(rows: &[Vec<f32>]) -> f64 {
    let numbers = rows.iter().flatten().map(|v| f64::from(*v));
    (numbers.clone().map(|v| v * v).sum::<f64>() / numbers.count() as f64).sqrt()
}

#[test]
fn a_batch_says_what_steps_say() {
    for dtype in TYPES {
        let steps = said(&mut of_type(dtype, 1), true);
        let mut engine = of_type(dtype, 1);
        // Elsewhere batches keep their columns, which steps round: as far apart as either is from f32, below.
        if engine.batches_as_it_steps() {
            assert!(said(&mut engine, false) == steps, "{dtype}");
        }
    }
}

#[test]
fn threads_change_nothing() {
    for dtype in TYPES {
        for in_steps in [true, false] {
            let alone = said(&mut of_type(dtype, 1), in_steps);
            assert!(said(&mut of_type(dtype, 3), in_steps) == alone, "{dtype}, in steps: {in_steps}");
        }
    }
}

/// Against the same weights as f32 numbers. Columns are rounded to 127ths of their block's largest number, which in a
/// block of 256 is some 3.5 times the usual size: an error of 3.5 / 127 / √12 = 0.8 % of a product's size, if all
/// products are of unlike terms. A residual row is the sum of what 4 blocks add to it, each through 4 products, and a
/// head is one more: √17 · 0.8 % = 3.3 % if nothing dilutes it. Measured: 2.1 %.
#[test]
fn every_exit_says_what_the_decoded_weights_say() {
    const MOST: f64 = 0.033;
    for dtype in TYPES {
        let file = shape::random(&spec(), dtype, dtype).expect("weights");
        let decoded = shape::retyped(&file, DType::F32, DType::F32).expect("decoded");
        let want = said(&mut engine(decoded, 1), true);
        for in_steps in [true, false] {
            let got = said(&mut of_type(dtype, 1), in_steps);
            let apart: Vec<Vec<f32>> =
                got.iter().zip(&want).map(|(a, b)| a.iter().zip(b).map(|(a, b)| a - b).collect()).collect();
            let error = size(&apart) / size(&want);
            println!("{dtype}, in steps: {in_steps}: {error:.4}");
            assert!(error <= MOST, "{dtype}, in steps: {in_steps}: {error}");
        }
    }
}
