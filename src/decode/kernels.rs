//! Loops over whole rows, written so that the compiler turns them into the widest vectors that the processor has
//! (chosen when the program runs). A row of 50,257 logits takes tens of microseconds.
#![allow(clippy::inline_always, reason = "loop bodies must be compiled together with the loop, for the wider vectors")]

use pulp::Arch;

const LANES: usize = 16;
/// Numbers added in f32 before the sum moves to f64: keeps the rounding error of a row near 1e-6 of its size.
const BLOCK: usize = 32 * LANES;

/// e^x for x ≤ 0, to about 2 units in the last place; 0 below -87.
#[inline(always)]
fn exp(x: f32) -> f32 {
    // x = n ln 2 + r with |r| ≤ ln 2 / 2; e^r by its series to the 7th power, whose rest is below 1e-8.
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    /// Adding it leaves no bits for a fraction: the sum's last bits are the nearest whole number.
    const WHOLE: f32 = 12_582_912.0;
    let kept = if x > -87.0 { x } else { -87.0 };
    let shifted = kept * std::f32::consts::LOG2_E + WHOLE;
    let n = shifted - WHOLE;
    let r = kept - n * LN2_HIGH - n * LN2_LOW;
    let series = 1.0 / 5040.0;
    let series = series * r + 1.0 / 720.0;
    let series = series * r + 1.0 / 120.0;
    let series = series * r + 1.0 / 24.0;
    let series = series * r + 1.0 / 6.0;
    let series = series * r + 0.5;
    let series = (series * r + 1.0) * r + 1.0;
    // 2^n: n + 127, from 1 to 127, as the exponent's bits.
    let scale = f32::from_bits(shifted.to_bits().wrapping_add(127) << 23);
    if x < -87.0 { 0.0 } else { series * scale }
}

/// Sums of functions over two rows: f32 within a block, f64 across.
#[inline(always)]
fn sums<const N: usize>(x: &[f32], y: &[f32], at: impl Fn(f32, f32) -> [f32; N]) -> [f64; N] {
    let mut total = [0f64; N];
    for (x, y) in x.chunks(BLOCK).zip(y.chunks(BLOCK)) {
        let mut lanes = [[0f32; LANES]; N];
        let ((x, x_rest), (y, y_rest)) = (x.as_chunks::<LANES>(), y.as_chunks::<LANES>());
        for (x, y) in x.iter().zip(y) {
            for lane in 0..LANES {
                let values = at(x[lane], y[lane]);
                for n in 0..N {
                    lanes[n][lane] += values[n];
                }
            }
        }
        for (x, y) in x_rest.iter().zip(y_rest) {
            for (sum, value) in lanes.iter_mut().zip(at(*x, *y)) {
                sum[0] += value;
            }
        }
        for (total, sum) in total.iter_mut().zip(lanes) {
            *total += sum.iter().map(|v| f64::from(*v)).sum::<f64>();
        }
    }
    total
}

/// The largest number of a row; −inf for an empty one.
pub(super) fn max(row: &[f32]) -> f32 {
    Arch::new().dispatch(
        #[inline(always)]
        || max_of(row),
    )
}

#[inline(always)]
fn max_of(row: &[f32]) -> f32 {
    let greater = |max: f32, v: f32| if v > max { v } else { max };
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let whole = row.chunks_exact(LANES);
    let rest = whole.remainder();
    for part in whole {
        for (lane, v) in lanes.iter_mut().zip(part) {
            *lane = greater(*lane, *v);
        }
    }
    lanes.iter().chain(rest).copied().fold(f32::NEG_INFINITY, greater)
}

/// Numbers looked at together by [`maxima`].
pub(super) const PART: usize = 128;

/// The largest number of every [`PART`] of a row: who seeks the few largest of all need look at few parts.
pub(super) fn maxima(row: &[f32]) -> Vec<f32> {
    let mut maxima = Vec::with_capacity(row.len().div_ceil(PART));
    Arch::new().dispatch(
        #[inline(always)]
        || maxima.extend(row.chunks(PART).map(max_of)),
    );
    maxima
}

/// Σ e^(x−max) and Σ e^(x−max) (x−max).
pub(super) fn partition(row: &[f32], max: f32) -> [f64; 2] {
    Arch::new().dispatch(
        #[inline(always)]
        || {
            sums(
                row,
                row,
                #[inline(always)]
                |x, _| {
                    let u = x - max;
                    let e = exp(u);
                    // At −inf e is 0, and 0 · −inf would be NaN.
                    [e, if e > 0.0 { e * u } else { 0.0 }]
                },
            )
        },
    )
}

/// Σ e^(x−shift) (x−y): what a divergence of x from y needs.
pub(super) fn cross(x: &[f32], shift: f32, y: &[f32]) -> f64 {
    let len = x.len().min(y.len());
    let [sum] = Arch::new().dispatch(
        #[inline(always)]
        || {
            sums(
                &x[..len],
                &y[..len],
                #[inline(always)]
                |x, y| {
                    let e = exp(x - shift);
                    [if e > 0.0 { e * (x - y) } else { 0.0 }]
                },
            )
        },
    );
    sum
}

/// ½ Σ p ln(p/m) + q ln(q/m), m = (p+q)/2, of ln p = x−x_shift and ln q = y−y_shift.
///
/// With u = ln p − ln q a term is (p+q)(ln 2 − ln(1+e^−|u|)) − min(p,q)|u|: nothing but exponentials of numbers ≤ 0.
pub(super) fn mixed(x: &[f32], x_shift: f32, y: &[f32], y_shift: f32) -> f64 {
    let len = x.len().min(y.len());
    let [sum] = Arch::new().dispatch(
        #[inline(always)]
        || {
            sums(
                &x[..len],
                &y[..len],
                #[inline(always)]
                |x, y| {
                    let (ln_p, ln_q) = (x - x_shift, y - y_shift);
                    let (p, q) = (exp(ln_p), exp(ln_q));
                    let apart = (ln_p - ln_q).abs();
                    let ln_mean = std::f32::consts::LN_2 - ln_1p(exp(-apart));
                    let least = if p < q { p } else { q };
                    [(p + q) * ln_mean - if least > 0.0 { least * apart } else { 0.0 }]
                },
            )
        },
    );
    sum / 2.0
}

/// ln(1+y) for y in [0, 1]: 2 artanh(y / (2+y)), by its series to the 13th power, whose rest is below 1e-8.
#[inline(always)]
fn ln_1p(y: f32) -> f32 {
    let s = y / (2.0 + y);
    let s2 = s * s;
    let series = 1.0 / 13.0;
    let series = series * s2 + 1.0 / 11.0;
    let series = series * s2 + 1.0 / 9.0;
    let series = series * s2 + 1.0 / 7.0;
    let series = series * s2 + 1.0 / 5.0;
    let series = series * s2 + 1.0 / 3.0;
    2.0 * s * (series * s2 + 1.0)
}

/// How many numbers are greater than `value`.
pub(super) fn greater(row: &[f32], value: f32) -> usize {
    count(row, |v| v > value)
}

/// How many numbers equal `value`.
pub(super) fn equal(row: &[f32], value: f32) -> usize {
    count(row, |v| v == value)
}

#[inline(always)]
fn count(row: &[f32], is: impl Fn(f32) -> bool) -> usize {
    Arch::new().dispatch(
        #[inline(always)]
        || row.chunks(1 << 16).map(|part| part.iter().map(|v| u32::from(is(*v))).sum::<u32>() as usize).sum(),
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn exp_is_within_two_units() {
        for step in 0..87_000 {
            let x = -(step as f32) / 1000.0;
            let want = f64::from(x).exp();
            let off = (f64::from(super::exp(x)) - want).abs() / want;
            // 2 units in the last place of a number in [1, 2).
            assert!(off < 2.4e-7, "e^{x}: {off}");
        }
        assert_eq!(super::exp(f32::NEG_INFINITY), 0.0);
        assert_eq!(super::exp(0.0), 1.0);
    }
}
