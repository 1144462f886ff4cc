//! Sums of functions over whole rows: in f32 within a block, in f64 across.

use pulp::{Arch, Scalar, Simd, WithSimd};

/// Vectors added in f32 before the sum moves to f64: keeps the rounding error of a row near 1e-6 of its size.
const BLOCK: usize = 32;

/// What is added up: `SUMS` functions of the numbers at one place of `ROWS` rows.
pub(super) trait Term<const ROWS: usize, const SUMS: usize>: Copy {
    fn at<S: Simd>(self, simd: S, numbers: [S::f32s; ROWS]) -> [S::f32s; SUMS];
}

/// Adds a term up over rows, as far as the shortest goes.
pub(super) fn sum<const ROWS: usize, const SUMS: usize>(
    arch: Arch,
    rows: [&[f32]; ROWS],
    term: impl Term<ROWS, SUMS>,
) -> [f64; SUMS] {
    let len = rows.iter().map(|row| row.len()).min().unwrap_or(0);
    arch.dispatch(Sum { rows: rows.map(|row| &row[..len]), term })
}

struct Sum<'r, T, const ROWS: usize, const SUMS: usize> {
    rows: [&'r [f32]; ROWS],
    term: T,
}

impl<T: Term<ROWS, SUMS>, const ROWS: usize, const SUMS: usize> WithSimd for Sum<'_, T, ROWS, SUMS> {
    type Output = [f64; SUMS];

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> [f64; SUMS] {
        let zero = simd.splat_f32s(0.0);
        let mut vectors: [&[S::f32s]; ROWS] = [&[]; ROWS];
        let mut rests: [&[f32]; ROWS] = [&[]; ROWS];
        for (row, (vectors, rest)) in self.rows.iter().zip(vectors.iter_mut().zip(&mut rests)) {
            (*vectors, *rest) = S::as_simd_f32s(row);
        }
        let (whole, left) = vectors.first().zip(rests.first()).map_or((0, 0), |(v, rest)| (v.len(), rest.len()));
        let mut total = [0f64; SUMS];
        for start in (0..whole).step_by(BLOCK) {
            let end = whole.min(start + BLOCK);
            let mut blocks = vectors;
            for block in &mut blocks {
                *block = &block[start..end];
            }
            let mut sums = [zero; SUMS];
            for place in 0..end - start {
                let mut numbers = [zero; ROWS];
                for (number, block) in numbers.iter_mut().zip(&blocks) {
                    *number = block[place];
                }
                for (sum, value) in sums.iter_mut().zip(self.term.at(simd, numbers)) {
                    *sum = simd.add_f32s(*sum, value);
                }
            }
            for (total, sum) in total.iter_mut().zip(sums) {
                *total += f64::from(simd.reduce_sum_f32s(sum));
            }
        }
        for place in 0..left {
            let mut numbers = [0f32; ROWS];
            for (number, rest) in numbers.iter_mut().zip(&rests) {
                *number = rest[place];
            }
            for (total, value) in total.iter_mut().zip(self.term.at(Scalar, numbers)) {
                *total += f64::from(value);
            }
        }
        total
    }
}
