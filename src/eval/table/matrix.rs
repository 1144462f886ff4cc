//! Exits against exits, as far as a line of text has room: percentages, or their tens.

use super::percent;
use crate::{
    eval::summary::Summary,
    session::agreement::{tens, upright},
};

/// So many exits have a percentage each.
pub(super) const PERCENTAGES: usize = 14;
/// So many their tens, with a blank or without.
const TENS: [(usize, usize); 2] = [(44, 2), (88, 1)];

/// How often exits have the same top token.
pub(super) fn matrix(summary: &Summary) -> String {
    let names: Vec<&str> = summary.decision_layers.iter().map(|decided| decided.exit.as_str()).collect();
    match names.len() {
        0 | 1 => String::new(),
        2..=PERCENTAGES => percentages(summary, &names),
        n => match TENS.into_iter().find(|(most, _)| n <= *most) {
            Some((_, cell)) => digits(summary, &names, cell),
            None => String::new(),
        },
    }
}

fn percentages(summary: &Summary, names: &[&str]) -> String {
    let head: String = names.iter().map(|name| format!("{:>6}", short(name))).collect();
    let mut text = format!("same top token, % of positions\n{:<12}{head}\n", "");
    for (name, row) in names.iter().zip(&summary.agreement) {
        let cells: String = row.iter().map(|share| format!("{:>6}", percent(*share))).collect();
        text += &format!("{name:<12}{cells}\n");
    }
    text
}

/// Names stand upright over cells that are narrower.
fn digits(summary: &Summary, names: &[&str], cell: usize) -> String {
    let mut text = String::from("same top token: 9 from 90 % of positions on, X at all (the JSON has the numbers)\n");
    for line in 0..2 {
        let head: String = names.iter().map(|name| format!("{:<cell$}", upright(name, line))).collect();
        text += &format!("{:<12}{}\n", "", head.trim_end());
    }
    for (name, row) in names.iter().zip(&summary.agreement) {
        let cells: String = row.iter().map(|share| format!("{:<cell$}", tens(*share))).collect();
        text += &format!("{name:<12}{}\n", cells.trim_end());
    }
    text
}

/// A name in a head of columns.
pub(super) fn short(name: &str) -> &str {
    if name == "original" { "orig" } else { name }
}
