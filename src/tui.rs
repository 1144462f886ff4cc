//! The screen: keys → action → update → view. It knows the session's protocol and trace, never models or ggml.

mod app;
mod asking;
mod command_line;
mod commands;
mod copying;
mod display;
mod engine;
mod exits;
mod headless;
mod hearing;
mod hits;
mod journeys;
mod keeper;
mod keeping;
mod keymap;
mod lanes;
mod lens;
mod marks;
mod methods;
mod mouse;
mod moves;
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
mod settings;
mod state;
mod terminal;
#[cfg(test)]
mod tests;
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
pub use keeper::{Around, Machine};
pub use keymap::{Keymap, Patch};
pub use number::Units;
pub use preferences::{HEAT_CELLS, Preferences};
pub use state::Ribbon;
pub use terminal::columns;
pub use theme::{Colour, ThemeName};
