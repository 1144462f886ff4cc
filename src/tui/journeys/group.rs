//! `:group ␣Wall,␣wall,wall`: tokens by their texts, followed as one.

use super::keys::room;
use crate::{
    session::{protocol::ModelCard, trace::TokenId},
    tui::{
        marks::{ASCII, UNICODE},
        state::State,
        token_text::exact,
    },
};

/// Follows a group as one pin; the notice says so, or why not.
pub(crate) fn group(state: &mut State, words: &str) {
    let Some(card) = state.card.clone() else { return };
    let found = match parse(&card, words) {
        Ok(ids) if ids.len() > room(state) => Err(format!("{} tokens are too many beside the other pins", ids.len())),
        found => found,
    };
    state.notice = Some(match found {
        Ok(ids) if state.journeys.groups.contains(&ids) => "this group is followed already".into(),
        Ok(ids) => {
            let count = ids.len();
            state.journeys.groups.push(ids);
            format!("a group of {count}: 3 follows the sum of their p")
        }
        Err(reason) => reason,
    });
}

/// Tokens parted by commas, each as the screen shows it, with plain blanks, or as `#id`; a comma itself is `\,`.
fn parse(card: &ModelCard, words: &str) -> Result<Vec<TokenId>, String> {
    let mut ids: Vec<TokenId> = Vec::new();
    for word in split(words) {
        let id = token(card, &word).ok_or_else(|| {
            format!("{word:?} is no token of this model: expected one as the picker lists it, or #id")
        })?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    if ids.is_empty() { Err("a group needs a token: group ␣Wall,␣wall,wall".into()) } else { Ok(ids) }
}

fn split(words: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut rest = words.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' if rest.peek() == Some(&',') => parts.iter_mut().last().into_iter().for_each(|part| part.push(',')),
            ',' => parts.push(String::new()),
            c => parts.iter_mut().last().into_iter().for_each(|part| part.push(c)),
        }
        if c == '\\' && rest.peek() == Some(&',') {
            rest.next();
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// The token with this text: as it is, else as it is shown.
fn token(card: &ModelCard, word: &str) -> Option<TokenId> {
    let ids = || (0..u32::try_from(card.vocabulary).unwrap_or(u32::MAX)).map(TokenId);
    let plain = word.replace('␣', " ").replace("\\n", "\n").replace('⏎', "\n");
    let is_plain = |id: &TokenId| !card.is_special(*id) && card.bytes_of(*id) == plain.as_bytes();
    let shown = |id: TokenId| [UNICODE, ASCII].map(|marks| exact(card.bytes_of(id), card.is_special(id), &marks));
    let is_shown = |id: &TokenId| shown(*id).iter().any(|text| text == word);
    let by_id = || {
        let id = word.strip_prefix('#')?.parse().ok().map(TokenId)?;
        (id.index() < card.vocabulary).then_some(id)
    };
    ids().find(is_plain).or_else(|| ids().find(is_shown)).or_else(by_id)
}

#[cfg(test)]
mod tests {
    use super::{group, parse, split};
    use crate::{
        session::trace::TokenId,
        tui::tests::fake::{answer_all, opened},
    };

    #[test]
    fn tokens_are_named_as_they_are_shown_as_they_are_or_by_id() {
        let state = opened();
        let card = state.card.as_ref().expect("open");
        let named = |words: &str| parse(card, words).map(|ids| ids.iter().map(|id| id.0).collect::<Vec<_>>());
        let id = |text: &str| {
            let found = card.bytes.iter().position(|bytes| **bytes == *text.as_bytes());
            u32::try_from(found.expect("a token")).expect("small")
        };
        let (a, the, eot) = (id(" a"), id(" the"), id("<|endoftext|>"));
        assert_eq!(named("␣a, the,_a,«eot»"), Ok(vec![a, the, eot]), "twice the same counts once");
        assert_eq!(named("\\,,#0"), Ok(vec![id(","), 0]));
        assert!(named("").is_err());
        assert!(named("no such token").expect_err("not a token").contains("\"no such token\""));
        assert!(named("#99999999").is_err());
        assert_eq!(split("a\\,b,c"), ["a,b", "c"]);
    }

    #[test]
    fn a_group_is_followed_once() {
        let mut state = opened();
        group(&mut state, "␣a,␣the");
        group(&mut state, "␣a,␣the");
        assert_eq!(state.journeys.groups.len(), 1);
        answer_all(&mut state);
        let trace = state.trace(state.position).expect("known");
        assert!(state.journeys.groups[0].iter().all(|id: &TokenId| trace.pins.iter().any(|pin| pin.id == *id)));
    }
}
