//! What follows a product, and norms, against f64.

use crate::{Arena, DType, Device, Executor, Graph, Ops, Source, Tensor, Then, Weights};

const EPSILON: f64 = f32::EPSILON as f64;

/// Numbers in (-1, 1).
pub(crate) fn noise(n: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 8_388_608.0 - 1.0
    };
    (0..n).map(|_| next()).collect()
}

pub(crate) fn bytes(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|v| v.to_ne_bytes()).collect()
}

/// Computes what `build` makes of weights and of inputs, `columns` columns each.
fn compute(
    weights: &[(&str, &[usize], &[f32])],
    inputs: &[(usize, &[f32])],
    build: impl for<'a> Fn(Ops<'a>, &[Tensor<'a>], &[Tensor<'a>]) -> Tensor<'a>,
) -> Vec<f32> {
    let mut held = Weights::new(weights.len(), None).expect("weights");
    for (name, shape, numbers) in weights {
        let cpu = Device::cpu().expect("cpu");
        held.add(name, (DType::F32, shape), cpu, &Source::Bytes(&bytes(numbers))).expect("added");
    }
    let arena = Arena::new(32).expect("an arena");
    let ops = Ops::new(&arena);
    let mut graph = Graph::new(&arena).expect("a graph");
    let found: Vec<Tensor<'_>> = weights.iter().map(|(name, ..)| held.get(name).expect("there")).collect();
    let given: Vec<(Tensor<'_>, Vec<u8>)> = inputs
        .iter()
        .map(|(row, numbers)| {
            (ops.input("x", DType::F32, &[*row, numbers.len() / row]).expect("an input"), bytes(numbers))
        })
        .collect();
    let tensors: Vec<Tensor<'_>> = given.iter().map(|(tensor, _)| *tensor).collect();
    let result = ops.output(build(ops, &found, &tensors));
    graph.compute(result);
    let mut out = vec![f32::NAN; result.shape().iter().product()];
    let given: Vec<(Tensor<'_>, &[u8])> = given.iter().map(|(tensor, bytes)| (*tensor, &bytes[..])).collect();
    let mut executor = Executor::new(&[], 2, 64).expect("an executor");
    executor.run(&graph, &given, &mut [(result, &mut out)]).expect("computed");
    out
}

const ROW: usize = 64;
const ROWS: usize = 37;
const COLUMNS: usize = 5;

fn gelu(u: f64) -> f64 {
    0.5 * u * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (u + 0.044_715 * u * u * u)).tanh())
}

#[test]
fn a_bias_gelu_and_a_residual_follow_a_product() {
    let [weight, bias, x, other] =
        [(ROW * ROWS, 1), (ROWS, 2), (ROW * COLUMNS, 3), (ROWS * COLUMNS, 4)].map(|(n, seed)| noise(n, seed));
    let weights: [(&str, &[usize], &[f32]); 2] = [("w", &[ROW, ROWS], &weight), ("b", &[ROWS], &bias)];
    let [plain, active, sum] = ["done", "gelu", "add"].map(|then| {
        let inputs: [(usize, &[f32]); 2] = [(ROW, &x), (ROWS, &other)];
        let used = if then == "add" { 2 } else { 1 };
        compute(&weights, &inputs[..used], |ops, weights, given| {
            let then = match then {
                "gelu" => Then::Gelu,
                "add" => Then::Add(given[1]),
                _ => Then::Done,
            };
            ops.linear("y", weights[0], Some(weights[1]), given[0], then).expect("built")
        })
    });
    for at in 0..ROWS * COLUMNS {
        let (column, row) = (at / ROWS, at % ROWS);
        let terms = (0..ROW).map(|k| f64::from(weight[row * ROW + k]) * f64::from(x[column * ROW + k]));
        let (want, size) = terms.fold((f64::from(bias[row]), 1.0), |(sum, size), term| (sum + term, size + term.abs()));
        // As for products: an eighth of a row's sums, and one for the bias.
        let bound = (ROW as f64 / 8.0 + 9.0) * EPSILON * size;
        assert!((f64::from(plain[at]) - want).abs() <= bound, "{at}");
        // GELU's slope is below 1.13; its own arithmetic is ten roundings, of numbers up to u's size.
        let u = f64::from(plain[at]);
        assert!((f64::from(active[at]) - gelu(u)).abs() <= 10.0 * EPSILON * u.abs().max(1e-30), "{at}: {}", active[at]);
        assert_eq!(sum[at].to_bits(), (plain[at] + other[at]).to_bits(), "{at}");
    }
    // A column alone has the bits that it has in a batch.
    let single = compute(&weights, &[(ROW, &x[2 * ROW..3 * ROW])], |ops, weights, given| {
        ops.linear("y", weights[0], Some(weights[1]), given[0], Then::Gelu).expect("built")
    });
    assert!(single == active[2 * ROWS..3 * ROWS]);
}

#[test]
fn far_from_zero_gelu_is_nothing_or_its_argument() {
    let weights: [(&str, &[usize], &[f32]); 2] = [("w", &[16, 1], &[1.0; 16]), ("b", &[1], &[0.0])];
    let columns: Vec<f32> = [-1e30, -50.0, 50.0, 1e30, f32::NAN].into_iter().flat_map(|v| [v / 16.0; 16]).collect();
    let got = compute(&weights, &[(16, &columns)], |ops, weights, given| {
        ops.linear("y", weights[0], Some(weights[1]), given[0], Then::Gelu).expect("built")
    });
    assert!(got[0].abs() < 1e-6 && got[1].abs() < 1e-30, "{got:?}");
    assert_eq!(got[2..4], [50.0, 1e30]);
    assert!(got[4].is_nan());
}

#[test]
fn a_norm_is_right_beside_numbers_a_thousand_times_as_large() {
    const WIDTH: usize = 203;
    let [weight, bias, mut x] = [(WIDTH, 5), (WIDTH, 6), (WIDTH * COLUMNS, 7)].map(|(n, seed)| noise(n, seed));
    x.iter_mut().step_by(97).for_each(|v| *v *= 1000.0);
    let weights: [(&str, &[usize], &[f32]); 2] = [("w", &[WIDTH], &weight), ("b", &[WIDTH], &bias)];
    let got = compute(&weights, &[(WIDTH, &x)], |ops, weights, given| {
        ops.layer_norm("y", given[0], [weights[0], weights[1]], 1e-5).expect("built")
    });
    for (x, got) in x.chunks_exact(WIDTH).zip(got.chunks_exact(WIDTH)) {
        let mean = x.iter().map(|v| f64::from(*v)).sum::<f64>() / WIDTH as f64;
        let variance = x.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / WIDTH as f64;
        let scale = 1.0 / (variance + 1e-5).sqrt();
        for (at, got) in got.iter().enumerate() {
            let unit = (f64::from(x[at]) - mean) * scale;
            let want = unit * f64::from(weight[at]) + f64::from(bias[at]);
            // Half an ε each: the mean (rounded to f32), the difference, the scale, two products, the sum.
            let size = (f64::from(x[at]).abs() + 2.0 * mean.abs()) * scale + unit.abs() * 3.0 + 1.0;
            assert!((f64::from(*got) - want).abs() <= EPSILON * size, "{at}: {got} for {want}");
        }
    }
}
