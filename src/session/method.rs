//! How the next token is decided: decoding methods as values.

use super::trace::ExitId;
use crate::decode::{Distance, Expression};

/// The distribution that decides.
#[derive(Clone, Debug, PartialEq)]
pub enum Method {
    /// One exit alone.
    Exit(ExitId),
    /// Auto-Contrastive Decoding (Gera et al., ACL 2023).
    Contrast(Pair),
    /// The plain contrast p_E^(1+β) / p_A^β over the plausible tokens.
    LogRatio(LogRatio),
    /// DoLa (Chuang et al., ICLR 2024): original against the candidate farthest from it, chosen at every step.
    Dola(Dola),
    /// A contrast that the user writes.
    Expression(Custom),
}

/// The parameters of a contrast.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// The upper exit.
    pub expert: ExitId,
    /// The lower exit.
    pub amateur: ExitId,
    /// A token is plausible from α times the expert's largest probability on; in (0, 1].
    pub alpha: f32,
    /// At least so many tokens are plausible; from 1.
    pub min_candidates: usize,
}

/// The parameters of a plain contrast.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogRatio {
    /// The exits and what is plausible.
    pub pair: Pair,
    /// The amateur's exponent; from 0.
    pub beta: f32,
}

impl LogRatio {
    /// β unless told otherwise: O'Brien and Lewis's (arXiv 2309.09117).
    pub const BETA: f32 = 0.5;
    /// The largest β that is taken.
    pub const MOST: f32 = 100.0;
}

/// The parameters of DoLa. The expert is original.
#[derive(Clone, Debug, PartialEq)]
pub struct Dola {
    /// The exits among which the amateur is chosen, lowest first; at least one, original is none of them.
    pub candidates: Vec<ExitId>,
    /// A token is plausible from α times original's largest probability on; in (0, 1].
    pub alpha: f32,
    /// What the amateur has the most of.
    pub distance: Distance,
}

/// The parameters of a contrast that the user writes.
#[derive(Clone, Debug, PartialEq)]
pub struct Custom {
    /// `upper`, `lower` and `alpha`; minimum candidates are of no matter.
    pub pair: Pair,
    /// The score of a token.
    pub expression: Expression,
}

impl Method {
    /// The exits that it reads, each once; what it reads is expert or original first.
    #[must_use]
    pub fn exits(&self) -> Vec<ExitId> {
        match self {
            Self::Exit(exit) => vec![*exit],
            Self::Dola(dola) => std::iter::once(ExitId::Original).chain(dola.candidates.iter().copied()).collect(),
            Self::Contrast(pair) | Self::LogRatio(LogRatio { pair, .. }) | Self::Expression(Custom { pair, .. }) => {
                if pair.expert == pair.amateur {
                    vec![pair.expert]
                } else {
                    vec![pair.expert, pair.amateur]
                }
            }
        }
    }

    /// The pair of an Auto-Contrastive Decoding.
    #[must_use]
    pub fn contrast(&self) -> Option<Pair> {
        if let Self::Contrast(pair) = self { Some(*pair) } else { None }
    }

    /// Whether tokens are taken by scores, so that a trace has [`ScoreTrace`](super::trace::ScoreTrace).
    #[must_use]
    pub fn has_scores(&self) -> bool {
        !matches!(self, Self::Exit(_) | Self::Contrast(_))
    }

    /// The pair that it contrasts; of other methods what they have of one, in place of the other's.
    #[must_use]
    pub fn pair_or(&self, other: Pair) -> Pair {
        match self {
            Self::Exit(_) => other,
            Self::Dola(dola) => Pair { alpha: dola.alpha, ..other },
            Self::Contrast(pair) | Self::LogRatio(LogRatio { pair, .. }) | Self::Expression(Custom { pair, .. }) => {
                *pair
            }
        }
    }

    /// The same method with other exits and parameters of a pair; of DoLa with its α.
    #[must_use]
    pub fn with_pair(self, pair: Pair) -> Self {
        match self {
            Self::Exit(_) => self,
            Self::Contrast(_) => Self::Contrast(pair),
            Self::LogRatio(ratio) => Self::LogRatio(LogRatio { pair, ..ratio }),
            Self::Dola(dola) => Self::Dola(Dola { alpha: pair.alpha, ..dola }),
            Self::Expression(custom) => Self::Expression(Custom { pair, ..custom }),
        }
    }
}

/// Which exits DoLa may choose from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Candidates {
    /// The lower half of the blocks.
    Low,
    /// The upper half.
    High,
    /// These.
    These(Vec<ExitId>),
}

impl Candidates {
    /// The exits of a model with `blocks` blocks, lowest first; empty if it has none that fits.
    ///
    /// `low` and `high` are those of transformers' `dola_layers`: every second block from 2 to the middle, or from the
    /// middle up, at most 20 blocks from either end. Where the model has an exit at none of them: all in that part.
    #[must_use]
    pub fn of(&self, exits: &[ExitId], blocks: u32) -> Vec<ExitId> {
        let (middle, first) = (blocks / 2, blocks.saturating_sub(1).min(2));
        let (from, to) = match self {
            Self::These(wanted) => {
                let mut found: Vec<ExitId> = wanted.clone();
                found.sort_unstable();
                found.dedup();
                found.retain(|exit| *exit != ExitId::Original);
                return found;
            }
            Self::Low => (first, if blocks <= 40 { middle } else { 20 }),
            Self::High => (if blocks <= 40 { middle } else { blocks - 20 }, blocks),
        };
        let inside = |every: usize| -> Vec<ExitId> {
            let wanted: Vec<ExitId> = (from..to.max(from + 1)).step_by(every).map(ExitId::Block).collect();
            wanted.into_iter().filter(|exit| exits.contains(exit)).collect()
        };
        let found = inside(2);
        if found.is_empty() { inside(1) } else { found }
    }
}

impl std::str::FromStr for Candidates {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "low" => Ok(Self::Low),
            "high" => Ok(Self::High),
            list => {
                let exit = |name: &str| name.trim().parse::<ExitId>().ok().filter(|exit| *exit != ExitId::Original);
                let exits: Option<Vec<ExitId>> = list.split(',').map(exit).collect();
                exits.map(Self::These).ok_or_else(|| "expected low, high, or exits such as 2,4,6".into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Candidates, ExitId};

    #[test]
    fn candidates_are_those_of_transformers() {
        let blocks = |found: Vec<ExitId>| -> Vec<u32> {
            found.into_iter().map(|exit| if let ExitId::Block(k) = exit { k } else { u32::MAX }).collect()
        };
        let of = |candidates: Candidates, exits: &[u32], n: u32| {
            let exits: Vec<ExitId> = exits.iter().copied().map(ExitId::Block).rev().collect();
            blocks(candidates.of(&exits, n))
        };
        let even: Vec<u32> = (1..=12).map(|k| 2 * k).collect();
        let all: Vec<u32> = (1..=48).collect();
        // `range(2, 12, 2)` and `range(12, 24, 2)`.
        assert_eq!(of(Candidates::Low, &even, 24), [2, 4, 6, 8, 10]);
        assert_eq!(of(Candidates::High, &even, 24), [12, 14, 16, 18, 20, 22]);
        // More than 40 layers: `range(2, 20, 2)` and `range(28, 48, 2)`.
        assert_eq!(of(Candidates::Low, &all, 48), [2, 4, 6, 8, 10, 12, 14, 16, 18]);
        assert_eq!(of(Candidates::High, &all, 48), [28, 30, 32, 34, 36, 38, 40, 42, 44, 46]);
        // 6 layers: `range(2, 3, 2)`; `range(3, 6, 2)`, none of which is an exit here.
        assert_eq!(of(Candidates::Low, &[2, 4, 6], 6), [2]);
        assert_eq!(of(Candidates::High, &[2, 4, 6], 6), [4]);
        // 4 layers: where `low` would be empty, the layer from which it starts.
        assert_eq!(of(Candidates::Low, &[1, 2, 3, 4], 4), [2]);
        assert_eq!("6, 2,6".parse::<Candidates>().map(|c| of(c, &even, 24)), Ok(vec![2, 6]));
        assert!("original,2".parse::<Candidates>().is_err() && "middle".parse::<Candidates>().is_err());
    }
}
