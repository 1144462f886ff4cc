//! What an engine does beside reading: going back, branches, lanes, drafts, early exit. The demo model wholly on the device
//! against the processor.

use std::sync::Arc;

use mexit_models::{BATCH, DType, Engine, EngineOptions, ExitId, Gelu, LogitRows, Model, Placement, TokenId, demo};

use super::placing::{PARTS, Part, rounding};

fn engine(placement: Placement) -> Engine {
    let model = Model::of(Arc::new(demo::mapping()), placement).expect("the demo");
    let options = EngineOptions { threads: 1, context: 128, kv_type: DType::F32, gelu: Gelu::Exact };
    Engine::new(model, options).expect("an engine")
}

fn on(part: Part) -> Engine {
    let engine = engine(part.of(12));
    part.holds(&engine);
    engine
}

/// How far a logit of the demo may be from the processor's: see `parity`'s bound. The demo has twice the blocks of the
/// reference cases: twice the bound, and in f16 ten times, as its rows are twice as long and its logits wider.
pub(super) fn bound() -> f32 {
    if rounding(1).max(rounding(64)) == 0.0 { 2e-4 } else { 0.5 }
}

/// The processor's logits after each token of a text.
fn expected(ids: &[TokenId]) -> Vec<LogitRows> {
    let mut plain = engine(Placement::cpu().expect("a processor"));
    let exits = plain.model().spec.exit_ids();
    ids.iter().map(|id| plain.step(*id, &exits).expect("a step")).collect()
}

fn off(exits: &[ExitId], got: (&LogitRows, usize), want: &LogitRows) -> f32 {
    let rows = |exit: &ExitId| (got.0.row(*exit, got.1).expect("a row"), want.row(*exit, 0).expect("a row"));
    let largest = |(a, b): (&[f32], &[f32])| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    exits.iter().map(|exit| largest(rows(exit))).fold(0.0, f32::max)
}

fn text(engine: &Engine, tokens: usize) -> Vec<TokenId> {
    let mut ids = engine.model().tokenizer.encode(demo::HELD_OUT).expect("ids");
    ids.truncate(tokens);
    ids
}

#[test]
#[ignore = "needs a device: make test-device DEVICE=…"]
fn going_back_branches_and_lanes() {
    for part in [Part::Everything, Part::HalfOfTheBlocks, Part::KvOnTheHost] {
        let mut engine = on(part);
        let (ids, exits, bound) = (text(&engine, 24), engine.model().spec.exit_ids(), bound());
        let branch: Vec<TokenId> = ids[..20].iter().copied().chain(ids[..4].iter().copied()).collect();
        let (want, other) = (expected(&ids), expected(&branch));
        engine.read(&ids, BATCH, &mut |_| true).expect("read");
        let mut worst = 0f32;
        let mut steps = |engine: &mut Engine, ids: &[TokenId], want: &[LogitRows]| {
            engine.truncate(20);
            for (i, id) in ids.iter().enumerate().skip(20) {
                let step = engine.step(*id, &exits).expect("a step");
                worst = worst.max(off(&exits, (&step, 0), &want[i]));
            }
            let kept = engine.logits(0..ids.len(), &exits).expect("what is kept");
            worst = (0..ids.len()).map(|i| off(&exits, (&kept, i), &want[i])).fold(worst, f32::max);
        };
        steps(&mut engine, &branch, &other);
        steps(&mut engine, &ids, &want);
        // A lane takes over what another has read, on the device, and goes its own way.
        engine.turn_to(1).expect("a lane");
        engine.adopt(&ids).expect("a copy");
        assert_eq!(engine.ids(), &ids[..], "nothing is computed again");
        steps(&mut engine, &branch, &other);
        engine.turn_to(0).expect("the first lane");
        steps(&mut engine, &ids, &want);
        println!("{part:?}: largest |Δlogit| {worst:.1e}");
        assert!(worst <= bound, "{part:?}: {worst}");
    }
}

#[test]
#[ignore = "needs a device: make test-device DEVICE=…"]
fn drafts_and_early_exits_leave_what_reading_leaves() {
    for part in [Part::Everything, Part::HalfOfTheBlocks] {
        let mut engine = on(part);
        let (ids, exits, bound) = (text(&engine, 14), engine.model().spec.exit_ids(), bound());
        let (want, low) = (expected(&ids), exits[exits.len() - 1]);
        engine.read(&ids[..10], BATCH, &mut |_| true).expect("read");
        // A draft of two, of which the second goes astray.
        let drafted = engine.draft(ids[10], low, &[low]).expect("a draft");
        engine.draft(TokenId(3), low, &[low]).expect("a draft");
        let verified = engine.verify(&exits).expect("verification");
        engine.accept(1).expect("one token");
        assert_eq!(engine.ids(), &ids[..11]);
        let mut worst = off(&[low], (&drafted, 0), &want[10]).max(off(&exits, (&verified, 0), &want[10]));
        // One token leaves at the lowest exit, the next one goes through every block and takes it along.
        engine.begin_early(ids[11]).expect("a token");
        let (left, _) = engine.deepen(low).expect("the lowest exit");
        engine.begin_early(ids[12]).expect("a token");
        engine.deepen(low).expect("the lowest exit");
        let (whole, _) = engine.deepen(ExitId::Original).expect("all blocks");
        assert_eq!(engine.ids(), &ids[..13]);
        worst = worst.max(off(&[low], (&left, 0), &want[11])).max(off(&[ExitId::Original], (&whole, 0), &want[12]));
        let stored = engine.logits(0..13, &exits).expect("what is kept");
        worst = (0..13).map(|i| off(&exits, (&stored, i), &want[i])).fold(worst, f32::max);
        let step = engine.step(ids[13], &exits).expect("a step");
        worst = worst.max(off(&exits, (&step, 0), &want[13]));
        println!("{part:?}: largest |Δlogit| {worst:.1e}");
        assert!(worst <= bound, "{part:?}: {worst}");
    }
}

/// A step is one piece for the device, heads of all exits included, and one for the processor, which looks up the token's
/// embedding; what is read back are the rows after the exits' blocks and the logits asked for.
#[test]
#[ignore = "needs a device: make test-device DEVICE=…"]
fn little_crosses() {
    for part in PARTS {
        let mut engine = on(part);
        let (ids, exits) = (text(&engine, 12), engine.model().spec.exit_ids());
        engine.read(&ids[..11], BATCH, &mut |_| true).expect("read");
        engine.step(ids[11], &exits).expect("a step");
        let step = engine.crossing();
        engine.logits(0..12, &exits).expect("logits");
        let heads = engine.crossing();
        println!("{part:?}: a step {step:?}, every head of twelve rows {heads:?}");
        let spec = &engine.model().spec;
        let (row, logits) = (4 * spec.width as u64, 4 * spec.vocabulary as u64);
        let (taps, heads_here) = (
            spec.taps().len() as u64,
            engine.model().plan().heads() != mexit_models::Device::cpu().expect("a processor"),
        );
        let all = if heads_here { exits.len() as u64 * logits } else { 0 };
        let pieces = match part {
            Part::Everything | Part::HalfAndTheHeads | Part::HeadsOnly => 2,
            Part::TrunkOnly | Part::HalfOfTheBlocks => 3,
            // Attention of each block is the processor's.
            Part::KvOnTheHost => 2 * 12 + 2,
        };
        assert!(step.pieces <= pieces, "{part:?}: {step:?}");
        assert!(step.read <= taps * row + all, "{part:?}: {step:?}");
        assert_eq!((heads.pieces, heads.read), (1, 12 * all), "{part:?}");
    }
}
