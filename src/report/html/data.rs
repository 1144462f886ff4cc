//! What the page's scripts read: short names and lists, since there are thousands of each.

use std::collections::HashMap;

use serde::{Serialize, Serializer};

use crate::{
    report::{
        positions::{Position, positions, shown},
        summary::summary,
    },
    session::{
        agreement::Agreement,
        trace::{Candidate, ContrastTrace, Contrasted, ExitRow, PinRow, TokenId},
        traced::Traced,
    },
};

/// Candidates of an exit, and tokens of a contrast, that a page shows.
const CANDIDATES: usize = 5;
const PLAUSIBLE: usize = 12;

#[derive(Serialize)]
pub(super) struct Data {
    /// Original first.
    exits: Vec<String>,
    /// Number of blocks.
    blocks: u32,
    /// Every token that is shown, and its id.
    tokens: Vec<String>,
    ids: Vec<u32>,
    at: Vec<At>,
    /// By exit: tokens decided, entropy, KL, JS, perplexity, agreeing positions.
    summary: Vec<(usize, Number, Number, Number, Number, usize)>,
    same: Same,
}

/// How often exits have the same top token.
#[derive(Serialize)]
struct Same {
    positions: usize,
    /// By exit and exit.
    same: Vec<Vec<usize>>,
}

/// A number as the page shows it: four decimals, null for none.
#[derive(Clone, Copy)]
struct Number(f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rounded = (self.0 * 1e4).round() / 1e4;
        if !rounded.is_finite() {
            return serializer.serialize_none();
        }
        // A whole number is shorter without its ".0".
        #[expect(clippy::cast_possible_truncation, reason = "small and whole")]
        if rounded.fract() == 0.0 && rounded.abs() < 1e9 {
            return serializer.serialize_i64(rounded as i64);
        }
        serializer.serialize_f64(rounded)
    }
}

fn n(x: f32) -> Number {
    Number(x.into())
}

#[derive(Serialize)]
struct At {
    /// The token, as a place in `tokens`.
    i: usize,
    /// "p" of the prompt, "o" the open slot, "f" forced, else nothing.
    #[serde(skip_serializing_if = "str::is_empty")]
    k: &'static str,
    #[serde(flatten)]
    known: Option<Known>,
}

#[derive(Serialize)]
struct Known {
    /// The row at which it was decided.
    d: usize,
    /// Tokens by letter.
    l: Vec<usize>,
    /// By exit.
    e: Vec<Row>,
    /// Tokens followed: token, ln p by exit.
    j: Vec<(usize, Vec<Number>)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    c: Option<Contrast>,
}

/// Entropy, KL, JS, rank, ln p; then token and ln p of each candidate.
type Row = (Number, Number, Number, u32, Number, Vec<(usize, Number)>);

#[derive(Serialize)]
struct Contrast {
    /// Expert, amateur, α.
    p: (String, String, Number),
    /// What the expert alone would take.
    x: usize,
    /// ln τ, tokens in V, their mass, the effect.
    s: (Number, usize, Number, Number),
    /// Token; ln p of expert, amateur and result.
    v: Vec<(usize, Number, Number, Number)>,
    /// The same of the first below τ.
    w: Vec<(usize, Number, Number, Number)>,
}

/// Each token once.
struct Names<'t> {
    traced: &'t Traced,
    places: HashMap<TokenId, usize>,
    ids: Vec<TokenId>,
}

impl Names<'_> {
    fn of(&mut self, id: TokenId) -> usize {
        *self.places.entry(id).or_insert_with(|| {
            self.ids.push(id);
            self.ids.len() - 1
        })
    }
}

/// The data of a trace.
pub(super) fn data(traced: &Traced) -> Data {
    let positions = positions(traced);
    let mut names = Names { traced, places: HashMap::new(), ids: Vec::new() };
    let at: Vec<At> = positions.iter().map(|position| at(position, &mut names)).collect();
    let summary = summary(&positions, &traced.card.exits)
        .into_iter()
        .map(|s| (s.decided, Number(s.entropy), Number(s.kl), Number(s.js), Number(s.perplexity), s.agree));
    Data {
        exits: traced.card.exits.iter().map(ToString::to_string).collect(),
        blocks: traced.card.blocks,
        summary: summary.collect(),
        same: same(traced),
        tokens: names.ids.iter().map(|id| shown(&names.traced.card, *id)).collect(),
        ids: names.ids.iter().map(|id| id.0).collect(),
        at,
    }
}

fn same(traced: &Traced) -> Same {
    let found = Agreement::of(&traced.card.exits, traced.traces().map(|trace| &**trace));
    let places = 0..found.exits.len();
    let row = |one| places.clone().map(|other| found.same(one, other)).collect();
    Same { positions: found.positions, same: places.clone().map(row).collect() }
}

fn at(position: &Position<'_>, names: &mut Names<'_>) -> At {
    let k = match position {
        Position { is_open: true, .. } => "o",
        Position { is_prompt: true, .. } => "p",
        Position { is_forced: true, .. } => "f",
        _ => "",
    };
    let known = position.known.as_ref().map(|(trace, reading)| {
        let candidate = |c: &Candidate, names: &mut Names<'_>| (names.of(c.id), n(c.ln_p));
        let row = |row: &ExitRow, names: &mut Names<'_>| {
            let top = row.top.iter().take(CANDIDATES).map(|c| candidate(c, names)).collect();
            (n(row.entropy), n(row.kl), n(row.js), row.rank, n(row.ln_p), top)
        };
        let pin = |pin: &PinRow, names: &mut Names<'_>| (names.of(pin.id), pin.ln_p.iter().copied().map(n).collect());
        Known {
            d: trace.exits.iter().position(|row| row.exit == reading.decided).unwrap_or(0),
            l: reading.lettered.iter().map(|id| names.of(*id)).collect(),
            e: trace.exits.iter().map(|exit| row(exit, names)).collect(),
            j: trace.pins.iter().map(|p| pin(p, names)).collect(),
            c: trace.weighed().map(|c| contrast(&c, names)),
        }
    });
    At { i: names.of(position.id), k, known }
}

fn contrast(contrast: &ContrastTrace, names: &mut Names<'_>) -> Contrast {
    let token = |c: &Contrasted, names: &mut Names<'_>| (names.of(c.id), n(c.expert), n(c.amateur), n(c.result));
    Contrast {
        p: (contrast.pair.expert.to_string(), contrast.pair.amateur.to_string(), n(contrast.pair.alpha)),
        x: names.of(contrast.expert_alone.id),
        s: (n(contrast.ln_tau), contrast.plausible_len, n(contrast.mass), n(contrast.effect)),
        v: contrast.plausible.iter().take(PLAUSIBLE).map(|c| token(c, names)).collect(),
        w: contrast.below.iter().map(|c| token(c, names)).collect(),
    }
}
