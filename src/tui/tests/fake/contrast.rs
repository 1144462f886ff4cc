//! The contrast of two made-up rows, by the formula of the paper over the tokens that they list.

use std::sync::Arc;

use super::{row::Row, tables::PAIRS, words::id};
use crate::session::{
    grid::{Cell, GRID_ALPHAS, GRID_MINIMA, Grid},
    trace::{ALPHAS, Candidate, ContrastTrace, Contrasted, ExitId, Pair, TokenId},
};

/// Rows by the names of their exits.
pub(super) struct Rows<'r>(pub(super) Vec<(ExitId, &'r Row)>);

impl Rows<'_> {
    pub(super) fn get(&self, exit: ExitId) -> Option<&Row> {
        self.0.iter().find(|(other, _)| *other == exit).map(|(_, row)| *row)
    }

    /// What a pair does here.
    pub(super) fn contrast(&self, pair: Pair) -> Option<ContrastTrace> {
        let (expert, amateur) = (self.get(pair.expert)?, self.get(pair.amateur)?);
        let v = Plausible::of(expert, amateur, pair.alpha, pair.min_candidates);
        let plausible: Vec<Contrasted> =
            v.tokens.iter().zip(1u32..).map(|(token, place)| place_of(token, place)).collect();
        let below = expert.listed.iter().zip(1u32..).skip(v.tokens.len()).take(2);
        let below = below.map(|((id, p), rank)| Contrasted {
            id: *id,
            expert: p.ln(),
            amateur: amateur.at(*id).0.ln(),
            result: p.ln(),
            expert_rank: rank,
            result_rank: rank,
        });
        let first = expert.listed.first()?;
        let best = |alpha: &f32| Plausible::of(expert, amateur, *alpha, pair.min_candidates).tokens[0].id;
        Some(ContrastTrace {
            pair,
            ln_tau: v.tau.ln(),
            plausible_len: plausible.len(),
            effect: v.tokens.iter().map(|t| t.result * (t.result / t.expert).ln()).sum(),
            plausible,
            below: below.collect(),
            mass: v.mass,
            expert_alone: Candidate { id: first.0, ln_p: first.1.ln() },
            over_alpha: ALPHAS.iter().map(best).collect(),
        })
    }

    /// What every pair does here; at the design's position by its table.
    pub(super) fn grid(&self, pair: Pair, drawn: bool) -> Option<Arc<Grid>> {
        let n = self.0.len();
        let cell = |expert: usize, amateur: usize, alpha: f32, min: usize| {
            let (expert, amateur) = (self.0[expert].1, self.0[amateur].1);
            let v = Plausible::of(expert, amateur, alpha, min);
            Cell { id: v.tokens[0].id, ln_p: v.tokens[0].result.ln(), plausible: v.tokens.len() }
        };
        let told = |expert: usize, amateur: usize| {
            let computed = cell(expert, amateur, pair.alpha, pair.min_candidates);
            let letter =
                PAIRS.get(expert).filter(|_| drawn && n == PAIRS.len() + 1)?.chars().nth(amateur - expert - 1)?;
            let own = self.0[expert].1.listed[0].0;
            let token = match letter {
                't' => id(" top"),
                'a' => id(" a"),
                'h' => id(" his"),
                _ => own,
            };
            let (expert, amateur) = (self.0[expert].1, self.0[amateur].1);
            let v = Plausible::of(expert, amateur, pair.alpha, pair.min_candidates);
            let result = v.tokens.iter().find(|t| t.id == token).map_or(expert.at(token).0, |t| t.result);
            Some(Cell { id: token, ln_p: result.ln(), plausible: computed.plausible.max(2) })
        };
        let of = |e: usize, a: usize| told(e, a).unwrap_or_else(|| cell(e, a, pair.alpha, pair.min_candidates));
        let place = |exit| self.0.iter().position(|(other, _)| *other == exit);
        let (expert, amateur) = (place(pair.expert)?, place(pair.amateur)?);
        Some(Arc::new(Grid {
            settings: (pair.alpha, pair.min_candidates),
            pairs: (0..n).map(|e| (e + 1..n).map(|a| of(e, a)).collect()).collect(),
            pair: (pair.expert, pair.amateur),
            alphas: GRID_ALPHAS.iter().map(|alpha| cell(expert, amateur, *alpha, pair.min_candidates)).collect(),
            minima: GRID_MINIMA.iter().map(|min| cell(expert, amateur, pair.alpha, *min)).collect(),
            mass: Plausible::of(self.0[expert].1, self.0[amateur].1, pair.alpha, pair.min_candidates).mass,
        }))
    }

    /// p of a token under a contrast: of its share, or as the expert has it.
    pub(super) fn result(&self, pair: Pair, id: TokenId) -> f32 {
        let (Some(expert), Some(amateur)) = (self.get(pair.expert), self.get(pair.amateur)) else { return 0.0 };
        let v = Plausible::of(expert, amateur, pair.alpha, pair.min_candidates);
        v.tokens.iter().find(|token| token.id == id).map_or(expert.at(id).0, |token| token.result)
    }
}

/// V, best first. Probabilities, not logarithms.
struct Plausible {
    tau: f32,
    mass: f32,
    tokens: Vec<Token>,
}

struct Token {
    id: TokenId,
    expert: f32,
    amateur: f32,
    result: f32,
    rank: u32,
}

impl Plausible {
    fn of(expert: &Row, amateur: &Row, alpha: f32, min: usize) -> Self {
        let kth = expert.listed.get(min.max(1) - 1).or(expert.listed.last()).map_or(0.0, |(_, p)| *p);
        let tau = (alpha * expert.listed[0].1).min(kth);
        let listed = expert.listed.iter().zip(1u32..).take_while(|((_, p), _)| *p >= tau);
        let token = |((id, p), rank): (&(TokenId, f32), u32)| Token {
            id: *id,
            expert: *p,
            amateur: amateur.at(*id).0,
            result: 0.0,
            rank,
        };
        let mut tokens: Vec<Token> = listed.map(token).collect();
        let mass: f32 = tokens.iter().map(|t| t.expert).sum();
        let scores: f32 = tokens.iter().map(|t| t.expert / t.amateur).sum();
        for token in &mut tokens {
            token.result = mass * (token.expert / token.amateur) / scores;
        }
        tokens.sort_by(|a, b| b.result.total_cmp(&a.result).then(a.rank.cmp(&b.rank)));
        Self { tau, mass, tokens }
    }
}

fn place_of(token: &Token, place: u32) -> Contrasted {
    Contrasted {
        id: token.id,
        expert: token.expert.ln(),
        amateur: token.amateur.ln(),
        result: token.result.ln(),
        expert_rank: token.rank,
        result_rank: place,
    }
}
