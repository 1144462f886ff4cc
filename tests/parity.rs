//! Every exit at every position against the original library, for every case in `tests/reference`.
//!
//! To make the numbers again: `tests/reference/make_cases.py` says how.

#[path = "support/cases.rs"]
mod cases;

use std::collections::BTreeMap;

use mexit_ggml::keeps_columns;
use mexit_models::{BATCH, DType, Engine, ExitId, WeightTypes};
use mexit_tui::decode::Distribution;

/// The library's own noise on these cases is 2e-5 to 5e-5 (f32 against f64, one attention kernel against another, cache
/// against recomputation); two such sums in another order differ by up to twice that.
const LOGITS: f32 = 1e-4;

fn exit(name: &str) -> ExitId {
    name.parse().expect("an exit")
}

/// Largest |Δlogit| over all prompts, exits and positions, computed in batches and filled in from the stored rows.
fn largest_difference(engine: &mut Engine, case: &cases::Case, expected: &BTreeMap<String, Vec<f32>>) -> f32 {
    let exits: Vec<ExitId> = case.heads.iter().map(|head| exit(head)).collect();
    let mut worst = 0f32;
    for (p, prompt) in case.prompts.iter().enumerate() {
        engine.truncate(0);
        engine.read(&prompt.input_ids, BATCH, &mut |_| true).expect("the prompt is read");
        let logits = engine.logits(0..prompt.input_ids.len(), &exits).expect("logits");
        for (head, exit) in case.heads.iter().zip(&exits) {
            let want = &expected[&format!("p{p}.logits.{head}")];
            let got = logits.rows(*exit).expect("the exit's rows");
            assert_eq!(got.len(), want.len());
            worst = got.iter().zip(want).map(|(a, b)| (a - b).abs()).fold(worst, f32::max);
        }
    }
    worst
}

#[test]
fn every_exit_at_every_position() {
    for case in cases::all() {
        let expected = case.expected();
        for folder in case.models() {
            let mut engine = cases::engine(&folder, DType::F32, |_| {});
            let worst = largest_difference(&mut engine, &case, &expected);
            println!(
                "{} {}: largest difference {worst:.1e}",
                case.name(),
                folder.file_name().unwrap_or_default().display()
            );
            assert!(worst <= LOGITS, "{}: {worst}", folder.display());
        }
    }
}

/// Step by step, all exits in one graph: the same bound.
#[test]
fn every_exit_step_by_step() {
    for case in cases::all() {
        let expected = case.expected();
        let exits: Vec<ExitId> = case.heads.iter().map(|head| exit(head)).collect();
        let mut engine = cases::engine(&case.models()[0], DType::F32, |_| {});
        for (p, prompt) in case.prompts.iter().enumerate() {
            engine.truncate(0);
            for (i, id) in prompt.input_ids.iter().enumerate() {
                let logits = engine.step(*id, &exits).expect("a step");
                for (head, exit) in case.heads.iter().zip(&exits) {
                    let got = logits.row(*exit, 0).expect("a row");
                    let want = &expected[&format!("p{p}.logits.{head}")][i * got.len()..][..got.len()];
                    let worst = got.iter().zip(want).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                    assert!(worst <= LOGITS, "{} prompt {p} position {i} exit {exit}: {worst}", case.name());
                }
            }
        }
    }
}

/// The harness can fail: one number off by ten bounds is seen.
#[test]
#[should_panic(expected = "seen")]
fn a_wrong_number_is_seen() {
    let case = cases::all().remove(0);
    let mut expected = case.expected();
    expected.get_mut("p0.logits.original").expect("p0")[17] += 10.0 * LOGITS;
    let mut engine = cases::engine(&case.models()[0], DType::F32, |_| {});
    assert!(largest_difference(&mut engine, &case, &expected) <= LOGITS, "seen");
}

/// What narrower files cost: printed, for every case. Half of f16's rounding steps are 1/2048 of a number, bf16's 1/256,
/// so that bf16 must be the farther of the two unless the checkpoint itself holds bf16 (then both are exact or nearly).
#[test]
fn f16_and_bf16_files() {
    for case in cases::all() {
        let expected = case.expected();
        let files = [DType::F16.into(), DType::BF16.into(), cases::MIXED, DType::Q8_0.into()];
        let figures = files.map(|types: WeightTypes| {
            let mut engine = cases::engine(&case.models()[0], types, |_| {});
            let largest = largest_difference(&mut engine, &case, &expected);
            let (kl, same) = agreement(&mut engine, &case, &expected);
            println!(
                "{} {types}: largest |Δlogit| {largest:.1e}, mean KL {kl:.1e}, same top token {same:.4}",
                case.name()
            );
            (largest, kl)
        });
        let [(f16, f16_kl), (bf16, bf16_kl), (_, mixed_kl), (_, q8_0_kl)] = figures;
        assert!(f16_kl < mixed_kl && mixed_kl < q8_0_kl, "{}", case.name());
        // A file in the checkpoint's own type has lost nothing, if the columns are not rounded either.
        for (dtype, largest, name) in [(DType::F16, f16, "fp16"), (DType::BF16, bf16, "bf16")] {
            if case.name().contains(name) && keeps_columns(dtype, 64) {
                assert!(largest <= LOGITS, "{}: nothing was rounded", case.name());
            } else if !case.name().contains("bf16") {
                assert!(largest > LOGITS, "{}: a narrow file is no f32 file", case.name());
            }
        }
        if !case.name().contains("bf16") {
            assert!(bf16 > f16 && bf16_kl > f16_kl, "{}", case.name());
        }
    }
}

/// Mean KL(library ‖ ours), nats, and the rate of the same top token, over exits and positions.
fn agreement(engine: &mut Engine, case: &cases::Case, expected: &BTreeMap<String, Vec<f32>>) -> (f64, f64) {
    let exits: Vec<ExitId> = case.heads.iter().map(|head| exit(head)).collect();
    let (mut kl, mut same, mut count) = (0.0, 0.0, 0.0);
    for (p, prompt) in case.prompts.iter().enumerate() {
        engine.truncate(0);
        engine.read(&prompt.input_ids, BATCH, &mut |_| true).expect("the prompt is read");
        let logits = engine.logits(0..prompt.input_ids.len(), &exits).expect("logits");
        for (head, exit) in case.heads.iter().zip(&exits) {
            let want = expected[&format!("p{p}.logits.{head}")].chunks_exact(case.vocab_size);
            for (want, got) in want.zip(logits.rows(*exit).expect("rows").chunks_exact(case.vocab_size)) {
                let (want, got) = (Distribution::new(want), Distribution::new(got));
                kl += f64::from(want.kl(&got));
                same += f64::from(u8::from(want.best().id == got.best().id));
                count += 1.0;
            }
        }
    }
    (kl / count, same / count)
}

#[test]
fn tokenizers_agree() {
    for case in cases::all() {
        for folder in case.models() {
            let engine = cases::engine(&folder, DType::F32, |_| {});
            for wanted in &case.tokenizer_cases {
                let ids = engine.model().tokenizer.encode(&wanted.text).expect("ids");
                assert_eq!(ids, wanted.ids_no_special, "{} {:?}", folder.display(), wanted.text);
                assert_eq!(engine.model().tokenizer.decode(&ids), wanted.text.as_bytes());
            }
        }
    }
}
