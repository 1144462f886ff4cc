//! The screen: keys → action → update → view. It knows the session's protocol and trace, never models or ggml.

mod app;
mod asking;
#[cfg(test)]
mod chaos;
mod command_line;
mod commands;
mod copying;
mod display;
mod engine;
#[cfg(test)]
mod engine_screens;
#[cfg(test)]
mod exact;
#[cfg(test)]
mod fake;
mod headless;
mod hits;
mod journeys;
#[cfg(test)]
mod journeys_screens;
mod keeper;
mod keeping;
mod keymap;
#[cfg(test)]
mod liked;
#[cfg(test)]
mod line_screens;
mod marks;
#[cfg(test)]
mod mockups;
mod mouse;
mod moves;
#[cfg(test)]
mod moving;
mod number;
mod panel;
mod preferences;
mod question;
mod repeats;
mod restating;
#[doc(hidden)]
pub mod rounding;
mod row;
mod runs;
#[cfg(test)]
mod screens;
#[cfg(test)]
mod scripted;
#[cfg(test)]
mod scripts;
#[cfg(test)]
mod session_tests;
mod settings;
mod state;
#[cfg(test)]
mod style_dump;
mod terminal;
mod theme;
mod token_text;
mod tree;
mod typing;
mod update;
mod view;
mod walk;

pub use app::{Start, run};
pub use copying::StepJson;
pub use headless::Headless;
pub use keeper::{Around, Opener};
pub use keymap::{Keymap, Patch};
pub use number::Units;
pub use preferences::{HEAT_CELLS, Preferences};
pub use state::Ribbon;
pub use theme::{Colour, ThemeName};
