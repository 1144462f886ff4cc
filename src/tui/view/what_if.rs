//! What every pair of exits would choose here: experts downwards, amateurs to the right, and one pair in detail.

mod detail;
mod legend;
mod pairs;

use ratatui::{buffer::Buffer, layout::Rect};

use super::{TEXT_ROWS, WIDE, contrast, name, name::Letters, scores, table, text, verdict};
use crate::{
    session::{
        grid::{Cell, Grid},
        protocol::ModelCard,
        reading::Reading,
        trace::{Pair, StepTrace, TokenId},
    },
    tui::{
        journeys, number,
        row::{Look, split_columns, split_rows},
        state::State,
        theme::Role,
    },
};

/// What the parts of the view draw from.
struct Shown<'s> {
    state: &'s State,
    card: &'s ModelCard,
    look: &'s Look,
    trace: Option<&'s StepTrace>,
    /// `None` while it is computed.
    grid: Option<&'s Grid>,
    letters: Letters,
    /// The selected pair and its rows in the table.
    pair: Pair,
    expert: usize,
    amateur: usize,
}

/// Draws the view.
pub(super) fn draw(state: &State, look: &Look, area: Rect, buf: &mut Buffer) {
    let (lines, rest) = split_rows(area, TEXT_ROWS);
    text::draw(state, look, lines, buf);
    let Some(card) = &state.card else { return };
    let (head, rest) = split_rows(rest, 1);
    if let Some(sentence) = nothing(state, card) {
        if head.height > 0 {
            verdict::rule(first(state, card, None, look).into_iter().chain([sentence]).collect(), look, head, buf);
        }
        return;
    }
    let Some(shown) = Shown::of(state, card, look) else { return };
    if head.height > 0 {
        verdict::rule(shown.question(), look, head, buf);
    }
    let (own, panel) = if area.width >= WIDE {
        split_columns(rest, pairs::width(card).clamp(usize::from(table::WIDTH), usize::from(area.width) - PANEL))
    } else {
        (rest, Rect::default())
    };
    // The grid keeps a few rows where the window has few: what goes first is the row of minima, then that of V.
    let experts = card.exits.len() - 1;
    let left = usize::from(own.height).saturating_sub(1 + experts.min(FEWEST));
    let (upper, lower) = split_rows(own, usize::from(own.height).saturating_sub(left.min(detail::ROWS)));
    let (grid, lower) = match experts + 1 {
        needed if needed < usize::from(upper.height) => (split_rows(own, needed).0, split_rows(own, needed).1),
        _ => (upper, lower),
    };
    shown.draw_pairs(grid, buf);
    shown.draw_detail(lower, buf);
    if panel.width > 0 {
        contrast::draw(state, look, panel, true, buf);
    }
}

/// The grid alone, in Explore: there the pair in use is the selected one.
pub(super) fn panel(state: &State, look: &Look, area: Rect, buf: &mut Buffer) {
    let (head, rest) = split_rows(area, 1);
    let title = ("what-if".to_owned(), Role::Strong);
    let Some(card) = &state.card else { return };
    let shown = Shown::of(state, card, look).filter(|_| nothing(state, card).is_none());
    let question = match (nothing(state, card), &shown) {
        (Some(sentence), _) => vec![sentence],
        (None, Some(shown)) => shown.question().into_iter().filter(|(_, role)| *role != Role::Strong).collect(),
        (None, None) => Vec::new(),
    };
    verdict::rule(std::iter::once(title).chain(question).collect(), look, head, buf);
    if let Some(shown) = shown {
        shown.draw_pairs(split_columns(rest, usize::from(rest.width).saturating_sub(1)).0, buf);
    }
}

/// Columns of the contrast's panel.
const PANEL: usize = 40;
/// Experts that stay on a low screen.
const FEWEST: usize = 6;

/// The token that the position is about.
fn first(state: &State, card: &ModelCard, subject: Option<TokenId>, look: &Look) -> Option<(String, Role)> {
    let stands = state.text.get(state.position).map(|token| token.id);
    let id = stands.or(subject)?;
    let label = stands.map_or_else(|| "next".to_owned(), |_| state.position.to_string());
    Some((format!("{label}: {}", name::token_and_id(card, id, look)), Role::Strong))
}

/// Why there is no grid here.
fn nothing(state: &State, card: &ModelCard) -> Option<(String, Role)> {
    if state.position == 0 {
        Some(("the first token has no prediction".into(), Role::Plain))
    } else if state.is_full() && state.position == state.open_slot() {
        Some((format!("context full, {0} of {0}: Backspace makes room", card.context), Role::Warn))
    } else if card.exits.len() < 2 {
        Some(("one exit: nothing to contrast".into(), Role::Plain))
    } else {
        None
    }
}

impl<'s> Shown<'s> {
    fn of(state: &'s State, card: &'s ModelCard, look: &'s Look) -> Option<Self> {
        let pair = state.grid_pair()?;
        let trace = state.trace(state.position).map(|trace| &**trace);
        let grid = trace.and_then(|trace| trace.grid.as_deref());
        let reading = trace.map(Reading::of);
        let cells = |grid: &'s Grid| grid.pairs.iter().flatten().chain(&grid.alphas).chain(&grid.minima);
        // Those of Journeys come first: both may be on one screen.
        let pins = journeys::lines(state, journeys::Across::Exits);
        let cells = grid.into_iter().flat_map(cells).filter(|cell| cell.is_known()).map(|cell| cell.id);
        let letters = Letters::of(reading.as_ref(), journeys::tokens(&pins).chain(cells));
        let row = |exit| card.exits.iter().position(|other| *other == exit);
        let (expert, amateur) = (row(pair.expert)?, row(pair.amateur)?);
        Some(Self { state, card, look, trace, grid, letters, pair, expert, amateur })
    }

    /// The expert's own top token.
    fn alone(&self, expert: usize) -> Option<TokenId> {
        Some(self.trace?.exits.get(expert)?.top.first()?.id)
    }

    /// What stands for a cell that is still to come; one that only the model could tell is blank.
    fn unknown(&self) -> char {
        if self.state.has_model() { self.look.marks.waiting } else { ' ' }
    }

    /// What the rules say in place of numbers.
    fn lacking(&self) -> &'static str {
        if self.state.has_model() { "computing the grid" } else { "needs the model" }
    }

    fn cell(&self, expert: usize, amateur: usize) -> Option<&Cell> {
        self.grid?.cell(expert, amateur)
    }

    /// What the rule above the grid says.
    fn question(&self) -> Vec<(String, Role)> {
        let subject = self.trace.map(|trace| trace.subject);
        let present = (self.pair.alpha, self.pair.min_candidates);
        let (alpha, min) = self.grid.map_or(present, |grid| grid.settings);
        let draw = if self.state.decoding.sampling.random { "sampled" } else { "greedy" };
        let method = &self.state.decoding.method;
        let decides = (!self.state.contrast_decides()).then(|| format!("{} decides", name::method(method, self.look)));
        let question = match self.grid {
            Some(grid) if grid.settings == present && decides.is_some() => {
                ("what would each contrast choose?".to_owned(), Role::Plain)
            }
            Some(grid) if grid.settings == present => ("what would each pair choose here?".to_owned(), Role::Plain),
            _ => (self.lacking().to_owned(), Role::Plain),
        };
        let settings = format!("{} {}  min {min}  {draw}", self.look.marks.alpha, number::parameter(alpha));
        let first = first(self.state, self.card, subject, self.look);
        let decides = decides.map(|words| (words, Role::Plain));
        first.into_iter().chain(decides).chain([question, (settings, Role::Plain)]).collect()
    }
}
