//! Models without a file: a known model's shape with random weights, or a model's own weights in another type, in memory.
//! They compute as fast as the real ones and say nothing of sense: for measuring.

use std::collections::{HashMap, hash_map::Entry};

use mexit_ggml::{
    DType, Mapping, dequantize, fitting,
    gguf::{Array, Gguf, Planned, Value, in_memory},
    quantize,
};

use crate::{
    Architecture, Error, Projection, Spec,
    byte_level::spellings,
    layout::{self, OUTPUT, Role, Slot},
    tokenizer::{MERGES_KEY, TOKENS_KEY},
};

/// The shapes that have a name: those of checkpoints that are known with trained heads.
pub const NAMES: [&str; 3] = ["gpt2-medium", "gpt2", "gpt-neo-125m"];

/// The numbers of a shape in [`NAMES`]: heads after every second block, the output tied to the embedding.
#[must_use]
pub fn named(name: &str) -> Option<Spec> {
    let (architecture, blocks, width, attention_heads, context) = match name {
        "gpt2-medium" => (Architecture::Gpt2, 24, 1024, 16, 1024),
        "gpt2" => (Architecture::Gpt2, 12, 768, 12, 1024),
        "gpt-neo-125m" => (Architecture::GptNeo, 12, 768, 12, 2048),
        _ => return None,
    };
    let neo = architecture == Architecture::GptNeo;
    Some(Spec {
        architecture,
        blocks,
        width,
        attention_heads,
        inner: 4 * width,
        context,
        vocabulary: 50_257,
        epsilon: 1e-5,
        window: if neo { 256 } else { 0 },
        local: (0..blocks).map(|n| neo && n % 2 == 1).collect(),
        projection: Projection::Heads,
        exits: (2..=blocks).step_by(2).collect(),
    })
}

/// A model file of this shape in memory, its numbers random: blocks in `dtype`, what projects to the vocabulary (the
/// tied embedding too, which is read whole at every step) in `head_type`.
///
/// # Errors
/// If memory is short.
pub fn random(spec: &Spec, dtype: DType, head_type: DType) -> Result<Mapping, Error> {
    let slots: Vec<Slot> = layout::trunk(spec, false).into_iter().chain(layout::exits(spec)).collect();
    let plan = plan(&slots, |slot| if matches!(slot.role, Role::Matrix(_)) { dtype } else { head_type });
    let tokens = spellings().chain(["<|endoftext|>".into()]).take(spec.vocabulary).collect();
    let mut values = spec.values();
    values.extend(spec.exit_values());
    // No token ends a text: runs are to be measured to their end.
    values.push((TOKENS_KEY.into(), Value::Array(Array::Text(tokens))));
    values.push((MERGES_KEY.into(), Value::Array(Array::Text(Vec::new()))));
    let mut pools = HashMap::new();
    Ok(in_memory(&values, &plan, |index, bytes| {
        let (slot, dtype, row) = (&slots[index], plan[index].1, slots[index].shape[0]);
        let numbers = Numbers::of(slot, spec);
        let most = if numbers == Numbers::Head { HEAD_ROWS } else { ROWS };
        let rows = slot.shape.get(1).map_or(1, |rows| most.min(*rows));
        let pool = match pools.entry((dtype, row, rows, numbers)) {
            Entry::Occupied(pool) => pool.into_mut(),
            Entry::Vacant(place) => place.insert(quantize(dtype, &noise(row * rows, numbers.range(row)), row)?),
        };
        repeat(bytes, pool, pool.len() / rows * (index * 97 % rows));
        Ok(())
    })?)
}

/// A model's file in memory, its matrices in other types, as [`random`]'s.
///
/// # Errors
/// If the bytes are no model, or memory is short.
pub fn retyped(file: &[u8], dtype: DType, head_type: DType) -> Result<Mapping, Error> {
    let gguf = Gguf::parse(file)?;
    let spec = Spec::of(&gguf)?;
    let untied = gguf.tensor(OUTPUT).is_some();
    let slots: Vec<Slot> = layout::trunk(&spec, untied).into_iter().chain(layout::exits(&spec)).collect();
    let plan = plan(&slots, |slot| match slot.role {
        Role::Embedding if !untied => head_type,
        Role::Head => head_type,
        _ => dtype,
    });
    let mut values = gguf.values.clone();
    values.retain(|(key, _)| key != "general.file_type" && key != "general.alignment");
    let infos = plan.iter().map(|(name, ..)| gguf.tensor(name).ok_or_else(|| Error::missing(name)));
    let infos = infos.collect::<Result<Vec<_>, _>>()?;
    Ok(in_memory(&values, &plan, |index, bytes| {
        let (info, (_, dtype, shape)) = (infos[index], &plan[index]);
        let values = dequantize(info.dtype, &file[info.data.clone()], shape[0])?;
        bytes.copy_from_slice(&quantize(*dtype, &values, shape[0])?);
        Ok(())
    })?)
}

/// Rows that are made and encoded once, and then repeated: a prime number, so that matrices do not repeat in step.
const ROWS: usize = 509;
/// As many for the vocabulary: few enough to encode in a second, and so many that a dozen tokens at most are equal, as
/// the contrast's plausible set would otherwise be far larger than a trained model's.
const HEAD_ROWS: usize = 4093;

/// What a tensor's random numbers are like.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Numbers {
    /// Around 1: the weight of a norm.
    Scale,
    /// As small as GPT-2's.
    Small,
    /// Rows that keep the length of what they multiply.
    Square,
    /// Rows that give logits a spread of 4, about that of a trained model: over 50,257 tokens some ten are then plausible.
    Head,
}

impl Numbers {
    fn of(slot: &Slot, spec: &Spec) -> Self {
        match slot.shape[..] {
            [_] if slot.name.ends_with("norm.weight") => Self::Scale,
            [_, rows] if rows == spec.vocabulary => Self::Head,
            [..] if slot.role == Role::Head => Self::Square,
            _ => Self::Small,
        }
    }

    /// The middle, and how far numbers are from it at most. Evenly spread numbers up to a have variance a²/3.
    fn range(self, row: usize) -> (f32, f32) {
        let unit = (3.0 / row as f32).sqrt();
        match self {
            Self::Scale => (1.0, 0.1),
            Self::Small => (0.0, 0.04),
            Self::Square => (0.0, unit),
            Self::Head => (0.0, 4.0 * unit),
        }
    }
}

/// Name, type and sizes of each slot; where a type does not divide the rows it is replaced as the converter does.
fn plan(slots: &[Slot], wanted: impl Fn(&Slot) -> DType) -> Vec<Planned> {
    let dtype = |slot: &Slot| if slot.needs_f32() { DType::F32 } else { fitting(wanted(slot), slot.shape[0]) };
    slots.iter().map(|slot| (slot.name.clone(), dtype(slot), slot.shape.clone())).collect()
}

fn noise(n: usize, (middle, most): (f32, f32)) -> Vec<f32> {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        middle + most * ((state >> 8) as f32 / 8_388_608.0 - 1.0)
    };
    (0..n).map(|_| next()).collect()
}

/// Fills `bytes` with `pool` again and again, from `start` on.
fn repeat(bytes: &mut [u8], pool: &[u8], start: usize) {
    let (first, rest) = bytes.split_at_mut((pool.len() - start).min(bytes.len()));
    first.copy_from_slice(&pool[start..][..first.len()]);
    for part in rest.chunks_mut(pool.len()) {
        part.copy_from_slice(&pool[..part.len()]);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Engine, EngineOptions, Gelu, Model, Placement, TokenId, demo};

    /// A model of a shape too small for a name.
    fn tiny(name: &str) -> Spec {
        let spec = named(name).expect("a shape");
        let (blocks, window) = (4, spec.window.min(8));
        let local = spec.local[..4].to_vec();
        Spec {
            blocks,
            width: 64,
            attention_heads: 4,
            inner: 256,
            context: 32,
            vocabulary: 301,
            window,
            local,
            exits: vec![2, 4],
            ..spec
        }
    }

    fn engine(mapping: Mapping) -> Engine {
        let model = Model::of(Arc::new(mapping), Placement::cpu().expect("a processor")).expect("a model");
        let options = EngineOptions { threads: 1, context: 32, kv_type: DType::F32, gelu: Gelu::Exact };
        Engine::new(model, options).expect("an engine")
    }

    #[test]
    fn shapes_open_as_models_and_compute() {
        for name in NAMES {
            for (dtype, head_type) in [
                (DType::F32, DType::F32),
                (DType::Q8_0, DType::Q8_0),
                (DType::F16, DType::Q8_0),
                (DType::Q4K, DType::Q6K),
            ] {
                let mut spec = tiny(name);
                if head_type == DType::Q6K {
                    (spec.width, spec.inner) = (256, 512);
                }
                let mut engine = engine(random(&spec, dtype, head_type).expect("weights"));
                let model = engine.model();
                assert_eq!(model.spec, spec);
                assert_eq!(model.spec.exit_ids().len(), 3);
                let of = |tensor: &str| model.file.tensor(tensor).expect("a tensor").dtype;
                assert_eq!(
                    [of("blk.1.ffn_down.weight"), of("token_embd.weight"), of("exit.4.head.weight")],
                    [dtype, head_type, head_type]
                );
                let ids: Vec<TokenId> = (0..20).map(|i| TokenId(i * 13 % 301)).collect();
                engine.read(&ids, 8, &mut |_| true).expect("read");
                let rows = engine.logits(0..20, &spec.exit_ids()).expect("logits").finite().expect("finite numbers");
                let (first, other) = (
                    rows.row(spec.exit_ids()[0], 19).expect("a row"),
                    rows.row(spec.exit_ids()[1], 19).expect("a row"),
                );
                assert_ne!(first, other, "exits differ");
                let spread = (first.iter().map(|v| v * v).sum::<f32>() / 301.0).sqrt();
                assert!((2.0..8.0).contains(&spread), "about 4: {spread}");
            }
        }
    }

    #[test]
    fn a_text_becomes_tokens() {
        let engine = engine(random(&tiny("gpt2"), DType::F32, DType::F32).expect("weights"));
        let tokenizer = &engine.model().tokenizer;
        let ids = tokenizer.encode("a thing").expect("ids");
        assert_eq!((ids.len(), tokenizer.decode(&ids)), (7, b"a thing".to_vec()));
        assert_eq!(tokenizer.end_of_text(), None);
    }

    #[test]
    fn named_shapes_have_the_sizes_that_are_known() {
        let numbers = |name: &str| -> usize {
            let spec = named(name).expect("a shape");
            let slots = layout::trunk(&spec, false).into_iter().chain(layout::exits(&spec));
            slots.map(|slot| slot.shape.iter().product::<usize>()).sum()
        };
        // The checkpoint's own count (facts of its card), and GPT-2's 124 M with six heads of 50,257 by 768.
        assert_eq!(numbers("gpt2-medium") / 100_000, 9723);
        assert_eq!(numbers("gpt2"), 124_439_808 + 6 * 50_257 * 768);
        assert!(named("gpt3").is_none());
    }

    #[test]
    fn the_demo_in_other_types_is_what_the_converter_makes() {
        use crate::convert::{ConvertOptions, requantize_bytes};
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("demo.gguf");
        let options = ConvertOptions { types: DType::Q8_0.into(), ..ConvertOptions::default() };
        requantize_bytes(&demo::mapping(), &path, &options, &mut |_, _| {}).expect("the demo in another type");
        let (file, memory) = (
            std::fs::read(&path).expect("a file"),
            retyped(&demo::mapping(), DType::Q8_0, DType::Q8_0).expect("weights"),
        );
        let (a, b) = (Gguf::parse(&file).expect("a file"), Gguf::parse(&memory).expect("a file"));
        assert_eq!(a.tensors.len(), b.tensors.len());
        for tensor in &a.tensors {
            let other = b.tensor(&tensor.name).expect("the same tensor");
            assert_eq!(
                (tensor.dtype, &file[tensor.data.clone()]),
                (other.dtype, &memory[other.data.clone()]),
                "{}",
                tensor.name
            );
        }
        assert_eq!(engine(memory).model().spec.exit_ids().len(), 7);
    }
}
