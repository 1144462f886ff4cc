//! What a picture costs: every view at 200×60, with thirteen exits and a thousand tokens, whole and after a cursor move.
//!
//! `cargo bench --profile release --workspace --bench screen`. The traces are made up of numbers that follow from
//! positions alone: no graph is computed.

use std::{hint::black_box, sync::Arc};

use criterion::{Criterion, criterion_group, criterion_main};
use mexit_tui::{
    session::{
        grid::{Cell, GRID_ALPHAS, GRID_MINIMA, Grid},
        protocol::{Event, ModelCard, Query},
        trace::{
            ALPHAS, Candidate, Choice, ContrastTrace, Contrasted, ExitId, ExitRow, Pair, PinRow, StepTrace, TokenId,
        },
    },
    tui::Headless,
};
use ratatui::crossterm::event::{self, KeyCode, KeyEvent, KeyModifiers};

const TOKENS: u32 = 1000;
const EXITS: u32 = 13;
const VOCABULARY: u32 = 50_257;

fn card() -> ModelCard {
    let exits = std::iter::once(ExitId::Original).chain((1..EXITS).rev().map(|k| ExitId::Block(2 * k)));
    let word = |id: u32| format!(" {}", ["the", "wall", "humpty", "of", "a", "king's", ",", "horses"][id as usize % 8]);
    ModelCard {
        name: "gpt2-medium-multiexit q8_0".into(),
        exits: exits.collect(),
        blocks: 24,
        context: 1024,
        vocabulary: VOCABULARY as usize,
        lens: false,
        end_of_text: None,
        bytes: (0..VOCABULARY).map(|id| word(id).into_bytes().into()).collect(),
        special: Vec::new(),
        about: Vec::new(),
        block_work: 12.0 * 1024.0 * 1024.0,
        head_work: 1024.0 * 50257.0,
        fingerprint: String::new(),
    }
}

/// A number below n that looks like chance.
fn mixed(position: usize, exit: u32, n: u32) -> u32 {
    let position = u32::try_from(position).unwrap_or(0);
    position.wrapping_mul(2_654_435_761).wrapping_add(exit.wrapping_mul(40_503)).rotate_left(13) % n
}

fn trace(query: &Query, position: usize, card: &ModelCard) -> StepTrace {
    let subject = query.text.get(position).copied().unwrap_or(TokenId(mixed(position, 0, VOCABULARY)));
    let candidate = |n: u32, exit: u32| Candidate {
        id: if mixed(position, exit + n, 3) == 0 {
            subject
        } else {
            TokenId(mixed(position, (exit + n) / 4, VOCABULARY))
        },
        ln_p: -0.5 - n as f32 / 3.0,
    };
    let row = |(exit, n): (&ExitId, u32)| ExitRow {
        exit: *exit,
        top: (0..10).map(|k| candidate(k, n)).collect(),
        entropy: 3.0 + n as f32 / 4.0,
        kl: n as f32 / 5.0,
        js: n as f32 / 30.0,
        rank: 1 + n * n,
        ln_p: -1.0 - n as f32 / 2.0,
    };
    let exits: Vec<ExitRow> = card.exits.iter().zip(0..).map(row).collect();
    let contrasted = |n: u32| Contrasted {
        id: TokenId(mixed(position, n, VOCABULARY)),
        expert: -1.0 - n as f32 / 9.0,
        amateur: -2.0 - n as f32 / 7.0,
        result: -1.1 - n as f32 / 8.0,
        expert_rank: n + 1,
        result_rank: n + 1,
    };
    let pair = query.shown_pair.unwrap_or_else(|| unreachable!("the screen names a pair"));
    let pins = (0..8).map(|n| PinRow {
        id: TokenId(mixed(position, n, VOCABULARY)),
        ln_p: vec![-2.0 - n as f32; card.exits.len()],
        rank: vec![n + 2; card.exits.len()],
    });
    StepTrace {
        position,
        decoding: query.decoding.clone(),
        subject,
        pins: pins
            .chain(query.pins.iter().map(|id| PinRow { id: *id, ln_p: vec![-5.0; 13], rank: vec![9; 13] }))
            .collect(),
        grid: query.grid.map(|pair| Arc::new(grid(position, pair, card.exits.len()))),
        contrast: Some(ContrastTrace {
            pair,
            ln_tau: -3.0,
            plausible: (0..40).map(contrasted).collect(),
            below: (40..42).map(contrasted).collect(),
            plausible_len: 40,
            mass: 0.7,
            effect: 0.2,
            expert_alone: exits[1].top[0],
            over_alpha: ALPHAS.iter().zip(0..).map(|(_, n)| TokenId(mixed(position, n, VOCABULARY))).collect(),
        }),
        exits: exits.into(),
        scores: None,
        choice: Choice { id: subject, ln_p: -1.0, rank: 1, drawn: false },
    }
}

fn grid(position: usize, pair: Pair, exits: usize) -> Grid {
    let cell = |n: usize| Cell {
        id: TokenId(mixed(position, u32::try_from(n).unwrap_or(0), 7)),
        ln_p: -1.5,
        plausible: 1 + n % 9,
    };
    Grid {
        settings: (pair.alpha, pair.min_candidates),
        pairs: (0..exits).map(|e| (e + 1..exits).map(|a| cell(e * a)).collect()).collect(),
        pair: (pair.expert, pair.amateur),
        alphas: (0..GRID_ALPHAS.len()).map(cell).collect(),
        minima: (0..GRID_MINIMA.len()).map(cell).collect(),
        mass: 0.7,
    }
}

fn answer_all(screen: &mut Headless, card: &ModelCard) {
    while let Some(query) = screen.next_query() {
        let ticket = query.ticket;
        let rest = query.rest.iter().map(|position| Arc::new(trace(&query, *position, card)));
        screen.hear(Event::Filled { ticket, traces: rest.collect() });
        let trace = Arc::new(trace(&query, query.position, card));
        screen.hear(Event::Step { ticket, trace, millis: Some(90.0), vocabulary: None });
    }
}

fn press(screen: &mut Headless, code: KeyCode) {
    screen.press(event::Event::Key(KeyEvent::new(code, KeyModifiers::NONE)));
}

fn pictures(criterion: &mut Criterion) {
    let card = Arc::new(card());
    let mut screen = Headless::new((200, 60), false);
    screen.hear(Event::Opened(Arc::clone(&card)));
    screen.hear(Event::Prompt((0..TOKENS).map(|n| TokenId(mixed(n as usize, 7, VOCABULARY))).collect()));
    answer_all(&mut screen, &card);
    // Keys as they are pressed, one after the other: `a` turns Exits to exits against exits, and in Lanes adds two.
    let views = [
        ("1", "explore"),
        ("2", "heatmap"),
        ("3", "journeys"),
        ("4", "what-if"),
        ("5", "branches"),
        ("6", "exits"),
        ("a", "exits against exits"),
        ("7a\ra\r", "three lanes"),
    ];
    for (keys, name) in views {
        for key in keys.chars() {
            press(&mut screen, if key == '\r' { KeyCode::Enter } else { KeyCode::Char(key) });
            answer_all(&mut screen, &card);
        }
        criterion.bench_function(&format!("{name}, 200x60"), |bench| bench.iter(|| black_box(screen.draw())));
        let mut back = false;
        criterion.bench_function(&format!("{name}, a move and its picture"), |bench| {
            bench.iter(|| {
                press(&mut screen, KeyCode::Char(if back { 'L' } else { 'H' }));
                back = !back;
                answer_all(&mut screen, &card);
                black_box(screen.draw())
            });
        });
    }
    press(&mut screen, KeyCode::Char('2'));
    for _ in 0..9 {
        press(&mut screen, KeyCode::Char('Z'));
    }
    criterion.bench_function("heatmap as a map, 200x60", |bench| bench.iter(|| black_box(screen.draw())));
}

criterion_group!(benches, pictures);
criterion_main!(benches);
