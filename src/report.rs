//! Frontends beside the screen: they read the same trace.

mod about;
pub mod compare;
pub mod csv;
pub mod diff;
mod diff_pages;
mod document;
mod drawing;
mod exits_table;
mod format;
pub mod html;
pub mod json;
mod json_grid;
mod json_scores;
mod markdown;
mod measure;
pub mod parquet;
mod picture;
mod png;
mod positions;
mod summary;
mod svg;
pub mod table;

pub use exits_table::exits_table;
pub use format::{Format, Look, write, write_diff};
pub use measure::Measure;
