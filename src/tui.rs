//! The screen: keys → action → update → view. It knows the session's protocol and trace, never models or ggml.

mod app;
#[cfg(test)]
mod chaos;
#[cfg(test)]
mod exact;
#[cfg(test)]
mod fake;
mod headless;
mod keymap;
#[cfg(test)]
mod line_screens;
mod marks;
#[cfg(test)]
mod mockups;
mod moves;
#[cfg(test)]
mod moving;
mod number;
mod panel;
#[doc(hidden)]
pub mod rounding;
mod row;
#[cfg(test)]
mod screens;
#[cfg(test)]
mod scripted;
#[cfg(test)]
mod scripts;
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
pub use headless::Headless;
