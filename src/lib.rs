//! `mexit-tui`: watch a multi-exit language model make up its mind, layer by layer.

pub mod cli;
pub mod config;
pub mod decode;
pub mod eval;
pub mod hub;
pub mod measure;
pub mod report;
pub mod session;
pub mod tui;
