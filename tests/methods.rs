//! Decodings by scores against what others compute (`tests/parity/dola.py`): DoLa as transformers has it, the plain ratio
//! and expressions in numpy, on recorded logits of every reference case; and whole texts of the demo model, by transformers'
//! and the original library's own `generate`.

#[path = "support/cases.rs"]
mod cases;
#[path = "support/demo_engine.rs"]
mod demo_engine;

use demo_engine::demo_engine;
use mexit_models::{DType, ExitId, TokenId};
use mexit_tui::{
    decode::{Distance, Distribution, Expression, Scores, distances, dola, farthest, ln_tau, log_ratio},
    session::{
        reader::Reader,
        run::Run,
        trace::{Candidates, Custom, Decoding, Dola, Method, Pair, Sampling, StepTrace},
    },
};
use serde::Deserialize;
use serde_json::Value;

/// Logits up to 30 in f32, less ln Σ e^x, rounded twice on either side: a logarithm is off by a few 1e-6.
const SAME_LOGITS: f32 = 1e-5;
/// Sums of 1,000 terms up to .4: transformers' are of f32.
const DISTANCES: f32 = 1e-5;
/// |Δlogit| ≤ 1e-4, end to end; a result is a difference of scores of up to two logits each.
const END_TO_END: f32 = 5e-4;

#[derive(Deserialize)]
struct Recorded {
    cases: Vec<RecordedRow>,
    dola: Vec<DolaRun>,
    callables: Vec<CallableRun>,
}

#[derive(Deserialize)]
struct RecordedRow {
    case: String,
    prompt: usize,
    row: usize,
    published: Value,
    jensen_shannon: Value,
    margin: f32,
    pair: (String, u32),
    ratios: Vec<Value>,
    expressions: Vec<Value>,
}

#[derive(Deserialize)]
struct DolaRun {
    layers: Value,
    candidates: Vec<u32>,
    ids: Vec<TokenId>,
    tokens: Vec<TokenId>,
    steps: Vec<DolaStep>,
}

#[derive(Deserialize)]
struct DolaStep {
    amateur: u32,
    distances: Vec<f32>,
    gap: f32,
    score: f32,
    lead: Option<f32>,
}

#[derive(Deserialize)]
struct CallableRun {
    text: String,
    alpha: f32,
    pair: (String, u32),
    ids: Vec<TokenId>,
    tokens: Vec<TokenId>,
    ln_p: Vec<f32>,
    leads: Vec<Option<f32>>,
}

fn recorded() -> Recorded {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference/methods.json");
    serde_json::from_slice(&std::fs::read(path).expect("methods.json")).expect("what dola.py writes")
}

#[expect(clippy::cast_possible_truncation, reason = "compared as f32")]
fn f(value: &Value) -> f32 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is a number")) as f32
}

fn numbers(value: &Value) -> Vec<f32> {
    value.as_array().expect("a list").iter().map(f).collect()
}

/// The first tokens, and how many have a score where no token is at the threshold.
fn same_scores(found: &Scores, want: &Value, count: bool, what: &str) {
    let listed: Vec<(u64, f32)> = want["first"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|token| (token[0].as_u64().expect("an id"), f(&token[1])))
        .collect();
    // What a score is off by grows with it: the spread of the logarithms tells how large scores are.
    let bound = SAME_LOGITS * (1.0 + listed.iter().map(|(_, ln_p)| ln_p.abs()).fold(0.0, f32::max));
    let got = found.first(listed.len());
    assert_eq!(got.len(), listed.len(), "{what}");
    for (place, (got, (id, ln_p))) in got.iter().zip(&listed).enumerate() {
        assert!((got.ln_p - ln_p).abs() <= bound, "{what} {place}: {got:?}, {id} {ln_p}");
        let alone = |other: usize| listed.get(other).is_none_or(|(_, other)| (other - ln_p).abs() > 2.0 * bound);
        if place + 1 < listed.len() && alone(place + 1) && (place == 0 || alone(place - 1)) {
            assert_eq!(u64::from(got.id), *id, "{what} {place}");
        }
    }
    if count {
        assert_eq!(found.count() as u64, want["count"].as_u64().expect("a count"), "{what}");
    }
}

#[test]
fn on_recorded_logits() {
    let recorded = recorded();
    let mut amateurs = 0;
    for case in cases::all() {
        let rows: Vec<&RecordedRow> = recorded.cases.iter().filter(|row| row.case == case.name()).collect();
        // Some cases share their logits with another.
        assert!(!rows.is_empty() || case.expected.contains('/'), "{} is recorded", case.name());
        let expected = case.expected();
        for want in rows {
            let what = format!("{} prompt {} row {}", want.case, want.prompt, want.row);
            let logits = |exit: &str| {
                let all = &expected[&format!("p{}.logits.{exit}", want.prompt)];
                Distribution::new(&all[want.row * case.vocab_size..][..case.vocab_size])
            };
            let mut exits: Vec<u32> = case.heads.iter().filter_map(|head| head.parse().ok()).collect();
            exits.sort_unstable();
            let original = logits("original");
            let candidates: Vec<Distribution<'_>> = exits.iter().map(|exit| logits(&exit.to_string())).collect();
            let candidates: Vec<&Distribution<'_>> = candidates.iter().collect();
            let of = |distance, want: &Value| {
                let found = distances(&original, &candidates, distance);
                for (found, want) in found.iter().zip(numbers(&want["distances"])) {
                    assert!((found - want).abs() <= DISTANCES, "{what} {distance:?}: {found}, {want}");
                }
                let place = farthest(&found).expect("an amateur");
                if f(&want["gap"]) > 2.0 * DISTANCES {
                    assert_eq!(u64::from(exits[place]), want["amateur"].as_u64().expect("an exit"), "{what}");
                    return 1;
                }
                0
            };
            amateurs += of(Distance::JensenShannon, &want.jensen_shannon) + of(Distance::Published, &want.published);
            let amateur = logits(&want.published["amateur"].to_string());
            let scores = dola(&original, &amateur, ln_tau(&original, 0.1, 1)).expect("scores");
            same_scores(&scores, &want.published, want.margin > SAME_LOGITS, &format!("{what} DoLa"));

            let (upper, lower) = (logits(&want.pair.0), logits(&want.pair.1.to_string()));
            for ratio in &want.ratios {
                let (alpha, beta) = (f(&ratio["alpha"]), f(&ratio["beta"]));
                let scores = log_ratio(&upper, &lower, ln_tau(&upper, alpha, 1), beta).expect("scores");
                same_scores(&scores, ratio, false, &format!("{what} β {beta}"));
            }
            for expression in &want.expressions {
                let text = expression["text"].as_str().expect("a text");
                let formula = Expression::parse(text).expect("an expression");
                let scores = formula.scores(&upper, &lower, f(&expression["alpha"])).expect("scores");
                same_scores(&scores, expression, false, &format!("{what} {text}"));
            }
        }
    }
    let two = 2 * recorded.cases.len();
    println!("{amateurs} of {two} amateurs compared, the others were no farther than rounding");
    assert!(amateurs * 10 > two * 9, "{amateurs} of {two}");
}

/// Tokens before the first that leads over the next by so little that rounding could turn it over.
fn certain(leads: impl Iterator<Item = Option<f32>>) -> usize {
    leads.take_while(|lead| lead.is_none_or(|lead| lead > END_TO_END)).count()
}

/// Greedy, in f32; each step with what is known about it, and the same text with only the heads that are needed.
fn steps(method: Method, ids: &[TokenId], most: usize) -> Vec<StepTrace> {
    let decoding = Decoding { method, sampling: Sampling::default() };
    let mut reader = Reader::new(demo_engine(DType::F32, DType::F32));
    let mut run = Run::new(&mut reader, ids.to_vec(), decoding.clone(), most).expect("a run");
    let mut steps = Vec::new();
    while let Some(step) = run.traced_step(2).expect("a step") {
        steps.push(step);
    }
    let mut few = Reader::for_choices(demo_engine(DType::F32, DType::F32), &decoding);
    let mut plain = Run::new(&mut few, ids.to_vec(), decoding, most).expect("a run");
    for step in &steps {
        assert_eq!(plain.step().expect("a step"), Some(step.choice), "only the heads that decide");
    }
    steps
}

#[test]
fn dola_as_transformers_generates_it() {
    let (mut amateurs, mut compared) = (std::collections::BTreeSet::new(), 0);
    for want in recorded().dola {
        let exits = demo_engine(DType::F32, DType::F32).model().spec.exit_ids();
        let asked = match &want.layers {
            Value::String(name) => name.parse().expect("low or high"),
            list => list.to_string().trim_matches(['[', ']']).parse::<Candidates>().expect("exits"),
        };
        let candidates = asked.of(&exits, 12);
        assert_eq!(candidates, want.candidates.iter().copied().map(ExitId::Block).collect::<Vec<_>>(), "{asked:?}");
        let method = Method::Dola(Dola { candidates, alpha: 0.1, distance: Distance::Published });
        let certain = certain(want.steps.iter().map(|step| step.lead));
        let found = steps(method, &want.ids, certain);
        assert_eq!(found.len(), certain);
        compared += certain;
        for ((step, token), want) in found.iter().zip(&want.tokens).zip(&want.steps) {
            let what = format!("{asked:?} position {}", step.position);
            let scores = step.scores.as_ref().expect("scores");
            assert_eq!(step.choice.id, *token, "{what}");
            for ((_, distance), want) in scores.distances.iter().zip(&want.distances) {
                // A divergence moves less than the logits, and its terms are summed in f32 over there.
                assert!((distance - want).abs() <= END_TO_END, "{what}: {distance}, {want}");
            }
            if want.gap > 2.0 * END_TO_END {
                assert_eq!(scores.amateur, ExitId::Block(want.amateur), "{what}");
                amateurs.insert(want.amateur);
                let score = scores.score(&scores.first[0]);
                assert!((score - want.score).abs() <= END_TO_END, "{what}: {score}, {}", want.score);
            }
        }
    }
    assert!(amateurs.len() > 3, "many exits were chosen: {amateurs:?}");
    assert!(compared > 150, "{compared} tokens");
}

#[test]
fn expressions_as_the_librarys_callables() {
    let mut compared = 0;
    for want in recorded().callables {
        let expression = Expression::parse(&want.text).expect("an expression");
        let expert = want.pair.0.parse().expect("an exit");
        let pair = Pair { expert, amateur: ExitId::Block(want.pair.1), alpha: want.alpha, min_candidates: 1 };
        let certain = certain(want.leads.iter().copied());
        let found = steps(Method::Expression(Custom { pair, expression }), &want.ids, certain);
        let tokens: Vec<TokenId> = found.iter().map(|step| step.choice.id).collect();
        assert_eq!(tokens, want.tokens[..certain], "{}", want.text);
        compared += certain;
        for (step, want_ln_p) in found.iter().zip(&want.ln_p) {
            let off = (step.choice.ln_p - want_ln_p).abs();
            assert!(off <= END_TO_END, "{} position {}: {off}", want.text, step.position);
        }
    }
    assert!(compared > 100, "{compared} tokens");
}
