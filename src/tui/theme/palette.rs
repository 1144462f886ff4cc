//! The colours themselves. Signs and text must stand out from the ground, and hues stay apart, also for the
//! colour-blind: the tests beside this file compute both.

use std::ops::Range;

use ratatui::style::Color;

/// A colour in RGB, and the one of xterm's 256 that stands for it: the nearest that is as legible and as distinct.
pub(super) type Hue = (u32, u8);

/// The colours of a theme.
pub(super) struct Palette {
    /// Families of tokens. Okabe and Ito's hues (jfly.uni-koeln.de/color) in their order: sky blue, orange, bluish green,
    /// reddish purple, yellow, blue, vermilion, and a grey for their black; each as light or dark as the ground needs.
    pub(super) groups: [Hue; 8],
    /// Six of the terminal's own sixteen for them.
    pub(super) few: [Color; 6],
    /// The part of cividis (Nuñez, Anderton, Renslow 2018) that can be seen on the ground, from low to high.
    pub(super) scale: [Hue; 8],
    /// What is faint, where the attribute is not enough.
    pub(super) faint: Option<Hue>,
    /// Text and ground, where the theme does not rely on the terminal's.
    pub(super) own: Option<(Hue, Hue)>,
    /// The grounds of cells by their level, from one that is near the terminal's to one that is far from it.
    levels: [Hue; 8],
    /// The levels on which white is the more legible; on the others it is black.
    white_on: Range<usize>,
    /// The grounds that it is made for, and the contrast that text and signs have there at least.
    #[cfg(test)]
    pub(super) held: (&'static [u32], f64, f64),
}

/// All of cividis in eight steps.
const CIVIDIS: [Hue; 8] = [
    (0x0000_224E, 17),
    (0x001E_3B6F, 24),
    (0x004B_546D, 60),
    (0x006C_6E72, 242),
    (0x008E_8977, 245),
    (0x00B2_A66F, 144),
    (0x00D8_C55B, 185),
    (0x00FE_E838, 227),
];
/// From its other end, the lightest mixed with white: bright yellow would say "much" on a light ground, too.
const CIVIDIS_TURNED: [Hue; 8] = [
    (0x00FF_FAD3, 230),
    (0x00F1_EBC6, 187),
    (0x00DA_D4BA, 250),
    (0x00BA_B7AC, 248),
    (0x0092_9497, 246),
    (0x0062_6A80, 242),
    (0x001E_3B6F, 24),
    (0x0000_224E, 17),
];

impl Palette {
    /// The ground of a level's cell, and whether it is a dark one.
    pub(super) fn ground_of(&self, level: usize) -> (Hue, bool) {
        let level = level.min(self.levels.len() - 1);
        (self.levels[level], self.white_on.contains(&level))
    }
}

/// For grounds from black to #282C34.
pub(super) const DARK: Palette = Palette {
    groups: [
        (0x0042_9BF1, 39),
        (0x00FB_B404, 214),
        (0x0067_E4AF, 79),
        (0x00C1_8195, 139),
        (0x00FE_FF6B, 227),
        (0x0065_CCFF, 81),
        (0x00DF_7A05, 172),
        (0x00FF_FFFF, 231),
    ],
    few: [Color::Cyan, Color::Yellow, Color::Green, Color::Magenta, Color::LightBlue, Color::LightRed],
    scale: [
        (0x007D_7C76, 244),
        (0x008E_8977, 245),
        (0x009F_9775, 137),
        (0x00B2_A66F, 144),
        (0x00C5_B568, 179),
        (0x00D8_C55B, 185),
        (0x00EB_D64B, 221),
        (0x00FE_E838, 227),
    ],
    faint: None,
    own: None,
    levels: CIVIDIS,
    white_on: 0..4,
    #[cfg(test)]
    held: (&[0x0000_0000, 0x0028_2C34], 4.5, 3.0),
};

/// For grounds from white to #F5EFE0.
pub(super) const LIGHT: Palette = Palette {
    groups: [
        (0x0000_5799, 26),
        (0x0037_1B00, 52),
        (0x0000_7C4A, 23),
        (0x0063_0059, 127),
        (0x0036_4100, 58),
        (0x0022_6ACE, 17),
        (0x00CC_310C, 125),
        (0x004F_4F4F, 16),
    ],
    few: [Color::Cyan, Color::Yellow, Color::Green, Color::Magenta, Color::Blue, Color::Red],
    scale: [
        (0x007D_7C76, 244),
        (0x006C_6E72, 242),
        (0x005C_616E, 241),
        (0x004B_546D, 240),
        (0x0038_486C, 238),
        (0x001E_3B6F, 237),
        (0x000C_2E64, 18),
        (0x0000_224E, 17),
    ],
    faint: None,
    own: None,
    levels: CIVIDIS_TURNED,
    white_on: 5..8,
    #[cfg(test)]
    held: (&[0x00FF_FFFF, 0x00F5_EFE0], 4.5, 3.0),
};

/// White on black.
pub(super) const HIGH_CONTRAST: Palette = Palette {
    groups: [
        (0x003B_B2EE, 39),
        (0x00F6_C140, 214),
        (0x0090_CBBB, 115),
        (0x00D1_7C9D, 175),
        (0x00F7_F398, 229),
        (0x00C0_DFFE, 153),
        (0x00F7_7353, 203),
        (0x00FF_FFFF, 231),
    ],
    few: DARK.few,
    scale: [
        (0x0082_7F76, 244),
        (0x0092_8D77, 245),
        (0x00A3_9A74, 137),
        (0x00B5_A86E, 144),
        (0x00C7_B766, 179),
        (0x00DA_C65A, 185),
        (0x00EC_D74A, 221),
        (0x00FE_E838, 227),
    ],
    faint: Some((0x00BF_BFBF, 250)),
    own: Some(((0x00FF_FFFF, 231), (0x0000_0000, 16))),
    levels: CIVIDIS,
    white_on: 0..4,
    #[cfg(test)]
    held: (&[0x0000_0000], 7.0, 4.5),
};
