//! What the footer says that keys do, view by view. Hints name actions, so that the user's own keys are shown.

use unicode_width::UnicodeWidthStr;

use super::name;
use crate::tui::{
    keymap::Action,
    methods::Kind,
    row::Look,
    state::{Answer, State, View},
};

/// Some keys, and what they do here.
pub(super) struct Hint {
    actions: &'static [Action],
    /// What stands between keys of one cell each.
    between: &'static str,
    does: Does,
    /// Stands beside help, whatever comes before it.
    pub(super) at_end: bool,
}

/// What is said of them.
enum Does {
    Always(&'static str),
    Now(fn(&State, &Look) -> String),
}

const fn hint(actions: &'static [Action], does: &'static str) -> Hint {
    Hint { actions, between: "", does: Does::Always(does), at_end: false }
}

/// Keys that are two things rather than the two directions of one.
const fn apart(actions: &'static [Action], does: &'static str) -> Hint {
    Hint { between: " ", ..hint(actions, does) }
}

const fn now(actions: &'static [Action], does: fn(&State, &Look) -> String) -> Hint {
    Hint { does: Does::Now(does), ..hint(actions, "") }
}

/// The last one everywhere.
pub(super) const HELP: Hint = now(&[Action::Help], |state, _| if state.help > 0 { "more" } else { "help" }.into());
const TOKEN: Hint = hint(&[Action::Left, Action::Right], "token");
const EXIT: Hint = hint(&[Action::Up, Action::Down], "exit");
const OTHER: Hint = hint(&[Action::Open], "other token");
const ALPHA: Hint = now(&[Action::LessAlpha, Action::MoreAlpha], |_, look| look.marks.alpha.into());

const EXPLORE: &[Hint] = &[
    now(&[Action::Take], next),
    EXIT,
    TOKEN,
    OTHER,
    Hint { at_end: true, ..hint(&[Action::Quit], "quit") },
    apart(&[Action::SetExpert, Action::SetAmateur], "pair"),
    ALPHA,
    now(&[Action::Contrast], |state, _| toggles(state)),
    hint(&[Action::Measure], "ribbon"),
    hint(&[Action::Decoding], "decode"),
    hint(&[Action::Run], "run"),
    hint(&[Action::Edit], "edit the prompt"),
    hint(&[Action::SetOutput], "this exit alone"),
    now(&[Action::Lens], |state, _| if state.lens.shown { "candidates" } else { "lens" }.into()),
];

const HEATMAP: &[Hint] = &[
    TOKEN,
    EXIT,
    hint(&[Action::NextDisagreement], "disagreement"),
    now(&[Action::NextChange], |state, _| format!("{} change", state.contrasting().name())),
    hint(&[Action::Measure], "measure"),
    apart(&[Action::Wider, Action::Narrower], "cell width"),
    hint(&[Action::Repeats], "repeats"),
    OTHER,
    now(&[Action::Take], next),
];

const JOURNEYS: &[Hint] = &[
    hint(&[Action::Up, Action::Down], "pin"),
    now(&[Action::Left, Action::Right], |state, _| if state.journeys.over.is_some() { "token" } else { "exit" }.into()),
    hint(&[Action::CursorLeft, Action::CursorRight], "token"),
    hint(&[Action::Measure], "p, rank or linear"),
    hint(&[Action::Pin], "pin or not"),
    hint(&[Action::DefaultPins], "default pins"),
    hint(&[Action::Versus], "race against a"),
    now(&[Action::OverPositions], |state, _| {
        format!("over {}", if state.journeys.over.is_some() { "exits" } else { "positions" })
    }),
    OTHER,
    now(&[Action::Take], next),
];

const WHAT_IF: &[Hint] = &[
    hint(&[Action::Up, Action::Down], "expert"),
    hint(&[Action::Left, Action::Right], "amateur"),
    ALPHA,
    hint(&[Action::FewerCandidates, Action::MoreCandidates], "min"),
    hint(&[Action::CursorLeft, Action::CursorRight], "token"),
    hint(&[Action::Open], "adopt"),
    now(&[Action::Measure], |state, _| {
        let shown = match state.what_if.answer {
            Answer::Choice => "show p",
            Answer::P => "show V",
            Answer::Plausible => "show choices",
        };
        shown.into()
    }),
    now(&[Action::Take], next),
];

const BRANCHES: &[Hint] = &[
    hint(&[Action::Up, Action::Down], "branch"),
    hint(&[Action::Open], "go there"),
    now(&[Action::Remove], |state, _| format!("remove ({} brings it back)", state.key(Action::Undo))),
    apart(&[Action::PreviousTried, Action::NextTried], "neighbours of this position"),
];

const EXITS: &[Hint] = &[
    hint(&[Action::Up, Action::Down], "policy"),
    hint(&[Action::LessAlpha, Action::MoreAlpha], "threshold"),
    TOKEN,
    hint(&[Action::Agreement], "agreement"),
    now(&[Action::Measure], |state, _| if state.exits.every_head { "own head" } else { "every head" }.into()),
    hint(&[Action::Open], "decode with it"),
    now(&[Action::Take], next),
];

const MATRIX: &[Hint] = &[
    hint(&[Action::Up, Action::Down, Action::Left, Action::Right], "two exits"),
    hint(&[Action::NextDisagreement, Action::PreviousDisagreement], "where they differ"),
    hint(&[Action::CursorLeft, Action::CursorRight], "token"),
    hint(&[Action::Agreement], "policies"),
    hint(&[Action::Open], "contrast them"),
    now(&[Action::Take], next),
];

const LANES: &[Hint] = &[
    now(&[Action::Take], |state, _| match (state.run.is_some(), state.lanes.count()) {
        (true, _) => "pause".into(),
        (false, 1) => "next token".into(),
        (false, _) => "step all".into(),
    }),
    apart(&[Action::PreviousTried, Action::NextTried], "lane"),
    hint(&[Action::AddLane], "add"),
    hint(&[Action::Remove], "remove"),
    TOKEN,
    EXIT,
    OTHER,
    hint(&[Action::Decoding], "its decoding"),
    hint(&[Action::Sampling], "sampling"),
    hint(&[Action::Run], "run"),
    hint(&[Action::Edit], "its prompt"),
    hint(&[Action::Measure], "ribbon"),
];

const IN_HELP: &[Hint] = &[hint(&[Action::Back], "close")];

fn next(state: &State, look: &Look) -> String {
    match (state.ghost(), &state.card) {
        _ if state.run.is_some() => "pause".into(),
        (Some(id), Some(card)) => format!("take {}", name::clipped(card, id, 12, look)),
        _ => "next token".into(),
    }
}

/// The hints of what is on the screen, the most useful first, all but [`HELP`].
pub(super) fn of(state: &State) -> &'static [Hint] {
    match state.view {
        _ if state.help > 0 => IN_HELP,
        View::Exits if state.exits.matrix.shown => MATRIX,
        view => of_view(view),
    }
}

/// The hints of a view.
pub(super) fn of_view(view: View) -> &'static [Hint] {
    match view {
        View::Explore => EXPLORE,
        View::Heatmap => HEATMAP,
        View::Journeys => JOURNEYS,
        View::WhatIf => WHAT_IF,
        View::Branches => BRANCHES,
        View::Exits => EXITS,
        View::Lanes => LANES,
    }
}

impl Hint {
    /// Whether it is about an action.
    pub(super) fn tells(&self, action: Action) -> bool {
        self.actions.contains(&action)
    }

    /// The keys, and what they do; `None` if the user took the keys away.
    pub(super) fn words(&self, state: &State, look: &Look) -> Option<(String, String)> {
        let ascii = look.marks.ascii;
        let keys: Vec<String> = self.actions.iter().filter_map(|action| state.keys.first(*action, ascii)).collect();
        let short = keys.iter().all(|key| key.width() == 1);
        let does = match &self.does {
            Does::Always(does) => (*does).to_owned(),
            Does::Now(does) => does(state, look),
        };
        (!keys.is_empty()).then(|| (keys.join(if short { self.between } else { "/" }), does))
    }
}

/// What `c` turns on or off.
fn toggles(state: &State) -> String {
    match Kind::of(&state.decoding.method) {
        Kind::Original | Kind::Exit => format!("{} on", state.contrasting().name()),
        kind => format!("{} off", kind.name()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Action, View, of_view};
    use crate::tui::keymap::TABLE;

    #[test]
    fn hints_are_of_actions_that_are_alive_in_their_view() {
        for view in View::ALL {
            let of_it = TABLE.iter().filter(|binding| binding.is_alive(view)).map(|binding| binding.action);
            let alive: Vec<Action> = of_it.collect();
            for hint in of_view(view) {
                assert!(hint.actions.iter().all(|action| alive.contains(action)), "{view:?}: {:?}", hint.actions);
            }
        }
    }
}
