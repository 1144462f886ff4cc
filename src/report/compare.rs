//! Decodings side by side, as text and as JSON.

mod columns;

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use super::about;
use crate::session::{
    lanes::{Lane, Summary},
    protocol::ModelCard,
    trace::TokenId,
};

use columns::broken;
pub use columns::{columns, lists};

/// A lane that has been made, and what it came to.
#[derive(Clone, Debug)]
pub struct Compared {
    /// What the user calls its decoding.
    pub name: String,
    /// The text.
    pub lane: Lane,
    /// Its numbers.
    pub summary: Summary,
    /// Whether it goes on from the first lane's prompt.
    pub same_prompt: bool,
    /// The first position at which it differs from the first lane; only for the same prompt.
    pub first_difference: Option<usize>,
}

/// One lane as JSON. Logarithms are natural.
#[derive(Serialize)]
pub struct Line<'c> {
    /// From 1.
    lane: usize,
    /// The decoding as it was asked for, and in words.
    name: &'c str,
    decoding: String,
    prompt: String,
    /// What follows the prompt, with U+FFFD for what is no whole character.
    text: String,
    /// The ids of both.
    prompt_ids: &'c [TokenId],
    ids: &'c [TokenId],
    /// The first position, counted from the start of the prompt, at which this lane has another token than the first
    /// one; null for the first one, while they are the same, and where the prompts differ.
    first_difference: Option<usize>,
    /// Mean ln p under original of the tokens after the prompt.
    mean_ln_p: Option<f32>,
    /// Mean block at which original's choice was decided there; original counts as the last block.
    mean_decided: Option<f32>,
    /// rep-2 and distinct-2 of them.
    repeated_2: Option<f32>,
    distinct_2: Option<f32>,
    /// How many of them a contrast took in place of its expert's; null where none decides.
    contrast_changed: Option<usize>,
    /// Milliseconds a token with the exits that decide, the first token left out: it reads the prompt.
    ms_per_token: Option<f32>,
}

/// The JSON of the n-th lane, from 0.
#[must_use]
pub fn line<'c>(n: usize, compared: &'c Compared, card: &ModelCard) -> Line<'c> {
    let Compared { name, lane, summary, .. } = compared;
    let (prompt_ids, ids) = lane.text.split_at(lane.prompt);
    Line {
        lane: n + 1,
        name,
        decoding: about::decoding_and_sampling(&lane.decoding),
        prompt: text(prompt_ids, card),
        text: text(ids, card),
        prompt_ids,
        ids,
        first_difference: compared.first_difference,
        mean_ln_p: summary.mean_ln_p,
        mean_decided: summary.mean_decided,
        repeated_2: summary.repeated,
        distinct_2: summary.distinct,
        contrast_changed: summary.changed,
        ms_per_token: lane.millis(),
    }
}

/// Names of the table's columns, and the cells of each with the blank before it.
const COLUMNS: [(&str, usize); 8] =
    [("tokens", 7), ("ln p", 7), ("decided", 8), ("rep-2", 6), ("dist-2", 7), ("until", 6), ("changed", 8), ("ms", 6)];
const LEGEND: &str = "ln p: mean under original, nats; decided: mean block at which original's choice was; rep-2, dist-2: \
                      repeated and different 2-grams; until: first position that differs from lane 1 (all: none); changed: by \
                      the contrast; ms: of a step";
/// A line of text is not longer, however wide the terminal is.
const LONGEST: usize = 80;

/// The numbers of all lanes in so many cells: as a table; with names on lines of their own, if they are too long for it;
/// else one after the other.
#[must_use]
pub fn table(all: &[Compared], width: usize) -> String {
    let names: Vec<String> = all.iter().enumerate().map(|(n, one)| format!("{} {}", n + 1, one.name)).collect();
    let widest = names.iter().map(|name| name.width()).max().unwrap_or(0).max("lane".len());
    let cells = COLUMNS.map(|(_, cells)| cells);
    let numbers: usize = cells.iter().sum();
    let head = COLUMNS.map(|(name, _)| name.to_owned());
    let line = |name: &str, room: usize, values: &[String; 8]| {
        let values: String = values.iter().zip(cells).map(|(value, cells)| format!("{value:>cells$}")).collect();
        format!("{name}{}{values}\n", " ".repeat(room.saturating_sub(name.width())))
    };
    let mut table = String::new();
    let rows = names.iter().zip(all.iter().enumerate());
    if widest + numbers <= width {
        table += &line("lane", widest, &head);
        rows.for_each(|(name, (n, one))| table += &line(name, widest, &values(n, one)));
    } else if numbers <= width {
        table += &line("", 0, &head);
        for (name, (n, one)) in rows {
            table += &format!("{}\n{}", broken(name, width).join("\n"), line("", 0, &values(n, one)));
        }
    } else {
        for (name, (n, one)) in rows {
            let values = COLUMNS.iter().zip(values(n, one)).map(|((name, _), value)| format!("{name} {value}"));
            let values = values.collect::<Vec<String>>().join(", ");
            table += &format!("{}\n{}\n", broken(name, width).join("\n"), broken(&values, width).join("\n"));
        }
    }
    format!("{table}\n{}\n", broken(LEGEND, width.min(LONGEST)).join("\n"))
}

/// The numbers of the n-th lane.
fn values(n: usize, one: &Compared) -> [String; 8] {
    let Compared { lane, summary, first_difference, same_prompt, .. } = one;
    let number = |x: Option<f32>, digits: usize| x.map_or("-".into(), |x| format!("{x:.digits$}"));
    let until = match first_difference {
        Some(position) => position.to_string(),
        None if n > 0 && *same_prompt && summary.tokens > 0 => "all".into(),
        None => "-".into(),
    };
    [
        summary.tokens.to_string(),
        number(summary.mean_ln_p, 3),
        number(summary.mean_decided, 1),
        number(summary.repeated, 2),
        number(summary.distinct, 2),
        until,
        summary.changed.map_or("-".into(), |changed| changed.to_string()),
        number(lane.millis(), 1),
    ]
}

/// Tokens as text; a character may be split over them.
fn text(ids: &[TokenId], card: &ModelCard) -> String {
    let bytes: Vec<u8> = ids.iter().flat_map(|id| card.bytes_of(*id).to_vec()).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::{Compared, table};
    use crate::session::{
        lanes::{Lane, Summary},
        trace::{Decoding, ExitId, Method, Sampling, TokenId},
    };

    fn lanes(name: &str) -> Vec<Compared> {
        let decoding = Decoding { method: Method::Exit(ExitId::Original), sampling: Sampling::default() };
        let lane = Lane::new(vec![TokenId(0)], decoding, 40);
        let summary = Summary { tokens: 40, mean_ln_p: Some(-12.345), mean_decided: Some(10.5), ..Summary::default() };
        let lane = |name: &str| Compared {
            name: name.into(),
            lane: lane.clone(),
            summary: summary.clone(),
            same_prompt: true,
            first_difference: None,
        };
        vec![lane("original"), lane(name)]
    }

    #[test]
    fn no_line_of_the_table_leaves_the_terminal() {
        let expression = "expr:24,12,ln(p_upper/p_lower) where p_upper >= alpha*p_max";
        for name in ["exit:12", expression, "日本語", &"x".repeat(500)] {
            let all = lanes(name);
            for width in 20..=200 {
                let table = table(&all, width);
                assert!(table.lines().all(|line| line.width() <= width), "{width}\n{table}");
                let plain: String = table.split_whitespace().collect();
                let whole: String = name.split_whitespace().collect();
                assert!(plain.contains(&whole) && plain.contains("-12.345"), "{width}\n{table}");
            }
        }
    }

    #[test]
    fn numbers_stand_in_their_columns() {
        for name in ["exit:12", "contrast:original,12,0.1,4, and more that does not fit"] {
            let table = table(&lanes(name), 80);
            let rows: Vec<&str> = table.lines().take_while(|line| !line.is_empty()).collect();
            let numbers: Vec<&&str> = rows.iter().filter(|row| row.contains("-12.345")).collect();
            assert_eq!(numbers.len(), 2, "{table}");
            let end = rows[0].find("ln p").expect("a head") + "ln p".len();
            assert!(numbers.iter().all(|row| row[..end].ends_with("-12.345")), "{table}");
        }
    }
}
