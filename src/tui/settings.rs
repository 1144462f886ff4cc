//! The fields of the decoding panel: each reads and changes one thing, at once.

use ratatui::crossterm::event::{KeyCode, KeyEvent};
use tui_input::Input;

use super::{
    lanes,
    methods::{self, Kind},
    number::parameter,
    panel::Panel,
    state::State,
    typing,
    update::{LADDER, MOST_CANDIDATES, set_pair},
};
use crate::session::trace::{Decoding, ExitId, Pair};

/// The panel: the selected field, and what was before.
pub(crate) struct Settings {
    pub(crate) selected: usize,
    before: (Decoding, Pair, methods::Methods),
}

/// One field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Decode,
    Exit,
    Expert,
    Amateur,
    Alpha,
    MinCandidates,
    Beta,
    Candidates,
    Distance,
    Expression,
    Draw,
    Temperature,
    TopK,
    TopP,
    MinP,
    Penalty,
    Seed,
}

impl Field {
    /// How tokens are drawn.
    const SAMPLING: [Self; 7] =
        [Self::Draw, Self::Temperature, Self::TopK, Self::TopP, Self::MinP, Self::Penalty, Self::Seed];

    /// What decides; a pair is there to be looked at also where an exit decides alone.
    fn deciding(state: &State) -> Vec<Self> {
        let pair = [Self::Expert, Self::Amateur, Self::Alpha];
        let own: &[Self] = match Kind::of(&state.decoding.method) {
            Kind::Original | Kind::Contrast => &[pair[0], pair[1], pair[2], Self::MinCandidates],
            Kind::Exit => &[Self::Exit, pair[0], pair[1], pair[2], Self::MinCandidates],
            Kind::Ratio => &[pair[0], pair[1], pair[2], Self::Beta, Self::MinCandidates],
            Kind::Dola => &[Self::Candidates, Self::Distance, Self::Alpha],
            Kind::Expression => &[Self::Expression, pair[0], pair[1], pair[2]],
        };
        [&[Self::Decode], own].concat()
    }

    /// All that the present decoding has, from the top.
    pub(crate) fn all(state: &State) -> Vec<Self> {
        let mut fields = Self::deciding(state);
        fields.extend(Self::SAMPLING);
        fields
    }

    /// The place of the first field of sampling.
    pub(crate) fn sampling(state: &State) -> usize {
        Self::deciding(state).len()
    }

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Decode => "decode",
            Self::Exit => "exit",
            Self::Expert => "expert",
            Self::Amateur => "amateur",
            Self::Alpha => "α",
            Self::MinCandidates => "min tokens",
            Self::Beta => "β",
            Self::Candidates => "candidates",
            Self::Distance => "farthest by",
            Self::Expression => "expression",
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
            Self::Decode => {
                let kind = Kind::of(&state.decoding.method);
                let word = |k: Kind| if k == kind { format!("[{}]", k.name()) } else { k.name().to_owned() };
                Kind::ALL.map(word).join(" ")
            }
            Self::Exit => exit(state.methods.exit(state)),
            Self::Beta => format!("{:.2}", state.methods.beta),
            Self::Candidates => state.methods.candidates_named(state),
            Self::Distance => state.methods.distance_named().into(),
            Self::Expression => state.methods.field.value().to_owned(),
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
            Self::Decode => methods::next_kind(state, up),
            Self::Exit => {
                let next = other(state.methods.exit(state));
                if next != ExitId::Original {
                    methods::change(state, |methods| methods.exit = Some(next));
                }
            }
            Self::Beta => methods::change(state, |methods| methods.beta = stepped(methods.beta, 0.05, 0.0, 10.0)),
            Self::Candidates => methods::next_candidates(state, up),
            Self::Distance => methods::change(state, methods::Methods::other_distance),
            // It is typed.
            Self::Expression => {}
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
        Self { selected, before: (state.decoding.clone(), state.pair, state.methods.clone()) }
    }

    /// Puts back what was before.
    pub(crate) fn restore(self, state: &mut State) {
        (state.decoding, state.pair, state.methods) = self.before;
        lanes::restore_added(state);
    }
}

/// A key while the panel is open.
pub(super) fn key(state: &mut State, event: KeyEvent) {
    let fields = Field::all(state);
    let last = fields.len() - 1;
    let Some(Panel::Settings(settings)) = &mut state.panel else { return };
    settings.selected = settings.selected.min(last);
    let field = fields[settings.selected];
    match event.code {
        KeyCode::Up | KeyCode::BackTab => settings.selected = settings.selected.saturating_sub(1),
        KeyCode::Down | KeyCode::Tab => settings.selected = (settings.selected + 1).min(last),
        // What is no expression yet is not left behind: another would decide in its place.
        KeyCode::Enter if Kind::of(&state.decoding.method) == Kind::Expression && state.methods.bad.is_some() => {
            settings.selected = fields.iter().position(|field| *field == Field::Expression).unwrap_or(0);
        }
        KeyCode::Enter => {
            state.panel = None;
            state.methods.settle();
            lanes::keep_added(state);
        }
        _ if field == Field::Expression => {
            typing::edit(&mut state.methods.field, event);
            methods::typed(state);
        }
        KeyCode::Left | KeyCode::Char('-') => field.change(state, false),
        KeyCode::Right | KeyCode::Char('=' | '+' | ' ') => field.change(state, true),
        _ => {}
    }
}

/// The field that takes a pasted text.
pub(super) fn field_mut(state: &mut State) -> Option<&mut Input> {
    let Some(Panel::Settings(settings)) = &state.panel else { return None };
    let is_text = Field::all(state).get(settings.selected) == Some(&Field::Expression);
    is_text.then_some(&mut state.methods.field)
}
