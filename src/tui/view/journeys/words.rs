//! What Journeys says in sentences.

use super::{Line, Shown, name, scale};
use crate::tui::{
    journeys::{Across, Crossing, Pin, Value, crossing, largest_step},
    number,
    theme::Role,
};

type Parts = Vec<(String, Role)>;

impl Shown<'_> {
    /// The rule above: the token, the scale, where the lines come from.
    pub(super) fn title(&self) -> Parts {
        let state = self.state;
        let slot = state.open_slot();
        if state.is_full() && state.position == slot && self.across == Across::Exits {
            let text = format!("context full, {0} of {0}: Backspace makes room", self.card.context);
            return vec![(text, Role::Warn)];
        }
        let stands = state.text.get(state.position).map(|token| token.id);
        let id = stands.or_else(|| state.trace(state.position).map(|trace| trace.subject));
        let token = id.map_or_else(String::new, |id| format!(": {}", name::token_and_id(self.card, id, self.look)));
        let place = if stands.is_some() { state.position.to_string() } else { "next".into() };
        let mut parts = match self.across {
            Across::Exits => vec![(format!("journeys to {place}{token}"), Role::Strong)],
            Across::Positions => {
                let exit = state.exit().map(name::exit).unwrap_or_default();
                vec![(format!("journeys at {exit}, to {place}{token}"), Role::Strong)]
            }
        };
        if self.is_empty() {
            parts.push(("the first token has no prediction".into(), Role::Plain));
            return parts;
        }
        if state.trace(state.position).is_none() && state.position > 0 {
            parts.push((format!("reading position {}", state.position), Role::Plain));
        }
        let (what, over) = (self.what(), if self.across == Across::Exits { "exits" } else { "positions" });
        parts.push((format!("{what} over {over}, {}", scale::words(state.journeys.axis)), Role::Plain));
        let own: Vec<String> =
            self.lines.iter().filter(|line| self.is_own(line.pin)).map(|line| self.name(line.pin, 12)).collect();
        let default = match self.across {
            Across::Exits if self.pads() => "top tokens and original's next",
            Across::Exits => "the distinct top tokens over the exits",
            Across::Positions => "the text's tokens, and those of the position where b was pressed",
        };
        let own = if own.is_empty() { String::new() } else { format!(", and {} (yours)", own.join(" ")) };
        parts.push((format!("pins: {default}{own}"), Role::Faint));
        parts
    }

    /// Whether lines were added so that there is something to compare: of tokens that no exit has first.
    fn pads(&self) -> bool {
        let is_default = |line: &&Line| !self.is_own(line.pin) && !self.is_subject(line.pin);
        let is_first = |line: &Line| line.values.iter().flatten().any(|value| value.is_top);
        self.lines.iter().filter(is_default).any(|line| !is_first(line))
    }

    pub(super) fn what(&self) -> &'static str {
        if self.is_rank() { "rank" } else { "p" }
    }

    /// The rule between chart and table.
    pub(super) fn table_title(&self) -> Parts {
        let what = if self.is_rank() { "rank" } else { "probability" };
        let shown = &self.columns.shown;
        let mut parts = vec![(what.to_owned(), Role::Plain)];
        if shown.len() < self.columns.count {
            parts.push(match self.across {
                Across::Exits => (format!("{} of {} exits are seen", shown.len(), self.columns.count), Role::Faint),
                Across::Positions => {
                    (format!("positions {} to {} of {}", shown.start + 1, shown.end, self.columns.count), Role::Faint)
                }
            });
        }
        parts
    }

    /// The last rule: who overtakes whom and where, the largest step, the mark of the table.
    pub(super) fn sentences(&self) -> Parts {
        let mut parts = Vec::new();
        let lines = self.racers.map(|(first, second)| (&self.lines[first], &self.lines[second]));
        if let Some((a, b)) = lines {
            parts.push((self.overtakes(a, b), Role::Strong));
        } else if self.first().is_some() {
            parts.push(("one line: nothing to race".into(), Role::Plain));
        }
        // The one that the user has chosen to race is the one asked about.
        let mover = match (self.racers, self.state.journeys.race) {
            (Some((_, second)), Some(race)) if self.lines[second].pin == race => Some(&self.lines[second]),
            _ => self.first().map(|first| &self.lines[first]),
        };
        parts.extend(mover.and_then(|line| self.step(line)).map(|text| (text, Role::Plain)));
        let of = if self.across == Across::Exits { "that" } else { "the" };
        let legend = format!("{} top token of {of} exit", self.look.marks.top);
        let legend = (legend, Role::Faint);
        // The legend stands first, as in the table, but gives way where there is no room for all.
        let is_roomy = self.columns.cell * self.columns.shown.len() > 90;
        parts.insert(if is_roomy { 0 } else { parts.len() }, legend);
        parts
    }

    fn overtakes(&self, a: &Line, b: &Line) -> String {
        let ln_p = |line: &Line| line.values.iter().map(|value| value.map(|v| v.ln_p)).collect::<Vec<_>>();
        let end = if self.across == Across::Exits { "original" } else { "the end" };
        let found = crossing(&ln_p(a), &ln_p(b));
        let (a, b) = (a.sign, b.sign);
        match found {
            Crossing::Between(below, above) => {
                format!("{a} overtakes {b} between {} and {}", self.column(below), self.column(above))
            }
            Crossing::Always => format!("{a} is ahead of {b} all the way"),
            Crossing::Behind => format!("{b} is ahead of {a} at {end}"),
            Crossing::Unknown => format!("{a} against {b}: not known yet"),
        }
    }

    fn step(&self, line: &Line) -> Option<String> {
        let p: Vec<Option<f32>> = line.values.iter().map(|value| value.map(|Value { ln_p, .. }| ln_p.exp())).collect();
        let (at, by) = largest_step(&p)?;
        let sign = if by < 0.0 { '-' } else { '+' };
        let (from, to) = (self.column(at), self.column(at + 1));
        let name = if line.pin == Pin::Text { "the text".into() } else { line.sign.to_string() };
        Some(format!(
            "largest step of {name}: {from} {} {to}, {sign}{}",
            self.look.marks.arrow,
            number::p4(by.abs()).trim()
        ))
    }

    /// A column in a sentence.
    fn column(&self, n: usize) -> String {
        match self.across {
            Across::Positions => (n + 1).to_string(),
            Across::Exits => {
                let exit = self.card.exits.get((self.columns.count - 1).saturating_sub(n));
                exit.map(|exit| name::short(*exit)).unwrap_or_default()
            }
        }
    }
}
