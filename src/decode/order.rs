//! The tokens that may be drawn, most probable first: put in order only as far as somebody looks.

use super::{greatest::greatest, kernels::Kernels, sample::Sampling};

/// Tokens looked at first: where a model has an opinion the draw is most often among them.
const FEW: usize = 256;

/// What sampling keeps of a row of ln p. All that it leaves out is at the end of the order.
pub(super) struct Order<'r> {
    row: &'r [f32],
    sampling: &'r Sampling,
    maxima: Vec<f32>,
    best: f32,
}

/// A token with its weight; the best token has weight 1.
pub(super) type Weighted = (u32, f64);

impl<'r> Order<'r> {
    pub(super) fn of(row: &'r [f32], sampling: &'r Sampling) -> Self {
        let maxima = Kernels::new().maxima(row);
        let best = maxima.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        Self { row, sampling, maxima, best }
    }

    /// The first token of all.
    pub(super) fn best(&self) -> u32 {
        self.first(1).first().map_or(0, |(id, _)| *id)
    }

    /// All that is kept.
    pub(super) fn all(&self) -> Vec<Weighted> {
        self.beginning(self.limit()).0
    }

    /// The token at which the weights, added up in order, pass `share` of all that is kept.
    pub(super) fn at(&self, share: f64) -> u32 {
        let limit = self.limit();
        let is_filtered = self.sampling.top_p < 1.0 || self.sampling.min_p > 0.0;
        let mut count = FEW.min(limit);
        loop {
            let (kept, is_all) = self.beginning(count);
            let total = match (is_all, is_filtered) {
                (true, _) => Some(kept.iter().map(|(_, weight)| weight).sum()),
                (false, false) => Some(self.total()),
                (false, true) => None,
            };
            if let Some(id) = total.and_then(|total: f64| passing(&kept, share * total)) {
                return id;
            }
            if is_all {
                // Rounding may leave a grain behind the last token.
                return kept.last().map_or(0, |(id, _)| *id);
            }
            count = count.saturating_mul(16).min(limit);
        }
    }

    /// Tokens that top-k leaves.
    fn limit(&self) -> usize {
        let top_k = if self.sampling.top_k == 0 { usize::MAX } else { self.sampling.top_k };
        top_k.min(self.row.len())
    }

    /// What is kept of the first `count`, and whether that is all.
    fn beginning(&self, count: usize) -> (Vec<Weighted>, bool) {
        let mut kept = self.first(count);
        if self.sampling.top_p < 1.0 {
            let goal = f64::from(self.sampling.top_p) * self.total();
            let mut mass = 0.0;
            let needed = kept.iter().take_while(|(_, weight)| {
                let before = mass;
                mass += weight;
                before < goal
            });
            let needed = needed.count().max(1);
            kept.truncate(needed);
        }
        if self.sampling.min_p > 0.0 {
            let least = f64::from(self.sampling.min_p).min(1.0);
            kept.truncate(kept.partition_point(|(_, weight)| *weight >= least));
        }
        let is_all = kept.len() < count || count == self.limit();
        (kept, is_all)
    }

    /// The first `count` in order.
    fn first(&self, count: usize) -> Vec<Weighted> {
        let mut ids = greatest(self.row, &self.maxima, count);
        let order = |a: &u32, b: &u32| self.row[*b as usize].total_cmp(&self.row[*a as usize]).then(a.cmp(b));
        if ids.len() > count {
            ids.select_nth_unstable_by(count - 1, order);
            ids.truncate(count);
        }
        ids.sort_unstable_by(order);
        ids.into_iter().map(|id| (id, self.weight(self.row[id as usize]))).collect()
    }

    /// The weights of all that top-k leaves.
    fn total(&self) -> f64 {
        let limit = self.limit();
        if limit == self.row.len() {
            return self.row.iter().map(|ln_p| self.weight(*ln_p)).sum();
        }
        self.first(limit).iter().map(|(_, weight)| weight).sum()
    }

    fn weight(&self, ln_p: f32) -> f64 {
        let temperature = f64::from(self.sampling.temperature.max(f32::MIN_POSITIVE));
        (f64::from(ln_p - self.best) / temperature).exp()
    }
}

fn passing(kept: &[Weighted], goal: f64) -> Option<u32> {
    let mut left = goal;
    kept.iter().find_map(|(id, weight)| {
        left -= weight;
        (left < 0.0).then_some(*id)
    })
}
