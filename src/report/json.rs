//! One JSON object a step.

use serde::Serialize;

use crate::session::{
    protocol::ModelCard,
    trace::{Candidate, ContrastTrace, Contrasted, ExitId, StepTrace, TokenId},
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
    exits: Vec<Exit>,
    contrast: Option<Contrast>,
}

#[derive(Serialize)]
struct Token {
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
    /// Rank and ln p of the chosen token here.
    rank: u32,
    ln_p: f32,
    top: Vec<Scored>,
}

#[derive(Serialize)]
struct Scored {
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
}

#[derive(Serialize)]
struct Plausible {
    #[serde(flatten)]
    token: Token,
    expert: f32,
    amateur: f32,
    result: f32,
}

/// The object for a step.
#[must_use]
pub fn step(trace: &StepTrace, card: &ModelCard) -> Step {
    let token = |id: TokenId| {
        let bytes = card.bytes_of(id).to_vec();
        Token { id, text: String::from_utf8_lossy(&bytes).into_owned(), bytes }
    };
    let scored = |candidate: &Candidate| Scored { token: token(candidate.id), ln_p: candidate.ln_p };
    let plausible =
        |t: &Contrasted| Plausible { token: token(t.id), expert: t.expert, amateur: t.amateur, result: t.result };
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
    };
    let exits = trace.exits.iter().map(|row| Exit {
        name: ExitId::to_string(&row.exit),
        entropy: row.entropy,
        kl: row.kl,
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
        exits: exits.collect(),
        contrast: trace.contrast.as_ref().map(contrast),
    }
}
