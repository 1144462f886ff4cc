//! Where an expression goes wrong. The crate says that, not where, so it is asked about each beginning of the text: the
//! first that nothing could complete ends with what does not fit.

use exmex::prelude::*;

use super::{BadExpression, Formula, LONGEST, Variable, WORDS};

fn bad(place: usize, what: impl Into<String>) -> BadExpression {
    BadExpression { column: place + 1, what: what.into() }
}

/// Refuses what the crate would take, but not as it is meant.
pub(super) fn check(text: &str) -> Result<(), BadExpression> {
    let chars: Vec<char> = text.chars().collect();
    if text.trim().is_empty() {
        return Err(bad(0, "the expression is empty"));
    }
    if chars.len() > LONGEST {
        return Err(bad(LONGEST, format!("more than {LONGEST} characters")));
    }
    for (place, word) in words(&chars) {
        let is_number = word.starts_with(|c: char| c.is_ascii_digit() || c == '.');
        let is_known = WORDS.contains(&&*word) || Variable::NAMES.iter().any(|(name, _)| *name == word);
        if !is_number && !is_known {
            return Err(bad(place, format!("`{word}` means nothing here")));
        }
    }
    let may_be = |c: &char| is_word(*c) || " +-*/^()<>=".contains(*c);
    if let Some(place) = chars.iter().position(|c| !may_be(c)) {
        return Err(bad(place, format!("`{}` does not fit here", chars[place].escape_debug())));
    }
    powers(&chars)
}

/// For a text that is no expression.
pub(super) fn of_error(text: &str) -> BadExpression {
    let chars: Vec<char> = text.chars().collect();
    let ends = pieces(&chars);
    let begins = |end: usize| {
        let prefix: String = chars[..end].iter().collect();
        let open = prefix.matches('(').count().checked_sub(prefix.matches(')').count());
        let closing = open.map(|open| ")".repeat(open));
        let complete = |more: &str| Some(Formula::parse(&format!("{prefix}{more}{}", closing.as_ref()?)).is_ok());
        complete("") == Some(true) || complete(" 1") == Some(true)
    };
    match ends.iter().find(|(_, end)| !begins(*end)) {
        Some((start, end)) => {
            let piece: String = chars[*start..*end].iter().collect();
            bad(*start, format!("`{piece}` does not fit here"))
        }
        None => bad(chars.len(), "something is missing at the end"),
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_.α".contains(c)
}

/// Where each word or sign begins and ends; blanks are none.
fn pieces(chars: &[char]) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (place, c) in chars.iter().enumerate().filter(|(_, c)| **c != ' ') {
        // Two signs that are one.
        let goes_on = |before: char| (is_word(before) && is_word(*c)) || ("<>".contains(before) && *c == '=');
        match found.last_mut() {
            Some((_, end)) if *end == place && goes_on(chars[place - 1]) => *end = place + 1,
            _ => found.push((place, place + 1)),
        }
    }
    found
}

fn words(chars: &[char]) -> impl Iterator<Item = (usize, String)> {
    let words = pieces(chars).into_iter().filter(|(start, _)| is_word(chars[*start]));
    words.map(|(start, end)| (start, chars[start..end].iter().collect()))
}

/// The crate reads −a^b as (−a)^b and a^b^c as (a^b)^c, mathematics otherwise: neither is taken without parentheses.
fn powers(chars: &[char]) -> Result<(), BadExpression> {
    let pieces = pieces(chars);
    let at = |n: usize| chars[pieces[n].0];
    let is_sign = |n: usize| "+-".contains(at(n));
    for power in (1..pieces.len()).filter(|n| at(*n) == '^') {
        // Back over what is raised: a word, or parentheses and a function's name before them.
        let mut first = power - 1;
        if at(first) == ')' {
            let mut depth = 1;
            while depth > 0 && first > 0 {
                first -= 1;
                depth = match at(first) {
                    ')' => depth + 1,
                    '(' => depth - 1,
                    _ => depth,
                };
            }
            let is_function = first > 0 && chars[pieces[first - 1].0].is_ascii_alphabetic();
            first -= usize::from(is_function && !ends_with_where(chars, pieces[first - 1]));
        }
        let Some(before) = first.checked_sub(1) else { continue };
        let is_unary = |sign: usize| match sign.checked_sub(1) {
            None => true,
            Some(n) => "(+-*/^<>=".contains(at(n)) || ends_with_where(chars, pieces[n]),
        };
        // The exponent of a number such as 1e-3 is no sign.
        if at(before) == '^' || (is_sign(before) && is_unary(before)) {
            let place = pieces[power].0;
            return Err(bad(place, "this could be read in two ways: write parentheses, such as -(a^b) or (a^b)^c"));
        }
    }
    Ok(())
}

fn ends_with_where(chars: &[char], (start, end): (usize, usize)) -> bool {
    chars[start..end].iter().copied().eq("where".chars())
}
