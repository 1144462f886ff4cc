//! Roles, not colours: views say what a thing is, the theme says how it looks. Colour adds and never carries alone.

mod depth;
mod palette;
#[cfg(test)]
mod seen;

use ratatui::style::{Color, Modifier, Style};
use serde::{Deserialize, Serialize};

pub use self::depth::Colour;
pub(crate) use self::depth::Depth;
use self::palette::{DARK, HIGH_CONTRAST, Hue, LIGHT, Palette};

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

/// The themes, by the ground that they are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ThemeName {
    /// For a dark ground.
    #[default]
    Dark,
    /// For a light one.
    Light,
    /// White on black, whatever the terminal's ground is, and nothing faint.
    HighContrast,
}

impl ThemeName {
    /// All of them, as they are written.
    pub(crate) const ALL: [(&'static str, Self); 3] =
        [("dark", Self::Dark), ("light", Self::Light), ("high-contrast", Self::HighContrast)];

    fn palette(self) -> &'static Palette {
        match self {
            Self::Dark => &DARK,
            Self::Light => &LIGHT,
            Self::HighContrast => &HIGH_CONTRAST,
        }
    }
}

/// How roles look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Theme {
    pub(crate) depth: Depth,
    pub(crate) name: ThemeName,
}

impl Theme {
    /// How a role looks.
    pub(crate) fn style(self, role: Role) -> Style {
        let style = Style::default();
        let bold = style.add_modifier(Modifier::BOLD);
        match role {
            Role::Plain => style,
            Role::Faint => self.faint(style),
            Role::Strong => bold,
            Role::Expert => self.group(bold, 0),
            Role::Amateur => self.group(bold, 1),
            Role::Token => self.group(bold, 2),
            Role::Changed => self.group(bold, 3),
            Role::Ghost => self.group(style.add_modifier(Modifier::UNDERLINED), 2),
            Role::Warn => self.group(bold, 6),
            Role::Group(letter) => self.group(style, letter),
            // Few colours: the height of the level says it alone.
            Role::Scale(_) if self.depth <= Depth::Sixteen => style,
            Role::Scale(step) => style.fg(self.colour(self.name.palette().scale[step.min(7)])),
        }
    }

    /// How a role looks in a cell whose ground is the colour of a level, so that it can be read there: the hue gives
    /// way, the weight stays.
    pub(crate) fn on_level(self, role: Role, level: Option<usize>) -> Style {
        let style = self.style(role);
        let Some(level) = level.filter(|_| self.depth > Depth::Sixteen) else { return style };
        let (ground, dark) = self.name.palette().ground_of(level);
        // 16 and 231 of the 256 are black and white in every terminal.
        let text = match (self.depth, dark) {
            (Depth::True, true) => Color::from_u32(0x00FF_FFFF),
            (Depth::True, false) => Color::from_u32(0),
            (_, true) => Color::Indexed(231),
            (_, false) => Color::Indexed(16),
        };
        style.remove_modifier(Modifier::DIM).fg(text).bg(self.colour(ground))
    }

    /// The style of the cursor's row, token or cell, over whatever is there.
    pub(crate) fn cursor() -> Style {
        Style::default().add_modifier(Modifier::REVERSED)
    }

    /// The style of the whole screen, under whatever is there.
    pub(crate) fn ground(self) -> Style {
        match (self.depth, self.name.palette().own) {
            (Depth::None, _) | (_, None) => Style::default(),
            (Depth::Sixteen, Some(_)) => Style::default().fg(Color::White).bg(Color::Black),
            (_, Some((text, ground))) => Style::default().fg(self.colour(text)).bg(self.colour(ground)),
        }
    }

    fn faint(self, style: Style) -> Style {
        match self.name.palette().faint {
            Some(faint) if self.depth > Depth::Sixteen => style.fg(self.colour(faint)),
            Some(_) if self.depth == Depth::Sixteen => style.fg(Color::Gray),
            _ => style.add_modifier(Modifier::DIM),
        }
    }

    fn group(self, style: Style, hue: usize) -> Style {
        let palette = self.name.palette();
        match self.depth {
            Depth::None => style,
            Depth::Sixteen => style.fg(palette.few[hue % palette.few.len()]),
            _ => style.fg(self.colour(palette.groups[hue % palette.groups.len()])),
        }
    }

    fn colour(self, (rgb, index): Hue) -> Color {
        if self.depth == Depth::True { Color::from_u32(rgb) } else { Color::Indexed(index) }
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::{Color, Modifier, Style};

    use super::{Depth, Role, Theme, ThemeName};

    fn roles() -> Vec<Role> {
        use Role::{Amateur, Changed, Expert, Faint, Ghost, Group, Plain, Scale, Strong, Token, Warn};
        let named = [Plain, Faint, Strong, Expert, Amateur, Token, Changed, Ghost, Warn];
        named.into_iter().chain((0..26).map(Group)).chain((0..8).map(Scale)).collect()
    }

    #[test]
    fn without_colour_there_is_none_and_attributes_stay() {
        for (_, name) in ThemeName::ALL {
            let theme = Theme { depth: Depth::None, name };
            for role in roles() {
                for Style { fg, bg, .. } in [theme.style(role), theme.on_level(role, Some(4)), theme.ground()] {
                    assert_eq!((fg, bg), (None, None), "{role:?}");
                }
            }
            assert!(theme.style(Role::Faint).add_modifier.contains(Modifier::DIM));
            assert!(theme.style(Role::Ghost).add_modifier.contains(Modifier::UNDERLINED));
            assert!(theme.style(Role::Token).add_modifier.contains(Modifier::BOLD));
        }
    }

    #[test]
    fn every_depth_keeps_to_its_colours() {
        for (_, name) in ThemeName::ALL {
            for depth in [Depth::Sixteen, Depth::Indexed, Depth::True] {
                let theme = Theme { depth, name };
                let styles = roles().into_iter().flat_map(|r| [theme.style(r), theme.on_level(r, Some(3))]);
                let colours = styles.chain([theme.ground()]).flat_map(|style| [style.fg, style.bg]).flatten();
                for colour in colours {
                    let is_of = match depth {
                        Depth::True => matches!(colour, Color::Rgb(..)),
                        Depth::Indexed => matches!(colour, Color::Indexed(_)),
                        _ => !matches!(colour, Color::Rgb(..) | Color::Indexed(_)),
                    };
                    assert!(is_of, "{depth:?} {colour}");
                }
            }
        }
    }

    #[test]
    fn sixteen_colours_have_six_hues_and_no_tint() {
        for (_, name) in ThemeName::ALL {
            let theme = Theme { depth: Depth::Sixteen, name };
            let mut hues: Vec<String> =
                (0..26).filter_map(|n| theme.style(Role::Group(n)).fg).map(|c| c.to_string()).collect();
            hues.sort();
            hues.dedup();
            assert_eq!(hues.len(), 6);
            assert_eq!(theme.style(Role::Scale(7)), Style::default());
            assert_eq!(theme.on_level(Role::Plain, Some(7)), Style::default());
        }
    }
}
