//! A model and its answers, made up: what the screen tests draw. Thirteen exits, "humpty dumpty sat on".

use std::sync::Arc;

use super::state::{State, TextToken, Wish};
use super::update::hear;
use crate::session::{
    grid::{Cell, GRID_ALPHAS, GRID_MINIMA, Grid},
    protocol::{Event, ModelCard},
    trace::{Candidate, Choice, ContrastTrace, Contrasted, ExitId, ExitRow, Method, Pair, PinRow, StepTrace, TokenId},
    vocabulary::Vocabulary,
};

const WORDS: [&str; 16] = [
    "hum",
    "pty",
    " d",
    "um",
    "pty",
    " sat",
    " on",
    " a",
    " the",
    " his",
    " top",
    ",",
    " my",
    " it",
    ".",
    "<|endoftext|>",
];

fn id(word: &str) -> TokenId {
    TokenId(WORDS.iter().zip(0..).find(|(w, _)| **w == word).map_or(0, |(_, id)| id))
}

fn card() -> ModelCard {
    let exits = std::iter::once(ExitId::Original).chain((1..=12).rev().map(|k| ExitId::Block(2 * k)));
    ModelCard {
        name: "gpt2-medium-multiexit q8_0".into(),
        exits: exits.collect(),
        blocks: 24,
        context: 1024,
        vocabulary: 50_257,
        lens: false,
        end_of_text: Some(id("<|endoftext|>")),
        bytes: WORDS.iter().map(|w| w.as_bytes().into()).collect(),
        special: vec![id("<|endoftext|>")],
        about: [("file", "gpt2-mexit.gguf"), ("architecture", "gpt2: 24 blocks")]
            .map(|(name, says)| (name.into(), says.into()))
            .to_vec(),
        fingerprint: "0123456789abcdef".repeat(4),
    }
}

/// One exit: its most probable tokens, entropy, KL, and rank and p of the subject.
type Exit = ([(&'static str, f32); 3], f32, f32, u32, f32);

const EXITS: [Exit; 13] = [
    ([(" the", 0.39), (" a", 0.196), (" his", 0.07)], 3.17, 0.0, 2, 0.196),
    ([(" the", 0.37), (" a", 0.209), (" his", 0.08)], 3.28, 0.003, 2, 0.209),
    ([(" the", 0.38), (" a", 0.204), (" his", 0.07)], 3.24, 0.003, 2, 0.204),
    ([(" the", 0.40), (" a", 0.181), (" his", 0.07)], 3.32, 0.006, 2, 0.181),
    ([(" the", 0.38), (" a", 0.178), (" his", 0.06)], 3.61, 0.016, 2, 0.178),
    ([(" the", 0.41), (" a", 0.158), (" his", 0.07)], 3.46, 0.021, 2, 0.158),
    ([(" the", 0.44), (" a", 0.146), (" his", 0.06)], 3.30, 0.033, 2, 0.146),
    ([(" the", 0.50), (" a", 0.118), (" his", 0.06)], 3.04, 0.064, 2, 0.118),
    ([(" the", 0.37), (" a", 0.098), (" his", 0.04)], 4.41, 0.14, 2, 0.098),
    ([(" the", 0.38), (" a", 0.086), (" it", 0.03)], 4.47, 0.21, 2, 0.086),
    ([(" the", 0.33), (" a", 0.080), (",", 0.03)], 4.91, 0.30, 2, 0.080),
    ([(" the", 0.29), (" a", 0.060), (",", 0.05)], 5.22, 0.43, 2, 0.060),
    ([(" the", 0.24), (",", 0.08), (".", 0.07)], 5.22, 0.58, 4, 0.052),
];

/// Token, p of expert, amateur and result, rank by the expert.
const PLAUSIBLE: [(&str, f32, f32, f32, u32); 4] = [
    (" a", 0.209, 0.118, 0.23, 2),
    (" top", 0.05, 0.035, 0.19, 4),
    (" his", 0.08, 0.06, 0.18, 3),
    (" the", 0.37, 0.50, 0.10, 1),
];

fn trace(state: &State, position: usize, subject: TokenId) -> StepTrace {
    let row = |(exit, (top, entropy, kl, rank, p)): (&ExitId, Exit)| ExitRow {
        exit: *exit,
        top: top.map(|(word, p)| Candidate { id: id(word), ln_p: p.ln() }).to_vec(),
        entropy,
        kl,
        js: kl / 4.0,
        rank,
        ln_p: p.ln(),
    };
    let exits = state.card.as_ref().map(|card| card.exits.clone()).unwrap_or_default();
    let contrasted = |((word, expert, amateur, result, rank), place): ((&str, f32, f32, f32, u32), u32)| Contrasted {
        id: id(word),
        expert: expert.ln(),
        amateur: amateur.ln(),
        result: result.ln(),
        expert_rank: rank,
        result_rank: place,
    };
    let contrast = ContrastTrace {
        pair: state.pair,
        ln_tau: 0.037f32.ln(),
        plausible: PLAUSIBLE.into_iter().zip(1..).map(contrasted).collect(),
        below: vec![contrasted(((" my", 0.03, 0.02, 0.03, 5), 5))],
        plausible_len: 4,
        mass: 0.701,
        effect: 0.25,
        expert_alone: Candidate { id: id(" the"), ln_p: 0.37f32.ln() },
        over_alpha: [" a", " a", " a", " a", " a", " the", " the", " the"].map(id).to_vec(),
    };
    let exits: Vec<ExitRow> = exits.iter().zip(EXITS.into_iter().cycle()).map(row).collect();
    let pins = pins(&exits, &state.followed().collect::<Vec<_>>());
    let grid = state.grid_pair().map(|pair| Arc::new(grid(&exits, pair)));
    StepTrace {
        position,
        decoding: state.decoding.clone(),
        subject,
        exits: exits.into(),
        pins,
        grid,
        contrast: Some(contrast),
        choice: if state.contrast_decides() {
            Choice { id: id(" a"), ln_p: 0.23f32.ln(), rank: 1, drawn: false }
        } else {
            Choice { id: id(" the"), ln_p: 0.37f32.ln(), rank: 1, drawn: false }
        },
    }
}

/// The top tokens and the user's pins; a token that an exit does not list there has p 1e-4 and rank 100.
fn pins(exits: &[ExitRow], asked: &[TokenId]) -> Arc<[PinRow]> {
    let mut ids: Vec<TokenId> = Vec::new();
    for id in exits.iter().flat_map(|row| &row.top).map(|c| c.id).take(3).chain(asked.iter().copied()) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    let at = |row: &ExitRow, id: TokenId| {
        let found = row.top.iter().zip(1u32..).find(|(c, _)| c.id == id);
        found.map_or((1e-4f32.ln(), 100), |(c, rank)| (c.ln_p, rank))
    };
    let follow = |id: TokenId| PinRow {
        id,
        ln_p: exits.iter().map(|row| at(row, id).0).collect(),
        rank: exits.iter().map(|row| at(row, id).1).collect(),
    };
    ids.into_iter().map(follow).collect()
}

/// Choices that depend on the rows alone: the expert's second where the amateur is far below it.
fn grid(exits: &[ExitRow], pair: Pair) -> Grid {
    let n = exits.len();
    let cell = |expert: usize, amateur: usize| {
        let place = if amateur > expert + 5 { 2 } else { usize::from(amateur > expert + 1) };
        let token = exits[expert].top[place];
        Cell { id: token.id, ln_p: token.ln_p, plausible: if amateur + 1 == n { 1 } else { 4 } }
    };
    let detail = |k: usize| cell(0, (k + 1).min(n - 1));
    Grid {
        settings: (pair.alpha, pair.min_candidates),
        pairs: (0..n).map(|e| (e + 1..n).map(|a| cell(e, a)).collect()).collect(),
        pair: (pair.expert, pair.amateur),
        alphas: (0..GRID_ALPHAS.len()).map(detail).collect(),
        minima: (0..GRID_MINIMA.len()).map(detail).collect(),
        mass: 0.701,
    }
}

/// A small vocabulary: what the rows list, and little of the rest.
fn vocabulary(state: &State, query: &crate::session::protocol::Query) -> Option<Arc<Vocabulary>> {
    let pair = query.vocabulary?;
    let exits = state.card.as_ref()?.exits.len();
    let row = |(top, ..): Exit| {
        let mut ln_p = vec![1e-4f32.ln(); WORDS.len()];
        for (word, p) in &top {
            ln_p[id(word).index()] = p.ln();
        }
        ln_p
    };
    let exits: Vec<Vec<f32>> = EXITS.into_iter().take(exits).map(row).collect();
    let mut contrast = exits[1].clone();
    for (word, _, _, result, _) in &PLAUSIBLE {
        contrast[id(word).index()] = result.ln();
    }
    Some(Arc::new(Vocabulary { position: query.position, exits, contrast, pair }))
}

/// A screen just opened on the prompt, nothing answered yet.
pub(super) fn opened() -> State {
    let mut state = State::new("gpt2-mexit.gguf".into(), Wish::default());
    hear(&mut state, Event::Opened(Arc::new(card())));
    hear(&mut state, Event::Prompt((0..7).map(TokenId).collect()));
    state
}

/// Answers everything that the state asks.
pub(super) fn answer_all(state: &mut State) {
    while let Some(query) = state.next_query() {
        answer(state, &query);
    }
}

/// The beginning of an answer: original, expert and amateur.
pub(super) fn answer_part(state: &mut State, query: &crate::session::protocol::Query) {
    let whole = trace(state, query.position, state.text.get(query.position).map_or(id(" a"), |token| token.id));
    let kept = [ExitId::Original, state.pair.expert, state.pair.amateur];
    let row = |row: &ExitRow| if kept.contains(&row.exit) { row.clone() } else { ExitRow::absent(row.exit) };
    let part = StepTrace { exits: whole.exits.iter().map(row).collect(), ..whole };
    hear(state, Event::Part { ticket: query.ticket, trace: Arc::new(part) });
}

/// An answer in which one exit's numbers are not finite.
pub(super) fn answer_broken(state: &mut State, query: &crate::session::protocol::Query, exit: ExitId) {
    let whole = trace(state, query.position, state.text.get(query.position).map_or(id(" a"), |token| token.id));
    let row = |row: &ExitRow| if row.exit == exit { ExitRow::nan(exit) } else { row.clone() };
    let (mut contrast, mut choice) = (whole.contrast.clone(), whole.choice);
    if exit == state.pair.expert || exit == state.pair.amateur {
        contrast = None;
        choice.ln_p = f32::NAN;
    }
    let trace = StepTrace { exits: whole.exits.iter().map(row).collect(), contrast, choice, ..whole };
    hear(state, Event::Step { ticket: query.ticket, trace: Arc::new(trace), millis: None, vocabulary: None });
}

/// Answers one query.
pub(super) fn answer(state: &mut State, query: &crate::session::protocol::Query) {
    let stands = state.text.get(query.position).map(|token: &TextToken| token.id);
    let taken = if matches!(state.decoding.method, Method::Contrast(_)) { id(" a") } else { id(" the") };
    let trace = trace(state, query.position, stands.unwrap_or(taken));
    hear(
        state,
        Event::Step {
            ticket: query.ticket,
            trace: Arc::new(trace),
            millis: Some(94.0),
            vocabulary: vocabulary(state, query),
        },
    );
}
