//! The exponential function.
//!
//! SAFETY: whoever calls this holds to what `x86.rs` asks.

use std::f32::consts::{LN_2, LOG2_E};

use super::lanes::Lanes;

/// ln 2 in two parts: the first has so few bits that its product with any exponent is exact.
const LN_2_HIGH: f32 = 0.693_359_4;
const LN_2_LOW: f32 = -2.121_944_4e-4;
/// 1/k! from k = 7 down to 2.
const FACTORIALS: [f32; 6] = [1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5];

/// e to the power of each number, to within 4 ε; beyond ±87.3 as there. What is no number stays none.
///
/// e^x = 2^n e^r with |r| ≤ ln 2 / 2, where the Taylor series ends: what is left out is below r^8 / 8! = 6e-9, a tenth
/// of ε.
#[inline(always)]
pub(super) unsafe fn exp<L: Lanes>(x: L::Vector) -> L::Vector {
    let x = L::min(L::splat(126.0 * LN_2), L::max(L::splat(-126.0 * LN_2), x));
    let n = L::rounded(L::mul(x, L::splat(LOG2_E)));
    let power = L::floats(n);
    let r = L::mul_add(power, L::splat(-LN_2_HIGH), x);
    let r = L::mul_add(power, L::splat(-LN_2_LOW), r);
    let mut sum = L::splat(FACTORIALS[0]);
    for k in 1..FACTORIALS.len() {
        sum = L::mul_add(sum, r, L::splat(FACTORIALS[k]));
    }
    // 1 + r + r² (…): the largest is added at last.
    let sum = L::add(L::mul_add(L::mul(r, r), sum, r), L::splat(1.0));
    L::mul(sum, L::power_of_two(n))
}

#[cfg(test)]
mod tests {
    use super::{super::lanes::Avx2, *};

    #[target_feature(enable = "avx2,fma,f16c")]
    fn exps(x: [f32; 8]) -> [f32; 8] {
        let mut out = [0.0; 8];
        // SAFETY: eight numbers each, and the instructions.
        unsafe { Avx2::store(out.as_mut_ptr(), exp::<Avx2>(Avx2::load(x.as_ptr()))) };
        out
    }

    #[test]
    fn the_exponential_function_is_right_to_a_few_bits() {
        if !is_x86_feature_detected!("avx2") || !is_x86_feature_detected!("fma") {
            return;
        }
        let mut worst = 0f64;
        for step in -870_000..870_000_i32 {
            let x = step as f32 * 1e-4;
            // SAFETY: the processor has the instructions.
            let got = f64::from(unsafe { exps([x; 8]) }[step.rem_euclid(8) as usize]);
            worst = worst.max((got / f64::from(x).exp() - 1.0).abs());
        }
        // Said above.
        assert!(worst <= 4.0 * f64::from(f32::EPSILON), "{worst}");
        // SAFETY: as above.
        let edges = unsafe { exps([f32::NEG_INFINITY, -200.0, -0.0, 0.0, 200.0, f32::INFINITY, f32::NAN, 1.0]) };
        assert!(edges[..2].iter().all(|tiny| *tiny > 0.0 && *tiny < 1.2e-38));
        assert_eq!(edges[2..4], [1.0; 2]);
        assert!(edges[4..6].iter().all(|huge| *huge > 8e37 && huge.is_finite()) && edges[6].is_nan());
    }
}
