//! A decoding in one word: `original`, `exit:12`, `contrast:original,12,0.1`.

use std::str::FromStr;

use mexit_models::{ExitId, Model};

use super::decoding::{ShownArgs, alpha, at_least_one, pair};
use crate::session::trace::Method;

/// What is written so.
#[derive(Clone)]
pub(super) struct LaneSpec {
    /// As it was written.
    pub(super) name: String,
    exit: ExitId,
    contrast: ShownArgs,
}

impl FromStr for LaneSpec {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let (kind, rest) = name.split_once(':').unwrap_or((name, ""));
        let nothing = ShownArgs { contrast: None, alpha: None, min_candidates: None };
        let (exit, contrast) = match kind {
            "original" if rest.is_empty() => (ExitId::Original, nothing),
            "exit" => (rest.parse::<ExitId>().map_err(|error| error.to_string())?, nothing),
            "contrast" => {
                let parts: Vec<&str> = rest.splitn(4, ',').collect();
                let exits = parts.iter().take(2).copied().collect::<Vec<&str>>().join(",");
                let contrast = ShownArgs {
                    contrast: Some(pair(&exits)?),
                    alpha: parts.get(2).copied().map(alpha).transpose()?,
                    min_candidates: parts.get(3).copied().map(at_least_one).transpose()?,
                };
                (ExitId::Original, contrast)
            }
            _ => return Err("expected original, exit:EXIT or contrast:EXPERT,AMATEUR[,α[,N]]".into()),
        };
        Ok(Self { name: name.into(), exit, contrast })
    }
}

impl LaneSpec {
    /// The distribution that decides, checked against the model.
    pub(super) fn method(&self, model: &Model) -> anyhow::Result<Method> {
        model.require_exit(self.exit)?;
        Ok(self.contrast.pair(model)?.map_or(Method::Exit(self.exit), Method::Contrast))
    }
}

#[cfg(test)]
mod tests {
    use super::LaneSpec;

    #[test]
    fn what_is_no_decoding_says_what_is_expected() {
        for name in ["original", "exit:12", "exit:original", "contrast:original,12", "contrast:24,12,.5,3"] {
            assert!(name.parse::<LaneSpec>().is_ok(), "{name}");
        }
        for (name, word) in [
            ("", "expected original"),
            ("original:2", "expected original"),
            ("exit:", "original"),
            ("contrast:24", "EXPERT,AMATEUR"),
            ("contrast:24,12,2", "above 0, up to 1"),
            ("contrast:24,12,.1,0", "from 1 on"),
            ("contrast:24,12,.1,3,4", "from 1 on"),
        ] {
            let error = name.parse::<LaneSpec>().err().unwrap_or_else(|| panic!("{name} is one"));
            assert!(error.contains(word), "{name}: {error}");
        }
    }
}
