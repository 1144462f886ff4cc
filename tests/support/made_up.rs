//! A trace of made-up numbers, of any length: thirteen exits, what the screen keeps of each, no model.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test takes what it needs of this module")]

use std::sync::Arc;

use mexit_tui::session::{
    protocol::ModelCard,
    trace::{
        ALPHAS, Candidate, Choice, ContrastTrace, Contrasted, Decoding, ExitId, ExitRow, Method, Pair, PinRow,
        Sampling, StepTrace, TokenId,
    },
    traced::{Traced, TracedToken},
};

const VOCABULARY: usize = 50_257;
const WORDS: [&str; 12] =
    [" the", " of", "ed", " humpty", "\n", " <b>&amp;\"", " é", "\u{fffd}", " |*_`", "</script>", " naïve", " 日本"];

/// Numbers that look random and are always the same ones.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    /// From 0 to `most`.
    fn up_to(&mut self, most: f32) -> f32 {
        let part = u16::try_from(self.below(60_000)).expect("a small number");
        f32::from(part) / 60_000.0 * most
    }

    fn token(&mut self) -> TokenId {
        TokenId(u32::try_from(self.below(VOCABULARY as u64)).expect("an id"))
    }
}

pub fn card() -> ModelCard {
    let bytes = |id: usize| match id % 41 {
        // A part of a character.
        0 => vec![0xE6, 0x97].into_boxed_slice(),
        n => WORDS[n % WORDS.len()].as_bytes().into(),
    };
    ModelCard {
        name: "made <up> & odd".into(),
        exits: std::iter::once(ExitId::Original).chain((1..=12).rev().map(|k| ExitId::Block(2 * k))).collect(),
        blocks: 24,
        context: 2048,
        vocabulary: VOCABULARY,
        lens: false,
        end_of_text: Some(TokenId(50_256)),
        bytes: (0..VOCABULARY).map(bytes).collect(),
        special: vec![TokenId(50_256)],
        about: Vec::new(),
        block_work: 12.0 * 1024.0 * 1024.0,
        head_work: 1024.0 * 50_257.0,
        fingerprint: "0123456789abcdef".repeat(4),
    }
}

/// So many tokens, and the open slot.
pub fn traced(tokens: usize) -> Traced {
    let mut numbers = Numbers(7);
    let card = card();
    let pair = Pair { expert: ExitId::Original, amateur: ExitId::Block(12), alpha: 0.1, min_candidates: 1 };
    let decoding = Decoding { method: Method::Contrast(pair), sampling: Sampling { seed: 3, ..Sampling::default() } };
    let mut step =
        |position: usize| (position > 0).then(|| Arc::new(step(position, &card, &decoding, pair, &mut numbers)));
    let token = |position: usize| {
        let trace = step(position);
        let id = trace.as_ref().map_or(TokenId(11), |trace: &Arc<StepTrace>| trace.subject);
        TracedToken { id, forced: position == 9, trace }
    };
    let all: Vec<TracedToken> = (0..=tokens).map(token).collect();
    let slot = all[tokens].trace.clone();
    let tokens = all[..tokens].to_vec();
    Traced {
        place: None,
        decoding,
        pair: Some(pair),
        pins: vec![TokenId(5)],
        prompt: 4,
        tokens,
        slot,
        card: Arc::new(card),
    }
}

fn step(position: usize, card: &ModelCard, decoding: &Decoding, pair: Pair, numbers: &mut Numbers) -> StepTrace {
    let first = numbers.token();
    let turns = numbers.below(13);
    let row = |(place, exit): (usize, &ExitId), numbers: &mut Numbers| {
        let candidate = |n: u16, numbers: &mut Numbers| Candidate {
            id: if n == 0 && place as u64 <= turns { first } else { numbers.token() },
            ln_p: -numbers.up_to(0.5) - f32::from(n),
        };
        ExitRow {
            exit: *exit,
            top: (0..10).map(|n| candidate(n, numbers)).collect(),
            entropy: numbers.up_to(9.0),
            kl: if place == 0 { 0.0 } else { numbers.up_to(6.0) },
            js: if place == 0 { 0.0 } else { numbers.up_to(0.69) },
            rank: 1 + u32::try_from(numbers.below(900)).expect("a rank"),
            ln_p: -numbers.up_to(12.0),
        }
    };
    let exits: Vec<ExitRow> = card.exits.iter().enumerate().map(|exit| row(exit, numbers)).collect();
    let pin = |numbers: &mut Numbers| PinRow {
        id: numbers.token(),
        ln_p: card.exits.iter().map(|_| -numbers.up_to(14.0)).collect(),
        rank: card.exits.iter().map(|_| 1 + u32::try_from(numbers.below(900)).expect("a rank")).collect(),
    };
    let contrasted = |place: u16, numbers: &mut Numbers| Contrasted {
        id: if place == 1 && turns > 3 { first } else { numbers.token() },
        expert: -numbers.up_to(4.0),
        amateur: -numbers.up_to(9.0),
        result: -f32::from(place) - numbers.up_to(0.5),
        expert_rank: place.into(),
        result_rank: place.into(),
    };
    let contrast = ContrastTrace {
        pair,
        ln_tau: -numbers.up_to(5.0),
        plausible: (1..=20).map(|place| contrasted(place, numbers)).collect(),
        below: (21..=22).map(|place| contrasted(place, numbers)).collect(),
        plausible_len: 20,
        mass: numbers.up_to(1.0),
        effect: numbers.up_to(1.0),
        expert_alone: Candidate { id: first, ln_p: -numbers.up_to(1.0) },
        over_alpha: vec![first; ALPHAS.len()],
    };
    StepTrace {
        position,
        decoding: decoding.clone(),
        subject: first,
        exits: exits.into(),
        choice: Choice { id: first, ln_p: -numbers.up_to(2.0), rank: 1, drawn: false },
        contrast: Some(contrast),
        scores: None,
        pins: (0..8).map(|_| pin(numbers)).collect(),
        grid: None,
    }
}

/// The same, one exit's numbers at one position none.
pub fn broken(mut traced: Traced, position: usize, row: usize) -> Traced {
    if let Some(trace) = &mut traced.tokens[position].trace {
        let mut exits = trace.exits.to_vec();
        exits[row] = ExitRow::nan(exits[row].exit);
        *trace = Arc::new(StepTrace { exits: exits.into(), ..(**trace).clone() });
    }
    traced
}
