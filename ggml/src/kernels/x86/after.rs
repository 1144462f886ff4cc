//! What is done to a product before it is a result: bias, GELU, residual.
//!
//! SAFETY: whoever calls this holds to what `x86.rs` asks.

use super::{
    super::product::{After, Operands},
    exp::exp,
    lanes::Lanes,
};

/// Numbers of the widest vector.
const WIDEST: usize = 16;

/// Does it to `rows` rows of `columns` columns of results.
///
/// # Safety
/// As many are there, and as many of what is added.
#[inline(always)]
pub(super) unsafe fn after<L: Lanes>(at: Operands, what: After, rows: usize, columns: usize) {
    let from = |numbers: Option<*const f32>, first: usize| numbers.map(|numbers| numbers.wrapping_add(first));
    for column in 0..columns {
        let first = column * at.out_column;
        let out = at.out.add(first);
        let add = from(what.add, first);
        for row in (0..rows / L::WIDTH * L::WIDTH).step_by(L::WIDTH) {
            vector::<L>(out.add(row), from(what.bias, row), from(add, row), what.gelu);
        }
        // What fills no vector has the same arithmetic in one that it does not fill.
        let (row, rest) = (rows / L::WIDTH * L::WIDTH, rows % L::WIDTH);
        if rest > 0 {
            let mut copy = [0.0; WIDEST];
            out.add(row).copy_to_nonoverlapping(copy.as_mut_ptr(), rest);
            let mut copies = [[0.0; WIDEST]; 2];
            let mut copied = [None; 2];
            for (n, source) in [what.bias, add].into_iter().enumerate() {
                if let Some(source) = source {
                    source.add(row).copy_to_nonoverlapping(copies[n].as_mut_ptr(), rest);
                    copied[n] = Some(copies[n].as_ptr());
                }
            }
            vector::<L>(copy.as_mut_ptr(), copied[0], copied[1], what.gelu);
            copy.as_ptr().copy_to_nonoverlapping(out.add(row), rest);
        }
    }
}

#[inline(always)]
unsafe fn vector<L: Lanes>(out: *mut f32, bias: Option<*const f32>, add: Option<*const f32>, is_gelu: bool) {
    let mut numbers = L::load(out);
    if let Some(bias) = bias {
        numbers = L::add(numbers, L::load(bias));
    }
    if is_gelu {
        numbers = gelu::<L>(numbers);
    }
    if let Some(add) = add {
        numbers = L::add(numbers, L::load(add));
    }
    L::store(out, numbers);
}

/// u · σ(u · (2√(2/π) · 0.044715 · u² + 2√(2/π))).
#[inline(always)]
unsafe fn gelu<L: Lanes>(u: L::Vector) -> L::Vector {
    let inner = L::mul_add(L::mul(u, u), L::splat(-0.071_354_82), L::splat(-1.595_769));
    let gate = L::add(exp::<L>(L::mul(u, inner)), L::splat(1.0));
    L::div(u, gate)
}
