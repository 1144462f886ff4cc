//! Vectors of numbers, on each kind of processor that we have kernels for.
//!
//! SAFETY: whoever calls this holds to what `x86.rs` asks.

mod avx2;
mod avx512;

/// The vectors of one kind of processor.
///
/// # Safety
/// Every method needs the instructions of that kind, and pointers to `WIDTH` numbers that may be read (or written).
pub(super) trait Lanes {
    /// Numbers.
    type Vector: Copy;
    /// Whole numbers of 32 bits.
    type Ints: Copy;
    /// Numbers in a vector.
    const WIDTH: usize;
    /// Columns that are multiplied at once: as many as leave no sum without a register.
    const COLUMNS: usize;

    unsafe fn splat(number: f32) -> Self::Vector;
    unsafe fn load(from: *const f32) -> Self::Vector;
    unsafe fn store(to: *mut f32, numbers: Self::Vector);
    unsafe fn add(a: Self::Vector, b: Self::Vector) -> Self::Vector;
    unsafe fn mul(a: Self::Vector, b: Self::Vector) -> Self::Vector;
    unsafe fn div(a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// The smaller; b where one is no number.
    unsafe fn min(a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// The larger; b where one is no number.
    unsafe fn max(a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// a · b + c, rounded once.
    unsafe fn mul_add(a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;
    /// Always in the same order.
    unsafe fn sum(numbers: Self::Vector) -> f32;
    /// The sum of each of sixteen vectors, in their order; one order for all.
    unsafe fn sums(to: *mut f32, of: [Self::Vector; 16]);
    unsafe fn largest(numbers: Self::Vector) -> f32;

    unsafe fn halves(from: *const u16) -> Self::Vector;
    /// Rounds to even.
    unsafe fn store_halves(to: *mut u16, numbers: Self::Vector);
    /// The upper halves of f32 numbers: bf16.
    unsafe fn upper_halves(from: *const u16) -> Self::Vector;
    unsafe fn signed(from: *const i8) -> Self::Ints;
    unsafe fn unsigned(from: *const u8) -> Self::Ints;
    unsafe fn floats(ints: Self::Ints) -> Self::Vector;
    /// The nearest whole numbers.
    unsafe fn rounded(numbers: Self::Vector) -> Self::Ints;
    /// Two to the power of each, from −126 to 127.
    unsafe fn power_of_two(of: Self::Ints) -> Self::Vector;
    unsafe fn and(ints: Self::Ints, mask: i32) -> Self::Ints;
    unsafe fn or(a: Self::Ints, b: Self::Ints) -> Self::Ints;
    unsafe fn left(ints: Self::Ints, bits: u32) -> Self::Ints;
    unsafe fn right(ints: Self::Ints, bits: u32) -> Self::Ints;
}

/// AVX2 with FMA and F16C: what the build expects of any processor of this family.
pub(super) struct Avx2;

/// AVX-512 (F).
pub(super) struct Avx512;
