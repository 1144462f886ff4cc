//! From the logits of every exit at one position to what the screen, the report and the tests read.

use std::sync::Arc;

use mexit_models::LogitRows;

use super::{
    choosing::Deciding,
    reading::followed,
    scoring::Scoring,
    trace::{
        ALPHAS, Candidate, Choice, ContrastTrace, Contrasted, Decoding, ExitId, ExitRow, Method, Pair, PinRow,
        StepTrace, TokenId,
    },
};
use crate::decode::{self, Contrast, Distribution, Divergences, Reference, Scored};

/// A question about a row of logits.
pub struct Question<'q> {
    /// The decoding to apply.
    pub decoding: &'q Decoding,
    /// The contrast to show although it does not decide.
    pub shown_pair: Option<Pair>,
    /// How many candidates of each exit to list.
    pub candidates: usize,
    /// The tokens before the position, for the repetition penalty.
    pub history: &'q [TokenId],
    /// The token that the text has at the position, if any.
    pub token: Option<TokenId>,
    /// Tokens to follow over the exits beside the distinct top tokens.
    pub pins: &'q [TokenId],
    /// Ask for what every pair would choose, with this one in detail.
    pub grid: Option<Pair>,
}

/// Tokens below τ that are listed.
const BELOW: usize = 2;

/// What there is of an exit at a position.
pub(super) enum Read<'l> {
    Known(Distribution<'l>),
    /// Not every logit is finite.
    Broken,
    /// Not computed yet.
    Absent,
}

impl<'l> Read<'l> {
    pub(super) fn known(&self) -> Option<&Distribution<'l>> {
        if let Self::Known(distribution) = self { Some(distribution) } else { None }
    }
}

/// Distributions of all exits at one position, over which any number of questions can be asked.
pub struct Analysis<'l> {
    exits: Vec<(ExitId, Read<'l>)>,
}

impl<'l> Analysis<'l> {
    /// Of the `index`-th position in `parts`, for `exits` (original first, then downwards); each part has the rows of
    /// some of them.
    #[must_use]
    pub fn new(parts: &'l [LogitRows], exits: &[ExitId], index: usize) -> Self {
        let of = |exit: &ExitId| {
            let found = parts.iter().find_map(|part| Some((part.row(*exit, index)?, part.is_broken(*exit, index))));
            let read = match found {
                Some((row, false)) => Read::Known(Distribution::new(row)),
                Some((_, true)) => Read::Broken,
                None => Read::Absent,
            };
            (*exit, read)
        };
        Self { exits: exits.iter().map(of).collect() }
    }

    /// The distribution of an exit, if it is known.
    #[must_use]
    pub fn exit(&self, exit: ExitId) -> Option<&Distribution<'l>> {
        self.exits.iter().find(|(id, _)| *id == exit)?.1.known()
    }

    /// Answers a question about `position`. Rows that are not known are said to be so; a decoding that cannot decide
    /// for that reason gives a choice whose ln p is NaN.
    #[must_use]
    pub fn trace(&self, position: usize, question: &Question<'_>) -> StepTrace {
        let known = || self.exits.iter().find_map(|(_, read)| read.known());
        let undecided = || {
            let id = known().map_or(TokenId(0), |distribution| TokenId(distribution.best().id));
            Choice { id, ln_p: f32::NAN, rank: u32::MAX, drawn: false }
        };
        let method = &question.decoding.method;
        let pair = method.contrast().or(question.shown_pair);
        let (contrast, scoring) = (pair.and_then(|pair| self.contrast(pair)), self.scoring(method));
        let deciding = self.deciding(method, contrast.as_ref(), scoring.as_ref());
        let choice = deciding.map(|deciding| deciding.choose(position, question.decoding, question.history));
        let choice = choice.unwrap_or_else(undecided);
        let contrast = pair.zip(contrast).and_then(|(pair, contrast)| self.contrast_trace(pair, &contrast));
        let scores = scoring.and_then(|scoring| self.score_trace(&scoring)).map(Box::new);
        let subject = question.token.unwrap_or(choice.id);
        let original = self.exit(ExitId::Original).map(Reference::new);
        let against = |exit: ExitId, distribution: &Distribution<'_>| match (exit, &original) {
            (ExitId::Original, _) => Divergences { kl: 0.0, js: 0.0 },
            (_, Some(original)) => original.divergences(distribution),
            (_, None) => Divergences { kl: f32::NAN, js: f32::NAN },
        };
        let row = |(exit, read): &(ExitId, Read<'_>)| match read {
            Read::Absent => ExitRow::absent(*exit),
            Read::Broken => ExitRow::nan(*exit),
            Read::Known(distribution) => {
                let top: Vec<Candidate> = distribution.top(question.candidates).into_iter().map(candidate).collect();
                let Divergences { kl, js } = against(*exit, distribution);
                let (rank, ln_p) = (ranks(distribution, &top, &[subject])[0], distribution.ln_p(subject.0));
                ExitRow { exit: *exit, top, entropy: distribution.entropy(), kl, js, rank, ln_p }
            }
        };
        let exits: Arc<[ExitRow]> = self.exits.iter().map(row).collect();
        let pins = self.pins(&exits, question.pins);
        let grid = question.grid.and_then(|pair| self.grid(pair)).map(Arc::new);
        let decoding = question.decoding.clone();
        StepTrace { position, decoding, subject, exits, contrast, scores, choice, pins, grid }
    }

    /// What is followed anyway, then `asked`, over the exits.
    fn pins(&self, rows: &[ExitRow], asked: &[TokenId]) -> Arc<[PinRow]> {
        let mut ids = followed(rows);
        let known = || self.exits.iter().map(|(_, read)| read.known());
        for id in asked {
            if !ids.contains(id) && known().flatten().all(|d| id.index() < d.logits().len()) {
                ids.push(*id);
            }
        }
        let at = |(distribution, row): (Option<&Distribution<'_>>, &ExitRow)| {
            distribution.map_or_else(|| vec![u32::MAX; ids.len()], |d| ranks(d, &row.top, &ids))
        };
        let ranks: Vec<Vec<u32>> = known().zip(rows).map(at).collect();
        let pin = |(place, id): (usize, &TokenId)| PinRow {
            id: *id,
            ln_p: known().map(|d| d.map_or(f32::NAN, |d| d.ln_p(id.0))).collect(),
            rank: ranks.iter().map(|exit| exit[place]).collect(),
        };
        ids.iter().enumerate().map(pin).collect()
    }

    /// Exits and their distributions, original first.
    pub(super) fn rows(&self) -> &[(ExitId, Read<'l>)] {
        &self.exits
    }

    /// What a decoding takes at `position`, after `history`; `None` if an exit that it reads is not known.
    #[must_use]
    pub fn choose(&self, position: usize, decoding: &Decoding, history: &[TokenId]) -> Option<Choice> {
        let (contrast, scoring) = self.decided_by(&decoding.method);
        let deciding = self.deciding(&decoding.method, contrast.as_ref(), scoring.as_ref())?;
        Some(deciding.choose(position, decoding, history))
    }

    /// ln p of every token under the distribution that decides; `None` if it reads an exit that is not there.
    pub(super) fn deciding_row(&self, method: &Method) -> Option<Vec<f32>> {
        let (contrast, scoring) = self.decided_by(method);
        Some(self.deciding(method, contrast.as_ref(), scoring.as_ref())?.row())
    }

    fn decided_by(&self, method: &Method) -> (Option<Contrast>, Option<Scoring>) {
        (method.contrast().and_then(|pair| self.contrast(pair)), self.scoring(method))
    }

    /// What decides, given the contrast or the scores if it is one of them.
    fn deciding<'s>(
        &'s self,
        method: &Method,
        contrast: Option<&'s Contrast>,
        scoring: Option<&'s Scoring>,
    ) -> Option<Deciding<'s>> {
        Some(match method {
            Method::Exit(exit) => Deciding::Exit(self.exit(*exit)?),
            Method::Contrast(pair) => Deciding::Contrast(contrast?, self.exit(pair.expert)?),
            Method::LogRatio(_) | Method::Dola(_) | Method::Expression(_) => {
                let Scoring { scores, expert, .. } = scoring?;
                Deciding::Scores(scores, self.exit(*expert)?)
            }
        })
    }

    fn contrast(&self, pair: Pair) -> Option<Contrast> {
        let (expert, amateur) = (self.exit(pair.expert)?, self.exit(pair.amateur)?);
        Some(decode::contrast(expert, amateur, pair.alpha, pair.min_candidates))
    }

    fn contrast_trace(&self, pair: Pair, contrast: &Contrast) -> Option<ContrastTrace> {
        let (expert, amateur) = (self.exit(pair.expert)?, self.exit(pair.amateur)?);
        let first = contrast.first(ContrastTrace::STORED);
        let ids: Vec<u32> = first.iter().map(|token| token.id).collect();
        let with_rank = first.iter().zip(expert.ranks(&ids));
        let plausible: Vec<Contrasted> = with_rank
            .zip(1u32..)
            .map(|((token, expert_rank), result_rank)| Contrasted {
                id: TokenId(token.id),
                expert: token.expert,
                amateur: token.amateur,
                result: token.result,
                expert_rank,
                result_rank,
            })
            .collect();
        // V is a beginning of the expert's order, so what follows it is below τ.
        let inside = contrast.count();
        let below = if inside > 4 * ContrastTrace::STORED { Vec::new() } else { expert.top(inside + BELOW) };
        let below = below.into_iter().skip(inside).zip(0u32..).map(|(token, place)| {
            let rank = u32::try_from(inside).unwrap_or(u32::MAX).saturating_add(place + 1);
            Contrasted {
                id: TokenId(token.id),
                expert: token.ln_p,
                amateur: amateur.ln_p(token.id),
                result: token.ln_p,
                expert_rank: rank,
                result_rank: rank,
            }
        });
        let winners = decode::winners(expert, amateur, &ALPHAS, pair.min_candidates);
        Some(ContrastTrace {
            pair,
            ln_tau: contrast.ln_tau,
            plausible,
            below: below.collect(),
            plausible_len: inside,
            mass: contrast.mass,
            effect: contrast.effect,
            expert_alone: candidate(expert.best()),
            over_alpha: winners.into_iter().map(TokenId).collect(),
        })
    }
}

/// The ranks of tokens at an exit whose most probable ones are known: only the others must be looked for.
fn ranks(distribution: &Distribution<'_>, top: &[Candidate], ids: &[TokenId]) -> Vec<u32> {
    let listed = |id: &TokenId| top.iter().position(|candidate| candidate.id == *id);
    let others: Vec<u32> = ids.iter().filter(|id| listed(id).is_none()).map(|id| id.0).collect();
    let mut others = distribution.ranks(&others).into_iter();
    let rank = |place| u32::try_from(place + 1).ok();
    ids.iter().map(|id| listed(id).map_or_else(|| others.next(), rank).unwrap_or(u32::MAX)).collect()
}

fn candidate(scored: Scored) -> Candidate {
    Candidate { id: TokenId(scored.id), ln_p: scored.ln_p }
}
