//! The texts that are known, and what every exit says at each of their positions.

use std::{collections::HashMap, sync::LazyLock};

use super::{
    floor,
    heat::{PLACES, PROMPT, Place},
    row::{Row, Spot},
    tables,
    words::id,
};
use crate::session::trace::TokenId;

pub(super) const EXITS: usize = 13;
/// Levels from blank to full. Full is the p with which the mean ln p of the 25 generated tokens is the design's, -.47.
const LEVELS: [(char, f32); 8] =
    [('▁', 0.125), ('▂', 0.25), ('▃', 0.375), ('▄', 0.5), ('▅', 0.625), ('▆', 0.75), ('▇', 0.875), ('█', 0.985)];

/// A text that leaves another: of which (0 is the main one) and where, its tokens, and their mean ln p under original,
/// such that the mean over all that was generated is the design's. The last three are left from the design's Branches.
pub(super) struct Side {
    pub(super) of: usize,
    pub(super) at: usize,
    pub(super) words: &'static [&'static str],
    mean: f32,
}

pub(super) const SIDES: [Side; 3] = [
    Side {
        of: 0,
        at: 7,
        words: &[
            " the",
            " edge",
            " of",
            " the",
            " bed",
            ",",
            " his",
            " legs",
            " dangling",
            " over",
            " the",
            " side",
            ".",
            "\n",
            "\"",
            "I",
            "'m",
            " sorry",
            ",\"",
            " he",
            " said",
            ".",
            " \"",
            "I",
            " didn",
        ],
        mean: -1.2525,
    },
    Side { of: 1, at: 14, words: &[" arms", " folded", " on", " his", " knees"], mean: -2.8687 },
    Side { of: 0, at: 8, words: &[" chair", ",", " and", " looked", " at", " me"], mean: -2.237 },
];

/// The main text, then the sides, whole.
static TEXTS: LazyLock<Vec<Vec<TokenId>>> = LazyLock::new(|| {
    let mut texts = vec![PLACES.iter().map(|(word, ..)| id(word)).collect::<Vec<TokenId>>()];
    for side in &SIDES {
        let start = texts[side.of][..side.at].iter().copied();
        texts.push(start.chain(side.words.iter().map(|word| id(word))).collect());
    }
    texts
});

/// What the exits say after a beginning of a text.
pub(super) type Known = HashMap<Vec<TokenId>, Vec<Row>>;

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let mut known = Known::new();
    for position in 1..PLACES.len() {
        known.insert(TEXTS[0][..position].to_vec(), main(position));
    }
    for (n, side) in SIDES.iter().enumerate() {
        for (place, word) in side.words.iter().enumerate() {
            let before = TEXTS[n + 1][..side.at + place].to_vec();
            let rows = known.entry(before).or_insert_with(|| side_spot(side, place).rows());
            for (k, row) in rows.iter_mut().enumerate() {
                if row.far.iter().all(|far| far.0 != id(word)) {
                    row.insert(id(word), side_p(side, place, k));
                }
            }
        }
    }
    floor::add(&mut known, &TEXTS[1][..=PROMPT]);
    known
});

/// The main text.
pub(super) fn main_text() -> &'static [TokenId] {
    &TEXTS[0]
}

/// The rows after a text; a text that nobody knows goes on like the main one somewhere.
pub(super) fn rows(before: &[TokenId]) -> &'static [Row] {
    let elsewhere = || KNOWN.get(&TEXTS[0][..=before.len() % (PLACES.len() - 1)]);
    KNOWN.get(before).or_else(elsewhere).map_or(&[], Vec::as_slice)
}

/// A position of the main text, from its tables where there are any.
fn main(position: usize) -> Vec<Row> {
    let (word, tops, levels): Place = PLACES[position];
    let tops: Vec<TokenId> = tops.iter().flat_map(|(word, count)| vec![id(word); *count]).collect();
    let mut blanks = 0;
    let mut p = |c: char| {
        LEVELS.iter().find(|(level, _)| *level == c).map_or_else(
            || {
                blanks += 1;
                0.05 * 0.6f32.powi(blanks - 1)
            },
            |(_, p)| *p,
        )
    };
    let spot = Spot { token: id(word), p: levels.chars().map(&mut p).collect(), tops };
    let mut rows = spot.rows();
    let listed: Vec<TokenId> = (0..EXITS)
        .filter_map(|row| tables::exit(position, row))
        .flat_map(|(listed, ..)| listed.iter().map(|(word, _)| id(word)))
        .collect();
    for (n, row) in rows.iter_mut().enumerate() {
        let far = tables::far(position, n).map(|(word, p, rank)| (id(word), p, rank));
        if let Some((given, entropy, kl)) = tables::exit(position, n) {
            let others: Vec<TokenId> = listed.iter().copied().filter(|id| far.is_none_or(|far| far.0 != *id)).collect();
            *row = Row::given(given, &others, entropy, kl);
        }
        if let Some(far) = far {
            row.listed.retain(|(id, _)| *id != far.0);
            row.far = vec![far];
        }
    }
    rows
}

/// A position of a text beside the main one: its token comes first in the upper exits.
fn side_spot(side: &Side, place: usize) -> Spot {
    let token = id(side.words[place]);
    let settled = 4 + place % 6;
    let before = if token == id(",") { id(".") } else { id(",") };
    let tops = (0..EXITS).map(|k| if k < settled { token } else { before });
    let p = (0..EXITS).map(|k| side_p(side, place, k));
    Spot { token, tops: tops.collect(), p: p.collect() }
}

/// p at an exit: the mean under original, a little more and a little less in turns.
fn side_p(side: &Side, place: usize, exit: usize) -> f32 {
    // What the main text's tables say of the token counts.
    let told = usize::from(side.of == 0);
    let (place, count) = (place.saturating_sub(told), side.words.len() - told);
    let turn = if place + 1 == count && count % 2 == 1 { 0.0 } else { [0.4, -0.4][place % 2] };
    (side.mean + turn).exp() * (1.0 - exit as f32 / 14.0)
}
