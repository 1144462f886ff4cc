//! Drafts by the lower blocks, verified by the upper ones, against plain reading: what the engine then knows is the same.

#[path = "support/cases.rs"]
mod cases;
#[path = "support/demo_engine.rs"]
mod demo_engine;

use demo_engine::{TYPES, demo_engine, text};
use mexit_ggml::{attends_as_single, batches_as_single};
use mexit_models::{BATCH, DType, Engine, ExitId, LogitRows, TokenId};

/// The same f32 numbers summed in another order, rows of up to 1003 and a dozen blocks: measured 1e-5.
const BATCH_EQUALS_STEP: f32 = 4e-5;

fn lower_exits(engine: &Engine) -> Vec<ExitId> {
    let blocks = engine.model().spec.blocks;
    engine.model().spec.exits.iter().filter(|k| **k < blocks).map(|k| ExitId::Block(*k)).collect()
}

/// Drafts some tokens, verifies them and keeps the first `kept`; gives the logits that verification saw.
fn round(engine: &mut Engine, ids: &[TokenId], exit: ExitId, kept: usize) -> LogitRows {
    let exits = engine.model().spec.exit_ids();
    let before = engine.ids().to_vec();
    for id in ids {
        engine.draft(*id, exit, &[exit]).expect("a draft");
    }
    assert_eq!((engine.ids(), engine.drafted()), (&before[..], ids.len()), "a draft is no part of the text");
    assert!(engine.logits(before.len()..before.len() + 1, &[exit]).is_err(), "nor has it rows");
    let logits = engine.verify(&exits).expect("verification");
    assert_eq!(engine.ids(), &before[..], "nor has it before it is accepted");
    engine.accept(kept).expect("so many were verified");
    assert_eq!(engine.drafted(), 0);
    logits
}

/// Reads `ids` with rounds of several lengths and depths, wrong drafts among them, and compares with single steps: the
/// logits of every exit at every position, as verified, as stored, and of steps that go on from there.
fn rounds_against_steps(engine: &mut Engine, ids: &[TokenId]) -> f32 {
    let (exits, lower) = (engine.model().spec.exit_ids(), lower_exits(engine));
    engine.truncate(0);
    let stepped: Vec<LogitRows> = ids.iter().map(|id| engine.step(*id, &exits).expect("a step")).collect();
    let worst = |logits: &LogitRows, index: usize, position: usize| {
        let of = |exit: &ExitId| {
            let (a, b) = (logits.row(*exit, index).expect("a row"), stepped[position].row(*exit, 0).expect("a row"));
            a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
        };
        exits.iter().map(of).fold(0.0, f32::max)
    };
    let wrong = TokenId(3);
    let mut largest = 0f32;
    for (turn, exit) in lower.iter().enumerate() {
        engine.truncate(0);
        engine.read(&ids[..4], BATCH, &mut |_| true).expect("a beginning");
        let lengths = [1, 2, 3, 5, 8].iter().cycle().skip(turn);
        for length in lengths {
            let start = engine.ids().len();
            if start + length >= ids.len() {
                break;
            }
            // Every other draft goes astray after its first half.
            let kept = if start.is_multiple_of(2) { *length } else { length.div_ceil(2) };
            let draft: Vec<TokenId> = (0..*length).map(|i| if i < kept { ids[start + i] } else { wrong }).collect();
            let logits = round(engine, &draft, *exit, kept);
            assert_eq!(engine.ids(), &ids[..start + kept]);
            largest = (0..kept).map(|i| worst(&logits, i, start + i)).fold(largest, f32::max);
        }
        let start = engine.ids().len();
        let stored = engine.logits(0..start, &exits).expect("stored rows");
        largest = (0..start).map(|i| worst(&stored, i, i)).fold(largest, f32::max);
        // What attention has to look back at is the same, too.
        for (position, id) in ids.iter().enumerate().skip(start) {
            let step = engine.step(*id, &exits).expect("a step");
            largest = largest.max(worst(&step, 0, position));
        }
    }
    largest
}

#[test]
fn rounds_leave_what_steps_leave() {
    for dtype in [DType::F32, DType::F16, DType::BF16, DType::Q8_0] {
        let mut engine = demo_engine(dtype, DType::F32);
        if !engine.batches_as_it_steps() {
            println!("{dtype}: this processor multiplies single columns by other kernels");
            assert!(dtype != DType::F32);
            continue;
        }
        let ids = text(&engine, 60);
        let worst = rounds_against_steps(&mut engine, &ids);
        println!("demo, {dtype}: {worst:.1e}");
        assert!(worst <= BATCH_EQUALS_STEP, "{dtype}: {worst}");
    }
    for case in cases::all() {
        let mut engine = cases::engine(&case.models()[0], DType::F32, |_| {});
        for prompt in &case.prompts {
            let worst = rounds_against_steps(&mut engine, &prompt.input_ids);
            println!("{}: {worst:.1e}", case.name());
            assert!(worst <= BATCH_EQUALS_STEP, "{}: {worst}", case.name());
        }
    }
}

#[test]
fn to_the_bit_under_the_reference_kernels() {
    for dtype in TYPES {
        for kv_type in [DType::F32, DType::F16] {
            let mut engine = demo_engine(dtype, kv_type);
            engine.set_reference(true);
            assert!(engine.batches_as_it_steps());
            let ids = text(&engine, 24);
            assert_eq!(rounds_against_steps(&mut engine, &ids), 0.0, "{dtype} weights, {kv_type} cache");
        }
    }
    assert!(demo_engine(DType::F32, DType::F32).batches_as_it_steps());
    assert_eq!(demo_engine(DType::F32, DType::F16).batches_as_it_steps(), attends_as_single(DType::F16, 32));
    assert_eq!(demo_engine(DType::Q8_0, DType::F32).batches_as_it_steps(), batches_as_single(DType::Q8_0, 128));
    assert!(!demo_engine(DType::Q4_0, DType::F32).batches_as_it_steps());
}

#[test]
fn whatever_comes_between_forgets_a_draft() {
    let mut engine = demo_engine(DType::F32, DType::F32);
    let ids = text(&engine, 20);
    let (exit, original) = (lower_exits(&engine)[0], [ExitId::Original]);
    engine.read(&ids[..10], BATCH, &mut |_| true).expect("read");
    let want = engine.step(ids[10], &original).expect("a step");
    let again = |engine: &mut Engine| {
        let step = engine.step(ids[10], &original).expect("a step");
        assert_eq!(engine.drafted(), 0);
        assert_eq!(step.row(ExitId::Original, 0), want.row(ExitId::Original, 0));
    };
    let drafted = |engine: &mut Engine| {
        engine.truncate(10);
        for _ in 0..3 {
            engine.draft(TokenId(5), exit, &[]).expect("a draft");
        }
    };
    drafted(&mut engine);
    again(&mut engine);
    drafted(&mut engine);
    engine.verify(&original).expect("verification");
    again(&mut engine);
    drafted(&mut engine);
    engine.read(&ids[..10], BATCH, &mut |_| true).expect("nothing new to read");
    assert_eq!(engine.drafted(), 0);
    drafted(&mut engine);
    engine.verify(&[]).expect("verification without a head");
    engine.accept(0).expect("none");
    assert_eq!(engine.ids(), &ids[..10]);
    again(&mut engine);
}

#[test]
fn refusals() {
    let mut engine = demo_engine(DType::F32, DType::F32);
    let (ids, lower) = (text(&engine, 128), lower_exits(&engine));
    let highest = ExitId::Block(engine.model().spec.blocks);
    assert!(engine.verify(&[]).is_err(), "nothing drafted");
    assert!(engine.accept(1).is_err());
    assert!(engine.draft(ids[0], highest, &[]).is_err(), "nothing would be left to verify with");
    assert!(engine.draft(ids[0], ExitId::Original, &[]).is_err());
    assert!(engine.draft(TokenId(u32::MAX), lower[0], &[]).is_err());
    assert!(engine.draft(ids[0], lower[0], &[lower[1]]).is_err(), "an exit above the draft's");
    engine.draft(ids[0], lower[1], &[lower[0], lower[1]]).expect("both are below");
    assert!(engine.draft(ids[1], lower[0], &[]).is_err(), "a draft goes to one exit");
    assert!(engine.accept(1).is_err(), "not verified");
    engine.verify(&[lower[0], ExitId::Original]).expect("verification");
    assert!(engine.verify(&[]).is_err() && engine.drafted() == 0, "once");

    engine.read(&ids[..127], BATCH, &mut |_| true).expect("read");
    engine.draft(ids[127], lower[0], &[]).expect("the last place");
    let error = engine.draft(ids[0], lower[0], &[]).expect_err("a full context");
    assert!(error.to_string().contains("128"), "{error}");
    engine.verify(&[ExitId::Original]).expect("verification");
    engine.accept(1).expect("one");
    assert_eq!(engine.ids(), &ids[..128]);
}
