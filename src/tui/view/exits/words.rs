//! Policies and thresholds in words.

use crate::{
    session::leaving::{Policy, Rule},
    tui::{row::Look, state::State, view::name},
};

/// The letter and the name of a policy.
pub(super) fn policy(policy: Policy) -> (char, &'static str) {
    match policy {
        Policy::Confidence => ('c', "confidence"),
        Policy::Margin => ('m', "margin"),
        Policy::Entropy => ('e', "entropy"),
        Policy::Patience => ('p', "patience"),
        Policy::Fixed => ('f', "fixed"),
        Policy::Oracle => ('o', "oracle"),
        Policy::Decided => ('d', "decided"),
    }
}

/// Where the policy leaves.
pub(super) fn threshold(state: &State, rule: Rule, look: &Look) -> String {
    let [least, most] = if look.marks.ascii { [">=", "<="] } else { ["≥", "≤"] };
    let t = rule.threshold;
    match rule.policy {
        Policy::Confidence => format!("p {least} {}", share(t)),
        Policy::Margin => format!("p1 - p2 {least} {}", share(t)),
        Policy::Entropy => format!("H {most} {:.2}", look.units.of(t)),
        Policy::Patience => format!("{t:.0} exits"),
        Policy::Fixed => state.exit_from_below(place(t)).map_or_else(String::new, name::exit),
        Policy::Oracle => "first right".into(),
        Policy::Decided => "stays right".into(),
    }
}

/// The policy and its threshold.
pub(super) fn rule(state: &State, rule: Rule, look: &Look) -> String {
    format!("{} {}", policy(rule.policy).1, threshold(state, rule, look))
}

/// A probability without its zero.
fn share(p: f32) -> String {
    format!("{p:.2}").trim_start_matches('0').to_owned()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an exit's place")]
fn place(t: f32) -> usize {
    t as usize
}
