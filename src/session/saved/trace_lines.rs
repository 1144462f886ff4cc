//! A trace as a line, and back. Tokens with numbers are short lists, since there are many of them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    bounds::{Bounds, Checked, require},
    exact::Exact,
    lines::{DecodingLine, PairLine},
    method_lines::ScoresLine,
};
use crate::session::{
    grid::{Cell, GRID_ALPHAS, GRID_MINIMA, Grid},
    trace::{ALPHAS, Candidate, Choice, ContrastTrace, Contrasted, ExitRow, PinRow, StepTrace, TokenId},
};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TraceLine {
    position: usize,
    decoding: DecodingLine,
    subject: u32,
    exits: Vec<ExitLine>,
    choice: ChoiceLine,
    contrast: Option<ContrastLine>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scores: Option<ScoresLine>,
    pins: Vec<PinLine>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    grid: Option<GridLine>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExitLine {
    entropy: Exact,
    kl: Exact,
    js: Exact,
    rank: u32,
    ln_p: Exact,
    top: Vec<(u32, Exact)>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChoiceLine {
    id: u32,
    ln_p: Exact,
    rank: u32,
    drawn: bool,
}

/// Token; ln p of expert, amateur and result; rank by the expert and by the result.
pub(super) type ContrastedLine = (u32, Exact, Exact, Exact, u32, u32);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ContrastLine {
    pair: PairLine,
    ln_tau: Exact,
    plausible: Vec<ContrastedLine>,
    below: Vec<ContrastedLine>,
    plausible_len: usize,
    mass: Exact,
    effect: Exact,
    expert_alone: (u32, Exact),
    over_alpha: Vec<u32>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PinLine {
    id: u32,
    ln_p: Vec<Exact>,
    rank: Vec<u32>,
}

/// Token, ln p, plausible tokens.
type CellLine = (u32, Exact, usize);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct GridLine {
    alpha: Exact,
    min_candidates: usize,
    pairs: Vec<Vec<CellLine>>,
    pair: (String, String),
    alphas: Vec<CellLine>,
    minima: Vec<CellLine>,
    mass: Exact,
}

impl TraceLine {
    pub(super) fn of(trace: &StepTrace) -> Self {
        let candidate = |c: &Candidate| (c.id.0, Exact(c.ln_p));
        let exit = |row: &ExitRow| ExitLine {
            entropy: Exact(row.entropy),
            kl: Exact(row.kl),
            js: Exact(row.js),
            rank: row.rank,
            ln_p: Exact(row.ln_p),
            top: row.top.iter().map(candidate).collect(),
        };
        let contrast = |c: &ContrastTrace| ContrastLine {
            pair: PairLine::of(&c.pair),
            ln_tau: Exact(c.ln_tau),
            plausible: c.plausible.iter().map(contrasted).collect(),
            below: c.below.iter().map(contrasted).collect(),
            plausible_len: c.plausible_len,
            mass: Exact(c.mass),
            effect: Exact(c.effect),
            expert_alone: candidate(&c.expert_alone),
            over_alpha: c.over_alpha.iter().map(|id| id.0).collect(),
        };
        let pin = |pin: &PinRow| PinLine {
            id: pin.id.0,
            ln_p: pin.ln_p.iter().copied().map(Exact).collect(),
            rank: pin.rank.clone(),
        };
        let Choice { id, ln_p, rank, drawn } = trace.choice;
        Self {
            position: trace.position,
            decoding: DecodingLine::of(&trace.decoding),
            subject: trace.subject.0,
            exits: trace.exits.iter().map(exit).collect(),
            choice: ChoiceLine { id: id.0, ln_p: Exact(ln_p), rank, drawn },
            contrast: trace.contrast.as_ref().map(contrast),
            scores: trace.scores.as_deref().map(ScoresLine::of),
            pins: trace.pins.iter().map(pin).collect(),
            grid: trace.grid.as_deref().map(GridLine::of),
        }
    }

    /// The trace, which must be about `position`, and about `token` if the text has one there.
    pub(super) fn check(self, position: usize, token: Option<TokenId>, bounds: &Bounds) -> Checked<StepTrace> {
        require(self.position == position, "a trace's position", position, self.position)?;
        let subject = bounds.token(self.subject, "a trace's token")?;
        let stands = token.unwrap_or(subject);
        require(subject == stands, "a trace's token", stands.0, subject.0)?;
        let n = bounds.exits.len();
        require(self.exits.len() == n, "a trace's exits", n, self.exits.len())?;
        let row = |(line, exit): (ExitLine, &_)| {
            rank(line.rank, bounds)?;
            Ok(ExitRow {
                exit: *exit,
                top: line.top.iter().map(|c| candidate(*c, bounds)).collect::<Checked<_>>()?,
                entropy: line.entropy.0,
                kl: line.kl.0,
                js: line.js.0,
                rank: line.rank,
                ln_p: line.ln_p.0,
            })
        };
        let exits: Vec<ExitRow> = self.exits.into_iter().zip(&bounds.exits).map(row).collect::<Checked<_>>()?;
        let pins: Vec<PinRow> = self.pins.into_iter().map(|pin| pin.check(bounds)).collect::<Checked<_>>()?;
        Ok(StepTrace {
            position,
            decoding: self.decoding.check(bounds)?,
            subject,
            exits: exits.into(),
            contrast: self.contrast.map(|contrast| contrast.check(bounds)).transpose()?,
            scores: self.scores.map(|scores| scores.check(bounds)).transpose()?.map(Box::new),
            choice: self.choice.check(bounds)?,
            pins: pins.into(),
            grid: self.grid.map(|grid| grid.check(bounds)).transpose()?.map(Arc::new),
        })
    }
}

pub(super) fn contrasted(c: &Contrasted) -> ContrastedLine {
    (c.id.0, Exact(c.expert), Exact(c.amateur), Exact(c.result), c.expert_rank, c.result_rank)
}

pub(super) fn read_contrasted(line: &ContrastedLine, bounds: &Bounds) -> Checked<Contrasted> {
    let (id, expert, amateur, result, expert_rank, result_rank) = *line;
    rank(expert_rank, bounds)?;
    rank(result_rank, bounds)?;
    let id = bounds.token(id, "a plausible token")?;
    Ok(Contrasted { id, expert: expert.0, amateur: amateur.0, result: result.0, expert_rank, result_rank })
}

pub(super) fn candidate((id, ln_p): (u32, Exact), bounds: &Bounds) -> Checked<Candidate> {
    Ok(Candidate { id: bounds.token(id, "a candidate")?, ln_p: ln_p.0 })
}

/// From 1 to the vocabulary's size; the largest number stands for the rank of a token among numbers that are none.
fn rank(rank: u32, bounds: &Bounds) -> Checked<()> {
    let known = rank == u32::MAX || (1..=bounds.vocabulary).contains(&(rank as usize));
    require(known, "a rank", format_args!("1 to {}", bounds.vocabulary), rank)
}

impl ChoiceLine {
    fn check(&self, bounds: &Bounds) -> Checked<Choice> {
        rank(self.rank, bounds)?;
        // Where the deciding numbers are none nothing is chosen.
        let id = if self.ln_p.0.is_nan() { TokenId(self.id) } else { bounds.token(self.id, "the choice")? };
        Ok(Choice { id, ln_p: self.ln_p.0, rank: self.rank, drawn: self.drawn })
    }
}

impl ContrastLine {
    fn check(self, bounds: &Bounds) -> Checked<ContrastTrace> {
        let stored = self.plausible.len();
        require(stored <= ContrastTrace::STORED, "plausible tokens", ContrastTrace::STORED, stored)?;
        let counted = (stored..=bounds.vocabulary).contains(&self.plausible_len);
        require(counted, "the size of V", format_args!("{stored} to {}", bounds.vocabulary), self.plausible_len)?;
        let alphas = self.over_alpha.len();
        require(alphas == ALPHAS.len() || alphas == 0, "choices over α", ALPHAS.len(), alphas)?;
        let contrasted = |line: &ContrastedLine| read_contrasted(line, bounds);
        Ok(ContrastTrace {
            pair: self.pair.check(bounds)?,
            ln_tau: self.ln_tau.0,
            plausible: self.plausible.iter().map(contrasted).collect::<Checked<_>>()?,
            below: self.below.iter().map(contrasted).collect::<Checked<_>>()?,
            plausible_len: self.plausible_len,
            mass: self.mass.0,
            effect: self.effect.0,
            expert_alone: candidate(self.expert_alone, bounds)?,
            over_alpha: bounds.tokens(&self.over_alpha, "a choice over α")?,
        })
    }
}

impl PinLine {
    fn check(self, bounds: &Bounds) -> Checked<PinRow> {
        let n = bounds.exits.len();
        require(self.ln_p.len() == n && self.rank.len() == n, "a pin's numbers", n, self.ln_p.len())?;
        self.rank.iter().try_for_each(|r| rank(*r, bounds))?;
        let ln_p = self.ln_p.iter().map(|x| x.0).collect();
        Ok(PinRow { id: bounds.token(self.id, "a pin")?, ln_p, rank: self.rank })
    }
}

impl GridLine {
    fn of(grid: &Grid) -> Self {
        let cells = |cells: &Vec<Cell>| cells.iter().map(|c| (c.id.0, Exact(c.ln_p), c.plausible)).collect();
        Self {
            alpha: Exact(grid.settings.0),
            min_candidates: grid.settings.1,
            pairs: grid.pairs.iter().map(cells).collect(),
            pair: (grid.pair.0.to_string(), grid.pair.1.to_string()),
            alphas: cells(&grid.alphas),
            minima: cells(&grid.minima),
            mass: Exact(grid.mass),
        }
    }

    fn check(self, bounds: &Bounds) -> Checked<Grid> {
        let n = bounds.exits.len();
        let cells = |cells: Vec<CellLine>, expected: usize| {
            require(cells.len() == expected, "cells of the grid", expected, cells.len())?;
            let cell = |(id, ln_p, plausible): CellLine| {
                let vocabulary = bounds.vocabulary;
                require(plausible <= vocabulary, "plausible tokens", format_args!("{vocabulary} at most"), plausible)?;
                // Without a plausible token there is none at all.
                let id = if plausible == 0 { TokenId(id) } else { bounds.token(id, "a cell's token")? };
                Ok(Cell { id, ln_p: ln_p.0, plausible })
            };
            cells.into_iter().map(cell).collect::<Checked<Vec<Cell>>>()
        };
        require(self.pairs.len() == n, "rows of the grid", n, self.pairs.len())?;
        let pairs = self.pairs.into_iter().enumerate().map(|(row, line)| cells(line, n - 1 - row));
        Ok(Grid {
            settings: (self.alpha.0, self.min_candidates),
            pairs: pairs.collect::<Checked<_>>()?,
            pair: (bounds.exit(&self.pair.0)?, bounds.exit(&self.pair.1)?),
            alphas: cells(self.alphas, GRID_ALPHAS.len())?,
            minima: cells(self.minima, GRID_MINIMA.len())?,
            mass: self.mass.0,
        })
    }
}
