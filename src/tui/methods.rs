//! Decoding methods as the user sets them. What each was last set to stays while another is in force.

use tui_input::Input;

use super::state::State;
use crate::session::trace::{BadExpression, Candidates, Custom, Distance, Dola, ExitId, Expression, LogRatio, Method};

/// A method without its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Original,
    Exit,
    Contrast,
    Ratio,
    Dola,
    Expression,
}

impl Kind {
    /// All of them, in the order of the panel.
    pub(crate) const ALL: [Self; 6] =
        [Self::Original, Self::Exit, Self::Contrast, Self::Ratio, Self::Dola, Self::Expression];

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::Exit => "exit",
            Self::Contrast => "contrast",
            Self::Ratio => "ratio",
            Self::Dola => "DoLa",
            Self::Expression => "expression",
        }
    }

    /// Of a method.
    pub(crate) fn of(method: &Method) -> Self {
        match method {
            Method::Exit(ExitId::Original) => Self::Original,
            Method::Exit(_) => Self::Exit,
            Method::Contrast(_) => Self::Contrast,
            Method::LogRatio(_) => Self::Ratio,
            Method::Dola(_) => Self::Dola,
            Method::Expression(_) => Self::Expression,
        }
    }
}

/// What methods were last set to.
#[derive(Clone, Debug)]
pub(crate) struct Methods {
    /// What `c` turns on.
    pub(crate) contrasting: Kind,
    pub(crate) exit: Option<ExitId>,
    pub(crate) beta: f32,
    pub(crate) candidates: Candidates,
    pub(crate) distance: Distance,
    /// The expression as it is being written.
    pub(crate) field: Input,
    /// Why that is none.
    pub(crate) bad: Option<BadExpression>,
    /// The last that was one.
    expression: Expression,
}

/// Begins with the scores that DoLa has, for the pair in use.
const FIRST: &str = "ln(p_upper/p_lower) where p_upper >= alpha*p_max";

impl Default for Methods {
    fn default() -> Self {
        Self {
            contrasting: Kind::Contrast,
            exit: None,
            beta: LogRatio::BETA,
            candidates: Candidates::Low,
            distance: Distance::JensenShannon,
            field: Input::new(FIRST.into()),
            bad: None,
            expression: Expression::parse(FIRST).expect("a test parses it"),
        }
    }
}

impl Methods {
    /// The exit that decodes alone: the last one that did, or the pair's.
    pub(crate) fn exit(&self, state: &State) -> ExitId {
        let known = |exit: &ExitId| state.card.as_ref().is_some_and(|card| card.exits.contains(exit));
        let pair = [state.pair.expert, state.pair.amateur];
        let block = |exit: &ExitId| *exit != ExitId::Original;
        self.exit.filter(known).or_else(|| pair.into_iter().find(block)).unwrap_or(ExitId::Original)
    }

    /// DoLa's candidates in this model.
    fn candidates(&self, state: &State) -> Vec<ExitId> {
        state.card.as_ref().map_or_else(Vec::new, |card| {
            let mut found = self.candidates.of(&card.exits, card.blocks);
            found.retain(|exit| card.exits.contains(exit));
            found
        })
    }

    pub(crate) fn candidates_named(&self, state: &State) -> String {
        let exits: Vec<String> = self.candidates(state).iter().map(ToString::to_string).collect();
        let which = match self.candidates {
            Candidates::Low => "low: ",
            Candidates::High => "high: ",
            Candidates::These(_) => "",
        };
        format!("{which}{}", exits.join(" "))
    }

    pub(crate) fn distance_named(&self) -> &'static str {
        match self.distance {
            Distance::JensenShannon => "Jensen-Shannon divergence",
            Distance::Published => "the published code's measure",
        }
    }

    pub(crate) fn other_distance(&mut self) {
        self.distance = match self.distance {
            Distance::JensenShannon => Distance::Published,
            Distance::Published => Distance::JensenShannon,
        };
    }

    /// Takes over what a method in force is set to.
    pub(crate) fn adopt(&mut self, method: &Method) {
        match method {
            Method::Exit(ExitId::Original) => return,
            Method::Exit(exit) => {
                self.exit = Some(*exit);
                return;
            }
            Method::Contrast(_) => {}
            Method::LogRatio(ratio) => self.beta = ratio.beta,
            Method::Dola(dola) => {
                (self.candidates, self.distance) = (Candidates::These(dola.candidates.clone()), dola.distance);
            }
            Method::Expression(custom) => {
                self.expression = custom.expression.clone();
                self.settle();
            }
        }
        self.contrasting = Kind::of(method);
    }

    /// The field shows the expression in force.
    pub(crate) fn settle(&mut self) {
        self.field = Input::new(self.expression.text().to_owned());
        self.bad = None;
    }

    /// A method, as it was last set. None of DoLa, if the model has no candidate.
    pub(crate) fn method(&self, kind: Kind, state: &State) -> Option<Method> {
        let pair = state.pair;
        Some(match kind {
            Kind::Original => Method::Exit(ExitId::Original),
            Kind::Exit => Method::Exit(Some(self.exit(state)).filter(|exit| *exit != ExitId::Original)?),
            Kind::Contrast => Method::Contrast(pair),
            Kind::Ratio => Method::LogRatio(LogRatio { pair, beta: self.beta }),
            Kind::Dola => {
                let candidates = Some(self.candidates(state)).filter(|found| !found.is_empty())?;
                Method::Dola(Dola { candidates, alpha: pair.alpha, distance: self.distance })
            }
            Kind::Expression => Method::Expression(Custom { pair, expression: self.expression.clone() }),
        })
    }
}

impl State {
    /// What contrasts, or would if `c` turned it on.
    pub(crate) fn contrasting(&self) -> Kind {
        match Kind::of(&self.decoding.method) {
            Kind::Original | Kind::Exit => self.methods.contrasting,
            kind => kind,
        }
    }
}

/// Puts a method in force, as it was last set.
fn set(state: &mut State, kind: Kind) -> bool {
    let Some(method) = state.methods.method(kind, state) else { return false };
    if !matches!(kind, Kind::Original | Kind::Exit) {
        state.methods.contrasting = kind;
    }
    state.decoding.method = method;
    true
}

/// Puts a method in force that another key than the panel's has named: the panel then shows it.
pub(super) fn decode_by(state: &mut State, method: Method) {
    state.methods.adopt(&method);
    state.decoding.method = method;
}

/// The next method of the panel that this model has.
pub(super) fn next_kind(state: &mut State, onwards: bool) {
    let place = Kind::ALL.iter().position(|kind| *kind == Kind::of(&state.decoding.method)).unwrap_or(0);
    let (before, after) = (Kind::ALL[..place].iter().rev(), Kind::ALL[place + 1..].iter());
    let next: Vec<Kind> = if onwards { after.copied().collect() } else { before.copied().collect() };
    for kind in next {
        if set(state, kind) {
            return;
        }
    }
}

/// Changes what the method in force is set to.
pub(super) fn change(state: &mut State, change: impl FnOnce(&mut Methods)) {
    change(&mut state.methods);
    set(state, Kind::of(&state.decoding.method));
}

/// Low, high, then each exit alone from the lowest: lists are for `generate --dola`.
pub(super) fn next_candidates(state: &mut State, onwards: bool) {
    let Some(card) = &state.card else { return };
    let single = card.exits.iter().rev().filter(|exit| **exit != ExitId::Original);
    let mut all = vec![Candidates::Low, Candidates::High];
    all.extend(single.map(|exit| Candidates::These(vec![*exit])));
    let place = all.iter().position(|candidates| *candidates == state.methods.candidates);
    let next = match (place, onwards) {
        (None, _) => 0,
        (Some(place), true) => (place + 1).min(all.len() - 1),
        (Some(place), false) => place.saturating_sub(1),
    };
    let next = all.swap_remove(next);
    change(state, |methods| methods.candidates = next);
}

/// The expression's field has changed: what is in it decides, if it is an expression.
pub(super) fn typed(state: &mut State) {
    match Expression::parse(state.methods.field.value()) {
        Ok(expression) => {
            (state.methods.expression, state.methods.bad) = (expression, None);
            set(state, Kind::Expression);
        }
        Err(bad) => state.methods.bad = Some(bad),
    }
}

/// `c`: the expert alone, or what contrasted last.
pub(super) fn toggle(state: &mut State) {
    match &state.decoding.method {
        Method::Exit(_) => {
            if !set(state, state.methods.contrasting) {
                set(state, Kind::Contrast);
            }
        }
        Method::Dola(_) => state.decoding.method = Method::Exit(ExitId::Original),
        _ => decode_by(state, Method::Exit(state.pair.expert)),
    }
}

#[cfg(test)]
mod tests {
    use super::Methods;

    #[test]
    fn begins_with_an_expression() {
        assert!(Methods::default().bad.is_none());
    }
}
