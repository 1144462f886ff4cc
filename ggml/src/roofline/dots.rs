//! How fast we multiply weights of a type that are in the cache already.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::together::best_round;
use crate::{Arena, DType, Device, Error, Executor, Graph, Ops, Source, Weights, error, quantize};

/// Bytes of weights a thread: within the second cache of any processor that this build runs on, beyond the first.
const TILE: usize = 384 << 10;
/// Bytes of results a run: they must not drive the weights out.
const RESULTS: usize = 64 << 10;
/// Of a round: threads that start a few microseconds apart must not count as alone.
const ROUND: Duration = Duration::from_millis(4);
const TIME: Duration = Duration::from_millis(120);

/// Multiply-adds a second of the product of `threads` · (some rows of `row` numbers in `dtype`) with `columns` columns.
///
/// Each thread has a graph and an executor of its own, so that nobody waits for anybody, and weights of its own that
/// stay in its second cache: what is measured is the kernel with its loads from there, which is as near as weights from
/// memory ever come. A graph over a single row is subtracted: what a node costs whatever its size, converting the
/// column included, weighs nothing in a real step's large matrices and must not lower the limit.
///
/// What would break it as a limit: a kernel whose choice depends on more than type, length of a row and number of columns
/// (some choose by rows divisible by 16, which these are), another row length (a short row pays for its end: measure
/// the lengths that the model has), and weights so few that they stay in the first cache, as no model's do.
///
/// # Errors
/// If the type does not divide such rows, or there is no memory.
pub fn dot_rate(dtype: DType, row: usize, columns: usize, threads: usize) -> Result<f64, Error> {
    let threads = threads.max(1);
    let mut tiles = (0..threads).map(|_| Tile::new(dtype, row, columns)).collect::<Result<Vec<_>, _>>()?;
    // Once alone: finds whatever there is to refuse, and how often a round should run.
    let (mut once, mut single) = (Duration::MAX, Duration::MAX);
    for tile in &mut tiles {
        once = once.min(tile.run(ALL, 2)? / 2);
        single = (0..8).try_fold(single, |best, _| Ok::<_, Error>(best.min(tile.run(ONE, 1)?)))?;
    }
    let times = u32::try_from(ROUND.as_nanos() / once.as_nanos().max(1)).unwrap_or(1).clamp(1, 64);
    let products = tiles.iter().map(|tile| tile.nodes * (tile.rows - 1) * row * columns).sum::<usize>();
    let failed = Mutex::new(None);
    let works = tiles.iter_mut().map(|tile| {
        let failed = &failed;
        move || {
            tile.run(ALL, times).unwrap_or_else(|error| {
                *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                Duration::MAX
            })
        }
    });
    let whole = best_round(works.collect(), TIME);
    if let Some(error) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    let seconds = whole.saturating_sub(single * times).as_secs_f64();
    Ok(products as f64 * f64::from(times) / seconds.max(f64::MIN_POSITIVE))
}

const ALL: &str = "tile";
const ONE: &str = "row";

/// One thread's weights and what multiplies them.
struct Tile {
    weights: Weights,
    executor: Executor,
    column: Vec<u8>,
    row: usize,
    rows: usize,
    columns: usize,
    nodes: usize,
}

impl Tile {
    fn new(dtype: DType, row: usize, columns: usize) -> Result<Self, Error> {
        let refuse = || error::op("dot_rate", format!("rows of whole {dtype} blocks"), row.to_string());
        let bytes = dtype.row_bytes(row as u64).and_then(|b| usize::try_from(b).ok()).filter(|b| *b > 0);
        let rows = (TILE / bytes.ok_or_else(refuse)? / 16).max(1) * 16;
        let nodes = (RESULTS / (4 * rows * columns.max(1))).clamp(4, 128);
        let numbers = noise(row * rows.max(columns));
        let encoded = quantize(dtype, &numbers[..row * rows], row)?;
        let mut weights = Weights::new(2, None)?;
        let device = Device::cpu()?;
        weights.add(ALL, (dtype, &[row, rows]), device, &Source::Bytes(&encoded))?;
        weights.add(ONE, (dtype, &[row, 1]), device, &Source::Bytes(&encoded[..encoded.len() / rows]))?;
        let executor = Executor::new(&[], 1, 4 * nodes)?;
        let column = numbers[..row * columns].iter().flat_map(|v| v.to_ne_bytes()).collect();
        Ok(Self { weights, executor, column, row, rows, columns, nodes })
    }

    /// What computing the graph of a weight so many times takes; building it does not count.
    fn run(&mut self, weight: &str, times: u32) -> Result<Duration, Error> {
        let arena = Arena::new(2 * self.nodes + 4)?;
        let ops = Ops::new(&arena);
        let mut graph = Graph::new(&arena)?;
        let column = ops.input("column", DType::F32, &[self.row, self.columns])?;
        let weight = self.weights.get(weight).ok_or_else(|| Error::NoMemory(weight.into()))?;
        for _ in 0..self.nodes {
            graph.compute(ops.mul_mat("product", weight, column)?);
        }
        let start = Instant::now();
        for _ in 0..times {
            self.executor.run(&graph, &[(column, &self.column)], &mut [])?;
        }
        Ok(start.elapsed())
    }
}

/// Numbers in (-1, 1): what they are does not matter, but that none is a subnormal.
fn noise(n: usize) -> Vec<f32> {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 8_388_608.0 - 1.0
    };
    (0..n).map(|_| next()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_a_rate() {
        for dtype in DType::ALL.into_iter().filter(|dtype| *dtype != DType::I32) {
            let rate = dot_rate(dtype, 256, 1, 2).expect("a rate");
            assert!(rate.is_finite() && rate > 0.0, "{dtype}");
        }
        let rate = dot_rate(DType::Q8_0, 128, 16, 1).expect("a rate");
        assert!(rate.is_finite() && rate > 0.0);
    }

    #[test]
    fn rows_that_a_type_does_not_divide_are_refused() {
        assert!(matches!(dot_rate(DType::Q4K, 128, 1, 1), Err(Error::Op { .. })));
        assert!(dot_rate(DType::I32, 128, 1, 1).is_err());
    }
}
