//! What speculation costs and brings, for every exit to draft at and drafts of 1 to 8 tokens, against plain steps taken
//! in turn with it; then `auto` against `off`.
//!
//! `cargo bench --profile release --workspace --bench speculate [-- MODEL.gguf [CONTRAST]]`, such as `original,12`; the
//! embedded demo model and original without them. `THREADS=2` takes two threads, `TOKENS=64` longer runs.
//!
//! Acceptance belongs to the model and the text: the demo's is real, that of random weights says nothing. What a round
//! costs is real in both, and with it the acceptance from which it pays, and what it would bring at 60 and 80 %.

use std::{path::Path, sync::Arc};

use mexit_models::{DType, Engine, EngineOptions, ExitId, Gelu, Model, Placement, TokenId, demo};
use mexit_tui::session::{
    reader::Reader,
    run::Run,
    speculate::{Speculation, Speculator, Stats, break_even, expected_tokens},
    trace::{Decoding, Method, Pair, Sampling},
};

/// Runs of `auto` and of `off`, in turn.
const TURNS: usize = 5;

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

fn engine(path: Option<&str>) -> Engine {
    let placement = Placement::cpu().expect("a processor");
    let model = match path {
        Some(path) => Model::open(Path::new(path), placement),
        None => Model::of(Arc::new(demo::mapping()), placement),
    };
    let threads = number("THREADS", 1);
    let options = EngineOptions { threads, context: usize::MAX, kv_type: DType::F32, gelu: Gelu::Exact };
    Engine::new(model.expect("a model"), options).expect("an engine")
}

/// What runs: an engine between two of them, a prompt, a decoding.
struct Bench {
    engine: Option<Engine>,
    prompt: Vec<TokenId>,
    decoding: Decoding,
}

impl Bench {
    /// A run of some tokens from the prompt, which is read anew: what was done, without that.
    fn run(&mut self, most: usize, how: Speculation) -> Stats {
        let mut engine = self.engine.take().expect("the engine of the run before");
        engine.truncate(0);
        let mut reader = Reader::for_choices(engine, &self.decoding);
        let mut speculator = Speculator::new(how);
        let run = Run::new(&mut reader, self.prompt.clone(), self.decoding.clone(), most).expect("a run");
        let mut run = run.with_speculator(&mut speculator);
        while run.step().expect("a step").is_some() {}
        self.engine = Some(reader.into_engine());
        speculator.stats()
    }
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let engine = engine(words.first().map(String::as_str));
    let spec = engine.model().spec.clone();
    let method = words.get(1).map_or(Method::Exit(ExitId::Original), |pair| {
        let (expert, amateur) = pair.split_once(',').expect("EXPERT,AMATEUR");
        let exit = |name: &str| name.parse().expect("an exit");
        Method::Contrast(Pair { expert: exit(expert), amateur: exit(amateur), alpha: 0.1, min_candidates: 1 })
    });
    let decoding =
        Decoding { method: method.clone(), sampling: Sampling { repetition_penalty: 1.2, ..Default::default() } };
    let prompt = engine.model().tokenizer.encode(demo::HELD_OUT).expect("ids")[..16].to_vec();
    println!("{} weights, {} thread(s), {method:?}", engine.model().main_type(), engine.threads());
    let mut bench = Bench { engine: Some(engine), prompt, decoding };
    let tokens = number("TOKENS", 32);

    println!("exit length  ms/round  steps/round  accepted  pays from  times plain   at 60 %   at 80 %");
    let lower = spec.exits.iter().copied().filter(|k| (1..spec.blocks).contains(k)).map(ExitId::Block);
    for exit in lower {
        for length in 1..=8 {
            let how = Speculation::On { exit: Some(exit), length: Some(length) };
            let plain = bench.run(tokens, Speculation::Off);
            let step = plain.plain_seconds / plain.plain_tokens as f64;
            let stats = bench.run(tokens, how);
            let Some(plan) = stats.plans.get(&(exit, length)) else { continue };
            let steps = plan.seconds / plan.rounds as f64 / step;
            let pays = break_even(steps, length + 1).map_or("never".into(), |rate| format!("{:.0} %", 100.0 * rate));
            let at = |rate: f64| expected_tokens(rate, length + 1) / steps;
            let (taken, certain) = (plan.gain(step), if plan.certain { " certain" } else { "" });
            println!(
                "{exit:>4} {length:6} {:9.1} {steps:12.2} {:7.0} % {pays:>10} {taken:12.2} {:9.2} {:9.2}{certain}",
                1e3 * plan.seconds / plan.rounds as f64,
                100.0 * plan.acceptance(),
                at(0.6),
                at(0.8),
            );
        }
    }

    let long = (4 * tokens).min(spec.context - bench.prompt.len());
    let mut ratios = Vec::new();
    for turn in 0..TURNS {
        let seconds = |stats: &Stats| stats.seconds + stats.look_seconds;
        let plain = bench.run(long, Speculation::Off);
        let auto = bench.run(long, Speculation::Auto);
        ratios.push(seconds(&plain) / seconds(&auto));
        if turn == 0 {
            println!("auto: {auto}");
        }
    }
    ratios.sort_by(f64::total_cmp);
    println!("auto is {:.3} times as fast as off ({:.3} to {:.3})", ratios[TURNS / 2], ratios[0], ratios[TURNS - 1]);
}
