//! One JSON object a step.

use serde::Serialize;

use super::{
    json_grid::{Grid, grid},
    json_scores::{self, Named},
};
use crate::session::{
    protocol::ModelCard,
    reading::Reading,
    trace::{ALPHAS, Candidate, ContrastTrace, Contrasted, ExitId, PinRow, StepTrace, TokenId},
};

/// Everything about a step. Logarithms are natural.
#[derive(Serialize)]
pub struct Step {
    /// Index of the chosen token.
    position: usize,
    #[serde(flatten)]
    token: Token,
    ln_p: f32,
    rank: u32,
    drawn: bool,
    /// What decides, with its parameters.
    decoding: Named,
    /// The lowest exit from which, up to and including original, every top token is original's.
    decided: String,
    /// How many exits have original's top token, original counted.
    agree: usize,
    /// Original first, then downwards.
    exits: Vec<Exit>,
    contrast: Option<Contrast>,
    /// How a decoding by scores came to its choice: log-ratio, DoLa, an expression.
    #[serde(skip_serializing_if = "Option::is_none")]
    scores: Option<json_scores::Scores>,
    /// The distinct top tokens over the exits.
    pins: Vec<Pin>,
    /// What every pair of exits would choose, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    grid: Option<Grid>,
}

#[derive(Serialize)]
pub(super) struct Token {
    id: TokenId,
    /// The bytes; a token may be part of a character.
    bytes: Vec<u8>,
    /// The bytes as text, with U+FFFD for what is no whole character.
    text: String,
}

#[derive(Serialize)]
struct Exit {
    #[serde(rename = "exit")]
    name: String,
    entropy: f32,
    /// KL(original ‖ this exit).
    kl: f32,
    /// The Jensen-Shannon divergence between original and this exit.
    js: f32,
    /// Rank and ln p of the chosen token here.
    rank: u32,
    ln_p: f32,
    top: Vec<Scored>,
}

#[derive(Serialize)]
pub(super) struct Scored {
    #[serde(flatten)]
    token: Token,
    ln_p: f32,
}

#[derive(Serialize)]
struct Contrast {
    expert: String,
    amateur: String,
    alpha: f32,
    min_candidates: usize,
    ln_tau: f32,
    plausible_count: usize,
    /// Σ of the expert's probability over the plausible set.
    mass: f32,
    /// KL(contrast ‖ expert).
    effect: f32,
    /// Best result first; the first 64.
    plausible: Vec<Plausible>,
    /// The first tokens that are not plausible: they keep the expert's probability.
    below: Vec<Plausible>,
    /// What the expert alone would take.
    expert_alone: Scored,
    /// The token that would be first at other α.
    over_alpha: Vec<AtAlpha>,
}

#[derive(Serialize)]
struct AtAlpha {
    alpha: f32,
    #[serde(flatten)]
    token: Token,
}

#[derive(Serialize)]
pub(super) struct Plausible {
    #[serde(flatten)]
    token: Token,
    expert: f32,
    amateur: f32,
    result: f32,
    /// Rank by the expert, and by the result within the plausible set.
    expert_rank: u32,
    result_rank: u32,
}

/// One token over the exits, original first.
#[derive(Serialize)]
struct Pin {
    #[serde(flatten)]
    token: Token,
    ln_p: Vec<f32>,
    rank: Vec<u32>,
}

/// The object for a token.
pub(super) fn token(id: TokenId, card: &ModelCard) -> Token {
    let bytes = card.bytes_of(id).to_vec();
    Token { id, text: String::from_utf8_lossy(&bytes).into_owned(), bytes }
}

/// The object for a step.
#[must_use]
pub fn step(trace: &StepTrace, card: &ModelCard) -> Step {
    let token = |id: TokenId| token(id, card);
    let scored = |candidate: &Candidate| Scored { token: token(candidate.id), ln_p: candidate.ln_p };
    let plausible = |t: &Contrasted| Plausible {
        token: token(t.id),
        expert: t.expert,
        amateur: t.amateur,
        result: t.result,
        expert_rank: t.expert_rank,
        result_rank: t.result_rank,
    };
    let at_alpha = |(alpha, id): (&f32, &TokenId)| AtAlpha { alpha: *alpha, token: token(*id) };
    let contrast = |c: &ContrastTrace| Contrast {
        expert: c.pair.expert.to_string(),
        amateur: c.pair.amateur.to_string(),
        alpha: c.pair.alpha,
        min_candidates: c.pair.min_candidates,
        ln_tau: c.ln_tau,
        plausible_count: c.plausible_len,
        mass: c.mass,
        effect: c.effect,
        plausible: c.plausible.iter().map(plausible).collect(),
        below: c.below.iter().map(plausible).collect(),
        expert_alone: scored(&c.expert_alone),
        over_alpha: ALPHAS.iter().zip(&c.over_alpha).map(at_alpha).collect(),
    };
    let pin = |pin: &PinRow| Pin { token: token(pin.id), ln_p: pin.ln_p.clone(), rank: pin.rank.clone() };
    let reading = Reading::of(trace);
    let exits = trace.exits.iter().map(|row| Exit {
        name: ExitId::to_string(&row.exit),
        entropy: row.entropy,
        kl: row.kl,
        js: row.js,
        rank: row.rank,
        ln_p: row.ln_p,
        top: row.top.iter().map(scored).collect(),
    });
    Step {
        position: trace.position,
        token: token(trace.choice.id),
        ln_p: trace.choice.ln_p,
        rank: trace.choice.rank,
        drawn: trace.choice.drawn,
        decoding: json_scores::named(&trace.decoding.method),
        decided: reading.decided.to_string(),
        agree: reading.agree,
        exits: exits.collect(),
        contrast: trace.contrast.as_ref().map(contrast),
        scores: trace.scores.as_ref().map(|scores| json_scores::scores(scores, &plausible, &scored)),
        pins: trace.pins.iter().map(pin).collect(),
        grid: trace.grid.as_deref().map(|found| grid(found, &token)),
    }
}
