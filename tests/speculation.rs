//! Speculation takes the tokens that plain steps take, one for one, and leaves the engine as they do.

#[path = "support/cases.rs"]
mod cases;
#[path = "support/demo_engine.rs"]
mod demo_engine;
#[path = "support/program.rs"]
mod program;

use demo_engine::{TYPES, demo_engine, text};
use mexit_models::{DType, Engine, ExitId, TokenId, demo};
use mexit_tui::session::{
    reader::Reader,
    run::Run,
    speculate::{Speculation, Speculator, Stats},
    trace::{
        Choice, ContrastTrace, Contrasted, Custom, Decoding, Distance, Dola, ExitRow, Expression, Method, Pair,
        Sampling, ScoreTrace,
    },
};

const LENGTHS: [usize; 5] = [1, 2, 3, 5, 8];

/// A logit may differ by so much where the same f32 numbers are summed in another order, through all blocks:
/// `tests/steps.rs` and `tests/drafts.rs` measure 1e-5 on these models, with texts that are longer.
const BATCH_EQUALS_STEP: f32 = 4e-5;

/// Original, an exit in the middle, and their contrast; greedy, and drawn with a repetition penalty.
fn decodings(engine: &Engine) -> Vec<Decoding> {
    let exits = engine.model().spec.exit_ids();
    let (original, middle) = (exits[0], exits[exits.len() / 2]);
    let pair = Pair { expert: original, amateur: middle, alpha: 0.1, min_candidates: 1 };
    let drawn = Sampling { random: true, temperature: 0.9, top_p: 0.95, repetition_penalty: 1.2, ..Default::default() };
    let methods = [Method::Exit(original), Method::Exit(middle), Method::Contrast(pair)];
    let both = [Sampling::default(), drawn];
    methods.iter().flat_map(|m| both.iter().map(|s| Decoding { method: m.clone(), sampling: s.clone() })).collect()
}

/// Every exit but the highest is a candidate.
fn dola(exits: &[ExitId]) -> Method {
    let candidates = exits[2..].iter().rev().copied().collect();
    Method::Dola(Dola { candidates, alpha: 0.1, distance: Distance::JensenShannon })
}

fn expression(pair: Pair) -> Method {
    let expression = Expression::parse("ln(p_upper) - ln(p_lower) where p_upper >= alpha * p_max");
    Method::Expression(Custom { pair, expression: expression.expect("an expression") })
}

fn lower_exits(engine: &Engine) -> Vec<ExitId> {
    let blocks = engine.model().spec.blocks;
    engine.model().spec.exits.iter().filter(|k| **k < blocks).map(|k| ExitId::Block(*k)).collect()
}

/// Goes on from a prompt: what was taken, what the reader then holds, and what speculation did.
fn go_on(
    engine: Engine,
    prompt: &[TokenId],
    decoding: &Decoding,
    most: usize,
    how: Speculation,
) -> (Vec<Choice>, Engine, Stats) {
    let mut reader = Reader::for_choices(engine, decoding);
    let mut speculator = Speculator::new(how);
    let mut run =
        Run::new(&mut reader, prompt.to_vec(), decoding.clone(), most).expect("a run").with_speculator(&mut speculator);
    let mut taken = Vec::new();
    while let Some(choice) = run.step().expect("a step") {
        taken.push(choice);
    }
    (taken, reader.into_engine(), speculator.stats())
}

fn ids(choices: &[Choice]) -> Vec<TokenId> {
    choices.iter().map(|choice| choice.id).collect()
}

/// Every exit's logits at every position read.
fn everything(engine: &mut Engine) -> Vec<f32> {
    let exits = engine.model().spec.exit_ids();
    let read = engine.ids().len();
    let logits = engine.logits(0..read, &exits).expect("logits");
    exits.iter().flat_map(|exit| logits.rows(*exit).expect("rows").to_vec()).collect()
}

/// By how much the token taken leads over the next, as a difference of logits, and how far what could take its place is
/// from becoming plausible: what rounding would have to turn over.
fn smallest_lead(engine: Engine, prompt: &[TokenId], decoding: &Decoding, most: usize) -> f32 {
    let mut reader = Reader::new(engine);
    let mut run = Run::new(&mut reader, prompt.to_vec(), decoding.clone(), most).expect("a run");
    let mut smallest = f32::INFINITY;
    while let Some(trace) = run.traced_step(200).expect("a step") {
        let row = |exit| trace.exits.iter().find(|row| row.exit == exit).expect("the exit");
        let lead = match (&decoding.method, &trace.contrast) {
            (Method::Contrast(_), contrast) => in_contrast(contrast.as_ref().expect("a contrast")),
            (Method::Exit(exit), _) => row(*exit).top[0].ln_p - row(*exit).top[1].ln_p,
            _ => {
                let scores = trace.scores.as_ref().expect("scores");
                in_scores(scores, row(scores.expert))
            }
        };
        smallest = smallest.min(lead);
    }
    smallest
}

fn in_contrast(contrast: &ContrastTrace) -> f32 {
    let best = contrast.plausible.first().expect("V is never empty");
    let score = |token: &Contrasted| token.expert - token.amateur;
    let second = contrast.plausible.get(1).map_or(f32::INFINITY, |second| score(best) - score(second));
    // The best must stay in V (the expert's first always does), and nothing that would beat it may enter.
    let inside = if best.expert_rank == 1 { f32::INFINITY } else { best.expert - contrast.ln_tau };
    let beats = |token: &&Contrasted| score(token) > score(best) - 8.0 * BATCH_EQUALS_STEP;
    let outside = contrast.below.iter().filter(beats).map(|token| contrast.ln_tau - token.expert);
    outside.fold(second.min(inside), f32::min)
}

/// The same of scores, and by how much the amateur leads over the other candidates.
fn in_scores(scores: &ScoreTrace, expert: &ExitRow) -> f32 {
    // An expression says its own threshold: α .1 of the largest.
    let ln_tau = expert.top[0].ln_p + 0.1f32.ln();
    let best = &scores.first[0];
    let second = scores.first.get(1).map_or(f32::INFINITY, |second| best.result - second.result);
    let inside = if best.expert_rank == 1 { f32::INFINITY } else { best.expert - ln_tau };
    let outside = expert.top.iter().find(|token| token.ln_p < ln_tau).map_or(f32::INFINITY, |next| ln_tau - next.ln_p);
    let mut distances: Vec<f32> = scores.distances.iter().map(|(_, distance)| *distance).collect();
    distances.sort_by(|a, b| b.total_cmp(a));
    // Logits that are off by δ move a divergence J by δ Σ ½ (p |ln p/m| + q |ln q/m|) · 2 at most, and Σ p |ln p/m| is at
    // most KL + √(2 KL) (Pinsker's inequality as Barron has it): by δ (2 J + √(8 J)), both candidates by twice that.
    let moves = |j: f32| 2.0 * (2.0 * j + (8.0 * j).sqrt());
    let farthest = distances.get(1).map_or(f32::INFINITY, |next| 4.0 * (distances[0] - next) / moves(distances[0]));
    second.min(inside).min(outside).min(farthest)
}

/// Rounds of every depth and length against plain steps, from one prompt.
fn lossless(engine: Engine, prompt: &[TokenId], most: usize, exact: bool) -> (Engine, Stats) {
    let decodings = decodings(&engine);
    lossless_by(engine, decodings, prompt, most, exact)
}

fn lossless_by(
    mut engine: Engine,
    decodings: Vec<Decoding>,
    prompt: &[TokenId],
    most: usize,
    exact: bool,
) -> (Engine, Stats) {
    let mut last = Stats::default();
    let lower = lower_exits(&engine);
    for (turn, decoding) in decodings.into_iter().enumerate() {
        engine.truncate(0);
        let (want, held, _) = go_on(engine, prompt, &decoding, most, Speculation::Off);
        engine = held;
        let logits = exact.then(|| everything(&mut engine));
        // Every length at some depth, every depth at some length; all of both over the decodings.
        for (place, length) in LENGTHS.into_iter().enumerate() {
            let exit = lower[(place + turn) % lower.len()];
            let how = Speculation::On { exit: Some(exit), length: Some(length) };
            engine.truncate(0);
            let (got, held, stats) = go_on(engine, prompt, &decoding, most, how);
            engine = held;
            let what = format!("{decoding:?}, exit {exit}, {length} a draft");
            assert_eq!(ids(&got), ids(&want), "{what}");
            if let Some(logits) = &logits {
                assert_eq!(got, want, "{what}: ranks and probabilities, too");
                assert_eq!(everything(&mut engine), *logits, "{what}: all that is stored");
            }
            assert_eq!(engine.drafted(), 0);
            assert!(stats.rounds > 0 || want.len() < 3, "{what}: {stats}");
            last = stats;
        }
    }
    (engine, last)
}

#[test]
fn the_demo_and_every_reference_case_in_f32() {
    let engine = demo_engine(DType::F32, DType::F32);
    let prompt = text(&engine, 12);
    let (_, stats) = lossless(engine, &prompt, 60, false);
    println!("{stats}");
    for case in cases::all() {
        for (p, prompt) in case.prompts.iter().enumerate() {
            let engine = cases::engine(&case.models()[0], DType::F32, |_| {});
            println!("{} prompt {p}", case.name());
            lossless(engine, &prompt.input_ids, 24, false);
        }
    }
}

/// That f32 gives the same greedy tokens above is no luck: the leads are beyond what rounding could turn over. A lead
/// is a difference of two logits, under a contrast of four, each off by the bound at most. (A draw could turn over
/// where its number lies as close to the border between two tokens: here, by the test above, none does.)
#[test]
fn leads_are_larger_than_rounding() {
    let mut smallest = f32::INFINITY;
    let greedy = |engine: &Engine| decodings(engine).into_iter().filter(|d| !d.sampling.random).collect::<Vec<_>>();
    let engine = demo_engine(DType::F32, DType::F32);
    for decoding in greedy(&engine) {
        let engine = demo_engine(DType::F32, DType::F32);
        let prompt = text(&engine, 12);
        smallest = smallest.min(smallest_lead(engine, &prompt, &decoding, 60));
    }
    for case in cases::all() {
        for decoding in greedy(&cases::engine(&case.models()[0], DType::F32, |_| {})) {
            for prompt in &case.prompts {
                let engine = cases::engine(&case.models()[0], DType::F32, |_| {});
                smallest = smallest.min(smallest_lead(engine, &prompt.input_ids, &decoding, 24));
            }
        }
    }
    println!("smallest lead {smallest:.1e}");
    assert!(smallest > 4.0 * BATCH_EQUALS_STEP, "{smallest}");
}

/// DoLa, whose amateur changes from token to token, and an expression.
#[test]
fn decodings_by_scores() {
    let engine = demo_engine(DType::F32, DType::F32);
    let exits = engine.model().spec.exit_ids();
    let pair = Pair { expert: exits[0], amateur: exits[exits.len() / 2], alpha: 0.1, min_candidates: 1 };
    let greedy = Decoding { method: dola(&exits), sampling: Sampling::default() };
    let prompt = text(&engine, 12);
    let smallest = smallest_lead(engine, &prompt, &greedy, 60);
    println!("smallest lead {smallest:.1e}");
    assert!(smallest > 4.0 * BATCH_EQUALS_STEP, "{smallest}");
    let sampling = Sampling { random: true, seed: 7, repetition_penalty: 1.2, ..Default::default() };
    let drawn = Decoding { method: expression(pair), sampling };
    lossless_by(demo_engine(DType::F32, DType::F32), vec![greedy, drawn], &prompt, 60, false);
}

#[test]
fn every_type_to_the_bit_under_the_reference_kernels() {
    for dtype in TYPES {
        let mut engine = demo_engine(dtype, DType::F32);
        engine.set_reference(true);
        let prompt = text(&engine, 9);
        lossless(engine, &prompt, 20, true);
    }
}

/// A decoding that reads nothing above an exit is drafted for certain: the tokens are plain steps' with every type.
#[test]
fn what_no_upper_block_decides_is_certain() {
    for dtype in TYPES {
        let mut engine = demo_engine(dtype, DType::F16);
        let lower = lower_exits(&engine);
        let (high, low) = (lower[lower.len() - 1], lower[0]);
        let pair = Pair { expert: high, amateur: low, alpha: 0.1, min_candidates: 1 };
        for method in [Method::Exit(high), Method::Contrast(pair)] {
            let decoding = Decoding { method, sampling: Sampling { repetition_penalty: 1.3, ..Default::default() } };
            let prompt = text(&engine, 10);
            engine.truncate(0);
            let (want, held, _) = go_on(engine, &prompt, &decoding, 50, Speculation::Off);
            let how = Speculation::On { exit: None, length: Some(5) };
            engine = held;
            engine.truncate(0);
            let (got, held, stats) = go_on(engine, &prompt, &decoding, 50, how);
            engine = held;
            assert_eq!(got, want, "{dtype} {decoding:?}");
            let plan = &stats.plans[&(high, 5)];
            assert!(plan.certain && plan.accepted == plan.drafted && plan.tokens == plan.drafted, "{stats}");
        }
    }
}

#[test]
fn a_full_context_and_few_tokens_end_a_draft() {
    // The demo at work here holds 128 tokens; one more is predicted after the last.
    for (start, most) in [(120, 40), (126, 40), (127, 40), (128, 40), (100, 2), (100, 1), (100, 3)] {
        let mut engine = demo_engine(DType::F32, DType::F32);
        let prompt = text(&engine, start);
        for decoding in decodings(&engine) {
            engine.truncate(0);
            let (want, held, _) = go_on(engine, &prompt, &decoding, most, Speculation::Off);
            engine = held;
            assert_eq!(want.len(), most.min(129 - start));
            for length in LENGTHS {
                engine.truncate(0);
                let how = Speculation::On { exit: None, length: Some(length) };
                let (got, held, _) = go_on(engine, &prompt, &decoding, most, how);
                engine = held;
                assert_eq!(ids(&got), ids(&want), "{start} {most} {length}");
                assert_eq!(engine.ids().len(), start + want.len() - 1, "the last token is not read");
            }
        }
    }
}

/// The demo with another token as the one that ends a text.
fn demo_ending_with(end: TokenId) -> Engine {
    let mut bytes = demo::mapping().to_vec();
    let key = b"tokenizer.ggml.eos_token_id";
    let at = bytes.windows(key.len()).position(|window| window == key).expect("the key") + key.len();
    // The value's type comes first: 4, u32.
    assert_eq!(bytes[at..at + 4], 4u32.to_le_bytes());
    bytes[at + 4..at + 8].copy_from_slice(&end.0.to_le_bytes());
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("other.gguf");
    std::fs::write(&path, bytes).expect("a file");
    let engine = cases::open(&path, |_| {});
    assert_eq!(engine.model().tokenizer.end_of_text(), Some(end));
    engine
}

/// Each token of a continuation in turn is made the one that ends it, so that it falls on every place of a round:
/// nothing after it is taken, or read.
#[test]
fn the_end_of_text_in_a_draft_ends() {
    let sampling = Sampling { random: true, seed: 5, ..Default::default() };
    let decoding = Decoding { method: Method::Exit(ExitId::Original), sampling };
    let engine = demo_engine(DType::F32, DType::F32);
    let prompt = text(&engine, 6);
    let (long, ..) = go_on(engine, &prompt, &decoding, 14, Speculation::Off);
    let long = ids(&long);
    let mut drafted = 0;
    for (place, end) in long.iter().enumerate() {
        if long[..place].contains(end) {
            continue;
        }
        for length in [2, 8] {
            let how = Speculation::On { exit: None, length: Some(length) };
            let (got, engine, stats) = go_on(demo_ending_with(*end), &prompt, &decoding, 30, how);
            assert_eq!(ids(&got), long[..=place], "{place}, {length} a draft");
            assert_eq!(engine.ids(), [&prompt[..], &long[..place]].concat(), "the end is not read");
            drafted += stats.plans.values().map(|plan| plan.drafted).sum::<usize>();
        }
    }
    assert!(drafted > 20, "{drafted}");
}

/// After a round that has run ahead, another text, a plain step and a trace are what they would be anyway.
#[test]
fn another_text_after_a_round() {
    let engine = demo_engine(DType::F32, DType::F32);
    let prompt = text(&engine, 12);
    let decoding = decodings(&engine).remove(0);
    let mut reader = Reader::for_choices(engine, &decoding);
    let mut speculator = Speculator::new(Speculation::On { exit: None, length: Some(8) });
    for cut in 2..9 {
        let mut other = prompt.clone();
        let mut run = Run::new(&mut reader, prompt.clone(), decoding.clone(), 30).expect("a run");
        run = run.with_speculator(&mut speculator);
        for _ in 0..cut {
            other.push(run.step().expect("a step").expect("a token").id);
        }
        // Another last token: what the round knew of this position is of no use.
        let last = other.len() - 1;
        other[last] = TokenId(other[last].0 ^ 1);
        let mut plain = Reader::for_choices(demo_engine(DType::F32, DType::F32), &decoding);
        let mut want = Run::new(&mut plain, other.clone(), decoding.clone(), 10).expect("a run");
        let mut got = Run::new(&mut reader, other, decoding.clone(), 10).expect("a run");
        got = got.with_speculator(&mut speculator);
        for _ in 0..10 {
            let (got, want) = (got.step().expect("a step"), want.step().expect("a step"));
            assert_eq!(got.map(|choice| choice.id), want.map(|choice| choice.id), "{cut}");
        }
    }
}

/// The real binary: the same text in every way of getting it, what was done on stderr alone, and clear refusals.
#[test]
fn from_the_command_line() {
    let generate = |more: &[&str]| {
        let all = [&["generate", "--prompt=In the beginning", "-n=40", "--threads=1"], more].concat();
        program::run(&all)
    };
    let plain = generate(&["--speculate=off"]);
    assert!(plain.status.success() && plain.stdout.len() > 60 && plain.stderr.is_empty());
    for how in ["auto", "on", "2", "4:8"] {
        let found = generate(&["--speculate", how, "--stats"]);
        assert_eq!(found.stdout, plain.stdout, "{how}");
        let said = String::from_utf8_lossy(&found.stderr).into_owned();
        assert!(said.contains("39 tokens in"), "{how}: {said}");
        let wanted = [("2", "exit 2, 3 a draft"), ("4:8", "exit 4, 8 a draft")];
        assert!(wanted.iter().all(|(name, words)| *name != how || said.contains(words)), "{how}: {said}");
    }
    assert_eq!(generate(&[]).stdout, plain.stdout, "auto, unless told otherwise");

    let refused = |more: &[&str], words: &[&str]| program::refused(&more.join(" "), &generate(more), words);
    refused(&["--speculate=99"], &["99", "--speculate", "original, 12"]);
    refused(&["--speculate=12"], &["below block 12"]);
    refused(&["--speculate=original"], &["below block 12"]);
    refused(&["--speculate=4:0"], &["EXIT:LENGTH", "1 to 16"]);
    refused(&["--speculate=fast"], &["auto, off, on"]);
    refused(&["--speculate=on", "--json"], &["every exit"]);
    assert!(generate(&["--speculate=off", "--json"]).status.success());
}
