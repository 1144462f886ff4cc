//! Early-exit policies over a corpus: where each would have left the model, and what that comes to. The exits that are
//! measured are those that a policy tries.

use mexit_models::{ExitId, TokenId};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use super::{settings::Settings, sum::Sum};
use crate::{
    decode::{Distribution, Glance},
    session::leaving::Named,
};

/// The policies, and what the model's parts cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EarlyExit {
    /// As they are written.
    pub policies: Vec<Written>,
    /// Number of blocks.
    pub blocks: u32,
    /// Multiply-adds a token of a block.
    pub block_work: f64,
    /// Of a head.
    pub head_work: f64,
}

/// A policy, written as text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Written(pub Named);

impl Serialize for Written {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map(Self).map_err(D::Error::custom)
    }
}

/// Counts of one policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// By exit, original first: positions at which it is taken. Depth, heads and work follow from these.
    pub taken: Vec<u64>,
    /// Positions where the top token of the exit taken is original's.
    pub same: u64,
    /// Positions where it is the text's.
    pub correct: u64,
    /// Σ −ln p of the text's tokens at the exits taken.
    pub nats: Sum,
}

impl Left {
    pub(super) fn add(&mut self, other: &Self) {
        self.taken.iter_mut().zip(&other.taken).for_each(|(a, b)| *a += b);
        self.same += other.same;
        self.correct += other.correct;
        self.nats += other.nats;
    }
}

/// Nothing counted yet.
pub(super) fn empty(settings: &Settings) -> Vec<Left> {
    let none = Left { taken: vec![0; settings.exits().len()], ..Left::default() };
    vec![none; settings.early_exit.policies.len()]
}

/// Counts a position whose text goes on with `target`; the exits as the settings list them.
pub(super) fn count(settings: &Settings, exits: &[(ExitId, Distribution<'_>)], target: TokenId, left: &mut [Left]) {
    if left.is_empty() {
        return;
    }
    let ids: Vec<ExitId> = exits.iter().map(|(exit, _)| *exit).collect();
    let glances: Vec<Glance> = exits.iter().rev().map(|(exit, d)| glance(settings, *exit, d)).collect();
    let Some(original) = glances.last() else { return };
    for (Written(named), left) in settings.early_exit.policies.iter().zip(left) {
        let Some(rule) = named.rule(&ids) else { continue };
        let taken = rule.taken(&glances);
        let row = exits.len() - 1 - taken;
        left.taken[row] += 1;
        left.same += u64::from(glances[taken].top == original.top);
        left.correct += u64::from(glances[taken].top == target.0);
        left.nats += Sum::of(-f64::from(exits[row].1.ln_p(target.0)));
    }
}

fn glance(settings: &Settings, exit: ExitId, of: &Distribution<'_>) -> Glance {
    let top = of.top(2);
    let p = |place: usize| top.get(place).map_or(0.0, |scored| scored.ln_p.exp());
    let depth = settings.early_exit.depth(exit);
    Glance { depth, top: top.first().map_or(0, |scored| scored.id), p: [p(0), p(1)], entropy: of.entropy() }
}

impl EarlyExit {
    fn depth(&self, exit: ExitId) -> u32 {
        if let ExitId::Block(k) = exit { k } else { self.blocks }
    }
}

/// What a policy comes to. Work is that of the full model with its one head, and a bound: the keys and values of
/// skipped blocks, which later tokens may need, are taken as filled.
#[derive(Clone, Debug, Serialize)]
pub struct PolicySummary {
    /// As it is written.
    pub policy: String,
    /// Mean −ln p of the text's tokens at the exits taken.
    pub nats_per_token: f64,
    /// Its exponential.
    pub perplexity: f64,
    /// Share of positions where the top token of the exit taken is the text's.
    pub accuracy: f64,
    /// Share where it is original's.
    pub agreement_with_original: f64,
    /// Blocks run a token.
    pub mean_depth: f64,
    /// Their share of all: work without any head.
    pub work_blocks: f64,
    /// Work with the head of the exit taken.
    pub work_own_head: f64,
    /// Work with every head up to the exit taken, as a policy that tries them needs; nothing where it tries none.
    pub work_every_head: f64,
    /// By exit, original first: positions at which it is taken, and their share.
    pub taken: Vec<Taken>,
}

/// How often an exit is taken.
#[derive(Clone, Debug, Serialize)]
pub struct Taken {
    /// The exit.
    pub exit: String,
    /// At how many positions.
    pub positions: u64,
    /// Their share.
    pub share: f64,
}

/// What all policies come to over so many tokens.
pub(super) fn summary(settings: &Settings, left: &[Left], tokens: u64) -> Vec<PolicySummary> {
    let (early, exits) = (&settings.early_exit, settings.exits());
    let n = tokens as f64;
    let full = f64::from(early.blocks) * early.block_work + early.head_work;
    let of = |(Written(named), left): (&Written, &Left)| {
        // Exits are tried from the lowest up: the last of the list is the first.
        let heads = |row: usize| (exits.len() - row) as f64;
        let mean = |of: &dyn Fn(usize) -> f64| {
            left.taken.iter().enumerate().map(|(row, count)| *count as f64 * of(row)).sum::<f64>() / n
        };
        let depth = mean(&|row| f64::from(early.depth(exits[row])));
        let work = |heads: f64| (depth * early.block_work + heads * early.head_work) / full;
        let taken = exits.iter().zip(&left.taken).map(|(exit, count)| Taken {
            exit: exit.to_string(),
            positions: *count,
            share: *count as f64 / n,
        });
        PolicySummary {
            policy: named.to_string(),
            nats_per_token: left.nats.mean(tokens),
            perplexity: left.nats.mean(tokens).exp(),
            accuracy: left.correct as f64 / n,
            agreement_with_original: left.same as f64 / n,
            mean_depth: depth,
            work_blocks: depth / f64::from(early.blocks),
            work_own_head: work(mean(&|_| 1.0)),
            work_every_head: if named.policy.looks() { work(mean(&heads)) } else { f64::NAN },
            taken: taken.collect(),
        }
    };
    early.policies.iter().zip(left).map(of).collect()
}
