//! Elementary functions on a vector of numbers.

use pulp::Simd;

/// Below it e^x stays where it is, at 1.6e-38: no sum of a row notices that.
pub(super) const LEAST: f32 = -87.0;

/// e^x for x in [−87, 0], to about 2 units in the last place; x below is taken for −87.
#[inline(always)]
pub(super) fn exp<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    // x = n ln 2 + r with |r| ≤ ln 2 / 2; e^r by its series to the 7th power, whose rest is below 1e-8.
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    /// Adding it leaves no bits for a fraction: the sum's last bits are the nearest whole number.
    const WHOLE: f32 = 12_582_912.0;
    const SERIES: [f32; 6] = [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0];
    let splat = |number| simd.splat_f32s(number);
    let x = simd.max_f32s(x, splat(LEAST));
    let shifted = simd.mul_add_e_f32s(x, splat(std::f32::consts::LOG2_E), splat(WHOLE));
    let n = simd.sub_f32s(shifted, splat(WHOLE));
    let r = simd.negate_mul_add_e_f32s(n, splat(LN2_HIGH), x);
    let r = simd.negate_mul_add_e_f32s(n, splat(LN2_LOW), r);
    let mut series = splat(1.0 / 5040.0);
    for next in SERIES {
        series = simd.mul_add_e_f32s(series, r, splat(next));
    }
    let series = simd.mul_add_e_f32s(series, r, splat(1.0));
    // 2^n: n + 127, from 1 to 127, as the exponent's bits.
    let exponent = simd.add_u32s(simd.transmute_u32s_f32s(shifted), simd.splat_u32s(127));
    let scale = simd.transmute_f32s_u32s(simd.wrapping_dyn_shl_u32s(exponent, simd.splat_u32s(23)));
    simd.mul_f32s(series, scale)
}

/// ln(1 + low/high) for 0 ≤ low ≤ high, high above 0: 2 artanh(s) with s = low / (2 high + low) ≤ 1/3, by its series to
/// the 13th power, whose rest is below 1e-8.
#[inline(always)]
pub(super) fn ln_1p_ratio<S: Simd>(simd: S, low: S::f32s, high: S::f32s) -> S::f32s {
    const SERIES: [f32; 6] = [1.0 / 11.0, 1.0 / 9.0, 1.0 / 7.0, 1.0 / 5.0, 1.0 / 3.0, 1.0];
    let splat = |number| simd.splat_f32s(number);
    let s = simd.div_f32s(low, simd.mul_add_e_f32s(high, splat(2.0), low));
    let square = simd.mul_f32s(s, s);
    let mut series = splat(1.0 / 13.0);
    for next in SERIES {
        series = simd.mul_add_e_f32s(series, square, splat(next));
    }
    simd.mul_f32s(simd.add_f32s(s, s), series)
}

#[cfg(test)]
mod tests {
    use pulp::Scalar;

    #[test]
    fn exp_is_within_two_units() {
        for step in 0..87_000 {
            let x = -(step as f32) / 1000.0;
            let want = f64::from(x).exp();
            let off = (f64::from(super::exp(Scalar, x)) - want).abs() / want;
            // 2 units in the last place of a number in [1, 2).
            assert!(off < 2.4e-7, "e^{x}: {off}");
        }
        assert!(super::exp(Scalar, f32::NEG_INFINITY) < 1.7e-38);
        assert_eq!(super::exp(Scalar, 0.0), 1.0);
    }

    #[test]
    fn logarithms_of_ratios_are_within_two_units() {
        for step in 0..=10_000u16 {
            let low = f32::from(step) / 3e4;
            let high = 1.0 / 3.0;
            let want = (f64::from(low) / f64::from(high)).ln_1p();
            let off = (f64::from(super::ln_1p_ratio(Scalar, low, high)) - want).abs();
            // Five roundings of numbers up to 1.
            assert!(off < 2.4e-7, "ln(1 + {low}/{high}): {off}");
        }
    }
}
