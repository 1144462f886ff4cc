//! Batches against single steps, and what stepping back keeps.

#[path = "support/cases.rs"]
mod cases;
#[path = "support/demo_engine.rs"]
mod demo_engine;
#[path = "support/program.rs"]
mod program;

use demo_engine::{TYPES, demo_engine, text};
use mexit_models::{BATCH, DType, Engine, ExitId, TokenId, WeightTypes};

/// Sums over rows of up to 1003 numbers in another order, through a dozen blocks: measured 1e-5 to 3e-5.
const BATCH_EQUALS_STEP: f32 = 1e-3;

/// Every type, and a trunk with heads of another.
fn types() -> impl Iterator<Item = WeightTypes> {
    TYPES.into_iter().map(WeightTypes::from).chain([cases::MIXED])
}

/// Largest |Δlogit| between reading at once and token by token, over every exit and position.
fn batch_against_steps(engine: &mut Engine, ids: &[TokenId]) -> f32 {
    let exits = engine.model().spec.exit_ids();
    engine.truncate(0);
    engine.read(ids, BATCH, &mut |_| true).expect("read at once");
    let batch = engine.logits(0..ids.len(), &exits).expect("logits");
    engine.truncate(0);
    let mut worst = 0f32;
    for (i, id) in ids.iter().enumerate() {
        let step = engine.step(*id, &exits).expect("a step");
        for exit in &exits {
            let (a, b) = (batch.row(*exit, i).expect("a row"), step.row(*exit, 0).expect("a row"));
            worst = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(worst, f32::max);
        }
    }
    worst
}

#[test]
fn batches_equal_steps() {
    let mut engine = demo_engine(DType::F32, DType::F32);
    let ids = text(&engine, 96);
    let worst = batch_against_steps(&mut engine, &ids);
    println!("demo, f32: {worst:.1e}");
    assert!(worst <= BATCH_EQUALS_STEP);
    for case in cases::all() {
        let mut engine = cases::engine(&case.models()[0], DType::F32, |_| {});
        for prompt in &case.prompts {
            let worst = batch_against_steps(&mut engine, &prompt.input_ids);
            assert!(worst <= BATCH_EQUALS_STEP, "{}: {worst}", case.name());
        }
    }
}

/// ggml's reference kernels do each number's arithmetic in one order, whatever else is in the batch.
#[test]
fn reference_kernels_make_them_identical() {
    for types in types() {
        for kv_type in [DType::F32, DType::F16] {
            let mut engine = demo_engine(types, kv_type);
            engine.set_reference(true);
            let ids = text(&engine, 70);
            assert_eq!(batch_against_steps(&mut engine, &ids), 0.0, "{types} weights, {kv_type} cache");
        }
    }
}

#[test]
fn stepping_back_and_forward_again_is_identical() {
    for types in types() {
        let mut engine = demo_engine(types, DType::F32);
        let (ids, exits) = (text(&engine, 40), engine.model().spec.exit_ids());
        engine.read(&ids[..30], BATCH, &mut |_| true).expect("read");
        let stepped: Vec<_> = ids[30..].iter().map(|id| engine.step(*id, &exits).expect("a step")).collect();
        for (i, step) in stepped.iter().enumerate() {
            // What is kept is read from the stored rows; the trunk does not run.
            let again = engine.logits(30 + i..31 + i, &exits).expect("kept rows");
            assert!(exits.iter().all(|exit| again.row(*exit, 0) == step.row(*exit, 0)), "{types}, position {i}");
        }
        engine.truncate(35);
        for (i, id) in ids[35..].iter().enumerate() {
            let again = engine.step(*id, &exits).expect("a step");
            let same = |exit: &ExitId| again.row(*exit, 0) == stepped[5 + i].row(*exit, 0);
            assert!(exits.iter().all(same), "{types}, position {i} after stepping back");
        }
    }
}

#[test]
fn a_full_context_is_a_clear_answer() {
    let mut engine = demo_engine(DType::F32, DType::F32);
    let ids = text(&engine, 129);
    let error = engine.read(&ids, BATCH, &mut |_| true).expect_err("129 tokens into 128");
    assert!(error.to_string().contains("129") && error.to_string().contains("128"));
    engine.read(&ids[..128], BATCH, &mut |_| true).expect("exactly full");
    assert!(engine.step(ids[128], &[ExitId::Original]).is_err());
    assert_eq!(engine.ids().len(), 128, "nothing has changed");
}

/// An odd vocabulary, rows that k-quants fit, and positions beyond 512: kernels change at each of them.
#[test]
fn long_texts_over_an_odd_vocabulary() {
    let folder = tempfile::tempdir().expect("a folder");
    let checkpoint = folder.path().join("random");
    let shape = ["--blocks=2", "--width=256", "--attention-heads=4", "--context=640", "--vocabulary=1003"];
    let made = program::command().arg("make-random").arg(&checkpoint).args(shape).output().expect("the program");
    assert!(made.status.success());
    let ids: Vec<TokenId> = (0..600u32).map(|i| TokenId(i * 7919 % 1003)).collect();
    let mut exact = cases::engine(&checkpoint, DType::F32, |_| {});
    let worst = batch_against_steps(&mut exact, &ids);
    println!("600 tokens, f32: {worst:.1e}");
    assert!(worst <= BATCH_EQUALS_STEP, "{worst}");
    for dtype in [DType::F32, DType::Q6K, DType::Q5K, DType::Q4K] {
        let mut engine = cases::engine(&checkpoint, dtype, |_| {});
        assert_eq!(engine.model().main_type(), dtype, "rows of 256 fit");
        engine.set_reference(true);
        assert_eq!(batch_against_steps(&mut engine, &ids[..530]), 0.0, "{dtype}");
    }
}
