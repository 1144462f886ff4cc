//! Every measure against its definition in f64, at every level of vectors, over rows of all kinds.

use super::{
    contrast::{contrast_by, ln_tau},
    distribution::Distribution,
    divergence::Reference,
    kernels::Kernels,
    sample::uniform,
};

/// One more than whole vectors, whole parts and whole tiles, the fewest, and GPT-2's.
const LENGTHS: [usize; 9] = [1, 2, 7, 16, 17, 129, 1025, 4099, 50_257];

/// A row of a kind: unordered, peaked, flat, and as far apart as logits get.
fn row(kind: &str, len: usize, seed: u64) -> Vec<f32> {
    let at = |place: usize| {
        let (a, b) = (uniform(seed, place as u64, 0), uniform(seed, place as u64, 1));
        match kind {
            "random" => 20.0 * (a - 0.5) - 40.0,
            "peaked" => 4.0 * a + if place == len / 2 { 40.0 } else { 0.0 },
            "flat" => 5.0 + 0.01 * a,
            "equal" => -3.25,
            // Probabilities far below what f32 holds, and above the others.
            _ => {
                if b < 0.5 {
                    200.0 * a - 100.0
                } else {
                    90.0 + a
                }
            }
        }
    };
    #[expect(clippy::cast_possible_truncation, reason = "logits are f32")]
    (0..len).map(|place| at(place) as f32).collect()
}

const KINDS: [&str; 5] = ["random", "peaked", "flat", "equal", "extreme"];

/// ln p in f64.
fn exact(logits: &[f32]) -> Vec<f64> {
    let max = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let sum: f64 = logits.iter().map(|x| (f64::from(*x) - max).exp()).sum();
    logits.iter().map(|x| f64::from(*x) - max - sum.ln()).collect()
}

/// All pairs of kinds at all lengths and levels.
fn each(mut check: impl FnMut(&str, Kernels, &[f32], &[f32])) {
    for len in LENGTHS {
        for (x, of_x) in KINDS.iter().map(|kind| (kind, row(kind, len, 1))) {
            for (y, of_y) in KINDS.iter().map(|kind| (kind, row(kind, len, 2))) {
                for kernels in Kernels::all() {
                    check(&format!("{x}, {y}, {len}, {kernels:?}"), kernels, &of_x, &of_y);
                }
            }
        }
    }
}

/// ε = 2^-24 is the error of one rounding. An exponential is off by 4 ε of itself, and so are a sum of them and a
/// quotient of two such; the argument of the exponential by ε of its own size. So a mean of numbers that are no greater
/// than `size` is off by less than 8 ε of that and by a few ε of each number's own rounding: 16 ε in all.
fn bound(size: f64) -> f64 {
    16.0 * 2f64.powi(-24) * size.max(1.0)
}

#[test]
fn entropy_and_logarithms() {
    each(|what, kernels, x, _| {
        let (distribution, ln_p) = (Distribution::by(kernels, x), exact(x));
        let entropy: f64 = ln_p.iter().map(|ln_p| -ln_p.exp() * ln_p).sum();
        let off = (f64::from(distribution.entropy()) - entropy).abs();
        // The mean of −ln p, where p is not nothing: up to ln V and what is above it.
        assert!(off <= bound(11.0 + entropy), "{what}: entropy {entropy} is off by {off:e}");
        let size = x.iter().fold(0f64, |size, x| size.max(f64::from(x.abs())));
        for (id, want) in (0u32..).zip(&ln_p).step_by(1 + x.len() / 100) {
            let off = (f64::from(distribution.ln_p(id)) - want).abs();
            // Three roundings of numbers as large as the logits: ln Σ, the difference, and the sum's own error.
            assert!(off <= bound(1.0) + 3.0 * 2f64.powi(-24) * 2.0 * size, "{what}: ln p of {id} is off by {off:e}");
        }
    });
}

#[test]
fn divergences() {
    each(|what, kernels, x, y| {
        let (p, q) = (exact(x), exact(y));
        let kl: f64 = p.iter().zip(&q).map(|(p, q)| p.exp() * (p - q)).sum();
        let half = |p: f64, q: f64| if p.exp() > 0.0 { p.exp() * (2.0 / (1.0 + (q - p).exp())).ln() } else { 0.0 };
        let js: f64 = p.iter().zip(&q).map(|(p, q)| 0.5 * (half(*p, *q) + half(*q, *p))).sum();
        let (p, q) = (Distribution::by(kernels, x), Distribution::by(kernels, y));
        let found = Reference::by(kernels, &p).divergences(&q);
        let size = x.iter().chain(y).fold(0f64, |size, x| size.max(f64::from(x.abs())));
        // The mean of differences of logits.
        let off = (f64::from(found.kl) - kl).abs();
        assert!(off <= bound(2.0 * size), "{what}: KL {kl} is off by {off:e}");
        // p and q and a logarithm up to ln 2; where they are close, |u| is too, and where not, the smaller one is.
        let off = (f64::from(found.js) - js).abs();
        assert!(off <= bound(1.0) + 2f64.powi(-24) * 2.0 * size, "{what}: JS {js} is off by {off:e}");
        let itself = Reference::by(kernels, &p).divergences(&p);
        assert!(itself.kl == 0.0 && f64::from(itself.js) <= bound(1.0), "{what}: {itself:?} from itself");
    });
}

#[test]
fn contrasts() {
    each(|what, kernels, x, y| {
        let (expert, amateur) = (Distribution::by(kernels, x), Distribution::by(kernels, y));
        for (alpha, min) in [(0.1, 1), (0.001, 1), (1.0, 5)] {
            let found = contrast_by(kernels, &expert, &amateur, ln_tau(&expert, alpha, min));
            // From the rounded ln p, as the contrast is made: those have a bound of their own.
            let set: Vec<(f64, f64)> = expert
                .reaching(found.ln_tau)
                .into_iter()
                .map(|id| (f64::from(expert.ln_p(id)), f64::from(amateur.ln_p(id))))
                .collect();
            assert_eq!(found.count(), set.len());
            assert!(found.count() >= min.min(x.len()), "{what}: {} of {min}", found.count());
            let mass: f64 = set.iter().map(|(e, _)| e.exp()).sum();
            let best = set.iter().map(|(e, a)| e - a).fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = set.iter().map(|(e, a)| (e - a - best).exp()).sum();
            let result = |e: f64, a: f64| e - a - best + mass.ln() - sum.ln();
            let effect: f64 = set.iter().map(|(e, a)| result(*e, *a).exp() * (result(*e, *a) - e)).sum();
            let spread = set.iter().map(|(e, a)| (result(*e, *a) - e).abs().min(1e3)).fold(1.0, f64::max);
            let off = [f64::from(found.mass) - mass, f64::from(found.effect) - effect.max(0.0)].map(f64::abs);
            let spread = spread + best.abs() / 16.0;
            assert!(off[0] <= bound(1.0) && off[1] <= bound(spread), "{what}, {alpha}, {min}: {off:?}, {effect}");
            let listed = found.first(64);
            assert!(listed.len() == set.len().min(64) && listed.windows(2).all(|two| two[0].result >= two[1].result));
            for token in &listed {
                let want = result(f64::from(token.expert), f64::from(token.amateur));
                let off = (f64::from(token.result) - want).abs();
                // Where V is wide, its scores are rounded: those that matter are as large as the best.
                assert!(
                    off <= bound(want.abs()) + 2f64.powi(-24) * best.abs(),
                    "{what}, {alpha}, {min}: the result {want} is off by {off:e}"
                );
            }
        }
    });
}

#[test]
fn order() {
    each(|what, kernels, x, y| {
        // Rounded, so that many are equal; no −0.
        let x: Vec<f32> = x.iter().zip(y).map(|(x, y)| ((x + y) * 4.0).round() / 4.0 + 0.0).collect();
        let distribution = Distribution::by(kernels, &x);
        let mut order: Vec<u32> = (0..).take(x.len()).collect();
        order.sort_by(|a, b| x[*b as usize].total_cmp(&x[*a as usize]));
        for k in [1, 10, 64, 400] {
            let top: Vec<u32> = distribution.top(k).iter().map(|scored| scored.id).collect();
            assert_eq!(top, order[..k.min(x.len())], "{what}: the first {k}");
        }
        let places: Vec<usize> = (0..x.len()).step_by(1 + x.len() / 20).collect();
        let ids: Vec<u32> = places.iter().map(|place| order[*place]).collect();
        let ranks: Vec<usize> = distribution.ranks(&ids).iter().map(|rank| *rank as usize - 1).collect();
        assert_eq!(ranks, places, "{what}");
    });
}
