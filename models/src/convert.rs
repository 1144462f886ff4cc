//! From a checkpoint to a GGUF file, piece by piece on all cores: memory does not grow with the model.

mod gpt2;
mod gptneo;
mod options;
mod pieces;
mod requantize;
mod rows;
mod strip;
mod vocabulary;

use std::{collections::BTreeSet, path::Path};

use mexit_ggml::{
    DType, dequantize, fitting,
    gguf::{GgufWriter, Planned, Value},
};
pub use options::{ConvertOptions, ConvertReport};
use pieces::Feed;
pub use requantize::{requantize, requantize_bytes};
use rows::Rows;
pub use strip::strip;

use crate::{
    Architecture, Error, Projection, Spec, TokenId, Tokenizer,
    checkpoint::{Checkpoint, Config, Stored},
    layout::{self, OUTPUT, Slot},
};

/// Where a slot's numbers come from.
pub(crate) struct Origin {
    /// Tensors whose rows follow each other.
    pub(crate) names: Vec<String>,
    /// Stored as [in, out]: to be turned around.
    pub(crate) transposed: bool,
}

/// Converts. `progress` is told numbers written and numbers in all.
///
/// # Errors
/// On anything missing, unexpected, of a wrong shape or not finite in the checkpoint; or if the target cannot be
/// written. Then the target is as it was before.
pub fn convert(
    checkpoint: &Checkpoint,
    target: &Path,
    options: &ConvertOptions,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<ConvertReport, Error> {
    let spec = spec_of(checkpoint)?;
    let untied = untied(checkpoint, &spec)?;
    let slots: Vec<Slot> = layout::trunk(&spec, untied).into_iter().chain(layout::exits(&spec)).collect();
    let mut used = BTreeSet::from(["lm_head.weight".to_owned()]);
    let mut origins = Vec::with_capacity(slots.len());
    for slot in &slots {
        let origin = origin_of(&spec, slot);
        used.extend(origin.names.iter().cloned());
        require_shape(checkpoint, slot, &origin)?;
        origins.push(origin);
    }
    if let Some(extra) = checkpoint.tensors.keys().find(|name| !used.contains(*name)) {
        return Err(Error::model(format!("tensor {extra}"), "only tensors of this model and its exits", "one more"));
    }
    let mut report = ConvertReport { tensors: slots.len(), ..Default::default() };
    let mut plan: Vec<Planned> = Vec::with_capacity(slots.len());
    for slot in &slots {
        let wanted = options.types.of(slot.role, !untied);
        let dtype = fitting(wanted, slot.shape[0]);
        if dtype != wanted {
            report.fallbacks.push((slot.name.clone(), dtype));
        }
        report.parameters += slot.shape.iter().product::<usize>() as u64;
        plan.push((slot.name.clone(), dtype, slot.shape.clone()));
    }
    let values = values(checkpoint, &spec, options)?;
    let writer = GgufWriter::create(target, options.force, &values, &plan)?;
    let mut feeds = Vec::with_capacity(slots.len());
    for ((slot, origin), (_, dtype, _)) in slots.iter().zip(&origins).zip(&plan) {
        let parts = origin.names.iter().map(|name| rows(stored(checkpoint, name)?, name, slot, origin));
        feeds.push(Feed { dtype: *dtype, parts: parts.collect::<Result<_, Error>>()? });
    }
    let total = report.parameters;
    pieces::write(&feeds, &writer, options.work(), &mut |done| progress(done, total))?;
    writer.finish()?;
    Ok(report)
}

/// The rows of a stored tensor, as its slot has them.
fn rows<'c>(stored: &'c Stored, name: &'c str, slot: &Slot, origin: &Origin) -> Result<Rows<'c>, Error> {
    let dtype = stored.dtype.ok_or_else(|| another_type(name))?;
    let ((file, data), width) = (stored.place(), slot.shape[0]);
    Ok(Rows { name, file, data, dtype, size: (width, stored.len() / width), transposed: origin.transposed })
}

fn another_type(name: &str) -> Error {
    Error::model(format!("tensor {name}"), "f32, f16 or bf16", "another type")
}

/// The numbers of the model: the configuration's, and the projection, which no configuration names.
fn spec_of(checkpoint: &Checkpoint) -> Result<Spec, Error> {
    let Config {
        model_type,
        blocks,
        width,
        attention_heads,
        inner,
        context,
        vocabulary,
        epsilon,
        window,
        local,
        exits,
        ..
    } = checkpoint.config.clone();
    let has = |start: &str| checkpoint.tensors.keys().any(|name| name.starts_with(start));
    let projection = match (has("name_to_lm_exit_head."), has("name_to_conv_matrix.")) {
        (true, false) => Projection::Heads,
        (false, true) => Projection::Cast,
        (false, false) => Projection::Direct,
        (true, true) => {
            return Err(Error::model("the exits", "heads or cast matrices", "both"));
        }
    };
    // A plain checkpoint names no exits: it opens as a lens over every block, like a stock file.
    let plain = exits.is_empty() && projection == Projection::Direct;
    let exits = if plain { (1..=blocks).collect() } else { exits };
    Ok(Spec {
        architecture: model_type,
        blocks,
        width,
        attention_heads,
        inner,
        context,
        vocabulary,
        epsilon,
        window,
        local,
        projection,
        exits,
    })
}

/// The checkpoint's tensors for a slot.
fn origin_of(spec: &Spec, slot: &Slot) -> Origin {
    let plain = |name: String| Origin { names: vec![name], transposed: false };
    let exit = |prefix: &str| slot.name.strip_prefix("exit.").and_then(|rest| rest.strip_suffix(prefix));
    if let Some(k) = exit(".head.weight") {
        return plain(format!("name_to_lm_exit_head.lm_head_{k}.weight"));
    }
    if let Some(k) = exit(".cast.weight") {
        return plain(format!("name_to_conv_matrix.{k}_to_{}.weight", spec.blocks));
    }
    match slot.name.as_str() {
        "token_embd.weight" => plain("transformer.wte.weight".into()),
        "position_embd.weight" => plain("transformer.wpe.weight".into()),
        "output_norm.weight" => plain("transformer.ln_f.weight".into()),
        "output_norm.bias" => plain("transformer.ln_f.bias".into()),
        OUTPUT => plain("lm_head.weight".into()),
        name => {
            let (block, part) = name.strip_prefix("blk.").and_then(|rest| rest.split_once('.')).unwrap_or(("0", name));
            match spec.architecture {
                Architecture::Gpt2 => gpt2::origin(block, part),
                Architecture::GptNeo => gptneo::origin(block, part),
            }
        }
    }
}

/// Checks that a slot's tensors are there and have its shape.
fn require_shape(checkpoint: &Checkpoint, slot: &Slot, origin: &Origin) -> Result<(), Error> {
    let parts = origin.names.len();
    let mut shape: Vec<usize> = slot.shape.iter().rev().copied().collect();
    shape[0] /= parts;
    if origin.transposed {
        shape.reverse();
    }
    for name in &origin.names {
        let stored = stored(checkpoint, name)?;
        if stored.shape != shape {
            return Err(Error::model(
                format!("tensor {name}"),
                format!("sizes {shape:?}"),
                format!("{:?}", stored.shape),
            ));
        }
        if stored.dtype.is_none() {
            return Err(another_type(name));
        }
    }
    Ok(())
}

fn stored<'c>(checkpoint: &'c Checkpoint, name: &str) -> Result<&'c Stored, Error> {
    checkpoint
        .tensors
        .get(name)
        .ok_or_else(|| Error::model(format!("tensor {name}"), "it in the checkpoint", "no such tensor"))
}

/// Rows of two matrices that are compared at a time: few, since they are kept until then.
const ROWS_COMPARED: usize = 512;

/// Whether the output matrix is one of its own: the numbers decide, since a pickle may store a tied one again.
fn untied(checkpoint: &Checkpoint, spec: &Spec) -> Result<bool, Error> {
    let Some(head) = checkpoint.tensors.get("lm_head.weight") else { return Ok(false) };
    let embedding = stored(checkpoint, "transformer.wte.weight")?;
    if head.shape != embedding.shape || head.shape != [spec.vocabulary, spec.width] {
        return Ok(true);
    }
    if head.is_same_place(embedding) {
        return Ok(false);
    }
    let (Some(ours), Some(theirs)) = (head.dtype, embedding.dtype) else { return Ok(true) };
    let rows = 0..spec.vocabulary;
    for first in rows.clone().step_by(ROWS_COMPARED) {
        let some = first..rows.end.min(first + ROWS_COMPARED);
        let [(ours, mine), (theirs, other)] = [(ours, head), (theirs, embedding)].map(|(dtype, stored)| {
            let (file, data) = stored.place();
            let row = data.len() / rows.end;
            (dtype, (file, data.start + some.start * row..data.start + some.end * row))
        });
        let (left, right) = (&mine.0[mine.1.clone()], &other.0[other.1.clone()]);
        // Of one type, other bytes are other numbers (or zeros of another sign, which do no harm); of two, they may be equal.
        if ours == theirs && left != right {
            return Ok(true);
        }
        if ours != theirs && dequantize(ours, left, spec.width)? != dequantize(theirs, right, spec.width)? {
            return Ok(true);
        }
        mine.0.release(mine.1);
        other.0.release(other.1);
    }
    Ok(false)
}

/// Every key of the file.
fn values(checkpoint: &Checkpoint, spec: &Spec, options: &ConvertOptions) -> Result<Vec<(String, Value)>, Error> {
    let config = &checkpoint.config;
    let end = config.end_of_text.map(TokenId);
    let tokenizer = Tokenizer::of_folder(&checkpoint.folder, spec.vocabulary, end)?;
    let mut values = spec.values();
    let text = |key: &str, text: &str| (key.to_owned(), Value::Text(text.into()));
    values.push(text("general.name", options.source.rsplit('/').next().unwrap_or_default()));
    values.push(("general.file_type".into(), Value::U32(file_type(options.types.trunk))));
    values.push(("general.quantization_version".into(), Value::U32(2)));
    values.extend(vocabulary::values(&tokenizer, spec.vocabulary, config)?);
    values.extend(spec.exit_values());
    values.push(text("mexit.source.name", &options.source));
    values.push(text("mexit.source.format", checkpoint.format));
    values.extend(options.revision.as_ref().map(|revision| text("mexit.source.revision", revision)));
    values.push(text("mexit.converter", concat!("mexit-tui ", env!("CARGO_PKG_VERSION"))));
    Ok(values)
}

/// llama.cpp's number for "mostly this type" (`llama_ftype` in llama.h): the trunk's, as its own quantizer has it where the
/// output matrix or the embeddings are given another type.
fn file_type(dtype: DType) -> u32 {
    match dtype {
        DType::F16 => 1,
        DType::Q4_0 => 2,
        DType::Q4_1 => 3,
        DType::Q8_0 => 7,
        DType::Q5_0 => 8,
        DType::Q5_1 => 9,
        DType::Q4K => 14,
        DType::Q5K => 16,
        DType::Q6K => 18,
        DType::BF16 => 32,
        DType::F32 | DType::I32 => 0,
    }
}
