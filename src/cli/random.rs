//! `make-random`: a checkpoint of GPT-2's shape with random numbers, for measuring what cannot be committed.

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::PathBuf,
};

use anyhow::{Context, bail};
use clap::Args;
use serde_json::{Map, Value, json};

/// The shape; GPT-2 Medium's with twelve heads unless said otherwise.
#[derive(Args)]
pub(super) struct RandomArgs {
    /// The folder to make
    folder: PathBuf,
    #[arg(long, default_value_t = 24)]
    blocks: u32,
    #[arg(long, default_value_t = 1024)]
    width: usize,
    #[arg(long, default_value_t = 16)]
    attention_heads: usize,
    #[arg(long, default_value_t = 1024)]
    context: usize,
    #[arg(long, default_value_t = 50257)]
    vocabulary: usize,
}

/// Writes config.json, model.safetensors and a byte-level tokenizer of 256 tokens and an end.
pub(super) fn make(args: &RandomArgs) -> anyhow::Result<()> {
    if args.folder.exists() {
        bail!("{} exists already: give another name", args.folder.display());
    }
    fs::create_dir_all(&args.folder).with_context(|| args.folder.display().to_string())?;
    let (d, heads) = (args.width, (2..=args.blocks).step_by(2).collect::<Vec<u32>>());
    let config = json!({
        "model_type": "gpt2", "n_layer": args.blocks, "n_embd": d, "n_head": args.attention_heads,
        "n_positions": args.context, "vocab_size": args.vocabulary, "layer_norm_epsilon": 1e-5,
        "activation_function": "gelu_new", "lm_head_layer_indices": heads, "eos_token_id": 256,
    });
    fs::write(args.folder.join("config.json"), serde_json::to_vec_pretty(&config)?)?;
    let vocab: Map<String, Value> = spelled_bytes().zip(0..).map(|(token, id)| (token, Value::from(id))).collect();
    fs::write(args.folder.join("vocab.json"), serde_json::to_vec(&vocab)?)?;
    fs::write(args.folder.join("merges.txt"), "#version: 0.2\n")?;

    let mut tensors = vec![
        ("transformer.wte.weight".to_owned(), vec![args.vocabulary, d]),
        ("transformer.wpe.weight".to_owned(), vec![args.context, d]),
        ("transformer.ln_f.weight".to_owned(), vec![d]),
        ("transformer.ln_f.bias".to_owned(), vec![d]),
    ];
    for n in 0..args.blocks {
        let mut add = |name: &str, shape: &[usize]| tensors.push((format!("transformer.h.{n}.{name}"), shape.to_vec()));
        for (name, from, to) in
            [("attn.c_attn", d, 3 * d), ("attn.c_proj", d, d), ("mlp.c_fc", d, 4 * d), ("mlp.c_proj", 4 * d, d)]
        {
            add(&format!("{name}.weight"), &[from, to]);
            add(&format!("{name}.bias"), &[to]);
        }
        for norm in ["ln_1", "ln_2"] {
            add(&format!("{norm}.weight"), &[d]);
            add(&format!("{norm}.bias"), &[d]);
        }
    }
    for k in heads {
        tensors.push((format!("name_to_lm_exit_head.lm_head_{k}.weight"), vec![args.vocabulary, d]));
    }
    write(&args.folder.join("model.safetensors"), &tensors)
}

/// GPT-2's spelling of the 256 bytes, and the end-of-text token.
fn spelled_bytes() -> impl Iterator<Item = String> {
    let printable = |b: u32| matches!(b, 0x21..=0x7E | 0xA1..=0xAC | 0xAE..=0xFF);
    let plain = (0..256).filter(move |b| printable(*b));
    let moved = (256..).take(256 - 188);
    plain.chain(moved).filter_map(char::from_u32).map(String::from).chain(["<|endoftext|>".to_owned()])
}

/// A safetensors file, number by number: the whole would not fit into memory.
fn write(path: &std::path::Path, tensors: &[(String, Vec<usize>)]) -> anyhow::Result<()> {
    // transformers reads no file that does not name its format.
    let mut header = Map::from_iter([("__metadata__".to_owned(), json!({"format": "pt"}))]);
    let mut end = 0;
    for (name, shape) in tensors {
        let start = end;
        end += 4 * shape.iter().product::<usize>();
        header.insert(name.clone(), json!({"dtype": "F32", "shape": shape, "data_offsets": [start, end]}));
    }
    let mut header = serde_json::to_vec(&header)?;
    header.resize(header.len().next_multiple_of(8), b' ');
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    out.write_all(&(header.len() as u64).to_le_bytes())?;
    out.write_all(&header)?;
    let mut state = 1u32;
    for (name, shape) in tensors {
        let is_scale = name.contains("ln_") && name.ends_with(".weight");
        for _ in 0..shape.iter().product::<usize>() {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = (state >> 8) as f32 / 8_388_608.0 - 1.0;
            let value = if is_scale { 1.0 + 0.1 * noise } else { 0.04 * noise };
            out.write_all(&value.to_le_bytes())?;
        }
    }
    out.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
    Ok(())
}
