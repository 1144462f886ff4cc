//! Frontends beside the screen: they read the same trace.

pub mod json;
mod json_grid;
pub mod parquet;
pub mod table;
