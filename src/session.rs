//! The engine thread, what it is asked, and what it answers.

pub mod analyze;
pub mod protocol;
pub mod reader;
pub mod run;
pub mod trace;
