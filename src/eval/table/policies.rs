//! Early-exit policies: what they come to, and where they leave the model.

use super::{
    matrix::{PERCENTAGES, short},
    named, number, percent, perplexity,
};
use crate::eval::summary::Summary;

/// A row a policy, and below it the exits taken.
pub(super) fn policies(summary: &Summary) -> String {
    if summary.policies.is_empty() {
        return String::new();
    }
    let mut text = String::from(
        "early exit: work a token, full model with one head = 1.00; a bound, as if deeper keys and values were there\n\
         \x20                     ppl  top-1 %  =orig %  mean depth  blocks alone  own head  every head tried\n",
    );
    for p in &summary.policies {
        text += &format!(
            "{}{} {:>8} {:>8} {:>11} {:>13} {:>9} {:>17}\n",
            named(&p.policy, 16),
            perplexity(p.perplexity),
            percent(p.accuracy),
            percent(p.agreement_with_original),
            number(p.mean_depth, 1),
            number(p.work_blocks, 2),
            number(p.work_own_head, 2),
            number(p.work_every_head, 2),
        );
    }
    text += &taken(summary);
    text
}

/// A histogram a policy; where exits are many, those that were taken.
fn taken(summary: &Summary) -> String {
    let exits = &summary.policies[0].taken;
    if exits.len() > PERCENTAGES {
        let line = |p: &super::super::early_exit::PolicySummary| {
            let taken = p.taken.iter().filter(|taken| taken.positions > 0);
            let taken: Vec<String> = taken.map(|t| format!("{} {}", t.exit, percent(t.share))).collect();
            format!("{:<16}{}\n", p.policy, taken.join(", "))
        };
        return super::wrapped(&format!("exits taken, %\n{}", summary.policies.iter().map(line).collect::<String>()));
    }
    let head: String = exits.iter().map(|taken| format!("{:>6}", short(&taken.exit))).collect();
    let mut text = format!("{:<16}{head}\n", "exits taken, %");
    for p in &summary.policies {
        let cells: String = p.taken.iter().map(|taken| format!("{:>6}", percent(taken.share))).collect();
        text += &format!("{}{cells}\n", named(&p.policy, 16));
    }
    text
}
