//! A decoding by scores, shown with the means of the contrast.

use std::borrow::Cow;

use super::name;
use crate::{
    session::trace::{ContrastTrace, Distance, ExitId, Method, ScoreTrace, StepTrace},
    tui::{
        methods::Kind,
        number,
        row::{Look, Row},
        state::State,
        theme::Role,
    },
};

/// The scores that decide at a position.
pub(super) fn deciding<'t>(state: &State, trace: &'t StepTrace) -> Option<&'t ScoreTrace> {
    trace.scores.as_deref().filter(|_| trace.decoding.method == state.decoding.method)
}

/// Expert and amateur of what is shown at the cursor: the pair in use, or what the scores contrast there.
pub(super) fn pair(state: &State) -> (ExitId, ExitId) {
    let scores = state.seen(state.position).and_then(|trace| deciding(state, trace));
    scores.map_or((state.pair.expert, state.pair.amateur), |scores| (scores.expert, scores.amateur))
}

/// What the panel of the contrast shows: the scores that decide, or the pair's contrast. `None` of a decoding by scores
/// that is off or still to come: what it would do is not known.
pub(super) fn shown<'t>(state: &State, trace: &'t StepTrace) -> Option<Cow<'t, ContrastTrace>> {
    match deciding(state, trace) {
        Some(scores) => Some(Cow::Owned(scores.as_contrast(state.decoding.method.pair_or(state.pair)))),
        None => trace.contrast.as_ref().filter(|_| state.contrasting() == Kind::Contrast).map(Cow::Borrowed),
    }
}

/// The method in a title: `DoLa orig▸4 of 2…10`.
pub(super) fn title(method: &Method, scores: &ScoreTrace, look: &Look) -> String {
    let pair = format!("{}{}{}", name::short(scores.expert), look.marks.over, name::short(scores.amateur));
    match method {
        Method::LogRatio(ratio) => format!("ratio {pair} {} {:.2}", look.marks.beta, ratio.beta),
        Method::Dola(dola) => format!("DoLa {pair} of {}", name::candidates(&dola.candidates, look)),
        Method::Exit(_) | Method::Contrast(_) | Method::Expression(_) => format!("expression {pair}"),
    }
}

/// DoLa's candidates with their distances, the farthest marked, in as many rows as they take.
pub(super) fn distances<'l>(
    method: &Method,
    scores: &ScoreTrace,
    line: impl Fn() -> Row<'l>,
    width: usize,
    look: &'l Look,
) -> Vec<Row<'l>> {
    let Method::Dola(dola) = method else { return Vec::new() };
    let named = match dola.distance {
        Distance::JensenShannon => "JS ",
        Distance::Published => "far",
    };
    let mut row = line();
    row.put(named, Role::Faint);
    let mut rows = vec![row];
    for (exit, distance) in &scores.distances {
        let is_chosen = *exit == scores.amateur;
        let mark = if is_chosen { look.marks.pinned } else { ' ' };
        let text = format!(" {:>2} {}{mark}", name::short(*exit), number::entropy4(*distance, look.units));
        if rows.last().is_some_and(|row| row.width() + text.chars().count() > width) {
            let mut next = line();
            next.put("   ", Role::Plain);
            rows.push(next);
        }
        if let Some(row) = rows.last_mut() {
            row.put(text, if is_chosen { Role::Amateur } else { Role::Plain });
        }
    }
    rows
}
