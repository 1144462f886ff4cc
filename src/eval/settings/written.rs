//! A decoding by scores as a readout is written down, and as it is called.

use mexit_models::ExitId;
use serde::{Deserialize, Serialize};

use crate::session::trace::{Custom, Distance, Dola, Expression, LogRatio, Method, Pair};

/// The exits, the parameters, and what the method alone has.
#[derive(Serialize, Deserialize)]
pub(super) struct Scored {
    expert: String,
    amateurs: Vec<String>,
    alpha: f32,
    #[serde(flatten)]
    by: By,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "kebab-case")]
enum By {
    LogRatio { min_candidates: usize, beta: f32 },
    Dola { published: bool },
    Expression { expression: String },
}

impl Scored {
    pub(super) fn of(method: &Method) -> Self {
        let exits: Vec<String> = method.exits().iter().map(ToString::to_string).collect();
        let (alpha, by) = match method {
            Method::LogRatio(LogRatio { pair, beta }) => {
                (pair.alpha, By::LogRatio { min_candidates: pair.min_candidates, beta: *beta })
            }
            Method::Dola(Dola { alpha, distance, .. }) => {
                (*alpha, By::Dola { published: *distance == Distance::Published })
            }
            Method::Expression(Custom { pair, expression }) => {
                (pair.alpha, By::Expression { expression: expression.text().to_owned() })
            }
            // These are readouts of their own.
            Method::Exit(_) | Method::Contrast(_) => (1.0, By::LogRatio { min_candidates: 1, beta: 0.0 }),
        };
        let expert = exits.first().cloned().unwrap_or_default();
        // Of one exit against itself.
        let amateurs = if exits.len() > 1 { exits[1..].to_vec() } else { exits };
        Self { expert, amateurs, alpha, by }
    }

    pub(super) fn method(self) -> Result<Method, String> {
        let exit = |name: &String| name.parse::<ExitId>().map_err(|e| e.to_string());
        let amateurs = self.amateurs.iter().map(exit).collect::<Result<Vec<ExitId>, String>>()?;
        let (expert, alpha) = (exit(&self.expert)?, self.alpha);
        let pair = |min_candidates| {
            let amateur = *amateurs.first().ok_or("no amateur")?;
            Ok::<Pair, String>(Pair { expert, amateur, alpha, min_candidates })
        };
        Ok(match self.by {
            By::LogRatio { min_candidates, beta } => Method::LogRatio(LogRatio { pair: pair(min_candidates)?, beta }),
            By::Dola { published } => {
                let distance = if published { Distance::Published } else { Distance::JensenShannon };
                Method::Dola(Dola { candidates: amateurs, alpha, distance })
            }
            By::Expression { expression } => {
                let expression = Expression::parse(&expression).map_err(|bad| bad.to_string())?;
                Method::Expression(Custom { pair: pair(1)?, expression })
            }
        })
    }
}

/// A pair in a table, with its parameters.
pub(super) fn pair_name(pair: &Pair) -> String {
    let exit = |exit: ExitId| if exit == ExitId::Original { "orig".into() } else { exit.to_string() };
    let least = if pair.min_candidates > 1 { format!(" min {}", pair.min_candidates) } else { String::new() };
    format!("{}▸{} α {}{least}", exit(pair.expert), exit(pair.amateur), pair.alpha)
}

/// In a table.
pub(super) fn name(method: &Method) -> String {
    match method {
        Method::LogRatio(LogRatio { pair, beta }) => format!("{} β {beta}", pair_name(pair)),
        Method::Expression(Custom { pair, expression }) => format!("{} {}", pair_name(pair), expression.text()),
        Method::Dola(Dola { candidates, alpha, distance }) => {
            let exits: Vec<String> = candidates.iter().map(ToString::to_string).collect();
            let published = if *distance == Distance::Published { " published" } else { "" };
            format!("DoLa {} α {alpha}{published}", exits.join(","))
        }
        Method::Exit(_) | Method::Contrast(_) => String::new(),
    }
}
