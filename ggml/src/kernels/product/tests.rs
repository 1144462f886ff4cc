//! Every kernel against sums in f64, and against itself.

use half::f16;

use super::{
    super::{
        tests::noise,
        x86::{in_whole_numbers, products},
    },
    Kernel, Operands,
};
use crate::{Arena, DType, Device, Executor, Graph, Ops, Source, Weights, dequantize, quantize};

const TYPES: [DType; 7] = [DType::F32, DType::F16, DType::BF16, DType::Q8_0, DType::Q6K, DType::Q5K, DType::Q4K];

struct Case {
    dtype: DType,
    row: usize,
    rows: usize,
    encoded: Vec<u8>,
    x: Vec<f32>,
}

impl Case {
    fn new(dtype: DType, row: usize, rows: usize, columns: usize) -> Self {
        let encoded = quantize(dtype, &noise(row * rows, 1), row).expect("whole blocks");
        Self { dtype, row, rows, encoded, x: noise(row * columns, 2) }
    }

    /// Columns `from` to `to` as one product, with so many threads.
    fn product(&self, from: usize, to: usize, threads: usize, reference: bool) -> Vec<f32> {
        let mut weights = Weights::new(1, None).expect("weights");
        let shape = [self.row, self.rows];
        weights
            .add("w", (self.dtype, &shape), Device::cpu().expect("cpu"), &Source::Bytes(&self.encoded))
            .expect("added");
        let weight = weights.get("w").expect("there");
        assert!(super::is_ours(weight, to - from), "{} {}", self.dtype, self.row);
        let mut executor = Executor::new(&[], threads, 8).expect("an executor");
        executor.set_reference(reference);
        let arena = Arena::new(8).expect("an arena");
        let ops = Ops::new(&arena);
        let mut graph = Graph::new(&arena).expect("a graph");
        let column = ops.input("x", DType::F32, &[self.row, to - from]).expect("an input");
        let product = ops.output(ops.mul_mat("product", weight, column).expect("a product"));
        graph.compute(product);
        let bytes: Vec<u8> = self.x[from * self.row..to * self.row].iter().flat_map(|v| v.to_ne_bytes()).collect();
        let mut out = vec![f32::NAN; self.rows * (to - from)];
        // Twice: the count of rows begins anew.
        for _ in 0..2 {
            out.fill(f32::NAN);
            executor.run(&graph, &[(column, &bytes)], &mut [(product, &mut out)]).expect("computed");
        }
        out
    }

    /// The same by one kernel.
    fn by(&self, kernel: Kernel, from: usize, to: usize) -> Vec<f32> {
        let mut out = vec![f32::NAN; self.rows * (to - from)];
        let whole = Operands {
            weights: self.encoded.as_ptr(),
            row_bytes: self.encoded.len() / self.rows,
            row: self.row,
            columns: self.x[from * self.row..].as_ptr(),
            out: out.as_mut_ptr(),
            out_column: self.rows,
        };
        // SAFETY: rows, columns and results are as large as is said.
        unsafe {
            if let Some(prepare) = kernel.prepare {
                prepare(whole, to - from);
            }
            (kernel.multiply)(whole, self.rows, to - from);
        }
        out
    }

    /// Of every product: its value in f64, and the sum of what was added, without signs.
    fn truth(&self) -> Vec<[f64; 2]> {
        let numbers = dequantize(self.dtype, &self.encoded, self.row).expect("decoded");
        let dot = |w: &[f32], x: &[f32]| {
            let terms = w.iter().zip(x).map(|(w, x)| f64::from(*w) * f64::from(*x));
            terms.fold([0.0; 2], |[sum, size], term| [sum + term, size + term.abs()])
        };
        let columns = self.x.chunks_exact(self.row);
        columns.flat_map(|x| numbers.chunks_exact(self.row).map(move |w| dot(w, x))).collect()
    }
}

/// Rounding in a sum of n terms is at most n ε Σ|term|; a vector of 8 adds at most a row's eighth and its own sum, and a
/// decoded k-quant has an error of one more ε in its two scales and its sum.
fn bound(case: &Case, size: f64) -> f64 {
    (case.row as f64 / 8.0 + 8.0) * f64::from(f32::EPSILON) * size
}

fn assert_near(case: &Case, got: Vec<f32>) {
    for (at, ([want, size], got)) in case.truth().into_iter().zip(got).enumerate() {
        let off = (f64::from(got) - want).abs();
        assert!(off <= bound(case, size), "{}, product {at}: {got} for {want}", case.dtype);
    }
}

/// Columns rounded to 8 bits: 127 steps up to the largest number, half a step each.
fn assert_near_but_for_rounding(case: &Case, got: Vec<f32>) {
    for (at, ([want, _], got)) in case.truth().into_iter().zip(got).enumerate() {
        let off = (f64::from(got) - want).abs();
        assert!(off <= case.row as f64 * 0.5 / 127.0 * 1.1, "{}, product {at}: {got} for {want}", case.dtype);
    }
}

#[test]
fn products_are_right() {
    for dtype in TYPES {
        // 70 columns: whole tiles and a rest of every kind of vector; 37 rows: two decoded together, and a rest.
        let case = Case::new(dtype, 512, 37, 70);
        let got = case.product(0, 70, 2, false);
        if super::batches_as_single(dtype, 512) && !super::keeps_columns(dtype, 512) {
            assert_near_but_for_rounding(&case, got);
        } else {
            assert_near(&case, got);
        }
    }
}

#[test]
fn vectors_of_every_width_are_right_and_give_a_batch_the_bits_of_single_columns() {
    for dtype in TYPES {
        for kernel in products(dtype, 512).into_iter().flatten() {
            let case = Case::new(dtype, 512, 21, 19);
            let one_by_one: Vec<f32> = (0..19).flat_map(|n| case.by(kernel, n, n + 1)).collect();
            for columns in 2..=19 {
                assert!(case.by(kernel, 0, columns) == one_by_one[..columns * case.rows], "{dtype}, {columns}");
            }
            assert_near(&case, one_by_one);
        }
    }
}

#[test]
fn a_batch_gives_the_same_bits_as_single_columns_with_any_number_of_threads() {
    for dtype in [DType::F32, DType::F16, DType::BF16, DType::Q8_0] {
        let case = Case::new(dtype, 96, 203, 27);
        let one_by_one: Vec<f32> = (0..27).flat_map(|n| case.product(n, n + 1, 1, false)).collect();
        for (columns, threads) in [(27, 1), (27, 3), (2, 2), (3, 1), (4, 2), (5, 1), (11, 2)] {
            let got = case.product(0, columns, threads, false);
            assert!(got == one_by_one[..columns * case.rows], "{dtype}, {columns} columns, {threads} threads");
        }
    }
}

#[test]
fn single_columns_of_k_quants_are_ggml_s_and_so_is_the_reference() {
    for dtype in [DType::Q6K, DType::Q5K, DType::Q4K] {
        let case = Case::new(dtype, 256, 40, 20);
        let one_by_one: Vec<f32> = (0..20).flat_map(|n| case.product(n, n + 1, 2, false)).collect();
        assert!(case.product(0, 20, 2, true) == one_by_one, "{dtype}: a reference batch");
        if super::batches_as_single(dtype, 256) {
            assert!(case.product(0, 20, 2, false) == one_by_one, "{dtype}: a batch");
        }
        assert_near_but_for_rounding(&case, one_by_one);
    }
}

#[test]
fn in_whole_numbers_ours_give_what_ggml_s_kernels_give() {
    for dtype in [DType::Q6K, DType::Q5K, DType::Q4K] {
        let case = Case::new(dtype, 1024, 19, 7);
        let other = products(dtype, 1024).into_iter().flatten().next().expect("a kernel");
        let [ggml_s, ours] = in_whole_numbers(dtype, other);
        let Some(ours) = ours else { continue };
        let want = case.by(ggml_s.expect("ggml's"), 0, 7);
        let got = case.by(ours, 0, 7);
        for (at, (got, want)) in got.iter().zip(&want).enumerate() {
            // The whole numbers are the same. What is added up in f32 are a product and an offset a block, neither
            // above 2 times the sum of the column's numbers: 4 blocks, then a vector's sum.
            let size: f32 = case.x[at / 19 * 1024..][..1024].iter().map(|x| 4.0 * x.abs()).sum();
            assert!((got - want).abs() <= (4.0 + 5.0) * f32::EPSILON * size, "{dtype}, {at}: {got} for {want}");
        }
        let one_by_one: Vec<f32> = (0..7).flat_map(|n| case.by(ours, n, n + 1)).collect();
        assert!(got == one_by_one, "{dtype}: a batch");
        // Columns that are zero, and of which the first and the last number are the furthest from it.
        let mut case = case;
        case.x[..1024].fill(0.0);
        case.x[1024..2048].iter_mut().step_by(255).for_each(|x| *x = -3.0);
        case.x[2048] = 3.0;
        case.x[3072] = f32::NAN;
        let (want, got) = (case.by(ggml_s.expect("ggml's"), 0, 3), case.by(ours, 0, 4));
        let near = |(got, want): (&f32, &f32)| (got - want).abs() <= 9.0 * f32::EPSILON * 4.0 * 1024.0 * 3.0;
        assert!(got.iter().zip(&want).all(near), "{dtype}");
        assert!(got[..19] == [0.0; 19] && got[3 * 19..].iter().all(|v| v.is_nan()), "{dtype}: what is no number shows");
    }
}

#[test]
fn tiny_scales_and_odd_addresses_are_read() {
    // A scale below the smallest normal f16: 3 · 2^-24.
    let scale = f16::from_bits(3);
    let encoded: Vec<u8> = scale.to_bits().to_le_bytes().into_iter().chain([1; 32]).cycle().take(34 * 3).collect();
    let case = Case { dtype: DType::Q8_0, row: 32, rows: 3, encoded, x: vec![1.0; 32] };
    let want = 32.0 * f32::from(scale);
    assert_eq!(case.product(0, 1, 1, false), [want; 3]);
}

#[test]
fn rows_that_are_no_whole_blocks_are_left_to_ggml() {
    assert!(super::kernel(DType::F32, 24, 1).is_none());
    assert!(super::kernel(DType::Q4_0, 256, 1).is_none());
}
