//! A decoding in one word: `original`, `exit:12`, `contrast:original,12,0.1`, `log-ratio:original,12,0.5`, `dola:low`,
//! `expr:original,12,upper - lower`.

use std::str::FromStr;

use mexit_models::{ExitId, Model};

use super::{
    decoding::{ShownArgs, alpha, at_least_one, pair},
    method::{beta, dola, expression},
};
use crate::session::trace::{Candidates, Custom, Distance, Expression, LogRatio, Method};

/// What is written so.
#[derive(Clone)]
pub(super) struct LaneSpec {
    /// As it was written.
    pub(super) name: String,
    form: Form,
}

#[derive(Clone)]
enum Form {
    Exit(ExitId),
    Contrast(ShownArgs),
    LogRatio(ShownArgs, f32),
    Dola(Candidates),
    Expression(ShownArgs, Expression),
}

impl FromStr for LaneSpec {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let (kind, rest) = name.split_once(':').unwrap_or((name, ""));
        let form = match kind {
            "original" if rest.is_empty() => Form::Exit(ExitId::Original),
            "exit" => Form::Exit(rest.parse::<ExitId>().map_err(|error| error.to_string())?),
            "contrast" => {
                let (mut shown, [a, n]) = exits(rest)?;
                shown.alpha = a.map(alpha).transpose()?;
                shown.min_candidates = n.map(at_least_one).transpose()?;
                Form::Contrast(shown)
            }
            "log-ratio" => {
                let (mut shown, [b, a]) = exits(rest)?;
                shown.alpha = a.map(alpha).transpose()?;
                Form::LogRatio(shown, b.map(beta).transpose()?.unwrap_or(LogRatio::BETA))
            }
            "dola" => Form::Dola(rest.parse()?),
            "expr" => {
                let (shown, [first, second]) = exits(rest)?;
                let written: Vec<&str> = first.into_iter().chain(second).collect();
                Form::Expression(shown, expression(&written.join(","))?)
            }
            _ => {
                return Err(
                    "expected original, exit:EXIT, contrast:E,A[,α[,N]], log-ratio:E,A[,β[,α]], dola:EXITS or \
                            expr:E,A,EXPRESSION"
                        .into(),
                );
            }
        };
        Ok(Self { name: name.into(), form })
    }
}

/// An expert and an amateur, and what stands behind them: up to the next comma, and the rest.
fn exits(text: &str) -> Result<(ShownArgs, [Option<&str>; 2]), String> {
    let mut parts = text.splitn(4, ',');
    let exits: Vec<&str> = parts.by_ref().take(2).collect();
    let shown = ShownArgs { contrast: Some(pair(&exits.join(","))?), alpha: None, min_candidates: None };
    Ok((shown, [parts.next(), parts.next()]))
}

impl LaneSpec {
    /// The distribution that decides, checked against the model.
    pub(super) fn method(&self, model: &Model) -> anyhow::Result<Method> {
        let of_pair = |shown: &ShownArgs, method: &dyn Fn(_) -> Method| {
            let minimum = format!("--lane {}: N", self.name);
            anyhow::Ok(shown.pair_with(model, &minimum)?.map_or(Method::Exit(ExitId::Original), method))
        };
        match &self.form {
            Form::Exit(exit) => {
                model.require_exit(*exit)?;
                Ok(Method::Exit(*exit))
            }
            Form::Contrast(shown) => of_pair(shown, &Method::Contrast),
            Form::LogRatio(shown, beta) => of_pair(shown, &|pair| Method::LogRatio(LogRatio { pair, beta: *beta })),
            Form::Dola(candidates) => dola(candidates, Distance::JensenShannon, 0.1, model),
            Form::Expression(shown, expression) => {
                of_pair(shown, &|pair| Method::Expression(Custom { pair, expression: expression.clone() }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::LaneSpec;

    #[test]
    fn what_is_no_decoding_says_what_is_expected() {
        for name in [
            "original",
            "exit:12",
            "exit:original",
            "contrast:original,12",
            "contrast:24,12,.5,3",
            "log-ratio:24,12",
            "log-ratio:24,12,.5,.1",
            "dola:low",
            "dola:2,4,6",
            "expr:original,12,upper - lower",
            "expr:original,12,upper - lower where p_upper > .1",
        ] {
            assert!(name.parse::<LaneSpec>().is_ok(), "{name}: {:?}", name.parse::<LaneSpec>().err());
        }
        for (name, word) in [
            ("", "expected original"),
            ("original:2", "expected original"),
            ("exit:", "original"),
            ("contrast:24", "EXPERT,AMATEUR"),
            ("contrast:24,12,2", "above 0, up to 1"),
            ("contrast:24,12,.1,0", "from 1 on"),
            ("contrast:24,12,.1,3,4", "from 1 on"),
            ("log-ratio:24,12,-1", "from 0 to"),
            ("dola:", "low"),
            ("expr:24,12,uper", "uper"),
        ] {
            let error = name.parse::<LaneSpec>().err().unwrap_or_else(|| panic!("{name} is one"));
            assert!(error.contains(word), "{name}: {error}");
        }
    }
}
