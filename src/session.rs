//! The engine thread, what it is asked, and what it answers.

pub mod protocol;
pub mod trace;
