//! The command that makes the same text without the screen.

use super::state::{State, TextToken};
use crate::session::trace::{Custom, Decoding, Distance, Dola, LogRatio, Method, Pair};

/// The command line, and what has to be said about it; or why there is none.
pub(super) fn of(state: &State) -> Result<(String, Option<String>), String> {
    let Some(TextToken { taken_by: Some(decoding), forced: false, .. }) = state.text.last() else {
        return Err("the text ends with a token that was given, not generated: no command makes it".into());
    };
    if decoding.sampling.draw != 0 {
        return Err("this text was drawn again and again: no command makes it".into());
    }
    let end = state.card.as_ref().and_then(|card| card.end_of_text);
    let before_last = &state.text[..state.text.len() - 1];
    let follows =
        |token: &TextToken| token.taken_by.as_ref() == Some(decoding) && !token.forced && Some(token.id) != end;
    // As much of the end as one decoding made; what stands before it is given.
    let made = 1 + before_last.iter().rev().take_while(|token| follows(token)).count();
    let given = state.text.len() - made;
    if given == 0 {
        return Err("nothing is generated before the first token".into());
    }
    let ids: Vec<String> = state.text[..given].iter().map(|token| token.id.0.to_string()).collect();
    let mut words: Vec<String> = vec!["mexit-tui".into(), "generate".into()];
    if let Some(place) = &state.keeping.place {
        words.extend(["--model".into(), place.clone()]);
    }
    words.extend(state.keeping.machine.iter().cloned());
    words.extend(["--ids".into(), ids.join(","), "-n".into(), made.to_string()]);
    words.extend(flags(decoding));
    let line = words.iter().map(|word| quoted(word)).collect::<Result<Vec<String>, String>>()?.join(" ");
    let prompt = state.prompt_len();
    let remark = (given > prompt).then(|| {
        let last = &state.text[given - 1];
        let why = match &last.taken_by {
            _ if last.forced => "was taken by you",
            Some(by) if by == decoding => "ends a text",
            _ => "another decoding took",
        };
        format!("it starts after token {}, which {why}", given - 1)
    });
    Ok((line, remark))
}

/// A word as shells read it. Commas are no matter to them, whatever the crate thinks.
fn quoted(word: &str) -> Result<String, String> {
    if !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || ",./:@_-".contains(c)) {
        return Ok(word.to_owned());
    }
    shlex::try_quote(word).map(Into::into).map_err(|_| "the model's name has a character that no shell takes".into())
}

/// The flags of a decoding.
fn flags(decoding: &Decoding) -> Vec<String> {
    let mut flags: Vec<String> = Vec::new();
    let mut put = |name: &str, value: String| flags.extend([name.to_owned(), value]);
    let two = |pair: &Pair| format!("{},{}", pair.expert, pair.amateur);
    match &decoding.method {
        Method::Exit(exit) => put("--exit", exit.to_string()),
        Method::Contrast(pair) | Method::LogRatio(LogRatio { pair, .. }) => {
            put("--contrast", two(pair));
            put("--alpha", pair.alpha.to_string());
            put("--min-candidates", pair.min_candidates.to_string());
        }
        Method::Dola(Dola { candidates, alpha, distance }) => {
            put("--dola", candidates.iter().map(ToString::to_string).collect::<Vec<String>>().join(","));
            put("--alpha", alpha.to_string());
            if *distance == Distance::Published {
                put("--dola-distance", "published".into());
            }
        }
        Method::Expression(Custom { pair, expression }) => {
            put("--contrast", two(pair));
            put("--alpha", pair.alpha.to_string());
            put("--contrast-expr", expression.text().into());
        }
    }
    if let Method::LogRatio(ratio) = &decoding.method {
        put("--contrast-beta", ratio.beta.to_string());
    }
    let sampling = &decoding.sampling;
    if sampling.random {
        // A seed alone makes it draw.
        put("--seed", sampling.seed.to_string());
        if sampling.temperature != 1.0 {
            put("--temperature", sampling.temperature.to_string());
        }
        if sampling.top_k > 0 {
            put("--top-k", sampling.top_k.to_string());
        }
        if sampling.top_p < 1.0 {
            put("--top-p", sampling.top_p.to_string());
        }
        if sampling.min_p > 0.0 {
            put("--min-p", sampling.min_p.to_string());
        }
    }
    if sampling.repetition_penalty != 1.0 {
        put("--repetition-penalty", sampling.repetition_penalty.to_string());
    }
    flags
}
