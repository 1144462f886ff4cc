//! Graphs computed by ggml against the same formula in f64.

use std::sync::Arc;

use mexit_ggml::{Aligned, Arena, DType, Device, Error, Executor, Graph, Mapping, Ops, Source, Weights};

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_ne_bytes()).collect()
}

/// Numbers in (-1, 1) without a pattern that a kernel could be lucky with.
fn noise(n: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 8_388_608.0 - 1.0
    };
    (0..n).map(|_| next()).collect()
}

fn largest_difference(a: &[f32], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, f64::max)
}

#[test]
fn exact_gelu_from_four_operations() -> Result<(), Error> {
    let arena = Arena::new(16)?;
    let ops = Ops::new(&arena);
    let x = noise(4096, 7).iter().map(|v| v * 9.0).collect::<Vec<f32>>();
    let u = ops.input("u", DType::F32, &[4096])?;
    let square = ops.mul("u2", u, u)?;
    let inner = ops.scale_bias("inner", square, 0.071_354_82, 1.595_769)?;
    let gate = ops.sigmoid("gate", ops.mul("z", u, inner)?)?;
    let y = ops.output(ops.mul("gelu", u, gate)?);
    let mut graph = Graph::new(&arena)?;
    graph.compute(y);
    let mut out = vec![0.0; 4096];
    Executor::new(&[], 1, 64)?.run(&graph, &[(u, &bytes(&x))], &mut [(y, &mut out)])?;
    let want: Vec<f64> = x
        .iter()
        .map(|v| f64::from(*v))
        .map(|v| 0.5 * v * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (v + 0.044_715 * v.powi(3))).tanh()))
        .collect();
    // |y| ≤ 9 and a dozen f32 roundings of half an ulp (ulp(8) = 9.5e-7): under 6e-6.
    assert!(largest_difference(&out, &want) < 6e-6);
    Ok(())
}

#[test]
fn attention_with_a_mask_equals_the_formula() -> Result<(), Error> {
    let (hd, n, n_kv, heads) = (16, 3, 5, 2);
    let (q, k, v) = (noise(hd * n * heads, 1), noise(hd * n_kv * heads, 2), noise(hd * n_kv * heads, 3));
    let visible = |i: usize, j: usize| j <= i + 2;
    let mask: Vec<u8> = (0..n)
        .flat_map(|i| (0..n_kv).map(move |j| if visible(i, j) { 0u16 } else { 0xFC00 }))
        .flat_map(u16::to_ne_bytes)
        .collect();
    let arena = Arena::new(16)?;
    let ops = Ops::new(&arena);
    let tq = ops.input("q", DType::F32, &[hd, n, heads])?;
    let tk = ops.input("k", DType::F32, &[hd, n_kv, heads])?;
    let tv = ops.input("v", DType::F32, &[hd, n_kv, heads])?;
    let tm = ops.input("mask", DType::F16, &[n_kv, n])?;
    let y = ops.output(ops.attention("attention", tq, [tk, tv], Some(tm), 0.25)?);
    let mut graph = Graph::new(&arena)?;
    graph.compute(y);
    let mut out = vec![0.0; hd * heads * n];
    let inputs = [(tq, &bytes(&q)[..]), (tk, &bytes(&k)), (tv, &bytes(&v)), (tm, &mask)];
    Executor::new(&[], 1, 64)?.run(&graph, &inputs, &mut [(y, &mut out)])?;
    let at = |t: &[f32], rows: usize, h: usize, i: usize, d: usize| f64::from(t[(h * rows + i) * hd + d]);
    let mut want = Vec::new();
    for i in 0..n {
        for h in 0..heads {
            let seen: Vec<usize> = (0..n_kv).filter(|j| visible(i, *j)).collect();
            let score = |j: usize| (0..hd).map(|d| at(&q, n, h, i, d) * at(&k, n_kv, h, j, d)).sum::<f64>() * 0.25;
            let weights: Vec<f64> = seen.iter().map(|j| score(*j).exp()).collect();
            let total: f64 = weights.iter().sum();
            want.extend(
                (0..hd)
                    .map(|d| seen.iter().zip(&weights).map(|(j, w)| w / total * at(&v, n_kv, h, *j, d)).sum::<f64>()),
            );
        }
    }
    // Sums of 16 products and of 5 weighted values, all below 1: about 30 roundings of 6e-8.
    assert!(largest_difference(&out, &want) < 2e-6);
    Ok(())
}

static PAIR: Aligned<[u8; 96]> = Aligned({
    let mut b = [0u8; 96];
    // Row 1 of the 2 by 8 matrix, in f32: 2.0 at its first element.
    b[32 + 3] = 0x40;
    b
});

#[test]
fn weights_are_used_in_place_and_cannot_be_written() -> Result<(), Error> {
    let cpu = Device::cpu()?;
    let mut weights = Weights::new(4, Some(Arc::new(Mapping::Static(&PAIR))))?;
    weights.add("w", (DType::F32, &[8, 2]), cpu, &Source::Mapped(0..64))?;
    assert_eq!(weights.held_on(Device::cpu()?), 0);
    assert!(weights.add("w", (DType::F32, &[8, 2]), cpu, &Source::Mapped(0..64)).is_err(), "a name twice");
    assert!(weights.add("short", (DType::F32, &[8, 2]), cpu, &Source::Mapped(32..64)).is_err());
    assert!(weights.add("beyond", (DType::F32, &[8]), cpu, &Source::Mapped(96..128)).is_err());
    let arena = Arena::new(8)?;
    let ops = Ops::new(&arena);
    let w = weights.get("w").expect("just added");
    let x = ops.input("x", DType::F32, &[8])?;
    let y = ops.output(ops.mul_mat("y", w, x)?);
    assert!(ops.copy_into("overwrite", ops.input("z", DType::F32, &[8, 2])?, w).is_err());
    let mut graph = Graph::new(&arena)?;
    graph.compute(y);
    assert!(Graph::new(&arena).is_err(), "a second graph in one arena");
    let mut out = [0.0; 2];
    let mut executor = Executor::new(&[], 1, 64)?;
    executor.run(&graph, &[(x, &bytes(&[3.0; 8]))], &mut [(y, &mut out)])?;
    assert_eq!(out, [0.0, 6.0]);
    assert!(executor.run(&graph, &[(x, &bytes(&[3.0; 7]))], &mut []).is_err(), "an input of another size");
    Ok(())
}

#[test]
fn a_cache_keeps_what_a_graph_wrote() -> Result<(), Error> {
    let mut cache = Weights::new(1, None)?;
    cache.add("k", (DType::F32, &[4, 3]), Device::cpu()?, &Source::Zeros)?;
    let mut executor = Executor::new(&[], 2, 64)?;
    {
        let arena = Arena::new(8)?;
        let ops = Ops::new(&arena);
        let k = cache.get("k").expect("just added");
        let x = ops.input("x", DType::F32, &[4])?;
        let row = ops.window("row 1", k, [4, 1, 1], [16, 48], 16)?;
        let written = ops.copy_into("write", x, row)?;
        let mut graph = Graph::new(&arena)?;
        graph.compute(written);
        executor.run(&graph, &[(x, &bytes(&[1.0, 2.0, 3.0, 4.0]))], &mut [])?;
    }
    executor.set_threads(1)?;
    let arena = Arena::new(8)?;
    let ops = Ops::new(&arena);
    let k = cache.get("k").expect("just added");
    let y = ops.output(ops.scale_bias("y", k, 10.0, 1.0)?);
    let mut graph = Graph::new(&arena)?;
    graph.compute(y);
    let mut out = [0.0; 12];
    executor.run(&graph, &[], &mut [(y, &mut out)])?;
    assert_eq!(out, [1.0, 1.0, 1.0, 1.0, 11.0, 21.0, 31.0, 41.0, 1.0, 1.0, 1.0, 1.0]);
    Ok(())
}
