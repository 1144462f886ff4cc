//! Pure mathematics over rows of logits: no model, no screen. Logarithms are natural, entropies and divergences nats.
//! Ties: the greater logit wins, the lower id on equality.

#[cfg(test)]
mod accuracy;
mod contrast;
mod distribution;
mod divergence;
mod early_exit;
mod greatest;
mod kernels;
mod order;
pub mod repetition;
mod sample;

pub use contrast::{Contrast, Plausible, contrast, ln_tau, share_out, winners};
pub use distribution::{Distribution, Scored};
pub use divergence::{Divergences, Reference};
pub use early_exit::{Cost, Glance, Outcome, Policy, Rule};
pub use greatest::rank;
pub use sample::{Chosen, Sampling, choose, drawn, uniform};
