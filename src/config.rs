//! The configuration file: what the screen starts with, and which keys do what. Flags win over it; commands without a
//! screen do not read it, so that a command line says all of what it does.

mod place;
mod value;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    session::trace::{ExitId, Sampling},
    tui::{Colour, Keymap, Patch, Ribbon, ThemeName, Units},
};

pub use place::{Found, find};

/// The built-in configuration as a file, with a comment on everything.
pub const DEFAULT: &str = include_str!("config/default.toml");

/// Everything that the file can say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Config {
    /// Unit of entropies, divergences and logarithms.
    pub units: Units,
    /// Colours for a dark or a light ground.
    pub theme: ThemeName,
    /// How many colours.
    pub color: Colour,
    /// Draw with ASCII characters only.
    pub ascii: bool,
    /// Whether clicks and the wheel are the screen's at the start.
    pub mouse: bool,
    /// What the screen starts with.
    pub defaults: Defaults,
    /// How tokens are drawn.
    pub sampling: Drawing,
    /// Keys by the name of their action.
    pub keys: Patch,
}

/// What the screen starts with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Defaults {
    /// Expert and amateur; none: as the model's own exits lie.
    #[serde(with = "value::pair", skip_serializing_if = "Option::is_none")]
    pub contrast: Option<(ExitId, ExitId)>,
    /// α.
    #[serde(deserialize_with = "value::fraction")]
    pub alpha: f32,
    /// So many tokens are plausible at least.
    #[serde(deserialize_with = "value::at_least_one")]
    pub min_candidates: usize,
    /// Processor threads; none: one a core, 8 at most.
    #[serde(deserialize_with = "value::threads", skip_serializing_if = "Option::is_none")]
    pub threads: Option<u16>,
    /// What the ribbon's height shows.
    pub ribbon: Ribbon,
    /// Cells of a heat cell.
    #[serde(deserialize_with = "value::cell_width")]
    pub cell_width: usize,
}

impl Default for Defaults {
    fn default() -> Self {
        Self { contrast: None, alpha: 0.1, min_candidates: 1, threads: None, ribbon: Ribbon::default(), cell_width: 8 }
    }
}

/// How tokens are drawn: [`Sampling`] as a file says it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Drawing {
    /// Draw at random; else the most probable token is taken.
    pub random: bool,
    /// Divides the log-probabilities.
    #[serde(deserialize_with = "value::positive")]
    pub temperature: f32,
    /// Draw among so many; 0 is off.
    pub top_k: usize,
    /// Draw from the smallest set with this mass; 1 is off.
    #[serde(deserialize_with = "value::fraction")]
    pub top_p: f32,
    /// Draw from this fraction of the largest probability on; 0 is off.
    #[serde(deserialize_with = "value::part")]
    pub min_p: f32,
    /// Multiplies the log-probabilities of tokens in the text; 1 is off.
    #[serde(deserialize_with = "value::positive")]
    pub repetition_penalty: f32,
    /// Key of the random numbers.
    pub seed: u64,
}

impl Default for Drawing {
    fn default() -> Self {
        let Sampling { random, temperature, top_k, top_p, min_p, repetition_penalty, seed, draw: _ } =
            Sampling::default();
        Self { random, temperature, top_k, top_p, min_p, repetition_penalty, seed }
    }
}

impl From<&Drawing> for Sampling {
    fn from(drawing: &Drawing) -> Self {
        let Drawing { random, temperature, top_k, top_p, min_p, repetition_penalty, seed } = *drawing;
        Self { random, temperature, top_k, top_p, min_p, repetition_penalty, seed, draw: 0 }
    }
}

/// Why a configuration is none.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file that was named, or that is there, cannot be read.
    #[error("{}: {reason}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: std::io::Error,
    },
    /// A line says what cannot be.
    #[error("{}, line {line}: {message}", .path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What was expected there.
        message: String,
    },
    /// Keys that cannot be.
    #[error("{}, [keys]: {}", .path.display(), .faults.join("; "))]
    Keys {
        /// The file.
        path: PathBuf,
        /// All that is wrong with them.
        faults: Vec<String>,
    },
}

impl Config {
    /// Reads a file's text; `path` is where it stands, for messages.
    ///
    /// # Errors
    /// A line that cannot be, or all that is wrong with the keys.
    pub fn read(text: &str, path: PathBuf) -> Result<(Self, Keymap), ConfigError> {
        let config: Self = match toml::from_str(text) {
            Ok(config) => config,
            Err(error) => {
                let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
                let line = 1 + before.matches('\n').count();
                // Some of its messages have several lines.
                let message = error.message().lines().map(str::trim).collect::<Vec<_>>().join(", ");
                return Err(ConfigError::Line { path, line, message });
            }
        };
        match Keymap::patched(&config.keys) {
            Ok(keys) => Ok((config, keys)),
            Err(faults) => Err(ConfigError::Keys { path, faults }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Config, DEFAULT, ExitId, Patch, Ribbon, ThemeName, Units};

    fn error(text: &str) -> String {
        Config::read(text, "config.toml".into()).expect_err(text).to_string()
    }

    #[test]
    fn the_sample_says_what_is_built_in() {
        let (config, _) = Config::read(DEFAULT, "default.toml".into()).expect("the sample");
        assert_eq!(config, Config::default());
    }

    /// Every line that is commented out is a true one, and no key is left out.
    #[test]
    fn the_sample_lists_the_built_in_keys() {
        let (_, keys) = DEFAULT.split_once("[keys]").expect("a section");
        let lines = keys.lines().filter_map(|line| line.strip_prefix("# ").filter(|line| line.contains(" = [")));
        let patch: Patch = toml::from_str(&lines.collect::<Vec<_>>().join("\n")).expect("keys");
        assert_eq!(patch, crate::tui::Keymap::default().patch());
    }

    #[test]
    fn a_part_of_it_is_enough() {
        let text =
            "units = \"bits\"\n[defaults]\ncontrast = \"original, 6\"\nribbon = \"entropy\"\n[keys]\nrun = [\"F5\"]\n";
        let (config, _) = Config::read(text, "config.toml".into()).expect("a configuration");
        assert_eq!(config.units, Units::Bits);
        assert_eq!(config.defaults.contrast, Some((ExitId::Original, ExitId::Block(6))));
        assert_eq!((config.defaults.ribbon, config.theme), (Ribbon::Entropy, ThemeName::Dark));
        let (again, _) = Config::read(&toml::to_string(&config).expect("a file"), "config.toml".into()).expect("again");
        assert_eq!(again, config);
    }

    #[test]
    fn errors_name_the_line_and_what_was_expected() {
        let cases = [
            (
                "units = \"nats\"\nthema = \"dark\"\n",
                "config.toml, line 2: unknown field `thema`, expected one of `units`",
            ),
            ("theme = \"blue\"\n", "line 1: unknown variant `blue`, expected one of `dark`, `light`, `high-contrast`"),
            ("\n[defaults]\nalpha = 2.0\n", "line 3: expected a number above 0, up to 1, found 2"),
            ("[defaults]\nmin-candidates = 0\n", "line 2: expected a whole number from 1 on, found 0"),
            ("[defaults]\ncontrast = \"24\"\n", "line 2: expected EXPERT,AMATEUR, such as original,12, found \"24\""),
            ("[defaults]\ncell-width = 7\n", "line 2: expected one of 1, 3, 6, 8, 12, 16, found 7"),
            ("[defaults]\nthreads = 1000\n", "line 2: expected 1 to 256, found 1000"),
            ("[sampling]\ntemperature = 0\n", "line 2: expected a number above 0, found 0"),
            ("ascii = 1\n", "line 1: invalid type: integer `1`, expected a boolean"),
            ("a = = 1\n", "config.toml, line 1: "),
        ];
        for (text, expected) in cases {
            let found = error(text);
            assert!(found.contains(expected), "{found}");
        }
    }

    #[test]
    fn every_fault_of_the_keys_is_told_at_once() {
        let found = error("[keys]\nrun = [\"x\", \"Strg-R\"]\nfly = [\"F9\"]\n");
        for part in
            ["config.toml, [keys]: ", "fly is no action", "run: \"Strg-R\" is no key", "x is the key of run and of cut"]
        {
            assert!(found.contains(part), "{found}");
        }
    }
}
