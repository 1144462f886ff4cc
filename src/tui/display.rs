//! How things are shown, whatever the view: what the user likes, apart from what the terminal can.

use super::{number::Units, theme::ThemeName};

/// What the user likes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Display {
    pub(crate) theme: ThemeName,
    pub(crate) units: Units,
    /// Token ids in place of text.
    pub(crate) ids: bool,
    /// Clicks and the wheel are ours; else the terminal's.
    pub(crate) mouse: bool,
}
