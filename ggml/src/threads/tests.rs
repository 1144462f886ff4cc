//! Graphs of ours and of ggml's in turn, by one executor: each with its own threads, whatever was computed before.

use crate::{
    Arena, DType, Device, Executor, Graph, Ops, Source, Tensor, Then, Weights,
    kernels::tests::{bytes, noise},
    quantize,
};

const ROW: usize = 64;
const COLUMNS: usize = 5;

/// A norm and a product in f32, which are ours on some processors; with `narrow` another one in a type that is ggml's
/// on all.
fn result<'a>(ops: Ops<'a>, weights: &'a Weights, x: Tensor<'a>, narrow: bool) -> Tensor<'a> {
    let weight = |name: &str| weights.get(name).expect("there");
    let normed = ops.layer_norm("norm", x, [weight("unit"), weight("unit")], 1e-5).expect("a norm");
    let product = ops.linear("product", weight("wide"), None, normed, Then::Gelu).expect("a product");
    if narrow { ops.mul_mat("narrow", weight("narrow"), product).expect("a product") } else { product }
}

#[test]
fn either_kind_computes_after_the_other() {
    let (numbers, unit, x) = (noise(ROW * ROW, 1), noise(ROW, 2), bytes(&noise(ROW * COLUMNS, 3)));
    let narrow = quantize(DType::Q4_0, &numbers, ROW).expect("whole blocks");
    let mut weights = Weights::new(3, None).expect("weights");
    for (name, dtype, shape, bytes) in [
        ("unit", DType::F32, &[ROW][..], bytes(&unit)),
        ("wide", DType::F32, &[ROW, ROW], bytes(&numbers)),
        ("narrow", DType::Q4_0, &[ROW, ROW], narrow),
    ] {
        weights.add(name, (dtype, shape), Device::cpu().expect("cpu"), &Source::Bytes(&bytes)).expect("added");
    }
    let mut executor = Executor::new(&[], 1, 64).expect("an executor");
    let mut want = [const { Vec::new() }; 2];
    for threads in [1, 2, 3, 1, 3, 3] {
        executor.set_threads(threads).expect("threads");
        for narrow in [false, true, true, false] {
            let arena = Arena::new(32).expect("an arena");
            let ops = Ops::new(&arena);
            let mut graph = Graph::new(&arena).expect("a graph");
            let input = ops.input("x", DType::F32, &[ROW, COLUMNS]).expect("an input");
            let result = ops.output(result(ops, &weights, input, narrow));
            graph.compute(result);
            let mut out = vec![f32::NAN; ROW * COLUMNS];
            executor.run(&graph, &[(input, &x)], &mut [(result, &mut out)]).expect("computed");
            // Of ours without AVX2 there are none, too.
            assert!(executor.waits_awake() || threads == 1 || !narrow);
            let want = &mut want[usize::from(narrow)];
            if want.is_empty() {
                want.clone_from(&out);
            }
            assert!(out.iter().all(|v| v.is_finite()) && out == *want, "{threads} threads, narrow: {narrow}");
        }
    }
}
