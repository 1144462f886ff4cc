//! A model that is open: its numbers, its weights where they compute, its tokenizer.

use std::{fs::File, path::Path, sync::Arc};

use mexit_ggml::{
    DType, Device, Mapping, Source, Tensor, Weights, dequantize,
    gguf::{Gguf, TensorInfo},
};

use crate::{
    Error, ExitId, Placement, Projection, Spec, Tokenizer, WeightTypes,
    fingerprint::fingerprint,
    layout::{self, OUTPUT, Slot},
    plan::{COPY, Plan},
    read_ahead,
};

/// A model that is open. Weights are shared by every text that is read with it.
pub struct Model {
    /// Its numbers.
    pub spec: Spec,
    /// Its tokenizer.
    pub tokenizer: Tokenizer,
    /// Keys and tensors of its file.
    pub file: Gguf,
    fingerprint: String,
    weights: Weights,
    plan: Plan,
    tied: bool,
    types: WeightTypes,
}

impl Model {
    /// Opens a file.
    ///
    /// # Errors
    /// If it cannot be read, is no model of ours, or does not fit into memory.
    pub fn open(path: &Path, placement: Placement) -> Result<Self, Error> {
        let mapping = File::open(path).and_then(|file| Mapping::of(&file)).map_err(|e| Error::io(path, e))?;
        let mapping = Arc::new(mapping);
        read_ahead::start(&mapping);
        Self::of(mapping, placement)
    }

    /// Opens a file's bytes.
    ///
    /// # Errors
    /// As [`Model::open`].
    pub fn of(bytes: Arc<Mapping>, placement: Placement) -> Result<Self, Error> {
        let file = Gguf::parse(&bytes)?;
        let spec = Spec::of(&file)?;
        let tied = file.tensor(OUTPUT).is_none();
        let slots = layout::of(&file, &spec);
        let mut found = Vec::with_capacity(slots.len());
        for slot in &slots {
            found.push(checked(&file, slot)?);
        }
        if let Some(extra) = file.tensors.iter().find(|info| slots.iter().all(|slot| slot.name != info.name)) {
            let expected = format!("only the tensors of a {} model with its exits", spec.architecture.name());
            return Err(Error::model(format!("tensor {}", extra.name), expected, "one that belongs to nothing"));
        }
        let tokenizer = Tokenizer::of(&file, spec.vocabulary)?;
        let plan = Plan::of(&file, &spec, &placement)?;
        let copies = plan.copied(&slots);
        let mut weights = Weights::new(slots.len() + copies.len(), Some(Arc::clone(&bytes)))?;
        let sorts: Vec<_> = slots.iter().zip(&found).map(|(slot, info)| (slot, info.dtype, info.data.len())).collect();
        let types = WeightTypes::found(&sorts, tied);
        for (slot, info) in slots.iter().zip(found) {
            add(&mut weights, slot, info, &bytes, plan.device_of(slot.role))?;
        }
        for copy in copies {
            let info = checked(&file, &Slot { name: copy.name.trim_end_matches(COPY).into(), ..copy.clone() })?;
            add(&mut weights, &copy, info, &bytes, plan.heads())?;
        }
        let fingerprint = fingerprint(&file, &bytes);
        Ok(Self { spec, tokenizer, file, fingerprint, weights, plan, tied, types })
    }

    /// What tells this model from every other: SHA-256 over the header and a sample of every tensor, in hexadecimal.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The tensor called `name`.
    pub(crate) fn weight(&self, name: &str) -> Result<Tensor<'_>, Error> {
        self.weights.get(name).ok_or_else(|| Error::missing(name))
    }

    /// The name of the matrix that turns an exit's row into logits, after its cast if it has one.
    pub(crate) fn head_of(&self, exit: ExitId) -> String {
        match (exit, self.spec.projection) {
            (ExitId::Block(k), Projection::Heads) => layout::head_name(k),
            _ if self.tied => self.plan.beside_heads("token_embd.weight"),
            _ => OUTPUT.into(),
        }
    }

    /// What is where.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Checks that the model has this exit.
    ///
    /// # Errors
    /// With the exits that it has.
    pub fn require_exit(&self, exit: ExitId) -> Result<(), Error> {
        let ids = self.spec.exit_ids();
        if ids.contains(&exit) {
            return Ok(());
        }
        let known: Vec<String> = ids.iter().map(ToString::to_string).collect();
        Err(Error::UnknownExit { exit, known: known.join(", ") })
    }

    /// Bytes of weights in a device's memory; the mapped file takes none.
    #[must_use]
    pub fn held_on(&self, device: Device) -> usize {
        self.weights.held_on(device)
    }

    /// The types of the trunk's matrices and of the heads', for a title.
    #[must_use]
    pub fn types(&self) -> WeightTypes {
        self.types
    }

    /// The type of most weights.
    #[must_use]
    pub fn main_type(&self) -> DType {
        let bytes = |dtype: DType| -> usize {
            self.file.tensors.iter().filter(|t| t.dtype == dtype).map(|t| t.data.len()).sum()
        };
        DType::ALL.into_iter().max_by_key(|dtype| bytes(*dtype)).unwrap_or(DType::F32)
    }
}

/// The tensor of the file for a slot, if it is as the slot wants it.
fn checked<'f>(file: &'f Gguf, slot: &Slot) -> Result<&'f TensorInfo, Error> {
    let info = file.tensor(&slot.name).ok_or_else(|| Error::missing(&slot.name))?;
    let what = || format!("tensor {}", slot.name);
    // Trailing sizes of 1 say nothing.
    let trimmed: &[usize] = &info.shape[..info.shape.iter().rposition(|n| *n > 1).map_or(1, |last| last + 1)];
    if trimmed != slot.shape.as_slice() && info.shape != slot.shape {
        return Err(Error::model(what(), format!("sizes {:?}", slot.shape), format!("{:?}", info.shape)));
    }
    if info.dtype == DType::I32 {
        return Err(Error::model(what(), "a type of real numbers", info.dtype));
    }
    Ok(info)
}

fn add(weights: &mut Weights, slot: &Slot, info: &TensorInfo, file: &[u8], device: Device) -> Result<(), Error> {
    let added = if slot.needs_f32() && info.dtype != DType::F32 {
        let values = dequantize(info.dtype, &file[info.data.clone()], slot.shape[0])?;
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_ne_bytes()).collect();
        weights.add(&slot.name, (DType::F32, &slot.shape), device, &Source::Bytes(&bytes))
    } else {
        let source = Source::Mapped(info.data.clone());
        weights.add(&slot.name, (info.dtype, &slot.shape), device, &source)
    };
    added.map_err(|e| Error::on(device, weights.held_on(device), e))
}
