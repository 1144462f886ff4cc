//! Every exit at every position of every reference case, in batches and in steps, and greedy texts.

use std::collections::BTreeMap;

use mexit_models::{BATCH, DType, Engine, ExitId};
use mexit_tui::session::{reader::Reader, run::Run};

use super::{
    cases::{self, Case},
    placing::{PARTS, Part, rounding},
};

/// How far a logit may be off.
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
            for (n, part) in PARTS.into_iter().enumerate() {
                let mut engine = cases::open_on(&path, part.of(blocks), |_| {});
                part.holds(&engine);
                let found = [subject.filled_in(&mut engine), subject.step_by_step(&mut engine)];
                println!("{} {part:?}: {found:.1?}", case.name());
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
