//! A model and its answers, made up: what the screen tests draw. Thirteen exits, "humpty dumpty sat on": the numbers of
//! the design's screens, and others that fit them where it draws none.

mod contrast;
mod floor;
mod heat;
mod row;
mod scores;
mod tables;
mod texts;
mod words;

use std::sync::Arc;

use self::{
    contrast::Rows,
    heat::PROMPT,
    row::Row,
    texts::{EXITS, main_text},
};
use crate::session::{
    lens::{Lens, LensRow},
    protocol::{Event, ModelCard, Query},
    trace::{Candidate, Choice, ExitId, ExitRow, FOLLOWED, Method, PinRow, StepTrace, TokenId},
    vocabulary::Vocabulary,
};
use crate::tui::hearing::hear;
use crate::tui::state::{State, Wish};

pub(super) use self::words::id;

fn card() -> ModelCard {
    let exits = std::iter::once(ExitId::Original).chain((1..=12).rev().map(|k| ExitId::Block(2 * k)));
    ModelCard {
        name: "gpt2-medium-multiexit q8_0".into(),
        exits: exits.collect(),
        blocks: 24,
        context: 1024,
        vocabulary: words::COUNT,
        lens: false,
        end_of_text: Some(words::END),
        bytes: words::bytes(),
        special: vec![words::END],
        about: [("file", "gpt2-mexit.gguf"), ("architecture", "gpt2: 24 blocks")]
            .map(|(name, says)| (name.into(), says.into()))
            .to_vec(),
        // GPT-2 Medium's.
        block_work: 12.0 * 1024.0 * 1024.0,
        head_work: 1024.0 * 50257.0,
        fingerprint: "0123456789abcdef".repeat(4),
    }
}

/// What follows from a query.
fn trace(state: &State, query: &Query) -> StepTrace {
    let names: &[ExitId] = state.card.as_ref().map_or(&[], |card| &card.exits);
    let before = &query.text[..query.position];
    let rows = Rows(names.iter().copied().zip(texts::rows(before).iter().cycle()).collect());
    let choice = choose(&rows, query);
    let subject = query.text.get(query.position).copied().unwrap_or(choice.id);
    let exits: Vec<ExitRow> =
        rows.0.iter().map(|(exit, row)| exit_row(*exit, row, subject, query.candidates)).collect();
    let pair = query.decoding.method.contrast().or(query.shown_pair);
    let is_seventh = query.position == PROMPT && before == &main_text()[..PROMPT];
    StepTrace {
        position: query.position,
        decoding: query.decoding.clone(),
        subject,
        pins: pins(&rows, &query.pins),
        exits: exits.into(),
        contrast: pair.and_then(|pair| rows.contrast(pair)),
        scores: rows.scores(&query.decoding.method).map(Box::new),
        choice,
        grid: query.grid.and_then(|pair| rows.grid(pair, is_seventh)),
    }
}

fn exit_row(exit: ExitId, row: &Row, subject: TokenId, candidates: usize) -> ExitRow {
    let (p, rank) = row.at(subject);
    let top = row.listed.iter().take(candidates).map(|(id, p)| Candidate { id: *id, ln_p: p.ln() });
    ExitRow {
        exit,
        top: top.collect(),
        entropy: row.entropy,
        kl: if exit == ExitId::Original { 0.0 } else { row.kl },
        js: if exit == ExitId::Original { 0.0 } else { (row.kl / 4.0).min(std::f32::consts::LN_2) },
        rank,
        ln_p: p.ln(),
    }
}

/// The first token of what decides; drawn ones are the first three in turns.
fn choose(rows: &Rows<'_>, query: &Query) -> Choice {
    let sampling = &query.decoding.sampling;
    let place =
        if sampling.random { (usize::try_from(sampling.seed % 3).unwrap_or(0) + query.position) % 3 } else { 0 };
    let mut decided: Vec<(TokenId, f32)> = match &query.decoding.method {
        Method::Exit(exit) => rows.0.iter().find(|(other, _)| other == exit).map(|(_, row)| row.listed.clone()),
        Method::Contrast(pair) => rows.0.iter().find(|(other, _)| *other == pair.expert).map(|(_, row)| {
            let result = |(id, _): &(TokenId, f32)| (*id, rows.result(*pair, *id));
            row.listed.iter().map(result).collect()
        }),
        method => rows.scores(method).map(|scores| scores.first.iter().map(|t| (t.id, t.result.exp())).collect()),
    }
    .unwrap_or_default();
    if let Method::Contrast(pair) = query.decoding.method
        && let Some(best) = rows.contrast(pair).and_then(|contrast| contrast.best())
    {
        // V comes first, whatever the expert says of the rest.
        decided.sort_by(|a, b| (b.0 == best).cmp(&(a.0 == best)).then(b.1.total_cmp(&a.1)));
    }
    let (id, p) = decided.get(place).copied().unwrap_or((words::END, 1.0));
    Choice { id, ln_p: p.ln(), rank: u32::try_from(place + 1).unwrap_or(1), drawn: sampling.random }
}

/// The top tokens and the user's pins.
fn pins(rows: &Rows<'_>, asked: &[TokenId]) -> Arc<[PinRow]> {
    let mut ids: Vec<TokenId> = Vec::new();
    for id in rows.0.iter().map(|(_, row)| row.listed[0].0) {
        if !ids.contains(&id) && ids.len() < FOLLOWED {
            ids.push(id);
        }
    }
    for id in asked {
        if !ids.contains(id) {
            ids.push(*id);
        }
    }
    let follow = |id: TokenId| PinRow {
        id,
        ln_p: rows.0.iter().map(|(_, row)| row.at(id).0.ln()).collect(),
        rank: rows.0.iter().map(|(_, row)| row.at(id).1).collect(),
    };
    ids.into_iter().map(follow).collect()
}

/// Every token as far as there are words: what the rows list, and little of the rest.
fn vocabulary(state: &State, query: &Query) -> Option<Arc<Vocabulary>> {
    /// No word but the end of the text has an id from here on.
    const LARGEST: usize = 47_271;
    let pair = query.vocabulary?;
    let names = &state.card.as_ref()?.exits;
    let rows = Rows(names.iter().copied().zip(texts::rows(&query.text[..query.position]).iter().cycle()).collect());
    let spread = |row: &Row| {
        let mut ln_p = vec![1e-5f32.ln(); LARGEST];
        let far = row.far.iter().map(|(id, p, _)| (*id, *p));
        for (id, p) in row.listed.iter().copied().chain(far) {
            if let Some(place) = ln_p.get_mut(id.index()) {
                *place = p.ln();
            }
        }
        ln_p
    };
    let exits: Vec<Vec<f32>> = rows.0.iter().take(EXITS).map(|(_, row)| spread(row)).collect();
    let expert = rows.0.iter().position(|(exit, _)| *exit == pair.expert).filter(|row| *row < exits.len())?;
    let mut contrast = exits[expert].clone();
    for (id, _) in &rows.0[expert].1.listed {
        if let Some(place) = contrast.get_mut(id.index()) {
            *place = rows.result(pair, *id).ln();
        }
    }
    let mut drawn = vec![f32::NEG_INFINITY; LARGEST];
    if let Some(place) = drawn.get_mut(choose(&rows, query).id.index()) {
        *place = 0.0;
    }
    Some(Arc::new(Vocabulary { position: query.position, exits, contrast, pair, drawn }))
}

/// What the lens is made up to read: at every exit what the one two rows below says.
fn say_lens(state: &mut State, query: &Query, trace: &StepTrace) {
    if !query.lens {
        return;
    }
    let last = trace.exits.len() - 1;
    let row = |index: usize| {
        let below = &trace.exits[(index + 2).min(last)];
        let top = below.top[0];
        LensRow { exit: trace.exits[index].exit, top, ln_p: below.ln_p, kl: below.kl, from_head: below.js }
    };
    let rows = (1..=last).map(row).collect();
    let lens = Lens { before: query.text[..query.position].into(), subject: trace.subject, rows };
    hear(state, Event::Lens { ticket: query.ticket, lens: Arc::new(lens) });
}

/// A screen just opened on the prompt, nothing answered yet.
pub(in crate::tui) fn opened() -> State {
    let mut state = State::new("gpt2-mexit.gguf".into(), Wish::default());
    hear(&mut state, Event::Opened(Arc::new(card())));
    hear(&mut state, Event::Prompt(main_text()[..PROMPT].into()));
    state
}

/// Answers everything that the state asks.
pub(in crate::tui) fn answer_all(state: &mut State) {
    while let Some(query) = state.next_query() {
        answer(state, &query);
    }
}

/// What a trace says of some exits.
fn only(whole: StepTrace, kept: &[ExitId]) -> StepTrace {
    let row = |row: &ExitRow| if kept.contains(&row.exit) { row.clone() } else { ExitRow::absent(row.exit) };
    let contrast = whole.contrast.clone().filter(|c| kept.contains(&c.pair.expert) && kept.contains(&c.pair.amateur));
    StepTrace { exits: whole.exits.iter().map(row).collect(), contrast, ..whole }
}

/// The beginning of an answer: original, expert and amateur.
pub(super) fn answer_part(state: &mut State, query: &Query) {
    let part = only(trace(state, query), &[ExitId::Original, state.pair.expert, state.pair.amateur]);
    hear(state, Event::Part { ticket: query.ticket, trace: Arc::new(part) });
}

/// An answer in which one exit's numbers are not finite.
pub(super) fn answer_broken(state: &mut State, query: &Query, exit: ExitId) {
    let whole = trace(state, query);
    let row = |row: &ExitRow| if row.exit == exit { ExitRow::nan(exit) } else { row.clone() };
    let (mut contrast, mut choice) = (whole.contrast.clone(), whole.choice);
    if exit == state.pair.expert || exit == state.pair.amateur {
        contrast = None;
        choice.ln_p = f32::NAN;
    }
    say_lens(state, query, &whole);
    let trace = StepTrace { exits: whole.exits.iter().map(row).collect(), contrast, choice, ..whole };
    hear(state, Event::Step { ticket: query.ticket, trace: Arc::new(trace), millis: None, vocabulary: None });
}

/// Answers one query.
pub(super) fn answer(state: &mut State, query: &Query) {
    let mut trace = trace(state, query);
    say_lens(state, query, &trace);
    if query.brief {
        trace = only(trace, &[vec![ExitId::Original], query.decoding.method.exits()].concat());
    }
    let (trace, vocabulary) = (Arc::new(trace), vocabulary(state, query));
    hear(state, Event::Step { ticket: query.ticket, trace, millis: Some(94.0), vocabulary });
}
