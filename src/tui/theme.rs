//! Roles, not colours: views say what a thing is, the theme says how it looks. Colour adds and never carries alone.

use ratatui::style::{Color, Modifier, Style};

/// What a drawn thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Plain,
    Faint,
    Strong,
    Expert,
    Amateur,
    /// The text's token, or the one that Space takes.
    Token,
    Changed,
    /// The token not yet taken.
    Ghost,
    Warn,
    /// A family of tokens, by letter.
    Group(usize),
    /// A measure from 0 to 7.
    Scale(usize),
}

/// How many colours there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    None,
    Sixteen,
    Indexed,
    True,
}

/// How roles look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Theme {
    pub(crate) depth: Depth,
}

/// Okabe and Ito's hues, told apart by the colour-blind (jfly.uni-koeln.de/color): RGB and the nearest of 256 and 16.
const GROUPS: [(u32, u8, Color); 8] = [
    (0x0056_B4E9, 74, Color::Cyan),
    (0x00E6_9F00, 172, Color::Yellow),
    (0x0000_9E73, 36, Color::Green),
    (0x00CC_79A7, 175, Color::Magenta),
    (0x00F0_E442, 227, Color::LightYellow),
    (0x0000_72B2, 25, Color::Blue),
    (0x00D5_5E00, 166, Color::Red),
    (0x0099_9999, 246, Color::Gray),
];

/// Eight steps of cividis (Nuñez, Anderton, Renslow 2018): RGB and the nearest of 256.
const SCALE: [(u32, u8); 8] = [
    (0x0000_224E, 17),
    (0x0012_3570, 24),
    (0x003B_496C, 60),
    (0x0057_5D6D, 241),
    (0x0070_7173, 243),
    (0x008A_8678, 245),
    (0x00A5_9C74, 144),
    (0x00FE_E838, 227),
];

impl Theme {
    /// The depth that the environment promises. NO_COLOR (no-color.org) is kept by holding no colour at all: crossterm
    /// would write an empty attribute there, which also resets bold and reverse.
    pub(crate) fn detect(env: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| env(name).filter(|value| !value.is_empty());
        let term = set("TERM").unwrap_or_default();
        let depth = match set("COLORTERM").as_deref() {
            _ if set("NO_COLOR").is_some() || term == "dumb" => Depth::None,
            Some("truecolor" | "24bit") => Depth::True,
            _ if term.contains("256color") => Depth::Indexed,
            _ => Depth::Sixteen,
        };
        Self { depth }
    }

    /// How a role looks.
    pub(crate) fn style(self, role: Role) -> Style {
        let style = Style::default();
        match role {
            Role::Plain => style,
            Role::Faint => style.add_modifier(Modifier::DIM),
            Role::Strong => style.add_modifier(Modifier::BOLD),
            Role::Expert => self.group(style.add_modifier(Modifier::BOLD), 0),
            Role::Amateur => self.group(style.add_modifier(Modifier::BOLD), 1),
            Role::Token => self.group(style.add_modifier(Modifier::BOLD), 2),
            Role::Changed => self.group(style.add_modifier(Modifier::BOLD), 3),
            Role::Ghost => self.group(style.add_modifier(Modifier::UNDERLINED), 2),
            Role::Warn => self.group(style.add_modifier(Modifier::BOLD), 6),
            Role::Group(letter) => self.group(style, letter),
            Role::Scale(step) => self.scale(style, step),
        }
    }

    /// The style of the cursor's row, token or cell, over whatever is there.
    pub(crate) fn cursor() -> Style {
        Style::default().add_modifier(Modifier::REVERSED)
    }

    fn group(self, style: Style, hue: usize) -> Style {
        let (rgb, index, named) = GROUPS[hue % GROUPS.len()];
        match self.depth {
            Depth::None => style,
            Depth::Sixteen => style.fg(named),
            Depth::Indexed => style.fg(Color::Indexed(index)),
            Depth::True => style.fg(Color::from_u32(rgb)),
        }
    }

    fn scale(self, style: Style, step: usize) -> Style {
        // The darkest steps of the scale vanish on dark ground: the upper six are used for signs.
        let (rgb, index) = SCALE[(2 + step * 5 / 7).min(SCALE.len() - 1)];
        match self.depth {
            // Few colours: the height of the level says it alone.
            Depth::None | Depth::Sixteen => style,
            Depth::Indexed => style.fg(Color::Indexed(index)),
            Depth::True => style.fg(Color::from_u32(rgb)),
        }
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::Style;

    use super::{Depth, Role, Theme};

    #[test]
    fn no_color_holds_no_colour_and_keeps_attributes() {
        let env = |name: &str| (name == "NO_COLOR").then(|| "1".to_owned());
        let theme = Theme::detect(env);
        assert_eq!(theme.depth, Depth::None);
        let roles = [Role::Expert, Role::Token, Role::Changed, Role::Ghost, Role::Warn, Role::Group(3), Role::Scale(7)];
        for role in roles {
            let Style { fg, bg, .. } = theme.style(role);
            assert_eq!((fg, bg), (None, None), "{role:?}");
        }
        assert_ne!(theme.style(Role::Ghost), Style::default());
        assert_ne!(theme.style(Role::Token), Style::default());
    }
}
