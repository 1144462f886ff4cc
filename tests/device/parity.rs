//! Every exit at every position of every reference case, in batches and in steps, and greedy texts.

use std::collections::BTreeMap;

use mexit_models::{BATCH, DType, Engine, ExitId};
use mexit_tui::session::{reader::Reader, run::Run};

use super::{
    cases::{self, Case},
    placing::{PARTS, Part, rounding},
};

/// How far a logit may be off.
///
/// Where f32 is multiplied as f32, only the order of sums differs, and roots, exponentials and quotients, which Vulkan allows
/// to be off by 2, 3 + 2|x| and 2.5 units in the last place: that is noise of the size of the library's own, 2e-5 to 5e-5 on
/// these cases, and two such sums differ by up to twice that, as on the processor (`tests/parity.rs`).
///
/// Where f32 is multiplied as f16 or TF32 (many graphics processors do that to batches, and in attention), each operand has
/// 11 bits. Weights alone rounded so move logits by 0.01 on these cases (`--test parity`, f16 files); here the rows of each
/// product and attention's queries are rounded as well: three such errors, and room for the worse of two sums.
fn bound() -> f32 {
    let worst = rounding(1).max(rounding(64));
    println!("a number that passes through a product of f32 matrices is off by {worst:.1e} at most");
    if worst == 0.0 { 1e-4 } else { 0.05 }
}

struct Subject<'c> {
    case: &'c Case,
    exits: Vec<ExitId>,
    expected: BTreeMap<String, Vec<f32>>,
}

impl<'c> Subject<'c> {
    fn of(case: &'c Case) -> Self {
        let exits = case.heads.iter().map(|head| head.parse().expect("an exit")).collect();
        Self { case, exits, expected: case.expected() }
    }

    /// The library's row.
    fn row(&self, prompt: usize, exit: ExitId, position: usize) -> &[f32] {
        &self.expected[&format!("p{prompt}.logits.{exit}")][position * self.case.vocab_size..][..self.case.vocab_size]
    }

    /// Largest |Δlogit| of prompts read at once and filled in.
    fn filled_in(&self, engine: &mut Engine) -> f32 {
        let mut worst = 0f32;
        for (p, prompt) in self.case.prompts.iter().enumerate() {
            engine.truncate(0);
            engine.read(&prompt.input_ids, BATCH, &mut |_| true).expect("the prompt is read");
            let logits = engine.logits(0..prompt.input_ids.len(), &self.exits).expect("logits");
            for exit in &self.exits {
                for i in 0..prompt.input_ids.len() {
                    worst = worst.max(off(logits.row(*exit, i).expect("a row"), self.row(p, *exit, i)));
                }
            }
        }
        worst
    }

    /// The same token by token, every exit in the step's own graph; of a long prompt the last 64.
    fn step_by_step(&self, engine: &mut Engine) -> f32 {
        let mut worst = 0f32;
        for (p, prompt) in self.case.prompts.iter().enumerate() {
            engine.truncate(0);
            let first = prompt.input_ids.len().saturating_sub(64);
            if first > 0 {
                engine.read(&prompt.input_ids[..first], BATCH, &mut |_| true).expect("a beginning");
            }
            for (i, id) in prompt.input_ids.iter().enumerate().skip(first) {
                let logits = engine.step(*id, &self.exits).expect("a step");
                for exit in &self.exits {
                    worst = worst.max(off(logits.row(*exit, 0).expect("a row"), self.row(p, *exit, i)));
                }
            }
        }
        worst
    }
}

/// Cases that share their numbers with another are that one's weights in another kind of checkpoint.
fn parts_of(case: &Case) -> impl Iterator<Item = Part> {
    let count = if case.expected.starts_with("..") { 1 } else { PARTS.len() };
    PARTS.into_iter().take(count)
}

fn off(got: &[f32], want: &[f32]) -> f32 {
    assert_eq!(got.len(), want.len());
    got.iter().zip(want).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
#[ignore = "needs a device: make test-device DEVICE=…"]
fn every_exit_at_every_position_wherever_things_are() {
    let (bound, all) = (bound(), cases::all());
    let mut worst: BTreeMap<usize, [f32; 2]> = BTreeMap::new();
    for case in &all {
        let subject = Subject::of(case);
        for folder in case.models() {
            let (_scratch, path) = cases::converted(&folder, DType::F32);
            let blocks = cases::open(&path, |_| {}).model().spec.blocks;
            for (n, part) in parts_of(case).enumerate() {
                let mut engine = cases::open_on(&path, part.of(blocks), |_| {});
                part.holds(&engine);
                let found = [subject.filled_in(&mut engine), subject.step_by_step(&mut engine)];
                println!("{} {part:?}: {:.1e} in batches, {:.1e} in steps", case.name(), found[0], found[1]);
                assert!(found.iter().all(|off| *off <= bound), "{} {part:?}: {found:?}", folder.display());
                let worst = worst.entry(n).or_default();
                worst.iter_mut().zip(found).for_each(|(worst, found)| *worst = worst.max(found));
            }
        }
    }
    for (n, [filled, stepped]) in worst {
        println!("{:?}: largest |Δlogit| {filled:.1e} in batches, {stepped:.1e} in steps", PARTS[n]);
    }
}

/// The library's texts, token for token, wherever its recorded leads are beyond what the bound could turn over: a lead is a
/// difference of two logits, or under a contrast of four, and what is plausible hangs on a difference of two.
#[test]
#[ignore = "needs a device: make test-device DEVICE=…"]
fn greedy_texts_wherever_things_are() {
    let bound = bound();
    let (mut compared, mut open) = (0, 0);
    for case in cases::all() {
        if case.expected.starts_with("..") {
            // Another case's weights and texts.
            continue;
        }
        let (_scratch, path) = cases::converted(&case.models()[0], DType::F32);
        let blocks = cases::open(&path, |_| {}).model().spec.blocks;
        for part in PARTS {
            let mut reader = Reader::new(cases::open_on(&path, part.of(blocks), |_| {}));
            for run in &case.generate {
                let logits = if run.contrast.is_some() { 4.0 } else { 2.0 };
                if run.min_top2_gap <= logits * bound || run.min_mask_margin.is_some_and(|margin| margin <= 2.0 * bound)
                {
                    open += 1;
                    continue;
                }
                let (prompt, most) = (case.prompts[run.prompt].input_ids.clone(), run.new_tokens.len());
                let start = prompt.len();
                let mut greedy = Run::new(&mut reader, prompt, run.decoding(), most).expect("a run");
                while greedy.step().expect("a step").is_some() {}
                assert_eq!(greedy.text()[start..], run.new_tokens, "{} {part:?} {}", case.name(), run.kind);
                compared += 1;
            }
        }
    }
    println!("{compared} texts are the library's; {open} have leads that the bound could turn over");
    assert!(compared > 50, "{compared}");
}
