//! Pure mathematics over rows of logits: no model, no screen. Logarithms are natural, entropies and divergences nats.
//! Ties: the greater logit wins, the lower id on equality.

mod contrast;
mod distribution;
mod kernels;
pub mod repetition;
mod sample;

pub use contrast::{Contrast, Plausible, contrast, ln_tau, share_out, winners};
pub use distribution::{Distribution, Scored};
pub use sample::{Chosen, Sampling, choose, drawn, uniform};
