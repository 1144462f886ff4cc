//! A pretended limit of memory: what does not fit stays with the processor, and the text is the processor's.

use std::sync::Arc;

use mexit_models::{
    DType, Device, Engine, EngineOptions, ExitId, Gelu, Layers, Mapping, Model, Placement, Spec, TokenId, shape,
};
use mexit_tui::decode::Distribution;

use super::placing::device;

const CONTEXT: usize = 64;
const LIMIT: u64 = 64 << 20;
const TOKENS: usize = 24;

/// Six blocks and three heads of GPT-2 Medium.
fn spec() -> Spec {
    let medium = shape::named("gpt2-medium").expect("a shape");
    Spec { blocks: 6, local: vec![false; 6], exits: vec![2, 4, 6], context: CONTEXT, ..medium }
}

fn engine(mapping: &Arc<Mapping>, placement: Placement) -> Engine {
    let model = Model::of(Arc::clone(mapping), placement).expect("a model");
    let options = EngineOptions { threads: 2, context: CONTEXT, kv_type: DType::F32, gelu: Gelu::Exact };
    Engine::new(model, options).expect("an engine")
}

/// A text after a token: each time the best token that has not been, for random weights say the same for ever otherwise;
/// and by how much it leads over the next one that is another row.
fn text(engine: &mut Engine) -> Vec<(TokenId, f32)> {
    let (mut id, mut text) = (TokenId(464), Vec::<(TokenId, f32)>::new());
    while text.len() < TOKENS {
        let logits = engine.step(id, &[ExitId::Original]).expect("a step");
        let top = Distribution::new(logits.row(ExitId::Original, 0).expect("a row")).top(1024);
        let mut left = top.iter().filter(|token| text.iter().all(|(taken, _)| taken.0 != token.id));
        let best = left.next().expect("a token");
        // Random heads repeat their rows: equal rows have equal logits, of which the lowest id is taken.
        let next = left.find(|other| other.ln_p < best.ln_p).expect("another row");
        id = TokenId(best.id);
        text.push((id, best.ln_p - next.ln_p));
    }
    text
}

/// Random weights lead as often by little as by much: texts are the same as far as the processor's leads are beyond what its
/// own rounding of the multiplied rows to 8 bits moves a logit by, which for q8_0 is about 0.03 here.
#[test]
#[ignore = "needs a device: make test-device DEVICE=…"]
fn a_limit_places_a_part_and_the_text_is_the_same() {
    let mapping = Arc::new(shape::random(&spec(), DType::Q8_0, DType::Q8_0).expect("weights"));
    let limited =
        Placement { limit: Some(LIMIT), cache: (CONTEXT, DType::F32), ..Placement::on(vec![device()], Layers::Auto) };
    let mut split = engine(&mapping, limited.clone());
    let model = split.model();
    let offloaded = model.plan().blocks().iter().filter(|block| **block == device()).count();
    let placed = model.plan().placed(&model.file, &model.spec, &limited);
    let used: u64 = placed.iter().filter(|part| part.device == device()).map(|part| part.bytes).sum();
    println!("{offloaded} of 6 blocks in {} of {} MiB", used >> 20, LIMIT >> 20);
    assert!((1..6).contains(&offloaded) && used <= LIMIT, "{offloaded} blocks, {used} bytes");
    assert!(model.plan().heads() == Device::cpu().expect("a processor"), "the heads do not fit");

    let want = text(&mut engine(&mapping, Placement::cpu().expect("a processor")));
    let got = text(&mut split);
    let sure = want.iter().take_while(|(_, lead)| *lead > 0.1).count();
    println!("leads {:.2?}", want.iter().map(|(_, lead)| *lead).collect::<Vec<_>>());
    println!("same tokens: {} of {TOKENS}", want.iter().zip(&got).take_while(|(a, b)| a.0 == b.0).count());
    assert!(sure >= 1, "a lead to begin with");
    assert!(want.iter().zip(&got).take(sure).all(|(a, b)| a.0 == b.0), "{want:?} and {got:?}");
}
