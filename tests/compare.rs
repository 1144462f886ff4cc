//! Lanes without the screen: each is what `generate` gives alone, what they share is read once, and a step of all of them
//! costs one step each.

#[path = "support/demo_engine.rs"]
mod demo_engine;
#[path = "support/program.rs"]
mod program;

use demo_engine::{demo_engine, text};
use mexit_models::{BATCH, DType, Engine, ExitId, TokenId};
use mexit_tui::session::{
    lanes::{Lane, Lanes},
    reader::Reader,
    trace::{Decoding, Method, Sampling},
};
use program::{refused, run};
use serde_json::Value;

const EXITS: &[ExitId] = &[ExitId::Original, ExitId::Block(6), ExitId::Block(2)];
const DECODINGS: [(&str, &[&str]); 4] = [
    ("original", &[]),
    ("exit:6", &["--exit", "6"]),
    ("contrast:original,6", &["--contrast", "original,6"]),
    ("contrast:original,2,0.3,4", &["--contrast", "original,2", "--alpha", "0.3", "--min-candidates", "4"]),
];

fn compared(args: &[&str]) -> Vec<Value> {
    let output = run(&[&["compare", "--threads", "1", "--json", "-n", "30"], args].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).expect("UTF-8");
    lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// What `generate` takes alone: as a text, and as ids.
fn generated(prompt: &str, args: &[&str]) -> (String, Vec<Value>) {
    let common = ["generate", "--threads", "1", "-n", "30", "--prompt", prompt];
    let plain = run(&[&common, args].concat());
    let json = run(&[&common, args, &["--json"]].concat());
    let lines = String::from_utf8(json.stdout).expect("UTF-8");
    let step = |line: &str| serde_json::from_str::<Value>(line).expect("JSON")["id"].clone();
    (String::from_utf8(plain.stdout).expect("UTF-8"), lines.lines().map(step).collect())
}

#[test]
fn every_lane_is_what_generate_gives_alone() {
    let prompts = ["In the beginning God created", "In the beginning Moses said unto them"];
    for (prompts, decodings, sampling) in [
        (&prompts[..1], &DECODINGS[..], &[][..]),
        // Minimally different texts, and random draws.
        (&prompts[..], &DECODINGS[1..3], &["--seed", "5", "--temperature", "0.8"][..]),
    ] {
        let mut args: Vec<&str> = sampling.to_vec();
        args.extend(prompts.iter().flat_map(|prompt| ["--prompt", prompt]));
        args.extend(decodings.iter().flat_map(|(lane, _)| ["--lane", lane]));
        let lanes = compared(&args);
        assert_eq!(lanes.len(), prompts.len() * decodings.len());
        for (n, lane) in lanes.iter().enumerate() {
            let (prompt, (name, flags)) = (prompts[n / decodings.len()], decodings[n % decodings.len()]);
            assert_eq!(
                (&lane["lane"], &lane["name"], &lane["prompt"]),
                (&(n + 1).into(), &name.into(), &prompt.into())
            );
            let (plain, ids) = generated(prompt, &[flags, sampling].concat());
            assert_eq!(lane["ids"].as_array(), Some(&ids), "{name}");
            assert_eq!(lane["text"].as_str().expect("a text").to_owned() + "\n", plain, "{name}");
            let contrasts = name.starts_with("contrast");
            assert_eq!(lane["contrast_changed"].is_u64(), contrasts, "{name}");
            assert!(lane["mean_ln_p"].as_f64().is_some_and(|x| x < 0.0) && lane["ms_per_token"].as_f64() > Some(0.0));
            let shares = lane["repeated_2"].as_f64().zip(lane["distinct_2"].as_f64());
            assert!(shares.is_some_and(|(rep, distinct)| (rep + distinct - 1.0).abs() < 1e-6));
            // The first token that differs from lane 1, if that had the same prompt.
            let whole = |lane: &Value| {
                [&lane["prompt_ids"], &lane["ids"]].map(|ids| ids.as_array().expect("ids").clone()).concat()
            };
            let (first, own) = (whole(&lanes[0]), whole(lane));
            let differs = first.iter().zip(&own).position(|(a, b)| a != b).filter(|_| prompt == prompts[0]);
            assert_eq!(lane["first_difference"].as_u64(), differs.map(|position| position as u64), "{name}");
        }
    }
}

#[test]
fn texts_and_table_say_the_same() {
    let args = ["compare", "--threads", "1", "-n", "12", "--prompt", "In the beginning", "--lane", "original"];
    let output = run(&[&args[..], &["--lane", "contrast:original,6"]].concat());
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(said.lines().all(|line| line.chars().count() <= 80), "{said}");
    // Side by side in the 80 columns of a pipe; three are not.
    assert!(
        said.lines()
            .next()
            .is_some_and(|line| line.starts_with("1 original") && line.contains("│ 2 contrast:original,6"))
    );
    assert!(said.contains("In the beginning┊") && said.contains("until"), "{said}");
    let output = run(&[&args[..], &["--lane", "exit:2", "--lane", "exit:4"]].concat());
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(said.contains("\n2 exit:2\n") && said.contains('≠'), "{said}");
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let of = |args: &[&str]| run(&[&["compare", "--prompt", "a"], args].concat());
    refused("one lane", &of(&["--lane", "original"]), &["2 to 4", "found 1"]);
    refused("five", &of(&["--lane", "original"].repeat(5)), &["found 5"]);
    refused("no such exit", &of(&["--lane", "original", "--lane", "exit:7"]), &["exit"]);
    refused("no decoding", &of(&["--lane", "dream"]), &["expected original, exit:EXIT"]);
    let many = "contrast:original,6,0.1,5000";
    refused(
        "too many candidates",
        &of(&["--lane", "original", "--lane", many]),
        &["--lane", many, "N 5000", "1 to 4096"],
    );
    let error = of(&["--lane", "original", "--lane", many]).stderr;
    assert!(!String::from_utf8_lossy(&error).contains("--min-candidates"), "no flag that `compare` has not");
    refused("an empty prompt", &of(&["--prompt", ""]), &["empty"]);
}

/// The logits after a text, read in batches and then by steps.
fn read_alone(engine: &mut Engine, ids: &[TokenId], steps: usize) -> Vec<f32> {
    let prompt = ids.len() - steps;
    engine.read(&ids[..prompt], BATCH, &mut |_| true).expect("read");
    let mut all = Vec::new();
    for id in &ids[prompt..] {
        let logits = engine.step(*id, EXITS).expect("a step");
        all.extend(EXITS.iter().flat_map(|exit| logits.row(*exit, 0).expect("a row")));
    }
    all
}

/// Lanes that turn after each token say to the last bit what each says alone, and each token is computed once.
#[test]
fn turning_between_lanes_costs_a_step_each() {
    for (kind, kv) in [(DType::F32, DType::F32), (DType::F16, DType::F16), (DType::Q8_0, DType::F32)] {
        let mut engine = demo_engine(kind, kv);
        // One prompt longer than a batch, and two ways to go on: whole, and from the second batch on differently.
        let prompt = text(&engine, BATCH + 9);
        let mut other = prompt.clone();
        other[BATCH + 2] = TokenId(5);
        let tail = |n: u32| (0..8).map(|k| TokenId(100 * n + 7 * k)).collect::<Vec<TokenId>>();
        let texts = [[prompt.clone(), tail(1)].concat(), [prompt.clone(), tail(2)].concat(), [other, tail(3)].concat()];
        let alone: Vec<Vec<f32>> = texts.iter().map(|ids| read_alone(&mut demo_engine(kind, kv), ids, 8)).collect();

        let mut said: Vec<Vec<f32>> = vec![Vec::new(); texts.len()];
        for step in 0..8 {
            for (n, ids) in texts.iter().enumerate() {
                let upto = prompt.len() + step;
                engine.turn_to(n).expect("a lane");
                engine.adopt(&ids[..upto]).expect("adopted");
                engine.read(&ids[..upto], BATCH, &mut |_| true).expect("read");
                let logits = engine.step(ids[upto], EXITS).expect("a step");
                said[n].extend(EXITS.iter().flat_map(|exit| logits.row(*exit, 0).expect("a row")));
            }
        }
        assert_eq!(said, alone, "{kind:?}");
        // The prompt once, and once more its second batch in the lane that differs there; then eight steps a lane.
        assert_eq!(engine.computed(), (prompt.len() + 9 + 3 * 8) as u64, "{kind:?}");
        // Rows stored for the prompt were copied with it.
        engine.turn_to(1).expect("a lane");
        let second = engine.logits(3..4, EXITS).expect("logits");
        engine.turn_to(0).expect("a lane");
        let first = engine.logits(3..4, EXITS).expect("logits");
        assert_eq!(first.rows(EXITS[1]), second.rows(EXITS[1]));
    }
}

/// Lanes pay for their prompt once, for each token once, and for no head that does not decide.
#[test]
fn lanes_compute_nothing_twice() {
    let mut reader = Reader::new(demo_engine(DType::F32, DType::F32));
    let prompt = text(reader.engine(), 20);
    let decoding = |exit| Decoding { method: Method::Exit(exit), sampling: Sampling::default() };
    let lanes = [ExitId::Original, ExitId::Block(6), ExitId::Block(2)];
    let lanes = lanes.map(|exit| Lane::new(prompt.clone(), decoding(exit), 10)).to_vec();
    let mut together = Lanes::new(&mut reader, lanes).expect("lanes");
    let mut steps = 0;
    while together.step().expect("a step") {
        steps += 1;
    }
    assert_eq!(steps, 10);
    let before: Vec<Vec<TokenId>> = together.lanes().iter().map(|lane| lane.text.clone()).collect();
    assert!((0..3).all(|n| together.traces(n, 1).expect("traces").len() == 10));
    assert!(together.lanes().iter().zip(&before).all(|(lane, text)| lane.text == *text));
    // The first token comes from the prompt's last row, the tenth is never read.
    assert_eq!(reader.engine().computed(), 20 + 3 * 9);
}
