//! One round: draft, verify, keep what the target takes, too.

use std::time::Instant;

use mexit_models::{Error, LogitRows, TokenId};

use super::{Outcome, places::Draft};
use crate::session::{
    analyze::Analysis,
    reader::{ReadError, Reader, exits_of},
    trace::{Choice, Decoding},
};

/// What a decoding takes at `position` after `history` from the `index`-th rows of `logits`.
fn choose(logits: &LogitRows, index: usize, decoding: &Decoding, history: &[TokenId]) -> Option<Choice> {
    Analysis::new(std::slice::from_ref(logits), &exits_of(decoding), index).choose(history.len(), decoding, history)
}

fn broken(logits: &LogitRows, index: usize, decoding: &Decoding, position: usize) -> ReadError {
    match exits_of(decoding).into_iter().find(|exit| logits.is_broken(*exit, index)) {
        Some(exit) => Error::NotFinite { exit, position }.into(),
        None => ReadError::NoScore(position + 1),
    }
}

/// Goes on from a text whose last token has not been read by up to `length` drafted tokens and what the target takes
/// after them; at least one token is taken. The engine has then read all of the text but its last token, as after a step.
pub(super) fn round(
    reader: &mut Reader,
    text: &[TokenId],
    decoding: &Decoding,
    draft: &Draft,
    length: usize,
) -> Result<(Vec<Choice>, Outcome), ReadError> {
    let end = reader.model().tokenizer.end_of_text();
    let engine = reader.engine_mut();
    let started = Instant::now();
    let (certain, proposing) = (draft.place.certain, exits_of(&draft.decoding));
    let mut ahead = text.to_vec();
    let mut proposed: Vec<Choice> = Vec::new();
    let mut rows = 0;
    while rows <= length {
        // Nothing is proposed after the last token, unless that is what decides.
        let exits = if certain || rows < length { proposing.as_slice() } else { &[] };
        let Some(last) = ahead.last() else { break };
        let logits = engine.draft(*last, draft.exit, exits)?;
        rows += 1;
        if exits.is_empty() {
            break;
        }
        // A broken exit proposes nothing; one that decides is an error, once there is no token before it.
        let Some(choice) = choose(&logits, 0, &draft.decoding, &ahead) else {
            if certain && proposed.is_empty() {
                return Err(broken(&logits, 0, decoding, text.len() - 1));
            }
            break;
        };
        proposed.push(choice);
        ahead.push(choice.id);
        if Some(choice.id) == end {
            break;
        }
    }
    let (drafted, draft_seconds) = (proposed.len(), started.elapsed().as_secs_f64());
    let started = Instant::now();
    let (taken, judged, accepted) = if certain {
        engine.verify(&[])?;
        (proposed, drafted, drafted)
    } else {
        let logits = engine.verify(&exits_of(decoding))?;
        judge(&logits, text, decoding, (&proposed, rows), end)?
    };
    engine.accept(taken.len())?;
    let verify_seconds = started.elapsed().as_secs_f64();
    let outcome = Outcome { rows, taken: taken.len(), drafted, judged, accepted, draft_seconds, verify_seconds };
    Ok((taken, outcome))
}

/// What the target takes, as long as it is what was proposed, and the first that is not; how many proposals were judged
/// and accepted.
fn judge(
    logits: &LogitRows,
    text: &[TokenId],
    decoding: &Decoding,
    (proposed, rows): (&[Choice], usize),
    end: Option<TokenId>,
) -> Result<(Vec<Choice>, usize, usize), ReadError> {
    let mut history = text.to_vec();
    let (mut taken, mut judged, mut accepted) = (Vec::new(), 0, 0);
    for index in 0..rows {
        let Some(choice) = choose(logits, index, decoding, &history) else {
            if taken.is_empty() {
                return Err(broken(logits, index, decoding, history.len() - 1));
            }
            // The next round begins here, and says so.
            break;
        };
        taken.push(choice);
        history.push(choice.id);
        let Some(proposal) = proposed.get(index) else { break };
        judged += 1;
        let is_same = proposal.id == choice.id;
        accepted += usize::from(is_same);
        if !is_same || Some(choice.id) == end {
            break;
        }
    }
    Ok((taken, judged, accepted))
}

/// What a place would have proposed at the last `most` positions, against what was taken there: judged and accepted.
pub(super) fn look(
    reader: &mut Reader,
    text: &[TokenId],
    decoding: &Decoding,
    draft: &Draft,
    most: usize,
) -> Result<(usize, usize), ReadError> {
    // The token at a position is proposed from the row before it.
    let last = text.len() - 1;
    let rows: Vec<usize> = (last.saturating_sub(most).max(1)..last).collect();
    debug_assert!(exits_of(&draft.decoding).len() == 1 && decoding.sampling == draft.decoding.sampling);
    let logits = reader.engine_mut().logits_at(&rows, &[draft.exit])?;
    let accepts = |(index, row): &(usize, &usize)| {
        let history = &text[..=**row];
        choose(&logits, *index, &draft.decoding, history).is_some_and(|choice| choice.id == text[**row + 1])
    };
    Ok((rows.len(), rows.iter().enumerate().filter(accepts).count()))
}
