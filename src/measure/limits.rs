//! What this machine can do at most, as far as it was measured.

use mexit_models::{DType, Error, roofline};
use serde::Serialize;

use super::{Spread, cost::Cost};

/// Limits: of one round each is the best that was measured in it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Limits {
    /// Bytes a second read from the weights.
    pub bandwidth: f64,
    /// Multiply-adds of weights that are in a cache.
    pub rates: Vec<Rate>,
}

/// How fast one kernel multiplies.
#[derive(Clone, Debug, Serialize)]
pub struct Rate {
    /// The type of the weights.
    #[serde(rename = "type")]
    pub dtype: &'static str,
    /// Numbers a row.
    pub row: usize,
    /// Columns that a row is multiplied with at once.
    pub columns: usize,
    /// Multiply-adds a second.
    pub products_a_second: f64,
}

impl Limits {
    /// Measures once more, over `weights` and every kernel of `cost`, for single tokens and for `batch` at once.
    ///
    /// # Errors
    /// If there is no memory.
    pub(super) fn measure(&mut self, weights: &[u8], cost: &Cost, batch: usize, threads: usize) -> Result<(), Error> {
        self.bandwidth = self.bandwidth.max(roofline::read_bandwidth(weights, threads));
        for kernel in cost.kernels() {
            for columns in [1, batch] {
                self.put(kernel, columns, roofline::dot_rate(kernel.0, kernel.1, columns, threads)?);
            }
        }
        Ok(())
    }

    /// In the middle of several rounds: limit by limit the median.
    pub(super) fn median(rounds: &[Self]) -> Option<Self> {
        let middle = |of: &dyn Fn(&Self) -> f64| Spread::of(&rounds.iter().map(of).collect::<Vec<_>>()).median;
        let rates = rounds.first()?.rates.iter().enumerate();
        let rates = rates.map(|(n, rate)| {
            let products_a_second = middle(&|limits| limits.rates[n].products_a_second);
            Rate { products_a_second, ..rate.clone() }
        });
        Some(Self { bandwidth: middle(&|limits| limits.bandwidth), rates: rates.collect() })
    }

    pub(super) fn put(&mut self, (dtype, row): (DType, usize), columns: usize, products: f64) {
        let same = |r: &&mut Rate| (r.dtype, r.row, r.columns) == (dtype.name(), row, columns);
        match self.rates.iter_mut().find(same) {
            Some(rate) => rate.products_a_second = rate.products_a_second.max(products),
            None => self.rates.push(Rate { dtype: dtype.name(), row, columns, products_a_second: products }),
        }
    }

    /// The rate of a kernel; none that was not measured limits anything.
    #[must_use]
    pub fn rate(&self, dtype: DType, row: usize, columns: usize) -> f64 {
        let found = self.rates.iter().find(|r| (r.dtype, r.row, r.columns) == (dtype.name(), row, columns));
        found.map_or(f64::INFINITY, |rate| rate.products_a_second)
    }
}
