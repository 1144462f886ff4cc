//! What a model reads and multiplies for one token, tensor by tensor.

use mexit_models::{
    DType, ExitId, Model, Projection,
    layout::{self, OUTPUT},
};

use super::limits::Limits;

/// Weights of one type with rows of one length: one kernel's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Their type.
    pub dtype: DType,
    /// Numbers a row.
    pub row: usize,
    /// Bytes that are read.
    pub bytes: u64,
    /// Multiply-adds for one token; 0 for what is only looked up or added.
    pub products: u64,
}

/// What something costs, share by share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cost(Vec<Share>);

impl Cost {
    /// Of the blocks, for one token.
    #[must_use]
    pub fn of_trunk(model: &Model) -> Self {
        let mut cost = Self::default();
        let untied = model.file.tensor(OUTPUT).is_some();
        for slot in layout::trunk(&model.spec, untied) {
            match slot.role {
                layout::Role::Matrix(_) => cost.add(model, &slot.name, true),
                layout::Role::Vector(_) => cost.add(model, &slot.name, false),
                // A row of the embeddings, and what the heads read.
                layout::Role::Embedding | layout::Role::Plain | layout::Role::Head => {}
            }
        }
        cost
    }

    /// Of the heads of `exits`. A matrix that several of them share is read again for each.
    #[must_use]
    pub fn of_heads(model: &Model, exits: &[ExitId]) -> Self {
        let mut cost = Self::default();
        for exit in exits {
            match (exit, model.spec.projection) {
                (ExitId::Block(k), Projection::Heads) => cost.add(model, &layout::head_name(*k), true),
                (ExitId::Block(k), Projection::Cast) if *k < model.spec.blocks => {
                    cost.add(model, &layout::cast_name(*k), true);
                    cost.add_output(model);
                }
                _ => cost.add_output(model),
            }
        }
        cost
    }

    fn add_output(&mut self, model: &Model) {
        let untied = model.file.tensor(OUTPUT).is_some();
        self.add(model, if untied { OUTPUT } else { "token_embd.weight" }, true);
    }

    fn add(&mut self, model: &Model, name: &str, multiplied: bool) {
        let Some(info) = model.file.tensor(name) else { return };
        let products = if multiplied { info.shape.iter().product::<usize>() as u64 } else { 0 };
        self.put(Share { dtype: info.dtype, row: info.shape[0], bytes: info.data.len() as u64, products });
    }

    fn put(&mut self, more: Share) {
        let same = |share: &&mut Share| {
            (share.dtype, share.row, share.products > 0) == (more.dtype, more.row, more.products > 0)
        };
        match self.0.iter_mut().find(same) {
            Some(share) => {
                share.bytes += more.bytes;
                share.products += more.products;
            }
            None => self.0.push(more),
        }
    }

    /// Both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let mut sum = self.clone();
        other.0.iter().for_each(|share| sum.put(*share));
        sum
    }

    /// Bytes of weights.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.iter().map(|share| share.bytes).sum()
    }

    /// Multiply-adds.
    #[must_use]
    pub fn products(&self) -> u64 {
        self.0.iter().map(|share| share.products).sum()
    }

    /// Types with rows' lengths that are multiplied.
    pub(super) fn kernels(&self) -> impl Iterator<Item = (DType, usize)> {
        self.0.iter().filter(|share| share.products > 0).map(|share| (share.dtype, share.row))
    }

    /// The type of most bytes.
    #[must_use]
    pub fn main_type(&self) -> Option<DType> {
        self.0.iter().max_by_key(|share| share.bytes).map(|share| share.dtype)
    }

    /// Seconds that a token takes at least when `columns` are computed at once.
    #[must_use]
    pub fn bound(&self, limits: &Limits, columns: usize) -> f64 {
        let slower = |share: &Share| {
            let read = share.bytes as f64 / columns as f64 / limits.bandwidth;
            let rate = limits.rate(share.dtype, share.row, columns);
            read.max(if share.products == 0 { 0.0 } else { share.products as f64 / rate })
        };
        self.0.iter().map(slower).sum()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use mexit_models::{Placement, demo, shape};

    use super::*;

    fn demo_model() -> Model {
        Model::of(Arc::new(demo::mapping()), Placement::cpu().expect("a processor")).expect("the demo")
    }

    #[test]
    fn the_demo_costs_its_matrices() {
        let model = demo_model();
        let (d, v, blocks) = (128, 4096, 12);
        let trunk = Cost::of_trunk(&model);
        assert_eq!(trunk.products(), blocks * 12 * d * d);
        // Biases and norms: 3d + d + 4d + d and four vectors of d.
        assert_eq!(trunk.bytes(), 4 * (trunk.products() + blocks * 13 * d));
        let exits = model.spec.exit_ids();
        let heads = Cost::of_heads(&model, &exits);
        assert_eq!((heads.products(), heads.bytes()), (7 * d * v, 4 * 7 * d * v));
        let both = trunk.and(&heads);
        assert_eq!(both.products(), trunk.products() + heads.products());
        assert_eq!(both.kernels().collect::<Vec<_>>(), [(DType::F32, 128), (DType::F32, 512)]);
    }

    #[test]
    fn a_shared_matrix_counts_for_each_exit() {
        let spec = mexit_models::Spec {
            blocks: 2,
            vocabulary: 300,
            context: 16,
            local: vec![false; 2],
            exits: vec![1, 2],
            projection: Projection::Direct,
            ..shape::named("gpt2").expect("a shape")
        };
        let mapping = shape::random(&spec, DType::Q8_0, DType::Q8_0).expect("weights");
        let model = Model::of(Arc::new(mapping), Placement::cpu().expect("a processor")).expect("a model");
        assert_eq!(Cost::of_heads(&model, &spec.exit_ids()).products(), 3 * 300 * 768);
    }

    #[test]
    fn the_bound_is_the_slower_of_reading_and_multiplying() {
        let share = Share { dtype: DType::F32, row: 8, bytes: 1000, products: 100 };
        let other = Share { dtype: DType::Q8_0, row: 8, bytes: 1000, products: 900 };
        let plain = Share { products: 0, row: 1, ..share };
        let mut limits = Limits { bandwidth: 100.0, ..Limits::default() };
        limits.put((DType::F32, 8), 1, 100.0);
        limits.put((DType::Q8_0, 8), 1, 30.0);
        limits.put((DType::F32, 8), 10, 50.0);
        assert_eq!(Cost(vec![share]).bound(&limits, 1), 10.0, "reading");
        assert_eq!(Cost(vec![other]).bound(&limits, 1), 30.0, "multiplying");
        assert_eq!(Cost(vec![share, other, plain]).bound(&limits, 1), 50.0, "the sum of the slower ones");
        assert_eq!(Cost(vec![share]).bound(&limits, 10), 2.0, "in tens, a tenth of the reading");
    }
}
