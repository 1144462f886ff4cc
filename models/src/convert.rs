//! From a checkpoint to a GGUF file, tensor by tensor: peak memory is a few times the largest tensor.

mod gpt2;
mod gptneo;
mod requantize;
mod strip;
mod vocabulary;

use std::{collections::BTreeSet, path::Path};

use mexit_ggml::{
    DType, fitting,
    gguf::{GgufWriter, Planned, Value},
    quantize,
};
pub use requantize::{requantize, requantize_bytes};
pub use strip::strip;

use crate::{
    Architecture, Error, Projection, Spec, TokenId, Tokenizer,
    checkpoint::{Checkpoint, Config, Stored},
    layout::{self, OUTPUT, Slot},
};

/// What to write, and how.
#[derive(Clone, Debug)]
pub struct ConvertOptions {
    /// Type of the matrices.
    pub dtype: DType,
    /// Replace the target if it exists.
    pub force: bool,
    /// Where the checkpoint came from, for the file's provenance: a repository, or a folder's name.
    pub source: String,
    /// Which revision of it, if known.
    pub revision: Option<String>,
}

/// What a conversion did.
#[derive(Clone, Debug, Default)]
pub struct ConvertReport {
    /// Tensors that the type could not hold, with the type that they have instead.
    pub fallbacks: Vec<(String, DType)>,
    /// Tensors written.
    pub tensors: usize,
    /// Numbers in them.
    pub parameters: u64,
}

/// Where a slot's numbers come from.
pub(crate) struct Origin {
    /// Tensors whose rows follow each other.
    pub(crate) names: Vec<String>,
    /// Stored as [in, out]: to be turned around.
    pub(crate) transposed: bool,
}

/// Bytes of f32 decoded at a time.
const CHUNK: usize = 16 << 20;

/// Converts. `progress` is told bytes read and bytes in all.
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
        let dtype = if slot.needs_f32() { DType::F32 } else { fitting(options.dtype, slot.shape[0]) };
        if !slot.needs_f32() && dtype != options.dtype {
            report.fallbacks.push((slot.name.clone(), dtype));
        }
        report.parameters += slot.shape.iter().product::<usize>() as u64;
        plan.push((slot.name.clone(), dtype, slot.shape.clone()));
    }
    let values = values(checkpoint, &spec, options)?;
    let mut writer = GgufWriter::create(target, options.force, &values, &plan)?;
    let total = report.parameters;
    let mut done = 0;
    for ((slot, origin), (_, dtype, _)) in slots.iter().zip(&origins).zip(&plan) {
        write_tensor(checkpoint, &mut writer, (slot, origin, *dtype), &mut |numbers| {
            done += numbers as u64;
            progress(done, total);
        })?;
    }
    writer.finish()?;
    Ok(report)
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
            return Err(Error::model(format!("tensor {name}"), "f32, f16 or bf16", "another type"));
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

/// Whether the output matrix is one of its own: the numbers decide, since a pickle may store a tied one again.
fn untied(checkpoint: &Checkpoint, spec: &Spec) -> Result<bool, Error> {
    let Some(head) = checkpoint.tensors.get("lm_head.weight") else { return Ok(false) };
    let embedding = stored(checkpoint, "transformer.wte.weight")?;
    if head.shape != embedding.shape || head.shape != [spec.vocabulary, spec.width] {
        return Ok(true);
    }
    let rows = (CHUNK / 4 / spec.width).max(1);
    for first in (0..spec.vocabulary).step_by(rows) {
        let (start, count) = (first * spec.width, rows.min(spec.vocabulary - first) * spec.width);
        if head.read("lm_head.weight", start, count)? != embedding.read("transformer.wte.weight", start, count)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn write_tensor(
    checkpoint: &Checkpoint,
    writer: &mut GgufWriter,
    (slot, origin, dtype): (&Slot, &Origin, DType),
    progress: &mut dyn FnMut(usize),
) -> Result<(), Error> {
    let row = slot.shape[0];
    for name in &origin.names {
        let stored = stored(checkpoint, name)?;
        let step = if origin.transposed { stored.len() } else { (CHUNK / 4 / row).max(1) * row };
        for first in (0..stored.len()).step_by(step) {
            let count = step.min(stored.len() - first);
            let mut values = stored.read(name, first, count)?;
            if let Some(at) = values.iter().position(|v| !v.is_finite()) {
                let found = format!("{} at number {}", values[at], first + at);
                return Err(Error::model(format!("tensor {name}"), "finite numbers", found));
            }
            if origin.transposed {
                values = transpose(&values, row);
            }
            writer.write(&slot.name, &quantize(dtype, &values, row)?)?;
            progress(count);
        }
    }
    Ok(())
}

/// [in, out] to [out, in], `inputs` numbers a row afterwards.
fn transpose(values: &[f32], inputs: usize) -> Vec<f32> {
    let outputs = values.len() / inputs;
    (0..outputs).flat_map(|o| (0..inputs).map(move |i| values[i * outputs + o])).collect()
}

/// Every key of the file.
fn values(checkpoint: &Checkpoint, spec: &Spec, options: &ConvertOptions) -> Result<Vec<(String, Value)>, Error> {
    let config = &checkpoint.config;
    let end = config.end_of_text.map(TokenId);
    let tokenizer = Tokenizer::of_folder(&checkpoint.folder, spec.vocabulary, end)?;
    let mut values = spec.values();
    let text = |key: &str, text: &str| (key.to_owned(), Value::Text(text.into()));
    values.push(text("general.name", options.source.rsplit('/').next().unwrap_or_default()));
    values.push(("general.file_type".into(), Value::U32(file_type(options.dtype))));
    values.push(("general.quantization_version".into(), Value::U32(2)));
    values.extend(vocabulary::values(&tokenizer, spec.vocabulary, config)?);
    values.extend(spec.exit_values());
    values.push(text("mexit.source.name", &options.source));
    values.push(text("mexit.source.format", checkpoint.format));
    values.extend(options.revision.as_ref().map(|revision| text("mexit.source.revision", revision)));
    values.push(text("mexit.converter", concat!("mexit-tui ", env!("CARGO_PKG_VERSION"))));
    Ok(values)
}

/// llama.cpp's number for "mostly this type" (`llama_ftype` in llama.h).
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
