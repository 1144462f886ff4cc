//! Tests of the screen as a whole, over a model that is made up: pictures, key scripts, storms of random events.

mod agreement_screens;
mod chaos;
mod contrast_screens;
mod devices;
mod engine_screens;
mod exact;
mod exits_screens;
pub(super) mod fake;
mod filing;
mod journeys_screens;
mod lanes_screens;
mod lens_screens;
mod liked;
mod line_screens;
mod methods_screens;
mod mockups;
mod moving;
mod picture;
mod run_screens;
mod screens;
mod scripted;
mod scripts;
mod session_tests;
mod style_dump;
