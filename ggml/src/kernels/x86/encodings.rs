//! How weights are stored, and how a vector of them becomes numbers again: to the bit what ggml's own decoding gives
//! (ggml-quants.c, `dequantize_row_*`).
//!
//! SAFETY: whoever calls this holds to what `x86.rs` asks.

use half::f16;

use super::lanes::Lanes;

/// Every f16 as f32. Loading a scale from here and spreading it over a vector takes no time from the arithmetic, as
/// converting it does: a sixth of a product with q8_0.
static HALVES: [f32; 1 << 16] = {
    let mut halves = [0.0; 1 << 16];
    let mut bits = 0;
    while bits < halves.len() {
        halves[bits] = f16::from_bits(bits as u16).to_f32_const();
        bits += 1;
    }
    halves
};

/// The f16 at any address.
#[inline(always)]
pub(super) unsafe fn half(at: *const u8) -> f32 {
    HALVES[usize::from(at.cast::<u16>().read_unaligned())]
}

/// One way to store weights, in blocks of `NUMBERS` numbers and `BYTES` bytes.
///
/// # Safety
/// `block` points to `BYTES` bytes; the rest as for [`Lanes`].
pub(super) trait Encoding {
    const NUMBERS: usize;
    const BYTES: usize;
    /// What is read once a block: its scales.
    type Scales: Copy;

    unsafe fn scales(block: *const u8) -> Self::Scales;
    /// The numbers of the vector `part` of a block.
    unsafe fn numbers<L: Lanes>(block: *const u8, scales: Self::Scales, part: usize) -> L::Vector;
}

/// An encoding without blocks, in which keys and values are stored.
///
/// # Safety
/// As for [`Encoding`].
pub(super) trait Stored: Encoding {
    /// Writes the vector `part` of what begins at `to`.
    unsafe fn write<L: Lanes>(to: *mut u8, part: usize, numbers: L::Vector);
}

pub(super) struct F32;

impl Stored for F32 {
    #[inline(always)]
    unsafe fn write<L: Lanes>(to: *mut u8, part: usize, numbers: L::Vector) {
        L::store(to.cast::<f32>().add(part * L::WIDTH), numbers);
    }
}

impl Encoding for F32 {
    const NUMBERS: usize = 16;
    const BYTES: usize = 64;
    type Scales = ();

    #[inline(always)]
    unsafe fn scales(_: *const u8) {}
    #[inline(always)]
    unsafe fn numbers<L: Lanes>(block: *const u8, (): (), part: usize) -> L::Vector {
        L::load(block.cast::<f32>().add(part * L::WIDTH))
    }
}

pub(super) struct F16;

impl Stored for F16 {
    #[inline(always)]
    unsafe fn write<L: Lanes>(to: *mut u8, part: usize, numbers: L::Vector) {
        L::store_halves(to.cast::<u16>().add(part * L::WIDTH), numbers);
    }
}

impl Encoding for F16 {
    const NUMBERS: usize = 32;
    const BYTES: usize = 64;
    type Scales = ();

    #[inline(always)]
    unsafe fn scales(_: *const u8) {}
    #[inline(always)]
    unsafe fn numbers<L: Lanes>(block: *const u8, (): (), part: usize) -> L::Vector {
        L::halves(block.cast::<u16>().add(part * L::WIDTH))
    }
}

pub(super) struct BF16;

impl Encoding for BF16 {
    const NUMBERS: usize = 32;
    const BYTES: usize = 64;
    type Scales = ();

    #[inline(always)]
    unsafe fn scales(_: *const u8) {}
    #[inline(always)]
    unsafe fn numbers<L: Lanes>(block: *const u8, (): (), part: usize) -> L::Vector {
        L::upper_halves(block.cast::<u16>().add(part * L::WIDTH))
    }
}

/// A scale (f16), then 32 signed bytes.
pub(super) struct Q8_0;

impl Encoding for Q8_0 {
    const NUMBERS: usize = 32;
    const BYTES: usize = 34;
    type Scales = f32;

    #[inline(always)]
    unsafe fn scales(block: *const u8) -> f32 {
        half(block)
    }
    #[inline(always)]
    unsafe fn numbers<L: Lanes>(block: *const u8, scale: f32, part: usize) -> L::Vector {
        L::mul(L::floats(L::signed(block.add(2 + part * L::WIDTH).cast())), L::splat(scale))
    }
}

/// Low four bits (128 bytes), upper two (64), 16 signed scales of 16 numbers each, the scale of those (f16).
pub(super) struct Q6K;

impl Encoding for Q6K {
    const NUMBERS: usize = 256;
    const BYTES: usize = 210;
    type Scales = [f32; 16];

    #[inline(always)]
    unsafe fn scales(block: *const u8) -> [f32; 16] {
        let scale = half(block.add(208));
        let signed = block.add(192).cast::<[i8; 16]>().read();
        let mut scales = [0.0; 16];
        for j in 0..16 {
            scales[j] = scale * f32::from(signed[j]);
        }
        scales
    }
    #[inline(always)]
    unsafe fn numbers<L: Lanes>(block: *const u8, scales: [f32; 16], part: usize) -> L::Vector {
        // Half a block holds 4 runs of 32 numbers: the upper bits of all four lie in the same 32 bytes, the low bits of
        // the first and third, and of the second and fourth, in the same 32.
        let first = part * L::WIDTH;
        let (half, run, within) = (first / 128, first % 128 / 32, first % 32);
        let low = L::unsigned(block.add(64 * half + 32 * (run % 2) + within));
        let low = if run < 2 { L::and(low, 15) } else { L::right(low, 4) };
        let high = L::unsigned(block.add(128 + 32 * half + within));
        let high = L::and(L::right(high, 2 * run as u32), 3);
        let six = L::or(low, L::left(high, 4));
        // (q − 32) · scale: exact before the product.
        let scale = L::splat(scales[first / 16]);
        L::mul(L::mul_add(L::floats(six), L::splat(1.0), L::splat(-32.0)), scale)
    }
}

/// Two scales (f16) of 8 scales and 8 offsets of six bits (12 bytes), then four bits a number (128 bytes).
pub(super) struct Q4K;

/// Scale and offset of each run of 32 numbers.
#[inline(always)]
unsafe fn scales_and_offsets(block: *const u8) -> ([f32; 8], [f32; 8]) {
    let (scale, offset) = (half(block), half(block.add(2)));
    let packed = block.add(4).cast::<[u8; 12]>().read();
    let (mut scales, mut offsets) = ([0.0; 8], [0.0; 8]);
    for j in 0..4 {
        scales[j] = scale * f32::from(packed[j] & 63);
        offsets[j] = -offset * f32::from(packed[j + 4] & 63);
        scales[j + 4] = scale * f32::from(packed[j + 8] & 15 | packed[j] >> 6 << 4);
        offsets[j + 4] = -offset * f32::from(packed[j + 8] >> 4 | packed[j + 4] >> 6 << 4);
    }
    (scales, offsets)
}

impl Encoding for Q4K {
    const NUMBERS: usize = 256;
    const BYTES: usize = 144;
    type Scales = ([f32; 8], [f32; 8]);

    #[inline(always)]
    unsafe fn scales(block: *const u8) -> Self::Scales {
        scales_and_offsets(block)
    }
    #[inline(always)]
    unsafe fn numbers<L: Lanes>(block: *const u8, (scales, offsets): Self::Scales, part: usize) -> L::Vector {
        let first = part * L::WIDTH;
        let (run, within) = (first / 32, first % 32);
        let four = L::unsigned(block.add(16 + 32 * (run / 2) + within));
        let four = if run % 2 == 0 { L::and(four, 15) } else { L::right(four, 4) };
        L::mul_add(L::floats(four), L::splat(scales[run]), L::splat(offsets[run]))
    }
}

/// As [`Q4K`], with a fifth bit a number: 32 bytes before the others, bit j of each for run j.
pub(super) struct Q5K;

impl Encoding for Q5K {
    const NUMBERS: usize = 256;
    const BYTES: usize = 176;
    type Scales = ([f32; 8], [f32; 8]);

    #[inline(always)]
    unsafe fn scales(block: *const u8) -> Self::Scales {
        scales_and_offsets(block)
    }
    #[inline(always)]
    unsafe fn numbers<L: Lanes>(block: *const u8, (scales, offsets): Self::Scales, part: usize) -> L::Vector {
        let first = part * L::WIDTH;
        let (run, within) = (first / 32, first % 32);
        let four = L::unsigned(block.add(48 + 32 * (run / 2) + within));
        let four = if run % 2 == 0 { L::and(four, 15) } else { L::right(four, 4) };
        let fifth = L::and(L::right(L::unsigned(block.add(16 + within)), run as u32), 1);
        let five = L::or(four, L::left(fifth, 4));
        L::mul_add(L::floats(five), L::splat(scales[run]), L::splat(offsets[run]))
    }
}
