//! Early exit as a rule over what the exits say: where a policy would have left the model, and what that would have
//! cost. Confidence, margin and entropy are thresholds as in CALM (Schuster et al., 2022, arXiv 2207.07061); patience is
//! PABEE's (Zhou et al., 2020, arXiv 2006.04152); the last two know the answer and bound what any rule can reach.

/// A way to decide where to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Policy {
    /// The first exit whose top token has at least this probability.
    Confidence,
    /// The first whose top two tokens are at least so far apart in probability.
    Margin,
    /// The first whose entropy is at most this, nats.
    Entropy,
    /// The first that is the n-th in a row with the same top token.
    Patience,
    /// Always the same: the n-th from below, from 0.
    Fixed,
    /// The first that has original's top token. Knows the answer.
    Oracle,
    /// The first from which the top token stays original's (saturation). Knows the answer.
    Decided,
}

/// A policy with its threshold; oracle and decided have none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// How it decides.
    pub policy: Policy,
    /// From where on.
    pub threshold: f32,
}

/// What a policy reads of one exit at one position.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Glance {
    /// Blocks run before it.
    pub depth: u32,
    /// Its top token.
    pub top: u32,
    /// Probability of the top token, and of the second.
    pub p: [f32; 2],
    /// Entropy, nats.
    pub entropy: f32,
}

/// Multiply-adds a token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// Of one block.
    pub block: f64,
    /// Of one head.
    pub head: f64,
}

/// What a rule comes to over a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// By position: the exit taken, from 0 at the lowest.
    pub taken: Vec<usize>,
    /// Positions at which it has original's top token.
    pub agree: usize,
    /// The first position at which it has not.
    pub first_change: Option<usize>,
    /// Mean number of blocks run.
    pub mean_depth: f64,
    /// Work a token against the full model with one head: blocks up to the exit, and the exit's head alone.
    pub work_own: f64,
    /// The same with every head up to the exit counted, as a rule that looks at them one after the other needs; `None`
    /// where the rule needs none or knows the answer.
    pub work_tried: Option<f64>,
    /// How often each exit was taken, from the lowest.
    pub counts: Vec<usize>,
}

impl Policy {
    /// All of them, those that can be used first.
    pub const ALL: [Self; 7] =
        [Self::Confidence, Self::Margin, Self::Entropy, Self::Patience, Self::Fixed, Self::Oracle, Self::Decided];

    /// Whether it decides by what it has seen so far, one head after the other.
    #[must_use]
    pub fn looks(self) -> bool {
        matches!(self, Self::Confidence | Self::Margin | Self::Entropy | Self::Patience)
    }

    /// Whether it knows the answer: such a rule can be looked at, not used.
    #[must_use]
    pub fn knows(self) -> bool {
        matches!(self, Self::Oracle | Self::Decided)
    }
}

impl Rule {
    /// Whether a rule that looks leaves at the last of `seen`: exits from the lowest up.
    #[must_use]
    pub fn leaves(&self, seen: &[Glance]) -> bool {
        let Some(last) = seen.last() else { return false };
        match self.policy {
            Policy::Confidence => last.p[0] >= self.threshold,
            Policy::Margin => last.p[0] - last.p[1] >= self.threshold,
            Policy::Entropy => last.entropy <= self.threshold,
            Policy::Patience => {
                let in_a_row = seen.iter().rev().take_while(|glance| glance.top == last.top).count();
                in_a_row as f32 >= self.threshold
            }
            Policy::Fixed => seen.len() > self.taken_fixed(),
            Policy::Oracle | Policy::Decided => false,
        }
    }

    /// The exit of [`Policy::Fixed`], from 0 at the lowest.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small number of exits")]
    pub fn taken_fixed(&self) -> usize {
        self.threshold.max(0.0) as usize
    }

    /// The exit at which the rule leaves, from 0 at the lowest; `exits` end with original, which is left at last.
    #[must_use]
    pub fn taken(&self, exits: &[Glance]) -> usize {
        let last = exits.len().saturating_sub(1);
        let is_final = |glance: &Glance| exits.last().is_some_and(|original| original.top == glance.top);
        match self.policy {
            Policy::Oracle => exits.iter().position(is_final).unwrap_or(last),
            Policy::Decided => exits.iter().rposition(|glance| !is_final(glance)).map_or(0, |at| at + 1),
            _ => (0..last).find(|at| self.leaves(&exits[..=*at])).unwrap_or(last),
        }
    }

    /// Applies the rule at every position of a text; each has the same exits, from the lowest up to original.
    #[must_use]
    pub fn apply(&self, positions: &[Vec<Glance>], cost: Cost) -> Outcome {
        let taken: Vec<usize> = positions.iter().map(|exits| self.taken(exits)).collect();
        let right = |(at, exits): (&usize, &Vec<Glance>)| exits.last().is_some_and(|last| last.top == exits[*at].top);
        let agree: Vec<bool> = taken.iter().zip(positions).map(right).collect();
        let exits = positions.first().map_or(0, Vec::len);
        let mut counts = vec![0; exits];
        for at in &taken {
            counts[*at] += 1;
        }
        let n = positions.len().max(1) as f64;
        let full = |exits: &Vec<Glance>| f64::from(exits.last().map_or(0, |last| last.depth)) * cost.block + cost.head;
        let mean = |of: &dyn Fn(usize, &Vec<Glance>) -> f64| {
            taken.iter().zip(positions).map(|(at, exits)| of(*at, exits)).sum::<f64>() / n
        };
        let with_heads = |heads: &dyn Fn(usize) -> usize| {
            mean(&|at, exits| (f64::from(exits[at].depth) * cost.block + heads(at) as f64 * cost.head) / full(exits))
        };
        Outcome {
            agree: agree.iter().filter(|same| **same).count(),
            first_change: agree.iter().position(|same| !same),
            mean_depth: mean(&|at, exits| f64::from(exits[at].depth)),
            work_own: with_heads(&|_| 1),
            work_tried: self.policy.looks().then(|| with_heads(&|at| at + 1)),
            taken,
            counts,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Cost, Glance, Policy, Rule};

    const COST: Cost = Cost { block: 10.0, head: 50.0 };

    /// Exits after blocks 2, 4, 6, 8 and original (after 8): top token, p of the first two, entropy.
    fn position(rows: [(u32, f32, f32, f32); 5]) -> Vec<Glance> {
        let depths = [2, 4, 6, 8, 8];
        let glance = |(depth, (top, first, second, entropy))| Glance { depth, top, p: [first, second], entropy };
        depths.into_iter().zip(rows).map(glance).collect()
    }

    fn text() -> Vec<Vec<Glance>> {
        vec![
            position([
                (7, 0.2, 0.1, 3.0),
                (7, 0.4, 0.3, 2.0),
                (5, 0.3, 0.2, 2.5),
                (7, 0.6, 0.1, 1.0),
                (7, 0.7, 0.1, 0.9),
            ]),
            position([
                (1, 0.5, 0.1, 1.5),
                (2, 0.3, 0.2, 2.5),
                (2, 0.4, 0.1, 2.0),
                (2, 0.5, 0.2, 1.4),
                (2, 0.5, 0.1, 1.3),
            ]),
        ]
    }

    fn taken(policy: Policy, threshold: f32) -> Vec<usize> {
        Rule { policy, threshold }.apply(&text(), COST).taken
    }

    #[test]
    fn each_policy_leaves_where_its_definition_says() {
        assert_eq!(taken(Policy::Confidence, 0.4), [1, 0]);
        assert_eq!(taken(Policy::Confidence, 0.9), [4, 4], "nobody is so sure: original at last");
        assert_eq!(taken(Policy::Margin, 0.25), [3, 0]);
        assert_eq!(taken(Policy::Entropy, 1.4), [3, 3]);
        assert_eq!(taken(Policy::Patience, 2.0), [1, 2]);
        assert_eq!(taken(Policy::Patience, 3.0), [4, 3]);
        assert_eq!(taken(Policy::Fixed, 2.0), [2, 2]);
        assert_eq!(taken(Policy::Oracle, 0.0), [0, 1]);
        assert_eq!(taken(Policy::Decided, 0.0), [3, 1]);
    }

    #[test]
    fn work_counts_blocks_and_heads() {
        let outcome = Rule { policy: Policy::Confidence, threshold: 0.4 }.apply(&text(), COST);
        // The full model: 8 · 10 + 50 = 130. Left after 4 blocks and after 2: 40 + 50 and 20 + 50, or 40 + 2 · 50.
        assert_eq!(outcome.work_own, f64::midpoint(90.0, 70.0) / 130.0);
        assert_eq!(outcome.work_tried, Some(f64::midpoint(140.0, 70.0) / 130.0));
        assert_eq!((outcome.agree, outcome.first_change), (1, Some(1)));
        assert_eq!((outcome.mean_depth, outcome.counts), (3.0, vec![1, 1, 0, 0, 0]));
        let fixed = Rule { policy: Policy::Fixed, threshold: 4.0 }.apply(&text(), COST);
        assert_eq!((fixed.work_own, fixed.work_tried, fixed.agree), (1.0, None, 2));
        let never = Rule { policy: Policy::Confidence, threshold: 2.0 }.apply(&text(), COST);
        assert_eq!(never.work_tried, Some(f64::from(80 + 250) / 130.0), "all five heads tried in vain");
    }

    #[test]
    fn a_rule_that_looks_sees_no_further_than_where_it_leaves() {
        for policy in [Policy::Confidence, Policy::Margin, Policy::Entropy, Policy::Patience] {
            for threshold in [0.1, 0.3, 0.5, 1.0, 2.0, 3.0] {
                let rule = Rule { policy, threshold };
                for mut exits in text() {
                    let at = rule.taken(&exits);
                    let end = exits.len() - 1;
                    for later in exits[..end].iter_mut().skip(at + 1) {
                        *later = Glance { top: 99, p: [1.0, 0.0], entropy: 0.0, ..*later };
                    }
                    assert_eq!(rule.taken(&exits), at, "{policy:?} {threshold}");
                }
            }
        }
    }

    #[test]
    fn no_text_is_no_panic() {
        let outcome = Rule { policy: Policy::Decided, threshold: 0.0 }.apply(&[], COST);
        assert_eq!((outcome.agree, outcome.taken.len(), outcome.first_change), (0, 0, None));
    }
}
