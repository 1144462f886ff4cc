//! Measures exits and contrasts over a corpus: perplexity, accuracy, calibration, agreement.
//!
//! Documents fall into windows ([`windows`]); each window is measured alone ([`units`]) into a tally of whole numbers
//! ([`tally`]), so that tallies of shards and of runs that were cut join exactly; what is reported follows from the tally
//! ([`summary`]). `FORMAT.md` describes the files.

pub mod columns;
mod continuations;
pub mod corpus;
pub mod early_exit;
mod error;
pub mod evaluation;
pub mod last_word;
mod measure;
mod position;
pub mod run;
pub mod settings;
mod store;
pub mod sum;
pub mod summary;
pub mod table;
pub mod tally;
pub mod units;
pub mod windows;

pub use error::EvalError;
