//! Decodings side by side, as text and as JSON.

mod columns;

use serde::Serialize;

use super::about;
use crate::session::{
    lanes::{Lane, Summary},
    protocol::ModelCard,
    trace::TokenId,
};

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

/// The numbers of all lanes, as a table: within 80 columns where names are short.
#[must_use]
pub fn table(all: &[Compared]) -> String {
    let name = |n: usize, one: &Compared| format!("{} {}", n + 1, one.name);
    let widest = all.iter().enumerate().map(|(n, one)| name(n, one).chars().count()).max().unwrap_or(0);
    let mut table = format!("{:<widest$} tokens   ln p decided rep-2 dist-2 until changed    ms\n", "lane");
    let number = |x: Option<f32>, digits: usize| x.map_or("-".into(), |x| format!("{x:.digits$}"));
    for (n, one) in all.iter().enumerate() {
        let Compared { lane, summary, first_difference, same_prompt, .. } = one;
        let until = match first_difference {
            Some(position) => position.to_string(),
            None if n > 0 && *same_prompt && summary.tokens > 0 => "all".into(),
            None => "-".into(),
        };
        table += &format!(
            "{:<widest$} {:>6} {:>6} {:>7} {:>5} {:>6} {until:>5} {:>7} {:>5}\n",
            name(n, one),
            summary.tokens,
            number(summary.mean_ln_p, 3),
            number(summary.mean_decided, 1),
            number(summary.repeated, 2),
            number(summary.distinct, 2),
            summary.changed.map_or("-".into(), |changed| changed.to_string()),
            number(lane.millis(), 1),
        );
    }
    table += "\nln p: mean under original, nats; decided: mean block at which original's choice\n\
              was; rep-2, dist-2: repeated and different 2-grams; until: first position that\n\
              differs from lane 1 (all: none); changed: by the contrast; ms: of a step\n";
    table
}

/// Tokens as text; a character may be split over them.
fn text(ids: &[TokenId], card: &ModelCard) -> String {
    let bytes: Vec<u8> = ids.iter().flat_map(|id| card.bytes_of(*id).to_vec()).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}
