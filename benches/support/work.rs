//! The pieces of work that are measured: by the clock in `metrics.rs`, by instructions in `instructions.rs`. All on one
//! thread, over made-up rows as a trained model's (`likely`) and a random one's (`flat`).

use std::hint::black_box;

use mexit_models::{ExitId, LogitRows, TokenId};
use mexit_tui::{
    decode::{Distribution, Reference, contrast, winners},
    session::{
        analyze::{Analysis, Question},
        trace::{ALPHAS, Decoding, Method, Pair, Sampling},
    },
};

use super::rows;

const EXITS: u32 = 13;
const PAIR: Pair = Pair { expert: ExitId::Block(24), amateur: ExitId::Block(12), alpha: 0.1, min_candidates: 1 };

/// Something to be done again and again; it gives a number, so that nothing is left out.
pub(crate) type Work = Box<dyn Fn() -> f32>;

/// A piece of work, and how to make it ready.
pub(crate) struct Piece {
    pub(crate) name: String,
    pub(crate) make: Box<dyn Fn() -> Work>,
}

type Made = fn(u64) -> Vec<f32>;

/// All pieces.
pub(crate) fn pieces() -> Vec<Piece> {
    let kinds: [(&str, Made); 2] = [("likely", rows::likely), ("flat", rows::flat)];
    kinds.into_iter().flat_map(|(kind, made)| [of_rows(kind, made), of_traces(kind, made)]).flatten().collect()
}

/// Rows that live as long as the program: what is measured borrows them.
fn kept(row: Vec<f32>) -> &'static [f32] {
    Box::leak(row.into_boxed_slice())
}

fn distribution(row: Vec<f32>) -> &'static Distribution<'static> {
    Box::leak(Box::new(Distribution::new(kept(row))))
}

fn piece(kind: &str, name: &str, make: impl Fn() -> Work + 'static) -> Piece {
    Piece { name: format!("{kind}.{name}"), make: Box::new(make) }
}

fn of_rows(kind: &str, made: Made) -> Vec<Piece> {
    let pair = move || (distribution(made(12)), distribution(made(6)));
    vec![
        piece(kind, "distribution", move || {
            let row = kept(made(6));
            Box::new(move || Distribution::new(black_box(row)).entropy())
        }),
        piece(kind, "reference", move || {
            let (p, _) = pair();
            Box::new(move || Reference::new(black_box(p)).divergences(p).kl)
        }),
        piece(kind, "divergences", move || {
            let (p, q) = pair();
            let reference = Reference::new(p);
            Box::new(move || reference.divergences(black_box(q)).js)
        }),
        piece(kind, "top-10", move || {
            let (_, q) = pair();
            Box::new(move || black_box(q).top(10)[9].ln_p)
        }),
        piece(kind, "rank", move || {
            let (_, q) = pair();
            let middle = q.top(rows::VOCABULARY / 2).last().map_or(0, |token| token.id);
            Box::new(move || black_box(q).rank(middle) as f32)
        }),
        piece(kind, "contrast", move || {
            let (p, q) = pair();
            Box::new(move || contrast(black_box(p), q, PAIR.alpha, PAIR.min_candidates).effect)
        }),
        piece(kind, "choice-at-8-alphas", move || {
            let (p, q) = pair();
            Box::new(move || winners(black_box(p), q, &ALPHAS, PAIR.min_candidates)[7] as f32)
        }),
    ]
}

fn of_traces(kind: &str, made: Made) -> Vec<Piece> {
    let greedy = Sampling::default();
    let random = Sampling { random: true, ..greedy.clone() };
    let penalized = Sampling { repetition_penalty: 1.2, ..greedy.clone() };
    let kinds = [
        ("trace", greedy.clone(), None),
        ("trace-drawn", random, None),
        ("trace-penalized", penalized, None),
        ("trace-with-grid", greedy, Some(PAIR)),
    ];
    let of = |(name, sampling, grid): (&str, Sampling, Option<Pair>)| {
        piece(kind, name, move || {
            let exits: Vec<ExitId> =
                std::iter::once(ExitId::Original).chain((1..EXITS).rev().map(|k| ExitId::Block(2 * k))).collect();
            let values = (0..u64::from(EXITS)).rev().flat_map(made).collect();
            let parts = [LogitRows::of(&exits, rows::VOCABULARY, values)];
            let decoding = Decoding { method: Method::Contrast(PAIR), sampling: sampling.clone() };
            Box::new(move || {
                let question = Question {
                    decoding: &decoding,
                    shown_pair: Some(PAIR),
                    candidates: 10,
                    history: &[TokenId(67), TokenId(9)],
                    token: None,
                    pins: &[TokenId(5)],
                    grid,
                };
                Analysis::new(black_box(&parts), &exits, 0).trace(2, &question).exits[0].ln_p
            })
        })
    };
    kinds.into_iter().map(of).collect()
}
