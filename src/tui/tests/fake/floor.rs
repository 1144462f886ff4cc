//! The text that exit 12 makes where original has the edge of the bed: the second lane of the design.

use super::{
    row::{Row, Spot},
    texts::{EXITS, Known},
    words::id,
};
use crate::session::trace::TokenId;

const WORDS: [&str; 24] = [
    " floor", " and", " the", " floor", " was", " covered", " with", " a", " thick", " layer", " of", " the", " same",
    " kind", " of", " wood", ",", " and", " the", " floor", " was", " covered", " with", " a",
];
/// Exit 12, from original downwards; it and those below take the words.
const TWELVE: usize = 7;
/// What exit 12 says first, with its entropy and KL.
const FIRST: (&[(&str, f32)], f32, f32) =
    (&[(" floor", 0.081), (" table", 0.055), (" edge", 0.052), (" ground", 0.047), (" bed", 0.040)], 5.93, 0.412);
/// The mean ln p under original of all 25 tokens is the design's, -2.31: of these, with those words of which original has
/// other plans.
const MEAN: f32 = -2.329;

/// Adds what follows after `before`, of which original's part is known already.
pub(super) fn add(known: &mut Known, before: &[TokenId]) {
    if let Some(rows) = known.get_mut(before) {
        let (listed, entropy, kl) = FIRST;
        rows[TWELVE] = Row::given(listed, &[id(WORDS[0])], entropy, kl);
        rows[0].insert(id(WORDS[0]), 0.058);
    }
    let mut text = before.to_vec();
    for (place, word) in WORDS.iter().enumerate() {
        if place > 0 {
            known.insert(text.clone(), spot(place, id(word)).rows());
        }
        text.push(id(word));
    }
}

/// A word that every exit takes down to some depth, or, in turns, only from exit 12 on.
fn spot(place: usize, token: TokenId) -> Spot {
    let others = if token == id(" of") { id(" in") } else { id(" of") };
    let takes = |exit: usize| if place % 3 == 1 { exit >= TWELVE } else { exit <= TWELVE + place % 4 };
    let tops = (0..EXITS).map(|exit| if takes(exit) { token } else { others });
    let turn = [0.4, -0.4][place % 2];
    let p = (0..EXITS).map(|exit| (MEAN + turn).exp() * (1.0 - exit as f32 / 28.0));
    Spot { token, tops: tops.collect(), p: p.collect() }
}
