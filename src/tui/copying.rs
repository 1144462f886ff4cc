//! What can be copied, as text.

use std::fmt::Write;

use super::{command_line, row::Look, state::State, view, view::name};
use crate::session::{protocol::ModelCard, trace::StepTrace};

/// What is copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Copied {
    Token,
    Row,
    View,
    Ids,
    Step,
    Command,
}

/// The object that `generate --json` writes for a step: made by the program around the screen.
pub type StepJson = Box<dyn Fn(&StepTrace, &ModelCard) -> String>;

impl Copied {
    /// By its letter.
    pub(crate) fn of(letter: char) -> Option<Self> {
        Some(match letter {
            't' => Self::Token,
            'r' => Self::Row,
            'v' => Self::View,
            'i' => Self::Ids,
            'j' => Self::Step,
            'l' => Self::Command,
            _ => return None,
        })
    }

    /// What the screen calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Row => "row",
            Self::View => "view",
            Self::Ids => "ids",
            Self::Step => "step",
            Self::Command => "command line",
        }
    }

    /// The text, with a remark if there is one to make; or why there is none.
    pub(crate) fn text(
        self,
        state: &State,
        look: &Look,
        json: &dyn Fn(&StepTrace, &ModelCard) -> String,
    ) -> Result<(String, Option<String>), String> {
        let none = || format!("nothing is known about position {} yet", state.position);
        let card = state.card.as_ref().ok_or_else(none)?;
        let plain = |text| Ok((text, None));
        match self {
            Self::Token => {
                let here = state.text.get(state.position).map(|token| token.id);
                let id = here.or_else(|| state.trace(state.position).map(|trace| trace.subject)).ok_or_else(none)?;
                plain(String::from_utf8_lossy(card.bytes_of(id)).into_owned())
            }
            Self::Row => plain(row(state.trace(state.position).ok_or_else(none)?, card, state.row, look)),
            Self::View => plain(picture(state, look)),
            Self::Ids => {
                let ids: Vec<String> = state.text.iter().map(|token| token.id.0.to_string()).collect();
                plain(ids.join(","))
            }
            Self::Step => plain(json(state.trace(state.position).ok_or_else(none)?, card)),
            Self::Command => command_line::of(state),
        }
    }
}

/// The cursor's row of the table with all digits, tab-separated: exit, token, rank, p, entropy, KL, then the candidates
/// with their p.
fn row(trace: &StepTrace, card: &ModelCard, row: usize, look: &Look) -> String {
    let Some(exit) = trace.exits.get(row) else { return String::new() };
    let token = |id| name::token(card, id, look);
    let (p, entropy, kl) = (exit.ln_p.exp(), exit.entropy, exit.kl);
    let mut text = format!("{}\t{}\t{}\t{p}\t{entropy}\t{kl}", exit.exit, token(trace.subject), exit.rank);
    for candidate in &exit.top {
        let _ = write!(text, "\t{}\t{}", token(candidate.id), candidate.ln_p.exp());
    }
    text
}

/// The view as it is drawn, without its question in the footer.
fn picture(state: &State, look: &Look) -> String {
    let area = ratatui::layout::Rect::new(0, 0, state.window.0, state.window.1);
    let mut buf = ratatui::buffer::Buffer::empty(area);
    view::draw(state, look, area, &mut buf);
    let mut text = String::new();
    for y in 0..area.height {
        let mut line = String::new();
        let mut covered = 0;
        for x in 0..area.width {
            // A wide character covers the next cell, which holds a blank.
            let symbol = buf[(x, y)].symbol();
            if covered == 0 {
                line += symbol;
                covered = unicode_width::UnicodeWidthStr::width(symbol).max(1);
            }
            covered -= 1;
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}
