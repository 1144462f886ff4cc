//! How much texts repeat themselves: n-grams of token ids.

use std::collections::HashSet;

/// Different n-grams and all n-grams of some texts, counted over all of them together; n-grams do not reach from one text
/// into the next.
#[must_use]
pub fn ngrams(texts: &[&[u32]], n: usize) -> [usize; 2] {
    let all = || texts.iter().flat_map(|text| text.windows(n.max(1)));
    [all().collect::<HashSet<_>>().len(), all().count()]
}

/// distinct-n of Li et al. (2016): the share of different n-grams among all n-grams of the texts. NaN without any.
#[must_use]
pub fn distinct(texts: &[&[u32]], n: usize) -> f64 {
    let [different, all] = ngrams(texts, n);
    different as f64 / all as f64
}

/// rep-n of Su et al. (2022): 1 − different / all n-grams of a text, the mean over those texts that have an n-gram. NaN
/// without any.
#[must_use]
pub fn repeated(texts: &[&[u32]], n: usize) -> f64 {
    let counts = texts.iter().map(|text| ngrams(&[text], n)).filter(|[_, all]| *all > 0);
    let shares: Vec<f64> = counts.map(|[different, all]| 1.0 - different as f64 / all as f64).collect();
    shares.iter().sum::<f64>() / shares.len() as f64
}

/// Diversity of Su et al. (2022): the product over n = 2, 3, 4 of 1 − rep-n.
#[must_use]
pub fn diversity(texts: &[&[u32]]) -> f64 {
    (2..=4).map(|n| 1.0 - repeated(texts, n)).product()
}

#[cfg(test)]
mod tests {
    use super::{distinct, diversity, ngrams, repeated};

    #[test]
    fn counts_by_hand() {
        let (loops, plain): (&[u32], &[u32]) = (&[1, 2, 1, 2, 1], &[1, 2, 3]);
        assert_eq!(ngrams(&[loops], 2), [2, 4], "12 21 12 21");
        assert_eq!(ngrams(&[loops, plain], 2), [3, 6], "12 21 and 23; nothing reaches over");
        assert_eq!(distinct(&[loops, plain], 2), 0.5);
        assert_eq!(repeated(&[loops, plain], 2), 0.25, "a half and nothing");
        // 3-grams: 121 212 121; 123. 4-grams: 1212 2121, and the short text has none.
        assert!((repeated(&[loops, plain], 3) - 1.0 / 6.0).abs() < 1e-15);
        assert_eq!(repeated(&[loops, plain], 4), 0.0);
        assert!((diversity(&[loops, plain]) - 0.75 * 5.0 / 6.0).abs() < 1e-15);
        assert!(repeated(&[&[7]], 2).is_nan() && distinct(&[], 1).is_nan());
    }
}
