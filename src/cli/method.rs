//! Which distribution decides.

use anyhow::bail;
use clap::{Args, ValueEnum};
use mexit_models::{ExitId, Model};

use super::decoding::ShownArgs;
use crate::session::trace::{Candidates, Custom, Distance, Dola, Expression, LogRatio, Method, Pair};

/// The contrast's formula, and decodings that choose their exits themselves.
#[derive(Args)]
pub(super) struct MethodArgs {
    /// How --contrast contrasts [default: acd]
    #[arg(long, value_name = "METHOD", requires = "contrast", conflicts_with = "contrast_expr")]
    method: Option<Formula>,
    /// β of a log-ratio: (1+β) ln p of the expert less β ln p of the amateur [default: 0.5]
    #[arg(long, value_name = "β", requires = "contrast", conflicts_with = "contrast_expr", value_parser = beta)]
    contrast_beta: Option<f32>,
    /// Score each token by an expression over upper, lower (logits), p_upper, p_lower, p_max, alpha:
    /// "ln(p_upper) - ln(p_lower) where p_upper >= alpha * p_max"
    #[arg(long, value_name = "EXPR", requires = "contrast", conflicts_with = "min_candidates", value_parser = expression,
        allow_hyphen_values = true)]
    contrast_expr: Option<Expression>,
    /// Contrast original with the one of these exits that is farthest from it (DoLa), chosen at every step: low, high, or
    /// exits such as 2,4,6
    #[arg(long, value_name = "EXITS", conflicts_with_all = ["contrast", "exit", "min_candidates"])]
    dola: Option<Candidates>,
    /// What farthest means [default: jensen-shannon]
    #[arg(long, value_name = "DISTANCE", requires = "dola")]
    dola_distance: Option<By>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Formula {
    /// Auto-Contrastive Decoding: the plausible share out their mass, the rest keep the expert's probability
    Acd,
    /// The plain contrast: the plausible by a ratio of powers, the rest never
    LogRatio,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum By {
    /// The Jensen-Shannon divergence, as the paper says
    JensenShannon,
    /// What the published code and transformers compute: KL from the mean to each, instead of from each to the mean
    Published,
}

impl By {
    fn distance(by: Option<Self>) -> Distance {
        match by {
            Some(Self::Published) => Distance::Published,
            Some(Self::JensenShannon) | None => Distance::JensenShannon,
        }
    }
}

impl MethodArgs {
    /// The method, checked against the model.
    pub(super) fn method(&self, exit: Option<ExitId>, shown: &ShownArgs, model: &Model) -> anyhow::Result<Method> {
        if let Some(candidates) = &self.dola {
            return dola(candidates, By::distance(self.dola_distance), shown.alpha.unwrap_or(0.1), model);
        }
        let Some(pair) = shown.pair(model)? else {
            let exit = exit.unwrap_or(ExitId::Original);
            model.require_exit(exit)?;
            return Ok(Method::Exit(exit));
        };
        self.contrast(pair)
    }

    fn contrast(&self, pair: Pair) -> anyhow::Result<Method> {
        if let Some(expression) = self.contrast_expr.clone() {
            return Ok(Method::Expression(Custom { pair, expression }));
        }
        Ok(match (self.method, self.contrast_beta) {
            (Some(Formula::Acd), Some(_)) => bail!("--contrast-beta: only --method log-ratio has a β"),
            (Some(Formula::Acd) | None, None) => Method::Contrast(pair),
            (_, beta) => Method::LogRatio(LogRatio { pair, beta: beta.unwrap_or(LogRatio::BETA) }),
        })
    }
}

pub(super) fn dola(candidates: &Candidates, distance: Distance, alpha: f32, model: &Model) -> anyhow::Result<Method> {
    let found = candidates.of(&model.spec.exit_ids(), model.spec.blocks);
    for exit in &found {
        model.require_exit(*exit)?;
    }
    if found.is_empty() {
        let exits: Vec<String> = model.spec.exit_ids().iter().skip(1).rev().map(ToString::to_string).collect();
        bail!("DoLa: expected some of the model's exits ({}), found none of them", exits.join(", "));
    }
    Ok(Method::Dola(Dola { candidates: found, alpha, distance }))
}

/// Refuses a grid of pairs beside a decoding that is not in it.
pub(super) fn require_grid(wanted: bool, method: &Method) -> anyhow::Result<()> {
    if wanted && method.has_scores() {
        bail!(
            "--grid: what every pair would choose by Auto-Contrastive Decoding, which --method log-ratio, --dola and \
             --contrast-expr are not; leave one of them out"
        );
    }
    Ok(())
}

/// Decodings by scores that are measured: those of a pair for every pair that is contrasted.
#[derive(Args)]
pub(super) struct ScoredArgs {
    /// Every contrast also as the plain one, with each of these β
    #[arg(long, value_name = "β,β,…", value_delimiter = ',', value_parser = beta, requires = "contrast",
        allow_hyphen_values = true)]
    contrast_beta: Vec<f32>,
    /// Every contrast also by this expression over upper, lower, p_upper, p_lower, p_max, alpha; may be given more than once
    #[arg(long, value_name = "EXPR", value_parser = expression, requires = "contrast", allow_hyphen_values = true)]
    contrast_expr: Vec<Expression>,
    /// DoLa among these exits: low, high, or exits such as 2,4,6; may be given more than once
    #[arg(long, value_name = "EXITS")]
    dola: Vec<Candidates>,
    /// What DoLa takes for farthest [default: jensen-shannon]
    #[arg(long, value_name = "DISTANCE", requires = "dola")]
    dola_distance: Option<By>,
}

impl ScoredArgs {
    /// What is measured of a pair beside its contrast.
    pub(super) fn of_pair(&self, pair: Pair) -> Vec<Method> {
        let ratios = self.contrast_beta.iter().map(|beta| Method::LogRatio(LogRatio { pair, beta: *beta }));
        let written = self.contrast_expr.iter().cloned();
        // An expression has no minimum: the file with the results does not keep one.
        let plain = Pair { min_candidates: 1, ..pair };
        ratios.chain(written.map(|expression| Method::Expression(Custom { pair: plain, expression }))).collect()
    }

    /// DoLa with each α.
    pub(super) fn dolas(&self, alphas: &[f32], model: &Model) -> anyhow::Result<Vec<Method>> {
        let each = self.dola.iter().flat_map(|candidates| alphas.iter().map(move |alpha| (candidates, *alpha)));
        each.map(|(candidates, alpha)| dola(candidates, By::distance(self.dola_distance), alpha, model)).collect()
    }
}

pub(super) fn expression(text: &str) -> Result<Expression, String> {
    let expected = Expression::EXPECTED;
    Expression::parse(text).map_err(|bad| format!("{bad}; expected {expected}\n\n{}", bad.marked(text)))
}

pub(super) fn beta(text: &str) -> Result<f32, String> {
    let most = LogRatio::MOST;
    text.parse().ok().filter(|b| (0.0..=most).contains(b)).ok_or_else(|| format!("expected a number from 0 to {most}"))
}
