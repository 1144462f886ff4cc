//! What a stored trace says under other settings: exactly, from the tokens that were stored, or not at all. Whoever has
//! the model asks it instead.

use std::sync::Arc;

use super::{
    grid::{Cell, GRID_ALPHAS, GRID_MINIMA, Grid},
    trace::{
        ALPHAS, Candidate, Choice, ContrastTrace, Contrasted, Decoding, ExitId, ExitRow, Method, Pair, StepTrace,
        TokenId,
    },
};
use crate::decode::{self, Contrast, Plausible};

/// Tokens below τ that are listed, as far as they are known.
const BELOW: usize = 2;

/// The trace under a decoding, and with the contrast of a pair and the grid around another. What does not follow from
/// what was stored is left out: the contrast, cells of the grid, or the choice, which then stays that of the decoding
/// before. `is_open`: at the open slot, where the trace is about the token that would be taken.
#[must_use]
pub fn restate(trace: &StepTrace, is_open: bool, decoding: &Decoding, pair: Pair, grid: Option<Pair>) -> StepTrace {
    let is_same = trace.contrast.as_ref().is_some_and(|contrast| contrast.pair == pair);
    let contrast = if is_same { trace.contrast.clone() } else { contrast(trace, pair) };
    let mut restated = StepTrace { contrast, ..trace.clone() };
    let choice = choice(trace, decoding).filter(|_| trace.decoding != *decoding);
    // At the open slot the rows are about the proposed token: another one must have been followed over the exits.
    let exits = |choice: &Choice| {
        let is_other = is_open && choice.id != trace.subject;
        if is_other { about(trace, choice.id) } else { Some(Arc::clone(&trace.exits)) }
    };
    if let Some((choice, exits)) = choice.and_then(|choice| Some((choice, exits(&choice)?))) {
        restated.subject = if is_open { choice.id } else { trace.subject };
        (restated.decoding, restated.choice, restated.exits) = (decoding.clone(), choice, exits);
        restated.scores = None;
    }
    let stored = trace.grid.as_ref().zip(grid);
    let is_same =
        stored.is_some_and(|(g, p)| g.pair == (p.expert, p.amateur) && g.settings == (p.alpha, p.min_candidates));
    if !is_same {
        restated.grid = grid.map(|pair| Arc::new(self::grid(trace, pair)));
    }
    restated
}

/// The rows, about another token.
fn about(trace: &StepTrace, id: TokenId) -> Option<Arc<[ExitRow]>> {
    let pin = trace.pins.iter().find(|pin| pin.id == id)?;
    let numbers = pin.rank.iter().zip(&pin.ln_p);
    let row = |(row, (rank, ln_p)): (&ExitRow, (&u32, &f32))| ExitRow { rank: *rank, ln_p: *ln_p, ..row.clone() };
    Some(trace.exits.iter().zip(numbers).map(row).collect())
}

/// The beginning of an exit's order: its most probable tokens, best first, none left out.
fn order(trace: &StepTrace, exit: ExitId) -> Vec<Candidate> {
    let row = trace.exits.iter().find(|row| row.exit == exit);
    let mut known: Vec<Candidate> = row.map(|row| row.top.clone()).unwrap_or_default();
    // V is such a beginning, too, and what is listed below it goes on with it.
    if let Some(contrast) = trace.contrast.as_ref().filter(|c| c.pair.expert == exit && is_whole(c)) {
        let all = contrast.plausible.iter().chain(&contrast.below);
        let mut listed: Vec<Candidate> = all.map(|c| Candidate { id: c.id, ln_p: c.expert }).collect();
        listed.sort_by(|a, b| b.ln_p.total_cmp(&a.ln_p).then(a.id.cmp(&b.id)));
        if listed.len() > known.len() {
            known = listed;
        }
    }
    known
}

fn is_whole(contrast: &ContrastTrace) -> bool {
    contrast.plausible.len() == contrast.plausible_len
}

/// ln p of a token at an exit, wherever that was stored.
fn ln_p(trace: &StepTrace, exit: ExitId, id: TokenId) -> Option<f32> {
    let place = trace.exits.iter().position(|row| row.exit == exit)?;
    let row = &trace.exits[place];
    let listed = row.top.iter().find(|c| c.id == id).map(|c| c.ln_p);
    let subject = (trace.subject == id).then_some(row.ln_p);
    let pinned = || trace.pins.iter().find(|pin| pin.id == id)?.ln_p.get(place).copied();
    let contrasted = || {
        let contrast = trace.contrast.as_ref()?;
        let found = contrast.plausible.iter().chain(&contrast.below).find(|c| c.id == id)?;
        let is = |other| other == exit;
        is(contrast.pair.amateur).then_some(found.amateur).or(is(contrast.pair.expert).then_some(found.expert))
    };
    listed.or(subject).or_else(pinned).or_else(contrasted)
}

/// A contrast over the order of its expert, if V lies wholly in what is known.
fn contrasted(trace: &StepTrace, order: &[Candidate], pair: Pair) -> Option<Contrast> {
    let (best, last) = (order.first()?, order.last()?);
    let relative = best.ln_p + pair.alpha.ln();
    let ln_tau = match pair.min_candidates {
        0 | 1 => relative,
        k => relative.min(order.get(k - 1)?.ln_p),
    };
    // Of tokens as probable as the last one some may be missing.
    if last.ln_p >= ln_tau {
        return None;
    }
    let widen = |c: &Candidate| {
        let amateur = ln_p(trace, pair.amateur, c.id)?;
        Some(Plausible { id: c.id.0, expert: c.ln_p, amateur, result: 0.0 })
    };
    let inside = order.iter().filter(|c| c.ln_p >= ln_tau);
    let mut plausible: Vec<Plausible> = inside.map(widen).collect::<Option<_>>()?;
    // In the order in which a whole row is summed up.
    plausible.sort_unstable_by_key(|token| token.id);
    Some(decode::share_out(ln_tau, plausible))
}

fn contrast(trace: &StepTrace, pair: Pair) -> Option<ContrastTrace> {
    let order = order(trace, pair.expert);
    let found = contrasted(trace, &order, pair)?;
    let rank = |id: TokenId| u32::try_from(1 + order.iter().position(|c| c.id == id)?).ok();
    let (inside, first) = (found.count(), found.first(ContrastTrace::STORED));
    let plausible = first.iter().zip(1u32..).map(|(token, place)| {
        let (id, expert_rank) = (TokenId(token.id), rank(TokenId(token.id))?);
        let Plausible { expert, amateur, result, .. } = *token;
        Some(Contrasted { id, expert, amateur, result, expert_rank, result_rank: place })
    });
    let below = order.iter().skip(inside).take(BELOW).map_while(|c| {
        let (amateur, rank) = (ln_p(trace, pair.amateur, c.id)?, rank(c.id)?);
        Some(Contrasted { id: c.id, expert: c.ln_p, amateur, result: c.ln_p, expert_rank: rank, result_rank: rank })
    });
    let winner = |alpha: &f32| {
        let found = contrasted(trace, &order, Pair { alpha: *alpha, ..pair })?;
        found.best().map(|token| TokenId(token.id))
    };
    let stored = trace.contrast.as_ref().filter(|stored| stored.pair == Pair { alpha: stored.pair.alpha, ..pair });
    // All or none: a row with a gap would be read as another one.
    let over_alpha = stored.map(|stored| stored.over_alpha.clone());
    let over_alpha = over_alpha.or_else(|| ALPHAS.iter().map(winner).collect()).unwrap_or_default();
    Some(ContrastTrace {
        pair,
        ln_tau: found.ln_tau,
        plausible: plausible.collect::<Option<_>>()?,
        below: below.collect(),
        plausible_len: inside,
        mass: found.mass,
        effect: found.effect,
        expert_alone: order[0],
        over_alpha,
    })
}

/// What a greedy decoding takes; a draw, and a penalty, need every token.
fn choice(trace: &StepTrace, decoding: &Decoding) -> Option<Choice> {
    if decoding.sampling.random || decoding.sampling.repetition_penalty != 1.0 {
        return None;
    }
    let (id, ln_p) = match &decoding.method {
        Method::Exit(exit) => order(trace, *exit).first().map(|best| (best.id, best.ln_p))?,
        // A token below τ has less than the mean of V, and so less than the best of it.
        Method::Contrast(pair) => {
            let best = contrasted(trace, &order(trace, pair.expert), *pair)?.best()?;
            (TokenId(best.id), best.ln_p)
        }
        // These may read exits, or tokens, of which nothing was stored.
        Method::LogRatio(_) | Method::Dola(_) | Method::Expression(_) => return None,
    };
    Some(Choice { id, ln_p, rank: 1, drawn: false })
}

fn grid(trace: &StepTrace, pair: Pair) -> Grid {
    let rows: Vec<(ExitId, Vec<Candidate>)> = trace.exits.iter().map(|r| (r.exit, order(trace, r.exit))).collect();
    let cell = |order: &[Candidate], pair: Pair| {
        let known = contrasted(trace, order, pair).and_then(|c| Some((c.best()?, c.count())));
        known.map_or(Cell::UNKNOWN, |(best, plausible)| Cell { id: TokenId(best.id), ln_p: best.ln_p, plausible })
    };
    let below = |i: usize| {
        let (expert, order) = &rows[i];
        let amateurs = rows[i + 1..].iter();
        amateurs.map(|(amateur, _)| cell(order, Pair { expert: *expert, amateur: *amateur, ..pair })).collect()
    };
    let own = order(trace, pair.expert);
    Grid {
        settings: (pair.alpha, pair.min_candidates),
        pairs: (0..rows.len()).map(below).collect(),
        pair: (pair.expert, pair.amateur),
        alphas: GRID_ALPHAS.iter().map(|alpha| cell(&own, Pair { alpha: *alpha, ..pair })).collect(),
        minima: GRID_MINIMA.iter().map(|min| cell(&own, Pair { min_candidates: *min, ..pair })).collect(),
        mass: contrasted(trace, &own, pair).map_or(f32::NAN, |contrast| contrast.mass),
    }
}

#[cfg(test)]
mod tests {
    use super::restate;
    use crate::{
        decode::{Sampling, uniform},
        session::{
            analyze::{Analysis, Question},
            trace::{Decoding, ExitId, Method, Pair, StepTrace},
        },
    };
    use mexit_models::LogitRows;

    const EXITS: [ExitId; 4] = [ExitId::Original, ExitId::Block(6), ExitId::Block(4), ExitId::Block(2)];

    #[expect(clippy::cast_possible_truncation, reason = "made-up numbers")]
    fn logits(seed: u64) -> LogitRows {
        // Peaked as a model's rows are: a few tokens far above the others, nearly the same ones at every exit.
        let at = |exit: u64, id: u64| {
            let (own, shared) = (uniform(seed, id, u32::try_from(exit).unwrap_or(0)), uniform(seed, id, 99));
            ((shared * 12.0).powf(1.6) + own * 3.0) as f32
        };
        let rows = (0..4).map(|exit| (0..500).map(|id| at(exit, id)).collect::<Vec<f32>>()).collect::<Vec<_>>();
        LogitRows::of(&EXITS, 500, rows.concat())
    }

    fn asked(logits: &LogitRows, pair: Pair, candidates: usize) -> StepTrace {
        let decoding = Decoding { method: Method::Contrast(pair), sampling: Sampling::default() };
        let question = Question {
            decoding: &decoding,
            shown_pair: Some(pair),
            candidates,
            history: &[],
            token: None,
            pins: &[],
            grid: Some(pair),
        };
        Analysis::new(std::slice::from_ref(logits), &EXITS, 0).trace(1, &question)
    }

    /// Over many rows and settings: what is restated is what the model says, to the last bit, and much is.
    #[test]
    fn restated_is_what_the_model_would_say_or_nothing() {
        let (mut told, mut blank, mut cells, mut blanks) = (0, 0, 0, 0);
        for seed in 0..60 {
            let logits = logits(seed);
            let from = Pair { expert: EXITS[0], amateur: EXITS[2], alpha: 0.1, min_candidates: 1 };
            let stored = asked(&logits, from, 10);
            for (expert, amateur) in [(0, 2), (0, 3), (1, 2), (2, 3)] {
                for (alpha, min_candidates) in [(0.02, 1), (0.05, 1), (0.2, 1), (0.5, 3), (1.0, 1), (0.1, 12)] {
                    let pair = Pair { expert: EXITS[expert], amateur: EXITS[amateur], alpha, min_candidates };
                    let truth = asked(&logits, pair, 10);
                    let restated = restate(&stored, true, &truth.decoding, pair, Some(pair));
                    let want = truth.contrast.as_ref().expect("a contrast");
                    let Some(got) = &restated.contrast else {
                        blank += 1;
                        assert_ne!(restated.decoding, truth.decoding, "no choice without its contrast");
                        continue;
                    };
                    told += 1;
                    assert_eq!((got.plausible_len, got.mass, got.effect), (want.plausible_len, want.mass, want.effect));
                    let numbers = |c: &super::Contrasted| (c.id, c.expert, c.amateur, c.result, c.expert_rank);
                    let all = |c: &super::ContrastTrace| c.plausible.iter().map(numbers).collect::<Vec<_>>();
                    assert_eq!(all(got), all(want));
                    assert!(got.over_alpha.is_empty() || got.over_alpha == want.over_alpha);
                    if restated.decoding == truth.decoding {
                        assert_eq!((restated.choice, restated.subject), (truth.choice, truth.subject));
                        let about = |t: &StepTrace| t.exits.iter().map(|r| (r.rank, r.ln_p)).collect::<Vec<_>>();
                        assert_eq!(about(&restated), about(&truth));
                    }
                    let (grid, whole) = (restated.grid.expect("a grid"), truth.grid.expect("a grid"));
                    let both = |a: &super::Grid| [a.pairs.concat(), a.alphas.clone(), a.minima.clone()].concat();
                    for (cell, want) in both(&grid).iter().zip(both(&whole)) {
                        cells += 1;
                        if cell.is_known() { assert_eq!(*cell, want) } else { blanks += 1 }
                    }
                }
            }
        }
        println!("{told} contrasts told, {blank} blank; {cells} cells, {blanks} blank");
        assert!(told > 300 && blank > 100 && blanks > 100 && blanks < cells / 2);
    }
}
