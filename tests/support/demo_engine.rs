//! The embedded demo model in any type, at work on one thread.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test takes what it needs of this module")]

use mexit_models::{
    DType, Engine, EngineOptions, Gelu, Model, Placement, TokenId, WeightTypes,
    convert::{ConvertOptions, requantize_bytes},
    demo,
};

/// Every type that the demo's rows fit.
pub const TYPES: [DType; 6] = [DType::F32, DType::F16, DType::BF16, DType::Q8_0, DType::Q5_0, DType::Q4_0];

pub fn demo_engine(types: impl Into<WeightTypes>, kv_type: DType) -> Engine {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("demo.gguf");
    let options = ConvertOptions { types: types.into(), ..ConvertOptions::default() };
    requantize_bytes(&demo::mapping(), &path, &options, &mut |_, _| {}).expect("the demo in another type");
    let model = Model::open(&path, Placement::cpu().expect("a processor")).expect("a model");
    let options = EngineOptions { threads: 1, context: 128, kv_type, gelu: Gelu::Exact };
    Engine::new(model, options).expect("an engine")
}

/// The beginning of the text that it was not trained on.
pub fn text(engine: &Engine, tokens: usize) -> Vec<TokenId> {
    let mut ids = engine.model().tokenizer.encode(demo::HELD_OUT).expect("ids");
    ids.truncate(tokens);
    ids
}
