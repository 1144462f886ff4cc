//! Early exit for real takes the tokens that the policy takes on a full trace, and computes what it says it does.

#[path = "support/demo_engine.rs"]
mod demo_engine;

use demo_engine::{TYPES, demo_engine, text};
use mexit_models::{DType, Engine, ExitId, TokenId};
use mexit_tui::{
    decode::{Distribution, Sampling},
    session::leaving::{EarlyRun, Glance, Policy, Rule},
};

const TOKENS: usize = 12;

/// Rules that leave early, late, and in between.
const RULES: [Rule; 8] = [
    Rule { policy: Policy::Confidence, threshold: 0.05 },
    Rule { policy: Policy::Confidence, threshold: 0.4 },
    Rule { policy: Policy::Confidence, threshold: 0.9 },
    Rule { policy: Policy::Margin, threshold: 0.2 },
    Rule { policy: Policy::Entropy, threshold: 3.0 },
    Rule { policy: Policy::Patience, threshold: 2.0 },
    Rule { policy: Policy::Patience, threshold: 4.0 },
    Rule { policy: Policy::Fixed, threshold: 2.0 },
];

/// What every exit says after each of the tokens from `first` on, from the lowest exit up.
fn glances(engine: &mut Engine, ids: &[TokenId], first: usize) -> Vec<Vec<Glance>> {
    engine.truncate(0);
    engine.read(ids, 1, &mut |_| true).expect("read");
    let (exits, blocks) = (engine.model().spec.exit_ids(), engine.model().spec.blocks);
    let glance = |row: &[f32], exit: ExitId| {
        let distribution = Distribution::new(row);
        let top = distribution.top(2);
        let depth = if let ExitId::Block(k) = exit { k } else { blocks };
        let p = [top[0].ln_p.exp(), top[1].ln_p.exp()];
        Glance { depth, top: top[0].id, p, entropy: distribution.entropy() }
    };
    (first..ids.len())
        .map(|row| {
            let logits = engine.logits(row..row + 1, &exits).expect("logits");
            exits.iter().rev().map(|exit| glance(logits.row(*exit, 0).expect("a row"), *exit)).collect()
        })
        .collect()
}

/// Under the reference kernels a batch has the bits of single steps: what was made up for is what steps compute.
#[test]
fn tokens_and_exits_are_those_of_the_policy_on_a_full_trace_for_every_type() {
    for dtype in TYPES {
        // The reference kernels are slow: every rule in f32, two in the other types.
        let rules = if dtype == DType::F32 { &RULES[..] } else { &RULES[1..6] };
        for rule in rules.iter().copied().step_by(if dtype == DType::F32 { 1 } else { 4 }) {
            let mut engine = demo_engine(dtype, DType::F32);
            engine.set_reference(true);
            let prompt = text(&engine, 12);
            let mut run = EarlyRun::new(engine, prompt.clone(), rule, Sampling::default(), TOKENS).expect("a run");
            let mut taken = Vec::new();
            while let Some(token) = run.step().expect("a step") {
                taken.push(token);
            }
            let (work, whole) = (run.work().clone(), run.text().to_vec());
            assert_eq!(taken.len(), TOKENS);
            let mut full = demo_engine(dtype, DType::F32);
            full.set_reference(true);
            let from_below: Vec<ExitId> = full.model().spec.exit_ids().into_iter().rev().collect();
            let seen = glances(&mut full, &whole[..whole.len() - 1], prompt.len() - 1);
            for (n, (token, exits)) in taken.iter().zip(&seen).enumerate() {
                let at = rule.taken(exits);
                assert_eq!(token.exit, from_below[at], "{dtype} {rule:?}, token {n}");
                assert_eq!(token.id.0, exits[at].top, "{dtype} {rule:?}, token {n}");
            }
            let blocks = full.model().spec.blocks as usize;
            assert_eq!(work.counts.iter().sum::<usize>(), TOKENS);
            assert!(work.blocks <= TOKENS * blocks, "no block runs twice over a token");
            let least: usize = seen.iter().map(|exits| exits[rule.taken(exits)].depth as usize).sum();
            assert!(work.blocks >= least, "and none is left out that a token needs: {} of {least}", work.blocks);
        }
    }
}

/// After a token that went through all blocks the engine holds what reading holds, to the bit.
#[test]
fn what_was_made_up_for_is_what_reading_computes() {
    let mut engine = demo_engine(DType::F32, DType::F32);
    engine.set_reference(true);
    let ids = text(&engine, 20);
    engine.read(&ids[..10], 1, &mut |_| true).expect("read");
    let exits = engine.model().spec.exit_ids();
    // Depths in blocks: some tokens stop at the second exit, some at the fourth, the last goes to the end.
    for (n, id) in ids[10..].iter().enumerate() {
        engine.begin_early(*id).expect("begin");
        let stops = if n == 9 { exits.len() } else { [2, 4, 1][n % 3] };
        for exit in exits.iter().rev().take(stops) {
            engine.deepen(*exit).expect("deeper");
        }
    }
    assert_eq!(engine.ids(), &ids[..]);
    let early = engine.logits(0..20, &exits).expect("logits");
    let mut plain = demo_engine(DType::F32, DType::F32);
    plain.set_reference(true);
    plain.read(&ids, 1, &mut |_| true).expect("read");
    let read = plain.logits(0..20, &exits).expect("logits");
    for exit in &exits {
        assert_eq!(early.rows(*exit), read.rows(*exit), "{exit}");
    }
    // The keys and values, too: what follows is the same.
    let next = [engine.step(ids[3], &exits).expect("a step"), plain.step(ids[3], &exits).expect("a step")];
    assert_eq!(next[0].row(exits[0], 0), next[1].row(exits[0], 0));
}

#[test]
fn reading_and_stepping_forget_what_was_left_early() {
    let mut engine = demo_engine(DType::F32, DType::F32);
    let (ids, exits) = (text(&engine, 12), engine.model().spec.exit_ids());
    engine.read(&ids[..8], 1, &mut |_| true).expect("read");
    engine.begin_early(ids[8]).expect("begin");
    engine.deepen(exits[exits.len() - 1]).expect("the lowest exit");
    assert_eq!((engine.ids().len(), engine.early_len()), (8, 9));
    let step = engine.step(ids[9], &exits).expect("a step");
    assert_eq!((engine.ids().len(), engine.early_len()), (9, 9));
    let mut plain = demo_engine(DType::F32, DType::F32);
    plain.read(&ids[..8], 1, &mut |_| true).expect("read");
    assert_eq!(step.row(exits[0], 0), plain.step(ids[9], &exits).expect("a step").row(exits[0], 0));
}

#[test]
fn a_draft_and_what_was_left_early_forget_each_other() {
    let mut engine = demo_engine(DType::F32, DType::F32);
    let (ids, exits) = (text(&engine, 12), engine.model().spec.exit_ids());
    let low = exits[exits.len() - 1];
    engine.read(&ids[..8], 1, &mut |_| true).expect("read");
    engine.begin_early(ids[8]).expect("begin");
    engine.deepen(low).expect("the lowest exit");
    engine.draft(ids[8], low, &[low]).expect("a draft");
    assert_eq!((engine.early_len(), engine.drafted()), (8, 1));
    engine.begin_early(ids[8]).expect("begin");
    assert_eq!((engine.early_len(), engine.drafted()), (9, 0));
    engine.deepen(ExitId::Original).expect("all blocks");
    let mut plain = demo_engine(DType::F32, DType::F32);
    plain.read(&ids[..9], 1, &mut |_| true).expect("read");
    assert_eq!(
        engine.step(ids[9], &exits).expect("a step").row(low, 0),
        plain.step(ids[9], &exits).expect("a step").row(low, 0)
    );
}

#[test]
fn the_context_ends_and_bad_tokens_are_refused() {
    let engine = demo_engine(DType::F32, DType::F32);
    let (context, prompt) = (engine.context(), text(&engine, 120));
    let rule = RULES[0];
    let mut run = EarlyRun::new(engine, prompt, rule, Sampling::default(), 1000).expect("a run");
    let mut taken = 0;
    while run.step().expect("a step").is_some() {
        taken += 1;
    }
    // The last position of the context still has a prediction.
    assert!(run.text().len() == context + 1 || taken < context - 119, "{}", run.text().len());
    let mut engine = demo_engine(DType::F32, DType::F32);
    assert!(engine.begin_early(TokenId(u32::MAX)).is_err());
    assert!(engine.deepen(ExitId::Original).is_err(), "nothing was begun");
}
