//! One head's attention.
//!
//! For each token of the batch its own sums, over the positions that it sees, in an order that depends on nothing else:
//! so a batch gives the bits of single steps.
//!
//! SAFETY: whoever calls this holds to what `x86.rs` asks.

use std::{arch::x86_64::_MM_HINT_T0, cell::Cell, ops::Range};

use super::{super::attention::Operands, encodings::Stored, exp::exp, fetch_lines, lanes::Lanes};

/// Keys that are multiplied together: their sums are one vector, or two.
const KEYS: usize = 16;
/// Positions whose keys, then values, stay in the first cache while several tokens use them.
const TILE: usize = 64;
/// Tokens that use them.
const TOKENS: usize = 8;

thread_local! {
    /// Weights of positions, then sums of values. Kept: a thread attends thousands of times.
    static SCRATCH: Cell<Vec<f32>> = const { Cell::new(Vec::new()) };
}

/// Stores the keys and values of the batch and attends with them, for one head of `P` vectors.
///
/// # Safety
/// As for an attention kernel.
#[inline(always)]
pub(super) unsafe fn attend<L: Lanes, E: Stored, const P: usize>(at: &Operands, head: usize) {
    let offset = head * at.head;
    let head = Head { keys: at.keys.add(offset), values: at.values.add(offset), first: head * at.width };
    for t in 0..at.n {
        let place = (at.how.past + t) * at.position;
        for (to, part) in [(head.keys, 1), (head.values, 2)] {
            let from = at.row(t, part).add(head.first);
            for p in 0..P {
                E::write::<L>(to.add(place), p, L::load(from.add(p * L::WIDTH)));
            }
        }
    }
    let mut scratch = SCRATCH.take();
    let room = (at.how.past + at.n).next_multiple_of(TILE);
    let needed = TOKENS * (room + 2 * at.width);
    scratch.resize(scratch.len().max(needed), 0.0);
    for first in (0..at.n).step_by(TOKENS) {
        let end = if first + TOKENS < at.n { first + TOKENS } else { at.n };
        group::<L, E, P>(at, head, first..end, (scratch.as_mut_ptr(), room));
    }
    SCRATCH.set(scratch);
}

/// Where a head's numbers are.
#[derive(Clone, Copy)]
struct Head {
    keys: *mut u8,
    values: *mut u8,
    /// In rows of all heads.
    first: usize,
}

impl Operands {
    /// The queries (0), keys (1) or values (2) of a token.
    #[inline(always)]
    unsafe fn row(&self, t: usize, part: usize) -> *const f32 {
        let all = self.how.heads * self.width;
        self.qkv.add((3 * t + part) * all)
    }
}

/// Attends with a few tokens. `room`: numbers of scratch for the weights of one.
#[inline(always)]
unsafe fn group<L: Lanes, E: Stored, const P: usize>(
    at: &Operands,
    head: Head,
    tokens: Range<usize>,
    (scratch, room): (*mut f32, usize),
) {
    let weights = |t: usize| scratch.add((t - tokens.start) * room);
    let sums = |t: usize| scratch.add(TOKENS * room + (t - tokens.start) * 2 * at.width);
    let all = at.seen(tokens.start).start / TILE * TILE..at.seen(tokens.end - 1).end;
    for tile in all.clone().step_by(TILE) {
        for t in tokens.clone() {
            multiply::<L, E, P>(at, head, t, tile, weights(t));
        }
    }
    let mut totals = [0.0; TOKENS];
    for t in tokens.clone() {
        totals[t - tokens.start] = soften::<L>(weights(t), at.seen(t), at.how.scale);
        for v in 0..2 * P {
            L::store(sums(t).add(v * L::WIDTH), L::splat(0.0));
        }
    }
    for tile in all.step_by(TILE) {
        for t in tokens.clone() {
            mix::<L, E, P>(at, head, t, tile, (weights(t), sums(t)));
        }
    }
    for t in tokens.clone() {
        let out = at.out.add(t * at.how.heads * at.width + head.first);
        let total = L::splat(totals[t - tokens.start]);
        for p in 0..P {
            let sum = |half: usize| L::load(sums(t).add((half * P + p) * L::WIDTH));
            L::store(out.add(p * L::WIDTH), L::div(L::add(sum(0), sum(1)), total));
        }
    }
}

/// Products of a token's query with the keys of a tile that it sees, and up to 15 beside them, into `weights`.
#[inline(always)]
unsafe fn multiply<L: Lanes, E: Stored, const P: usize>(
    at: &Operands,
    head: Head,
    t: usize,
    tile: usize,
    weights: *mut f32,
) {
    let seen = at.seen(t);
    let mut query = [L::splat(0.0); P];
    for p in 0..P {
        query[p] = L::load(at.row(t, 0).add(head.first + p * L::WIDTH));
    }
    let start = if seen.start > tile { seen.start / KEYS * KEYS } else { tile };
    let end = if seen.end < tile + TILE { seen.end } else { tile + TILE };
    let mut block = start;
    while block < end {
        ahead(at, head.keys, block, seen.end);
        let mut products = [L::splat(0.0); KEYS];
        for k in 0..KEYS {
            // Beyond the last there may be no memory.
            let position = if block + k < seen.end { block + k } else { seen.end - 1 };
            let key = head.keys.add(position * at.position).cast_const();
            let scales = E::scales(key);
            let mut product = L::mul(query[0], E::numbers::<L>(key, scales, 0));
            for p in 1..P {
                product = L::mul_add(query[p], E::numbers::<L>(key, scales, p), product);
            }
            products[k] = product;
        }
        L::sums(weights.add(block), products);
        block += KEYS;
    }
}

/// Makes products into weights, up to their total, which is given: softmax without its division.
#[inline(always)]
unsafe fn soften<L: Lanes>(weights: *mut f32, seen: Range<usize>, scale: f32) -> f32 {
    let (start, end) = (seen.start / KEYS * KEYS, seen.end.next_multiple_of(KEYS));
    for hidden in (start..seen.start).chain(seen.end..end) {
        *weights.add(hidden) = f32::NEG_INFINITY;
    }
    let mut largest = L::splat(f32::NEG_INFINITY);
    for at in (start..end).step_by(L::WIDTH) {
        let scaled = L::mul(L::load(weights.add(at)), L::splat(scale));
        L::store(weights.add(at), scaled);
        largest = L::max(largest, scaled);
    }
    let below = L::splat(-L::largest(largest));
    let mut totals = L::splat(0.0);
    for at in (start..end).step_by(L::WIDTH) {
        let weight = exp::<L>(L::add(L::load(weights.add(at)), below));
        L::store(weights.add(at), weight);
        totals = L::add(totals, weight);
    }
    L::sum(totals)
}

/// Adds up the values of a tile that a token sees, each times its weight: even and odd positions apart, so that fewer
/// additions wait for the one before.
#[inline(always)]
unsafe fn mix<L: Lanes, E: Stored, const P: usize>(
    at: &Operands,
    head: Head,
    t: usize,
    tile: usize,
    (weights, sums): (*mut f32, *mut f32),
) {
    let seen = at.seen(t);
    let start = if seen.start > tile { seen.start } else { tile };
    let end = if seen.end < tile + TILE { seen.end } else { tile + TILE };
    if start >= end {
        return;
    }
    let mut even = [L::splat(0.0); P];
    let mut odd = [L::splat(0.0); P];
    for p in 0..P {
        even[p] = L::load(sums.add(p * L::WIDTH));
        odd[p] = L::load(sums.add((P + p) * L::WIDTH));
    }
    let mut position = start;
    if position % 2 == 1 {
        add::<L, E, P>(at, head, position, weights, &mut odd);
        position += 1;
    }
    while position + 1 < end {
        if position % KEYS == 0 {
            ahead(at, head.values, position, seen.end);
        }
        add::<L, E, P>(at, head, position, weights, &mut even);
        add::<L, E, P>(at, head, position + 1, weights, &mut odd);
        position += 2;
    }
    if position < end {
        add::<L, E, P>(at, head, position, weights, &mut even);
    }
    for p in 0..P {
        L::store(sums.add(p * L::WIDTH), even[p]);
        L::store(sums.add((P + p) * L::WIDTH), odd[p]);
    }
}

#[inline(always)]
unsafe fn add<L: Lanes, E: Stored, const P: usize>(
    at: &Operands,
    head: Head,
    position: usize,
    weights: *const f32,
    sums: &mut [L::Vector; P],
) {
    let (weight, value) = (L::splat(*weights.add(position)), head.values.add(position * at.position).cast_const());
    let scales = E::scales(value);
    for p in 0..P {
        sums[p] = L::mul_add(weight, E::numbers::<L>(value, scales, p), sums[p]);
    }
}

/// Begins to load what is read two blocks of keys later, as far as there is any.
#[inline(always)]
unsafe fn ahead(at: &Operands, from: *const u8, position: usize, end: usize) {
    let (start, stop) = (position + 2 * KEYS, position + 3 * KEYS);
    if at.n == 1 && start < end {
        let stop = if stop < end { stop } else { end };
        fetch_lines::<_MM_HINT_T0>(from.add(start * at.position), (stop - start) * at.position);
    }
}
