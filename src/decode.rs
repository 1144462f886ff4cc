//! Pure mathematics over rows of logits: no model, no screen. Logarithms are natural, entropies and divergences nats.
//! Ties: the greater logit wins, the lower id on equality.

#[cfg(test)]
mod accuracy;
mod contrast;
mod distribution;
mod divergence;
mod dola;
mod early_exit;
mod expression;
mod greatest;
mod kernels;
mod log_ratio;
mod order;
pub mod repetition;
mod sample;
mod scores;

pub use contrast::{Contrast, Plausible, contrast, ln_tau, share_out, winners};
pub use distribution::{Distribution, Scored};
pub use divergence::{Divergences, Reference};
pub use dola::{Distance, distances, dola, farthest};
pub use early_exit::{Cost, Glance, Outcome, Policy, Rule};
pub use expression::{BadExpression, Expression};
pub use greatest::rank;
pub use log_ratio::log_ratio;
pub use sample::{Chosen, Sampling, choose, drawn, uniform};
pub use scores::Scores;
