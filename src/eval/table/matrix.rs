//! Exits against exits, as far as a line of text has room: percentages, or their tens.

use super::percent;
use crate::eval::summary::Summary;

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
            Some((_, cell)) => tens(summary, &names, cell),
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
fn tens(summary: &Summary, names: &[&str], cell: usize) -> String {
    let mut text = String::from("same top token: 9 from 90 % of positions on, X at all (the JSON has the numbers)\n");
    for line in 0..2 {
        let digit = |name: &&str| if *name == "original" { [' ', 'o'][line] } else { upright(name, line) };
        let head: String = names.iter().map(digit).map(|sign| format!("{sign:<cell$}")).collect();
        text += &format!("{:<12}{}\n", "", head.trim_end());
    }
    for (name, row) in names.iter().zip(&summary.agreement) {
        let cells: String = row.iter().map(|share| format!("{:<cell$}", ten(*share))).collect();
        text += &format!("{name:<12}{}\n", cells.trim_end());
    }
    text
}

/// The tens of a number, then its ones.
fn upright(name: &str, line: usize) -> char {
    let mut digits = name.chars().rev();
    digits.nth(1 - line).unwrap_or(' ')
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 9")]
fn ten(share: f64) -> String {
    match share {
        share if share.is_nan() => "–".into(),
        share if share >= 1.0 => "X".into(),
        share => ((10.0 * share) as usize).to_string(),
    }
}

/// A name in a head of columns.
pub(super) fn short(name: &str) -> &str {
    if name == "original" { "orig" } else { name }
}

#[cfg(test)]
mod tests {
    use super::{ten, upright};

    #[test]
    fn tens_are_cut_and_only_always_is_x() {
        assert_eq!([0.0, 0.0999, 0.1, 0.89, 0.9999, 1.0].map(ten), ["0", "0", "1", "8", "9", "X"]);
        assert_eq!((upright("48", 0), upright("48", 1), upright("7", 0), upright("7", 1)), ('4', '8', ' ', '7'));
    }
}
