//! How a decoding by scores came to its choice, as a part of a step's object.

use serde::Serialize;

use super::json::{Plausible, Scored};
use crate::session::trace::{Candidate, Contrasted, Custom, Distance, Dola, LogRatio, Method, ScoreTrace};

/// A decoding by its name, with its parameters.
#[derive(Serialize)]
#[serde(tag = "method", rename_all = "kebab-case")]
pub(super) enum Named {
    Exit { exit: String },
    Contrast { expert: String, amateur: String, alpha: f32, min_candidates: usize },
    LogRatio { expert: String, amateur: String, alpha: f32, min_candidates: usize, beta: f32 },
    Dola { candidates: Vec<String>, alpha: f32, distance: &'static str },
    Expression { expert: String, amateur: String, alpha: f32, expression: String },
}

/// What the scores were.
#[derive(Serialize)]
pub(super) struct Scores {
    expert: String,
    /// Of DoLa's candidates the one that was chosen.
    amateur: String,
    /// DoLa's candidates with their distance from original, nats.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    distances: Vec<At>,
    /// `null` for an expression.
    ln_tau: Option<f32>,
    /// How many tokens have a score.
    count: usize,
    /// ln Σ e^score: the score of a token is its `result` and this.
    ln_sum: f32,
    /// Σ over these tokens of the expert's probability.
    mass: f32,
    /// KL(result ‖ expert).
    effect: f32,
    /// Best first; the first 64. `result` is ln p under softmax of the scores: other tokens have none.
    first: Vec<Plausible>,
    /// What the expert alone would take.
    expert_alone: Scored,
}

#[derive(Serialize)]
struct At {
    exit: String,
    distance: f32,
}

/// The method of a step.
pub(super) fn named(method: &Method) -> Named {
    let two = |pair: &crate::session::trace::Pair| (pair.expert.to_string(), pair.amateur.to_string());
    match method {
        Method::Exit(exit) => Named::Exit { exit: exit.to_string() },
        Method::Contrast(pair) => {
            let (expert, amateur) = two(pair);
            Named::Contrast { expert, amateur, alpha: pair.alpha, min_candidates: pair.min_candidates }
        }
        Method::LogRatio(LogRatio { pair, beta }) => {
            let (expert, amateur) = two(pair);
            let (alpha, min_candidates) = (pair.alpha, pair.min_candidates);
            Named::LogRatio { expert, amateur, alpha, min_candidates, beta: *beta }
        }
        Method::Dola(Dola { candidates, alpha, distance }) => Named::Dola {
            candidates: candidates.iter().map(ToString::to_string).collect(),
            alpha: *alpha,
            distance: match distance {
                Distance::JensenShannon => "jensen-shannon",
                Distance::Published => "published",
            },
        },
        Method::Expression(Custom { pair, expression }) => {
            let (expert, amateur) = two(pair);
            Named::Expression { expert, amateur, alpha: pair.alpha, expression: expression.text().to_owned() }
        }
    }
}

/// The object for scores.
pub(super) fn scores(
    trace: &ScoreTrace,
    plausible: &impl Fn(&Contrasted) -> Plausible,
    scored: &impl Fn(&Candidate) -> Scored,
) -> Scores {
    let distances = trace.distances.iter().map(|(exit, distance)| At { exit: exit.to_string(), distance: *distance });
    Scores {
        expert: trace.expert.to_string(),
        amateur: trace.amateur.to_string(),
        distances: distances.collect(),
        ln_tau: (!trace.ln_tau.is_nan()).then_some(trace.ln_tau),
        count: trace.count,
        ln_sum: trace.ln_sum,
        mass: trace.mass,
        effect: trace.effect,
        first: trace.first.iter().map(plausible).collect(),
        expert_alone: scored(&trace.expert_alone),
    }
}
