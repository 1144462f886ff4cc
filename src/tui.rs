//! The screen: keys → action → update → view. It knows the session's protocol and trace, never models or ggml.

mod app;
mod asking;
#[cfg(test)]
mod chaos;
mod engine;
#[cfg(test)]
mod engine_screens;
#[cfg(test)]
mod fake;
mod headless;
mod keymap;
#[cfg(test)]
mod line_screens;
mod marks;
mod moves;
#[cfg(test)]
mod moving;
mod number;
mod panel;
mod repeats;
mod row;
mod runs;
#[cfg(test)]
mod screens;
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
pub use headless::Headless;
