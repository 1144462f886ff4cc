//! Decodings by scores as lines, and back.

use serde::{Deserialize, Serialize};

use super::{
    bounds::{Bounds, Checked, bad, clipped, require},
    exact::Exact,
    lines::PairLine,
    trace_lines::{ContrastedLine, candidate, contrasted, read_contrasted},
};
use crate::session::trace::{ContrastTrace, Custom, Distance, Dola, ExitId, Expression, LogRatio, ScoreTrace};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LogRatioLine {
    pair: PairLine,
    beta: Exact,
}

impl LogRatioLine {
    pub(super) fn of(ratio: &LogRatio) -> Self {
        Self { pair: PairLine::of(&ratio.pair), beta: Exact(ratio.beta) }
    }

    pub(super) fn check(&self, bounds: &Bounds) -> Checked<LogRatio> {
        let (beta, most) = (self.beta.0, LogRatio::MOST);
        require((0.0..=most).contains(&beta), "β", format_args!("0 to {most}"), beta)?;
        Ok(LogRatio { pair: self.pair.check(bounds)?, beta })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DolaLine {
    candidates: Vec<String>,
    alpha: Exact,
    distance: DistanceLine,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum DistanceLine {
    JensenShannon,
    Published,
}

impl DolaLine {
    pub(super) fn of(dola: &Dola) -> Self {
        let distance = match dola.distance {
            Distance::JensenShannon => DistanceLine::JensenShannon,
            Distance::Published => DistanceLine::Published,
        };
        Self { candidates: dola.candidates.iter().map(ExitId::to_string).collect(), alpha: Exact(dola.alpha), distance }
    }

    pub(super) fn check(&self, bounds: &Bounds) -> Checked<Dola> {
        let alpha = self.alpha.0;
        require(alpha > 0.0 && alpha <= 1.0, "α", "above 0, up to 1", alpha)?;
        let candidates = self.candidates.iter().map(|name| bounds.exit(name)).collect::<Checked<Vec<ExitId>>>()?;
        let ascending = candidates.windows(2).all(|two| two[0] < two[1]);
        let allowed = ascending && !candidates.is_empty() && !candidates.contains(&ExitId::Original);
        require(allowed, "DoLa's candidates", "exits below original, lowest first", self.candidates.len())?;
        let distance = match self.distance {
            DistanceLine::JensenShannon => Distance::JensenShannon,
            DistanceLine::Published => Distance::Published,
        };
        Ok(Dola { candidates, alpha, distance })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CustomLine {
    pair: PairLine,
    text: String,
}

impl CustomLine {
    pub(super) fn of(custom: &Custom) -> Self {
        Self { pair: PairLine::of(&custom.pair), text: custom.expression.text().to_owned() }
    }

    pub(super) fn check(&self, bounds: &Bounds) -> Checked<Custom> {
        let Ok(expression) = Expression::parse(&self.text) else {
            return bad("an expression", "one over upper and lower", clipped(&self.text));
        };
        Ok(Custom { pair: self.pair.check(bounds)?, expression })
    }
}

/// What the scores were, as a part of a trace.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScoresLine {
    expert: String,
    amateur: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    distances: Vec<(String, Exact)>,
    ln_tau: Exact,
    first: Vec<ContrastedLine>,
    count: usize,
    ln_sum: Exact,
    mass: Exact,
    effect: Exact,
    expert_alone: (u32, Exact),
}

impl ScoresLine {
    pub(super) fn of(scores: &ScoreTrace) -> Self {
        let distance = |(exit, distance): &(ExitId, f32)| (exit.to_string(), Exact(*distance));
        Self {
            expert: scores.expert.to_string(),
            amateur: scores.amateur.to_string(),
            distances: scores.distances.iter().map(distance).collect(),
            ln_tau: Exact(scores.ln_tau),
            first: scores.first.iter().map(contrasted).collect(),
            count: scores.count,
            ln_sum: Exact(scores.ln_sum),
            mass: Exact(scores.mass),
            effect: Exact(scores.effect),
            expert_alone: (scores.expert_alone.id.0, Exact(scores.expert_alone.ln_p)),
        }
    }

    pub(super) fn check(self, bounds: &Bounds) -> Checked<ScoreTrace> {
        let stored = self.first.len();
        require((1..=ContrastTrace::STORED).contains(&stored), "scored tokens", ContrastTrace::STORED, stored)?;
        let counted = (stored..=bounds.vocabulary).contains(&self.count);
        require(counted, "how many have a score", format_args!("{stored} to {}", bounds.vocabulary), self.count)?;
        let distance = |(exit, distance): &(String, Exact)| Ok((bounds.exit(exit)?, distance.0));
        Ok(ScoreTrace {
            expert: bounds.exit(&self.expert)?,
            amateur: bounds.exit(&self.amateur)?,
            distances: self.distances.iter().map(distance).collect::<Checked<_>>()?,
            ln_tau: self.ln_tau.0,
            first: self.first.iter().map(|line| read_contrasted(line, bounds)).collect::<Checked<_>>()?,
            count: self.count,
            ln_sum: self.ln_sum.0,
            mass: self.mass.0,
            effect: self.effect.0,
            expert_alone: candidate(self.expert_alone, bounds)?,
        })
    }
}
