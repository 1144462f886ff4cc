//! Greedy continuations token for token as the original library's, in every mode, and the contrast end to end.

#[path = "support/cases.rs"]
mod cases;

use mexit_models::{BATCH, DType, ExitId};
use mexit_tui::{
    decode::{Distribution, contrast},
    session::{reader::Reader, run::Run},
};

/// |Δlogit| ≤ 1e-4 of expert and amateur; a result is a sum of two log-probabilities of one and one of the other.
const END_TO_END: f32 = 3e-4;

#[test]
fn greedy_continuations() {
    let mut runs = 0;
    for case in cases::all() {
        for folder in case.models() {
            let mut all = Reader::new(cases::engine(&folder, DType::F32, |_| {}));
            for run in &case.generate {
                let prompt = case.prompts[run.prompt].input_ids.clone();
                let start = prompt.len();
                let decoding = run.decoding();
                // The library stops at the end token or after 24.
                let mut traced =
                    Run::new(&mut all, prompt.clone(), decoding.clone(), run.new_tokens.len()).expect("a run");
                while traced.traced_step(1).expect("a step").is_some() {}
                assert_eq!(traced.text()[start..], run.new_tokens, "{} {decoding:?}", folder.display());

                let mut few = Reader::for_choices(cases::engine(&folder, DType::F32, |_| {}), &decoding);
                let mut plain = Run::new(&mut few, prompt, decoding, run.new_tokens.len()).expect("a run");
                while plain.step().expect("a step").is_some() {}
                assert_eq!(plain.text()[start..], run.new_tokens, "{}", folder.display());
                runs += 1;
            }
        }
    }
    assert!(runs > 50, "{runs}");
}

#[test]
fn contrast_end_to_end() {
    let mut worst = 0f32;
    for case in cases::all() {
        let expected = case.expected();
        let mut engine = cases::engine(&case.models()[0], DType::F32, |_| {});
        let exits: Vec<ExitId> = case.heads.iter().map(|head| head.parse().expect("an exit")).collect();
        for (p, prompt) in case.prompts.iter().enumerate() {
            let n = prompt.input_ids.len();
            engine.truncate(0);
            engine.read(&prompt.input_ids, BATCH, &mut |_| true).expect("the prompt is read");
            let logits = engine.logits(0..n, &exits).expect("logits");
            for (name, want) in expected.iter().filter(|(name, _)| name.starts_with(&format!("p{p}.contrast"))) {
                let parts: Vec<&str> = name.splitn(4, '.').collect();
                let (expert, amateur) = parts[2].split_once('_').expect("a pair");
                let (alpha, min) = parts[3].split_once(".m").expect("α and minimum");
                let (alpha, min) = (alpha[1..].parse().expect("α"), min.parse().expect("a minimum"));
                let rows = want.len() / case.vocab_size;
                for (i, want) in want.chunks_exact(case.vocab_size).enumerate() {
                    let row = |exit: &str| logits.row(exit.parse().expect("an exit"), n - rows + i).expect("a row");
                    let expert = Distribution::new(row(expert));
                    let got = contrast(&expert, &Distribution::new(row(amateur)), alpha, min).row(&expert);
                    let off = got.iter().zip(want).filter(|(_, w)| w.is_finite()).map(|(a, b)| (a - b).abs());
                    worst = off.fold(worst, f32::max);
                    assert!(worst <= END_TO_END, "{} {name} row {i}: {worst}", case.name());
                }
            }
        }
    }
    println!("largest difference {worst:.1e}");
}
