//! How many colours there are: what the user says, else what the environment promises.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How many colours are drawn with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Depth {
    None,
    Sixteen,
    Indexed,
    True,
}

/// What the user says about colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Colour {
    /// As the environment says.
    #[default]
    Auto,
    /// As many as the terminal has, whatever NO_COLOR says.
    Always,
    /// None: attributes alone.
    Never,
    /// Sixteen, as the terminal's own palette has them.
    #[serde(rename = "16")]
    Sixteen,
    /// The 256 of xterm.
    #[serde(rename = "256")]
    Indexed,
    /// Red, green and blue.
    True,
}

impl FromStr for Colour {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "always" => Ok(Self::Always),
            "never" => Ok(Self::Never),
            "16" => Ok(Self::Sixteen),
            "256" => Ok(Self::Indexed),
            "true" => Ok(Self::True),
            _ => Err("expected auto, always, never, 16, 256 or true".into()),
        }
    }
}

/// Terminals that show true colour and do not all say so in COLORTERM, which ssh does not hand on.
const TRUE: [&str; 6] = ["direct", "kitty", "alacritty", "foot", "ghostty", "wezterm"];
/// Terminals without colours.
const MONOCHROME: [&str; 4] = ["dumb", "vt100", "vt220", "mono"];

impl Depth {
    /// The depth to draw with; `env` looks up a variable of the environment.
    pub(crate) fn detect(wanted: Colour, env: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| env(name).filter(|value| !value.is_empty());
        match wanted {
            Colour::Never => Self::None,
            Colour::Sixteen => Self::Sixteen,
            Colour::Indexed => Self::Indexed,
            Colour::True => Self::True,
            // no-color.org
            Colour::Auto if set("NO_COLOR").is_some() => Self::None,
            Colour::Auto => Self::of_terminal(set),
            Colour::Always => Self::of_terminal(set).max(Self::Sixteen),
        }
    }

    fn of_terminal(set: impl Fn(&str) -> Option<String>) -> Self {
        let term = set("TERM").unwrap_or_default();
        let is_one_of = |names: &[&str]| names.iter().any(|name| term.contains(name));
        match set("COLORTERM").as_deref() {
            _ if is_one_of(&MONOCHROME) => Self::None,
            Some("truecolor" | "24bit") => Self::True,
            _ if is_one_of(&TRUE) => Self::True,
            _ if term.contains("256color") => Self::Indexed,
            _ => Self::Sixteen,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Colour, Depth};

    fn detect(wanted: Colour, pairs: &[(&str, &str)]) -> Depth {
        let env = |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Depth::detect(wanted, env)
    }

    #[test]
    fn the_environment_decides() {
        let cases: [(&[(&str, &str)], Depth); 9] = [
            (&[("TERM", "xterm"), ("COLORTERM", "truecolor")], Depth::True),
            (&[("TERM", "xterm-kitty")], Depth::True),
            (&[("TERM", "xterm-256color")], Depth::Indexed),
            (&[("TERM", "tmux-256color"), ("COLORTERM", "")], Depth::Indexed),
            (&[("TERM", "xterm")], Depth::Sixteen),
            (&[], Depth::Sixteen),
            (&[("TERM", "dumb"), ("COLORTERM", "truecolor")], Depth::None),
            (&[("TERM", "xterm-256color"), ("NO_COLOR", "1")], Depth::None),
            (&[("TERM", "xterm-256color"), ("NO_COLOR", "")], Depth::Indexed),
        ];
        for (env, depth) in cases {
            assert_eq!(detect(Colour::Auto, env), depth, "{env:?}");
        }
    }

    #[test]
    fn what_the_user_says_wins() {
        let env = [("TERM", "xterm-256color"), ("NO_COLOR", "1")];
        let cases = [("always", Depth::Indexed), ("never", Depth::None), ("16", Depth::Sixteen), ("true", Depth::True)];
        for (wanted, depth) in cases {
            assert_eq!(detect(wanted.parse().expect("a word"), &env), depth, "{wanted}");
        }
        assert_eq!(detect(Colour::Always, &[("TERM", "dumb")]), Depth::Sixteen);
        assert!("blue".parse::<Colour>().is_err());
    }
}
