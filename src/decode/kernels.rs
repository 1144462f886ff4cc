//! Loops over whole rows, written so that the compiler turns them into the widest vectors that the processor has
//! (chosen when the program runs). A row of 50,257 logits takes tens of microseconds.
#![allow(clippy::inline_always, reason = "loop bodies must be compiled together with the loop, for the wider vectors")]

use pulp::Arch;

const LANES: usize = 16;
/// Numbers added in f32 before the sum moves to f64: keeps the rounding error of a row near 1e-6 of its size.
const BLOCK: usize = 32 * LANES;

/// e^x for x ≤ 0, to about 2 units in the last place; 0 below -87.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the exponent lies between -126 and 0")]
fn exp(x: f32) -> f32 {
    // x = n ln 2 + r with |r| ≤ ln 2 / 2; e^r by its series to the 7th power, whose rest is below 1e-8.
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let kept = x.max(-87.0);
    let n = (kept * std::f32::consts::LOG2_E - 0.5) as i32 as f32;
    let r = kept - n * LN2_HIGH - n * LN2_LOW;
    let series = 1.0 / 5040.0;
    let series = series * r + 1.0 / 720.0;
    let series = series * r + 1.0 / 120.0;
    let series = series * r + 1.0 / 24.0;
    let series = series * r + 1.0 / 6.0;
    let series = series * r + 0.5;
    let series = (series * r + 1.0) * r + 1.0;
    let scale = f32::from_bits((n as i32 + 127).cast_unsigned() << 23);
    if x < -87.0 { 0.0 } else { series * scale }
}

/// Sums of two functions over blocks of a row: f32 within a block, f64 across.
#[inline(always)]
fn sums<const N: usize>(len: usize, at: impl Fn(usize) -> [f32; N]) -> [f64; N] {
    let mut total = [0f64; N];
    let mut start = 0;
    while start < len {
        let end = len.min(start + BLOCK);
        let mut lanes = [[0f32; LANES]; N];
        let whole = start + (end - start) / LANES * LANES;
        let mut i = start;
        while i < whole {
            for lane in 0..LANES {
                let values = at(i + lane);
                for (sum, value) in lanes.iter_mut().zip(values) {
                    sum[lane] += value;
                }
            }
            i += LANES;
        }
        for i in whole..end {
            for (sum, value) in lanes.iter_mut().zip(at(i)) {
                sum[0] += value;
            }
        }
        for (total, sum) in total.iter_mut().zip(lanes) {
            *total += sum.iter().map(|v| f64::from(*v)).sum::<f64>();
        }
        start = end;
    }
    total
}

/// The largest number of a row; −inf for an empty one.
pub(super) fn max(row: &[f32]) -> f32 {
    Arch::new().dispatch(|| row.iter().fold(f32::NEG_INFINITY, |max, v| if *v > max { *v } else { max }))
}

/// Σ e^(x−max) and Σ e^(x−max) (x−max).
pub(super) fn partition(row: &[f32], max: f32) -> [f64; 2] {
    Arch::new().dispatch(
        #[inline(always)]
        || {
            sums(row.len(), |i| {
                let u = row[i] - max;
                let e = exp(u);
                // At −inf e is 0, and 0 · −inf would be NaN.
                [e, if e > 0.0 { e * u } else { 0.0 }]
            })
        },
    )
}

/// Σ e^(x−shift) (x−y): what a divergence of x from y needs.
pub(super) fn cross(x: &[f32], shift: f32, y: &[f32]) -> f64 {
    let len = x.len().min(y.len());
    let [sum] = Arch::new().dispatch(
        #[inline(always)]
        || {
            sums(len, |i| {
                let e = exp(x[i] - shift);
                [if e > 0.0 { e * (x[i] - y[i]) } else { 0.0 }]
            })
        },
    );
    sum
}

/// How many numbers are greater than `value`.
pub(super) fn greater(row: &[f32], value: f32) -> usize {
    Arch::new().dispatch(
        #[inline(always)]
        || row.chunks(1 << 16).map(|part| part.iter().map(|v| u32::from(*v > value)).sum::<u32>() as usize).sum(),
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
