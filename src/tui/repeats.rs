//! How much of a text repeats itself.

use super::state::State;
use crate::session::trace::TokenId;

/// The length of the longest run of tokens that ends at `position` and stood earlier in the text, `proposed` being the
/// token at the open slot; 0 if the token is new.
pub(crate) fn repeated(state: &State, position: usize, proposed: Option<TokenId>) -> usize {
    let at = |p: usize| state.text.get(p).map(|token| token.id).or(proposed);
    let run = |earlier: usize| (0..=earlier).take_while(|back| at(earlier - back) == at(position - back)).count();
    (0..position).map(run).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::repeated;
    use crate::{
        session::trace::TokenId,
        tui::state::{State, TextToken, Wish},
    };

    #[test]
    fn the_longest_run_that_stood_before() {
        let mut state = State::new("a model".into(), Wish::default());
        let token = |id: &u32| TextToken { id: TokenId(*id), taken_by: None, forced: false };
        state.text = [1, 2, 3, 9, 1, 2, 3, 1, 1].iter().map(token).collect();
        let lengths: Vec<usize> = (0..9).map(|p| repeated(&state, p, None)).collect();
        assert_eq!(lengths, [0, 0, 0, 0, 1, 2, 3, 1, 1]);
        assert_eq!(repeated(&state, 9, Some(TokenId(2))), 2, "the proposed token, too");
    }
}
