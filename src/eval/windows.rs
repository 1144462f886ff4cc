//! Which part of a document is read at once, and which of its tokens are scored there.

use std::ops::Range;

/// A stretch of a document that is read alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first token read.
    pub start: usize,
    /// The tokens scored, each from those between `start` and it; the last one itself need not be read.
    pub scored: Range<usize>,
}

/// How windows slide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slide {
    /// Most tokens read at once.
    pub window: usize,
    /// Tokens by which windows move on, from 1 to `window`.
    pub stride: usize,
}

impl Slide {
    /// The windows that score tokens `from..len` of a document, each once: with all tokens before it, or with more than
    /// `window − stride` of them. Token 0 has nothing before it. A `word` is not cut in two if one stride can hold it.
    #[must_use]
    pub fn over(self, len: usize, from: usize, word: Option<&Range<usize>>) -> Vec<Window> {
        let Self { window, stride } = self;
        let mut windows = Vec::new();
        let mut next = from.max(1);
        let mut start = 0;
        if next > 1 && len > window + 1 {
            // The tokens before `from` are context alone: as much of it as there is room for.
            start = if len.saturating_sub(next) <= stride { len - 1 - window } else { self.start_before(next) };
        }
        while next < len {
            let mut end = len.min(start + window + 1);
            if let Some(word) = word.filter(|word| word.start > next && word.start < end && end < word.end) {
                end = word.start;
            }
            windows.push(Window { start, scored: next..end });
            next = end;
            start = self.start_before(next);
        }
        windows
    }

    /// Where to begin so that `token` is the first scored.
    fn start_before(self, token: usize) -> usize {
        (token - 1).saturating_sub(self.window - self.stride)
    }
}

#[cfg(test)]
mod tests {
    use super::Slide;

    #[test]
    fn every_token_is_scored_once_with_enough_before_it() {
        for (window, stride) in [(8, 8), (8, 4), (8, 1), (5, 3), (1, 1)] {
            for len in 0..40usize {
                for from in [0, 1, 2, 7, 25] {
                    for word in
                        [None, Some(len.saturating_sub(3)..len), Some(len.saturating_sub(4)..len.saturating_sub(1))]
                    {
                        let case = format!("{window}/{stride}, {from}..{len}, {word:?}");
                        let windows = Slide { window, stride }.over(len, from, word.as_ref());
                        let scored: Vec<usize> = windows.iter().flat_map(|w| w.scored.clone()).collect();
                        assert_eq!(scored, (from.max(1)..len).collect::<Vec<_>>(), "{case}");
                        for w in &windows {
                            assert!(w.scored.end - 1 - w.start <= window, "{case}: more than a window is read");
                            for token in w.scored.clone() {
                                let before = token - w.start;
                                assert!(before >= 1 && (w.start == 0 || before > window - stride), "{case}: {w:?}");
                            }
                        }
                        if let Some(word) = word.filter(|word| word.len() <= stride && word.start >= from.max(1)) {
                            let whole = |w: &super::Window| w.scored.start <= word.start && word.end <= w.scored.end;
                            assert!(windows.iter().any(whole), "{case}: the word is cut");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_target_has_the_longest_context_that_fits() {
        let slide = Slide { window: 8, stride: 4 };
        let windows = slide.over(30, 28, None);
        assert_eq!((windows.len(), windows[0].start), (1, 21), "tokens 21 to 28 are read, 28 and 29 scored");
    }
}
