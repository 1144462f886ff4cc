//! Rows of early-exit policies under those of the readouts, and the columns that only they fill.

use std::borrow::Cow;

use crate::{
    eval::{early_exit::PolicySummary, summary::Summary},
    report::table::Column,
};

/// Adds the rows, then the columns.
pub(super) fn add(columns: &mut Vec<(Cow<'static, str>, Column)>, summary: &Summary) {
    let policies = &summary.policies;
    for (name, column) in columns.iter_mut() {
        match column {
            Column::Text(values) => values.extend(policies.iter().map(|policy| text(name, policy))),
            Column::Count(values) => values.extend(policies.iter().map(|_| count(name, summary))),
            Column::Real(values) => values.extend(policies.iter().map(|policy| real(name, policy))),
            // Of these, a value cannot be missing: the table has none.
            Column::Number(_) | Column::Flag(_) => {}
        }
    }
    let readouts = summary.readouts.len();
    let own = |of: &dyn Fn(&PolicySummary) -> f64| {
        let values = policies.iter().map(|policy| Some(of(policy)).filter(|number| !number.is_nan()));
        Column::Real(std::iter::repeat_n(None, readouts).chain(values).collect())
    };
    columns.extend([
        ("mean_depth".into(), own(&|policy| policy.mean_depth)),
        ("work_blocks".into(), own(&|policy| policy.work_blocks)),
        ("work_own_head".into(), own(&|policy| policy.work_own_head)),
        ("work_every_head".into(), own(&|policy| policy.work_every_head)),
    ]);
    let exits = policies.first().map_or(0, |policy| policy.taken.len());
    for exit in 0..exits {
        let counts = policies.iter().map(|policy| Some(policy.taken[exit].positions));
        let values = std::iter::repeat_n(None, readouts).chain(counts).collect();
        columns.push((format!("taken_{}", policies[0].taken[exit].exit).into(), Column::Count(values)));
    }
}

fn text(name: &str, policy: &PolicySummary) -> Option<String> {
    match name {
        "name" => Some(policy.policy.clone()),
        "kind" => Some("policy".into()),
        _ => None,
    }
}

fn count(name: &str, summary: &Summary) -> Option<u64> {
    match name {
        "tokens" => Some(summary.tokens),
        "bytes" => Some(summary.bytes),
        _ => None,
    }
}

fn real(name: &str, policy: &PolicySummary) -> Option<f64> {
    let number = match name {
        "nats_per_token" => policy.nats_per_token,
        "perplexity" => policy.perplexity,
        "accuracy" => policy.accuracy,
        "agreement_with_original" => policy.agreement_with_original,
        _ => return None,
    };
    Some(number).filter(|number| !number.is_nan())
}
