//! The screen: keys → action → update → view. It knows the session's protocol and trace, never models or ggml.

mod app;
mod asking;
#[cfg(test)]
mod chaos;
mod command_line;
mod copying;
#[cfg(test)]
mod fake;
mod headless;
mod keeper;
mod keeping;
mod keymap;
#[cfg(test)]
mod line_screens;
mod marks;
mod moves;
#[cfg(test)]
mod moving;
mod number;
mod panel;
mod restating;
mod row;
#[cfg(test)]
mod screens;
#[cfg(test)]
mod session_tests;
mod settings;
mod state;
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
