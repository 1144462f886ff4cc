//! What a trace means: which exit decided, how many agree, which letter names which token.

use super::trace::{ContrastTrace, ExitId, ExitRow, FOLLOWED, StepTrace, TokenId};

/// The reading of one position.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The lowest exit from which, up to and including original, every top token is original's.
    pub decided: ExitId,
    /// How many exits have original's top token, original counted.
    pub agree: usize,
    /// How many distinct top tokens the exits have.
    pub tops: usize,
    /// Distinct top tokens: original's first, then downwards, then what only the contrast chooses. Their place is
    /// their letter.
    pub lettered: Vec<TokenId>,
}

impl Reading {
    /// Reads a trace.
    #[must_use]
    pub fn of(trace: &StepTrace) -> Self {
        let tops: Vec<(ExitId, Option<TokenId>)> =
            trace.exits.iter().map(|row| (row.exit, row.top.first().map(|top| top.id))).collect();
        let first = tops.first().and_then(|(_, id)| *id);
        // An exit without a top token agrees with nothing.
        let same = |entry: &&(ExitId, Option<TokenId>)| first.is_some() && entry.1 == first;
        let decided = decided(&tops).map_or(ExitId::Original, |place| tops[place].0);
        let mut lettered: Vec<TokenId> = Vec::new();
        let mut name = |id: TokenId| {
            if !lettered.contains(&id) {
                lettered.push(id);
            }
            lettered.len()
        };
        let distinct = tops.iter().filter_map(|(_, id)| *id).map(&mut name).last().unwrap_or(0);
        // At every α first: the letters then stay as they are when α moves.
        trace.contrast.iter().flat_map(|c| c.over_alpha.iter().copied().chain(c.best())).for_each(|id| {
            name(id);
        });
        trace.scores.iter().filter_map(|scores| scores.first.first()).for_each(|best| {
            name(best.id);
        });
        Self { decided, agree: tops.iter().filter(same).count(), tops: distinct, lettered }
    }

    /// The letter of a token: a for original's; none after z, and none for a token that is nobody's first.
    #[must_use]
    pub fn letter(&self, id: TokenId) -> Option<char> {
        let place = self.lettered.iter().position(|other| *other == id)?;
        ('a'..='z').nth(place)
    }
}

/// The decision layer's place among the exits' top tokens, original's first, then downwards: the lowest from which up to
/// original every one is original's. `None` if original has none.
#[must_use]
pub fn decided(tops: &[(ExitId, Option<TokenId>)]) -> Option<usize> {
    let first = tops.first()?.1?;
    tops.iter().take_while(|(_, top)| *top == Some(first)).count().checked_sub(1)
}

/// Where the exits agree, so many tokens are followed all the same: else there is nothing to compare.
const FEWEST: usize = 3;

/// The tokens that are followed over the exits without being asked for: the distinct top tokens from original
/// downwards; where these are fewer than three, original's next ones.
#[must_use]
pub fn followed(rows: &[ExitRow]) -> Vec<TokenId> {
    let mut ids: Vec<TokenId> = Vec::new();
    for top in rows.iter().filter_map(|row| row.top.first()) {
        if ids.len() < FOLLOWED && !ids.contains(&top.id) {
            ids.push(top.id);
        }
    }
    for next in rows.iter().take(1).flat_map(|row| &row.top) {
        if ids.len() < FEWEST && !ids.contains(&next.id) {
            ids.push(next.id);
        }
    }
    ids
}

impl ContrastTrace {
    /// The token that the contrast puts first.
    #[must_use]
    pub fn best(&self) -> Option<TokenId> {
        self.plausible.first().map(|token| token.id)
    }

    /// Whether the contrast's first token is not the expert's.
    #[must_use]
    pub fn changed(&self) -> bool {
        self.best().is_some_and(|best| best != self.expert_alone.id)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{super::trace::*, Reading, followed};

    fn trace(tops: &[(ExitId, u32)]) -> StepTrace {
        let row = |(exit, id): &(ExitId, u32)| ExitRow {
            exit: *exit,
            top: vec![Candidate { id: TokenId(*id), ln_p: -1.0 }],
            entropy: 1.0,
            kl: 0.0,
            js: 0.0,
            rank: 1,
            ln_p: -1.0,
        };
        let exit = Method::Exit(ExitId::Original);
        StepTrace {
            position: 1,
            decoding: Decoding { method: exit, sampling: crate::decode::Sampling::default() },
            subject: TokenId(0),
            exits: tops.iter().map(row).collect::<Vec<_>>().into(),
            contrast: None,
            scores: None,
            choice: Choice { id: TokenId(0), ln_p: -1.0, rank: 1, drawn: false },
            pins: Arc::default(),
            grid: None,
        }
    }

    #[test]
    fn distinct_top_tokens_are_followed_and_originals_next_where_these_are_few() {
        let exits = [ExitId::Original, ExitId::Block(6), ExitId::Block(4)];
        let mut rows = trace(&[(exits[0], 7), (exits[1], 7), (exits[2], 9)]).exits.to_vec();
        let candidate = |id| Candidate { id: TokenId(id), ln_p: -2.0 };
        rows[0].top.extend([candidate(9), candidate(4), candidate(5)]);
        rows[1].top.push(candidate(1));
        assert_eq!(followed(&rows), [7, 9, 4].map(TokenId));
        let many: Vec<(ExitId, u32)> = (0..20).map(|k| (ExitId::Block(k), k)).collect();
        assert_eq!(followed(&trace(&many).exits).len(), FOLLOWED);
    }

    #[test]
    fn the_decision_is_the_lowest_of_an_unbroken_line_from_the_top() {
        let [o, b6, b4, b2] = [ExitId::Original, ExitId::Block(6), ExitId::Block(4), ExitId::Block(2)];
        let reading = Reading::of(&trace(&[(o, 7), (b6, 7), (b4, 9), (b2, 7)]));
        assert_eq!((reading.decided, reading.agree), (b6, 3), "exit 2 agrees, but the line is broken at 4");
        assert_eq!((reading.letter(TokenId(7)), reading.letter(TokenId(9))), (Some('a'), Some('b')));
        assert_eq!(Reading::of(&trace(&[(o, 1), (b6, 2)])).decided, o);
        assert_eq!(Reading::of(&trace(&[(o, 1), (b6, 1), (b4, 1), (b2, 1)])).decided, b2);
        let _: Arc<[ExitRow]> = trace(&[]).exits;
    }
}
