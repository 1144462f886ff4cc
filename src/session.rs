//! The engine thread, what it is asked, and what it answers.

mod about;
pub mod agreement;
pub mod analyze;
mod batches;
pub mod check;
mod choosing;
pub mod grid;
mod kept;
pub mod lanes;
pub mod leaving;
pub mod lens;
mod lost;
mod method;
pub mod protocol;
pub mod reader;
pub mod reading;
pub mod restate;
pub mod run;
pub mod saved;
pub(crate) mod scoring;
pub mod speculate;
pub mod trace;
pub mod traced;
pub mod tracing;
pub mod vocabulary;
pub mod worker;

/// The terminal's settings, kept where an abort below Rust can restore them; and a way to prove it.
pub use mexit_models::{arm_terminal, disarm_terminal, exit_now, provoke_abort};
