//! The fields of the decoding panel: each reads and changes one thing, at once.

use super::{
    lanes,
    number::parameter,
    state::State,
    update::{LADDER, MOST_CANDIDATES, set_pair},
};
use crate::session::trace::{Decoding, ExitId, Method, Pair};

/// The panel: the selected field, and what was before.
pub(crate) struct Settings {
    pub(crate) selected: usize,
    before: (Decoding, Pair),
}

/// One field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Decode,
    Expert,
    Amateur,
    Alpha,
    MinCandidates,
    Draw,
    Temperature,
    TopK,
    TopP,
    MinP,
    Penalty,
    Seed,
}

impl Field {
    /// All of them, from the top.
    pub(crate) const ALL: [Self; 12] = [
        Self::Decode,
        Self::Expert,
        Self::Amateur,
        Self::Alpha,
        Self::MinCandidates,
        Self::Draw,
        Self::Temperature,
        Self::TopK,
        Self::TopP,
        Self::MinP,
        Self::Penalty,
        Self::Seed,
    ];
    /// The first field of sampling.
    pub(crate) const SAMPLING: usize = 5;

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Decode => "decode by",
            Self::Expert => "expert",
            Self::Amateur => "amateur",
            Self::Alpha => "α",
            Self::MinCandidates => "min tokens",
            Self::Draw => "draw",
            Self::Temperature => "temperature",
            Self::TopK => "top-k",
            Self::TopP => "top-p",
            Self::MinP => "min-p",
            Self::Penalty => "repetition",
            Self::Seed => "seed",
        }
    }

    /// Its value.
    pub(crate) fn value(self, state: &State) -> String {
        let sampling = &state.decoding.sampling;
        let exit = |exit: ExitId| match exit {
            ExitId::Original => "original".into(),
            ExitId::Block(k) => format!("exit {k}"),
        };
        let off = |is_off: bool, value: String| if is_off { "off".into() } else { value };
        match self {
            Self::Decode => match state.decoding.method {
                Method::Exit(e) => format!("{} alone", exit(e)),
                Method::Contrast(_) => "the contrast".into(),
            },
            Self::Expert => exit(state.pair.expert),
            Self::Amateur => exit(state.pair.amateur),
            Self::Alpha => parameter(state.pair.alpha),
            Self::MinCandidates => state.pair.min_candidates.to_string(),
            Self::Draw => if sampling.random { "at random" } else { "greedy" }.into(),
            Self::Temperature => format!("{:.2}", sampling.temperature),
            Self::TopK => off(sampling.top_k == 0, sampling.top_k.to_string()),
            Self::TopP => off(sampling.top_p >= 1.0, format!("{:.2}", sampling.top_p)),
            Self::MinP => off(sampling.min_p <= 0.0, format!("{:.2}", sampling.min_p)),
            Self::Penalty => off(sampling.repetition_penalty == 1.0, format!("{:.2}", sampling.repetition_penalty)),
            Self::Seed => sampling.seed.to_string(),
        }
    }

    /// Changes the value by a step up or down.
    pub(crate) fn change(self, state: &mut State, up: bool) {
        let exits = state.card.as_ref().map_or_else(Vec::new, |card| card.exits.clone());
        // Rows go down from original: up in the model is back in the list.
        let other = |exit: ExitId| {
            let place = exits.iter().position(|e| *e == exit).unwrap_or(0);
            let next = if up { place.saturating_sub(1) } else { (place + 1).min(exits.len().saturating_sub(1)) };
            exits.get(next).copied().unwrap_or(exit)
        };
        let pair = state.pair;
        let sampling = &mut state.decoding.sampling;
        // In hundredths, so that steps do not drift.
        let stepped = |x: f32, step: f32, least: f32, most: f32| {
            let moved = if up { x + step } else { x - step };
            ((moved * 100.0).round() / 100.0).clamp(least, most)
        };
        match self {
            Self::Decode => {
                let is_contrast = matches!(state.decoding.method, Method::Contrast(_));
                state.decoding.method = if is_contrast { Method::Exit(pair.expert) } else { Method::Contrast(pair) };
            }
            Self::Expert => set_pair(state, Pair { expert: other(pair.expert), ..pair }),
            Self::Amateur => set_pair(state, Pair { amateur: other(pair.amateur), ..pair }),
            Self::Alpha => {
                let next = if up {
                    LADDER.into_iter().find(|a| *a > pair.alpha)
                } else {
                    LADDER.into_iter().rev().find(|a| *a < pair.alpha)
                };
                set_pair(state, Pair { alpha: next.unwrap_or(pair.alpha), ..pair });
            }
            Self::MinCandidates => {
                let min = if up { pair.min_candidates + 1 } else { pair.min_candidates.saturating_sub(1) };
                set_pair(state, Pair { min_candidates: min.clamp(1, MOST_CANDIDATES), ..pair });
            }
            Self::Draw => sampling.random = !sampling.random,
            Self::Temperature => sampling.temperature = stepped(sampling.temperature, 0.05, 0.05, 5.0),
            Self::TopK => {
                let k = if up { sampling.top_k + 5 } else { sampling.top_k.saturating_sub(5) };
                sampling.top_k = k.min(200);
            }
            Self::TopP => sampling.top_p = stepped(sampling.top_p, 0.05, 0.05, 1.0),
            Self::MinP => sampling.min_p = stepped(sampling.min_p, 0.05, 0.0, 0.95),
            Self::Penalty => sampling.repetition_penalty = stepped(sampling.repetition_penalty, 0.05, 1.0, 3.0),
            Self::Seed => {
                sampling.seed = if up { sampling.seed.wrapping_add(1) } else { sampling.seed.wrapping_sub(1) };
            }
        }
    }
}

impl Settings {
    /// Opens at a field.
    pub(crate) fn new(state: &State, selected: usize) -> Self {
        Self { selected, before: (state.decoding.clone(), state.pair) }
    }

    /// Puts back what was before.
    pub(crate) fn restore(self, state: &mut State) {
        (state.decoding, state.pair) = self.before;
        lanes::restore_added(state);
    }
}
