//! Policies as they are written: `confidence:0.5`, `fixed:12`, `oracle`.

use std::{fmt, str::FromStr};

use super::{Policy, Rule};
use crate::session::trace::ExitId;

/// A policy with its threshold as it is written: that of a fixed exit is the exit's block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Named {
    /// How it decides.
    pub policy: Policy,
    /// From where on; 0 if it has none.
    pub threshold: f32,
}

/// What can be written.
const EXPECTED: &str =
    "expected confidence:P or margin:P with P from 0 to 1, entropy:NATS, patience:N, fixed:EXIT, oracle or decided";

impl Named {
    /// The rule over some exits, original first, then downwards; `None` if a fixed exit is not among them.
    #[must_use]
    pub fn rule(self, exits: &[ExitId]) -> Option<Rule> {
        let Self { policy, threshold } = self;
        if policy != Policy::Fixed {
            return Some(Rule { policy, threshold });
        }
        let is_it = |exit: &ExitId| matches!(exit, ExitId::Block(k) if *k as f32 == threshold);
        let place = exits.iter().rev().position(is_it)?;
        Some(Rule { policy, threshold: place as f32 })
    }
}

impl FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, threshold) = text.split_once(':').map_or((text, None), |(name, rest)| (name, Some(rest)));
        let policy = match name {
            "confidence" => Policy::Confidence,
            "margin" => Policy::Margin,
            "entropy" => Policy::Entropy,
            "patience" => Policy::Patience,
            "fixed" => Policy::Fixed,
            "oracle" => Policy::Oracle,
            "decided" => Policy::Decided,
            _ => return Err(EXPECTED.into()),
        };
        if policy.knows() {
            return if threshold.is_none() { Ok(Self { policy, threshold: 0.0 }) } else { Err(EXPECTED.into()) };
        }
        let threshold: f32 = threshold.and_then(|text| text.parse().ok()).ok_or(EXPECTED)?;
        let whole = threshold.fract() == 0.0 && (0.0..65_536.0).contains(&threshold);
        let fits = match policy {
            Policy::Confidence | Policy::Margin => (0.0..=1.0).contains(&threshold),
            Policy::Entropy => threshold >= 0.0 && threshold.is_finite(),
            Policy::Patience => whole && threshold >= 1.0,
            Policy::Fixed | Policy::Oracle | Policy::Decided => whole,
        };
        if fits { Ok(Self { policy, threshold }) } else { Err(EXPECTED.into()) }
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.policy {
            Policy::Confidence => "confidence",
            Policy::Margin => "margin",
            Policy::Entropy => "entropy",
            Policy::Patience => "patience",
            Policy::Fixed => "fixed",
            Policy::Oracle => return f.write_str("oracle"),
            Policy::Decided => return f.write_str("decided"),
        };
        write!(f, "{name}:{}", self.threshold)
    }
}

#[cfg(test)]
mod tests {
    use super::{Named, Policy, Rule};
    use crate::session::trace::ExitId;

    #[test]
    fn what_is_written_is_read() {
        for text in ["confidence:0.5", "margin:0", "entropy:3.25", "patience:3", "fixed:12", "oracle", "decided"] {
            assert_eq!(text.parse::<Named>().map(|named| named.to_string()), Ok(text.to_owned()));
        }
        for text in ["", "oracle:1", "confidence", "confidence:1.5", "entropy:inf", "patience:0", "fixed:2.5", "sure:1"]
        {
            assert!(text.parse::<Named>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_fixed_exit_is_a_place_from_below() {
        let exits = [ExitId::Original, ExitId::Block(12), ExitId::Block(6), ExitId::Block(2)];
        let rule = |text: &str| text.parse::<Named>().expect("a policy").rule(&exits);
        assert_eq!(rule("fixed:6"), Some(Rule { policy: Policy::Fixed, threshold: 1.0 }));
        assert_eq!(rule("fixed:4"), None);
        assert_eq!(rule("patience:2"), Some(Rule { policy: Policy::Patience, threshold: 2.0 }));
    }
}
