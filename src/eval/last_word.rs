//! The last word of a text, as LAMBADA asks for it, and the tokens that spell it.

use std::ops::Range;

/// The bytes of the last word: what is not white space at the text's end, with the white space just before it, as GPT-2's
/// tokens begin with their space. `None` if nothing comes before it, or it reaches into the first `prompt` bytes.
#[must_use]
pub fn last_word(text: &str, prompt: usize) -> Option<Range<usize>> {
    let end = text.trim_end().len();
    let start = text[..end].char_indices().rev().take_while(|(_, c)| !c.is_whitespace()).last()?.0;
    let before = text[..start].chars().next_back()?;
    let with_space = start - before.len_utf8();
    (text[..start].trim_start() != "" && start >= prompt).then_some(with_space..end)
}

/// The tokens that hold at least one of these bytes, by the length of every token; if none does, none after all of them.
#[must_use]
pub fn tokens_of(bytes: &Range<usize>, lengths: impl Iterator<Item = usize>) -> Range<usize> {
    let (mut at, mut count) = (0, 0);
    let mut found: Option<Range<usize>> = None;
    for (token, length) in lengths.enumerate() {
        if at < bytes.end && at + length > bytes.start && !bytes.is_empty() {
            found = Some(found.map_or(token, |range| range.start)..token + 1);
        }
        at += length;
        count = token + 1;
    }
    found.unwrap_or(count..count)
}

#[cfg(test)]
mod tests {
    use super::{last_word, tokens_of};

    #[test]
    fn words_at_the_end() {
        let word = |text: &'static str| last_word(text, 0).map(|range| &text[range]);
        assert_eq!(word("he said to menion"), Some(" menion"));
        assert_eq!(word("he said: “so.”\n"), Some(" “so.”"), "white space alone parts words");
        assert_eq!(word("alone"), None);
        assert_eq!(word("  alone"), None);
        assert_eq!(word(""), None);
        assert_eq!(last_word("the cat sat", 7), Some(7..11), "the prompt may end before the space");
        assert_eq!(last_word("the cat sat", 8), Some(7..11), "or after it");
        assert_eq!(last_word("the cat sat", 9), None);
    }

    #[test]
    fn tokens_that_hold_a_word() {
        // "the| cat| s|at|\n"
        let lengths = || [3, 4, 2, 2, 1].into_iter();
        assert_eq!(tokens_of(&(7..11), lengths()), 2..4);
        assert_eq!(tokens_of(&(8..11), lengths()), 2..4, "a token counts if it holds a part");
        assert_eq!(tokens_of(&(3..7), lengths()), 1..2);
        assert_eq!(tokens_of(&(12..12), lengths()), 5..5, "an empty target scores nothing");
        assert_eq!(tokens_of(&(5..5), lengths()), 5..5);
    }
}
