//! The contrast on the original library's own inputs, and on its logits for every case.

#[path = "support/cases.rs"]
mod cases;

use mexit_tui::decode::{Distribution, contrast};
use serde::Deserialize;
use serde_json::Value;

/// Both sides compute in f32 from the same logits: a few roundings of numbers up to 30.
const SAME_LOGITS: f32 = 1e-5;

#[derive(Deserialize)]
struct Unit {
    name: String,
    alpha: f32,
    minimum_candidates: usize,
    upper: Value,
    lower: Value,
    out: Value,
}

/// Rows of the innermost dimension.
fn rows(value: &Value) -> Vec<Vec<f32>> {
    let number = |v: &Value| match v {
        Value::String(name) => name.parse().expect("a number's name"),
        #[expect(clippy::cast_possible_truncation, reason = "the file's numbers are f32")]
        other => other.as_f64().expect("a number") as f32,
    };
    match value {
        Value::Array(items) if items.first().is_some_and(Value::is_array) => items.iter().flat_map(rows).collect(),
        Value::Array(items) => vec![items.iter().map(number).collect()],
        _ => Vec::new(),
    }
}

#[test]
fn unit_cases() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference/contrast_unit/cases.json");
    let units: Vec<Unit> = serde_json::from_slice(&std::fs::read(path).expect("the cases")).expect("cases");
    assert!(units.len() >= 35);
    let mut compared = 0;
    for unit in &units {
        let (upper, lower, out) = (rows(&unit.upper), rows(&unit.lower), rows(&unit.out));
        for (i, want) in out.iter().enumerate() {
            // The library repeats a single row over the other's positions.
            let (upper, lower) = (&upper[i.min(upper.len() - 1)], &lower[i.min(lower.len() - 1)]);
            let expert = Distribution::new(upper);
            let got = contrast(&expert, &Distribution::new(lower), unit.alpha, unit.minimum_candidates).row(&expert);
            for (id, (got, want)) in got.iter().zip(want).enumerate() {
                match want {
                    // Its log(softmax) underflows there; ours does not.
                    want if want.is_nan() => continue,
                    want if *want == f32::NEG_INFINITY => assert!(*got < -80.0, "{} [{i}, {id}]: {got}", unit.name),
                    want => assert!((got - want).abs() <= SAME_LOGITS, "{} [{i}, {id}]: {got}, {want}", unit.name),
                }
                compared += 1;
            }
        }
    }
    assert!(compared > 500, "{compared}");
}

#[test]
fn on_the_librarys_logits() {
    for case in cases::all() {
        let expected = case.expected();
        let mut compared = 0;
        for (name, want) in expected.iter().filter(|(name, _)| name.contains(".contrast")) {
            let parts: Vec<&str> = name.splitn(4, '.').collect();
            let (expert, amateur) = parts[2].split_once('_').expect("a pair");
            let (alpha, min) = parts[3].split_once(".m").expect("α and minimum");
            let (alpha, min) = (alpha[1..].parse().expect("α"), min.parse().expect("a minimum"));
            let logits = |exit: &str| &expected[&format!("{}.logits.{exit}", parts[0])];
            let (expert, amateur) = (logits(expert), logits(amateur));
            let vocabulary = case.vocab_size;
            let first = (expert.len() - want.len()) / vocabulary;
            for (i, want) in want.chunks_exact(vocabulary).enumerate() {
                let row = |all: &[f32]| all[(first + i) * vocabulary..][..vocabulary].to_vec();
                let (expert, amateur) = (row(expert), row(amateur));
                let expert = Distribution::new(&expert);
                let got = contrast(&expert, &Distribution::new(&amateur), alpha, min).row(&expert);
                let worst = got.iter().zip(want).filter(|(_, w)| w.is_finite()).map(|(a, b)| (a - b).abs());
                let worst = worst.fold(0.0, f32::max);
                assert!(worst <= SAME_LOGITS, "{} {name} row {i}: {worst}", case.name());
                compared += 1;
            }
        }
        assert!(compared > 20, "{}: {compared}", case.name());
    }
}
