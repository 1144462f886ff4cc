//! What a model file is, in sentences for the screen.

use std::collections::BTreeMap;

use mexit_models::{Model, Projection};

/// Lines of a name and a sentence.
pub(super) fn about(model: &Model, name: &str) -> Vec<(String, String)> {
    let spec = &model.spec;
    let mut types: BTreeMap<&'static str, usize> = BTreeMap::new();
    for tensor in &model.file.tensors {
        *types.entry(tensor.dtype.name()).or_default() += tensor.data.len();
    }
    let mib = |bytes: usize| bytes as f64 / f64::from(1 << 20);
    let types: Vec<String> = types.iter().map(|(name, bytes)| format!("{name} {:.1} MiB", mib(*bytes))).collect();
    let numbers: u64 = model.file.tensors.iter().map(|t| t.shape.iter().product::<usize>() as u64).sum();
    let projection = match spec.projection {
        Projection::Heads => "trained heads: each exit has a vocabulary matrix of its own",
        Projection::Cast => "cast: a trained matrix each, then the model's own head",
        Projection::Direct => "direct lens: the model's own head, untrained",
    };
    let exits = match spec.exits.as_slice() {
        [] => "original alone".into(),
        exits => {
            let after: Vec<String> = exits.iter().map(ToString::to_string).collect();
            let zero = if exits.contains(&0) { "; 0 is the embeddings" } else { "" };
            format!("original, and after blocks {} of {}{zero}", after.join(" "), spec.blocks)
        }
    };
    let end = model.tokenizer.end_of_text().map_or("no end of text".into(), |id| format!("end of text {}", id.0));
    let padded = spec.vocabulary - model.tokenizer.len().min(spec.vocabulary);
    let padded = if padded > 0 { format!(", {padded} rows padded") } else { String::new() };
    [
        ("file", name.to_owned()),
        ("model", format!("{}, {} blocks of width {}", spec.architecture.name(), spec.blocks, spec.width)),
        ("types", model.types().to_string()),
        ("weights", format!("{:.1} M numbers: {}", numbers as f64 / 1e6, types.join(", "))),
        ("computes on", model.plan().to_string()),
        ("exits", exits),
        ("read out", projection.to_owned()),
        ("final norm", "ln_f once, before every projection".to_owned()),
        ("context", format!("{} tokens", spec.context)),
        ("tokenizer", format!("{} tokens{padded}, {end}", model.tokenizer.len())),
    ]
    .map(|(name, says)| (name.to_owned(), says))
    .to_vec()
}
