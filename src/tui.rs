//! The screen: keys → action → update → view. It knows the session's protocol and trace, never models or ggml.

mod app;
#[cfg(test)]
mod fake;
mod keymap;
#[cfg(test)]
mod line_screens;
mod marks;
mod number;
mod row;
#[cfg(test)]
mod screens;
mod state;
mod terminal;
mod theme;
mod token_text;
mod update;
mod view;

pub use app::{Start, run};
