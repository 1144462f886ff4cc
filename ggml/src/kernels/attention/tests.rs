//! Every kernel against sums in f64, and against itself.

use half::f16;

use super::{
    super::{tests::noise, x86},
    Attention, Kernel, Operands,
};
use crate::DType;

const HEADS: usize = 3;
const CONTEXT: usize = 203;

/// A cache and a text: queries, keys and values of every token.
struct Case {
    dtype: DType,
    width: usize,
    window: usize,
    qkv: Vec<f32>,
    keys: Vec<u8>,
    values: Vec<u8>,
}

impl Case {
    fn new(dtype: DType, width: usize, window: usize) -> Self {
        let bytes = HEADS * CONTEXT * width * Self::number(dtype);
        // What has not been written is no number, and must not be seen.
        let (keys, values) = (vec![0xFF; bytes], vec![0xFF; bytes]);
        // Queries large enough that some positions weigh a hundred times as much as others.
        let mut qkv = noise(CONTEXT * 3 * HEADS * width, 7);
        for token in qkv.chunks_exact_mut(3 * HEADS * width) {
            token[..HEADS * width].iter_mut().for_each(|q| *q *= 4.0);
        }
        Self { dtype, width, window, qkv, keys, values }
    }

    fn number(dtype: DType) -> usize {
        if dtype == DType::F16 { 2 } else { 4 }
    }

    fn scale(&self) -> f32 {
        1.0 / (self.width as f32).sqrt()
    }

    /// Reads `n` tokens after `past`.
    fn attend(&mut self, kernel: Kernel, past: usize, n: usize) -> Vec<f32> {
        let row = HEADS * self.width;
        let mut out = vec![f32::NAN; n * row];
        let position = self.width * Self::number(self.dtype);
        let operands = Operands {
            n,
            width: self.width,
            qkv: self.qkv[past * 3 * row..][..n * 3 * row].as_ptr(),
            keys: self.keys.as_mut_ptr(),
            values: self.values.as_mut_ptr(),
            position,
            head: position * CONTEXT,
            out: out.as_mut_ptr(),
            how: Attention { heads: HEADS, past, window: self.window, scale: self.scale() },
        };
        for head in 0..HEADS {
            // SAFETY: all is as large as is said.
            unsafe { kernel(&operands, head) };
        }
        out
    }

    /// A number of the text as the cache holds it: keys (1) or values (2).
    fn stored(&self, token: usize, part: usize, at: usize) -> f64 {
        let number = self.qkv[(3 * token + part) * HEADS * self.width + at];
        f64::from(if self.dtype == DType::F16 { f32::from(f16::from_f32(number)) } else { number })
    }

    /// What the token's attention should give, by head and number.
    fn truth(&self, token: usize) -> Vec<f64> {
        let start = if self.window == 0 { 0 } else { (token + 1).saturating_sub(self.window) };
        let mut mixed = Vec::new();
        for head in 0..HEADS {
            let numbers = head * self.width..(head + 1) * self.width;
            let query = |at: usize| f64::from(self.qkv[3 * token * HEADS * self.width + at]);
            let product = |key: usize| numbers.clone().map(|at| query(at) * self.stored(key, 1, at)).sum::<f64>();
            let weights: Vec<f64> = (start..=token).map(|key| (product(key) * f64::from(self.scale())).exp()).collect();
            let total: f64 = weights.iter().sum();
            mixed.extend(numbers.clone().map(|at| {
                let values = (start..=token).zip(&weights).map(|(key, weight)| weight * self.stored(key, 2, at));
                values.sum::<f64>() / total
            }));
        }
        mixed
    }
}

fn every(mut check: impl FnMut(DType, usize, usize, Kernel)) {
    for dtype in [DType::F32, DType::F16] {
        for width in [16, 32, 64, 128] {
            for kernel in x86::attention(dtype, width).into_iter().flatten() {
                for window in [0, 1, 40] {
                    check(dtype, width, window, kernel);
                }
            }
        }
    }
}

#[test]
fn attention_is_right_for_every_token() {
    every(|dtype, width, window, kernel| {
        let mut case = Case::new(dtype, width, window);
        // The first batch, later ones, and the last token that the cache has room for.
        let sizes = [1, 17, 100, 84, 1];
        let mut past = 0;
        for n in sizes {
            let got = case.attend(kernel, past, n);
            for (t, row) in got.chunks_exact(HEADS * width).enumerate() {
                for (at, (got, want)) in row.iter().zip(case.truth(past + t)).enumerate() {
                    // A product of w numbers below 4 and 1, with w ε its error at most, is at most 4 √w after scaling:
                    // so is a weight's, and a mean of values below 1 with weights off by that is off by twice as much;
                    // exp and the sum's own rounding add a few ε. Random signs keep it far below this.
                    let bound = f64::from(f32::EPSILON) * (2.0 * 4.0 * (width as f64).sqrt() * 8.0 + 32.0);
                    let off = (f64::from(*got) - want).abs();
                    assert!(
                        off <= bound,
                        "{dtype} {width} window {window}, token {}, {at}: {got} for {want}",
                        past + t
                    );
                }
            }
            past += n;
        }
        assert_eq!(past, CONTEXT);
    });
}

#[test]
fn a_batch_gives_the_bits_of_single_tokens() {
    every(|dtype, width, window, kernel| {
        let mut case = Case::new(dtype, width, window);
        let one_by_one: Vec<f32> = (0..CONTEXT).flat_map(|past| case.attend(kernel, past, 1)).collect();
        let mut case = Case::new(dtype, width, window);
        let mut past = 0;
        for n in [5, 64, 2, 100, 32] {
            let got = case.attend(kernel, past, n);
            assert!(got == one_by_one[past * HEADS * width..][..got.len()], "{dtype} {width} window {window}, {past}");
            past += n;
        }
    });
}

#[test]
fn what_is_no_number_shows() {
    for kernel in x86::attention(DType::F32, 64).into_iter().flatten() {
        for part in 0..3 {
            let mut case = Case::new(DType::F32, 64, 0);
            case.qkv[(3 * 4 + part) * HEADS * 64] = f32::NAN;
            let got = case.attend(kernel, 0, 6);
            let broken = |t: usize| got[t * HEADS * 64..][..64].iter().any(|v| v.is_nan());
            assert_eq!([3, 4].map(broken), [false, true], "part {part}");
        }
    }
}
