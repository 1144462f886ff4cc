//! Early-exit policies over traces: what the rules of [`crate::decode::Rule`] read, taken from what is known.

mod named;
mod run;

use super::{
    protocol::ModelCard,
    trace::{ExitId, ExitRow, StepTrace},
};

pub use self::named::Named;
pub use self::run::{EarlyRun, EarlyToken, EarlyWork};
pub use crate::decode::{Cost, Glance, Outcome, Policy, Rule};

/// What a policy reads at a position, from the lowest exit up to original; `None` while rows are missing or broken.
#[must_use]
pub fn glances(trace: &StepTrace, blocks: u32) -> Option<Vec<Glance>> {
    let glance = |row: &ExitRow| {
        let first = row.top.first().filter(|_| !row.is_absent() && !row.is_broken())?;
        let second = row.top.get(1).map_or(0.0, |second| second.ln_p.exp());
        let depth = if let ExitId::Block(k) = row.exit { k } else { blocks };
        Some(Glance { depth, top: first.id.0, p: [first.ln_p.exp(), second], entropy: row.entropy })
    };
    let from_below: Option<Vec<Glance>> = trace.exits.iter().rev().map(glance).collect();
    from_below.filter(|exits| !exits.is_empty())
}

/// What blocks and heads of a model cost.
#[must_use]
pub fn cost(card: &ModelCard) -> Cost {
    Cost { block: card.block_work, head: card.head_work }
}
