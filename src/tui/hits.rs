//! What can be clicked: drawing says where things are, so that there is no second layout to keep in step.

use std::{cell::RefCell, rc::Rc};

use ratatui::layout::Rect;

use super::state::View;

/// A thing on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    View(View),
    /// A token of the text.
    Position(usize),
    /// An exit, by its row.
    Exit(usize),
    /// A token at an exit.
    Cell {
        position: usize,
        row: usize,
    },
    /// A pair of exits in What-if, by their rows.
    Pair {
        expert: usize,
        amateur: usize,
    },
    Branch(usize),
    /// One of several texts side by side, and a token of it.
    Lane {
        lane: usize,
        position: Option<usize>,
    },
    /// A policy of the exit lab.
    Policy(usize),
    /// A line of the list in the open panel.
    Listed(usize),
    /// The rest of a panel: what is under it cannot be clicked.
    Panel,
}

/// Where one is, or several of the same width side by side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hit {
    area: Rect,
    first: Target,
    /// Cells of one of them.
    width: u16,
}

impl Hit {
    /// One thing.
    pub(crate) fn one(area: Rect, target: Target) -> Self {
        Self { area, first: target, width: u16::MAX }
    }

    /// Things side by side, from the first on, each of so many cells.
    pub(crate) fn row(area: Rect, first: Target, width: usize) -> Self {
        Self { area, first, width: u16::try_from(width).unwrap_or(u16::MAX).max(1) }
    }

    fn at(&self, column: u16, row: u16) -> Option<Target> {
        let inside = self.area.contains((column, row).into());
        let n = inside.then(|| usize::from((column - self.area.x) / self.width))?;
        Some(match self.first {
            Target::Position(position) => Target::Position(position + n),
            Target::Lane { lane, position } => Target::Lane { lane, position: position.map(|position| position + n) },
            Target::Cell { position, row } => Target::Cell { position: position + n, row },
            Target::Pair { expert, amateur } => Target::Pair { expert, amateur: amateur + n },
            one => one,
        })
    }
}

impl Hit {
    /// The same in a text beside others.
    pub(crate) fn in_lane(self, lane: usize) -> Self {
        let Target::Position(position) = self.first else { return self };
        Self { first: Target::Lane { lane, position: Some(position) }, ..self }
    }
}

/// Where drawing collects them.
pub(crate) type Hits = Rc<RefCell<Vec<Hit>>>;

/// What is at a place of the screen: what was drawn last covers the rest.
pub(crate) fn at(hits: &[Hit], column: u16, row: u16) -> Option<Target> {
    hits.iter().rev().find_map(|hit| hit.at(column, row))
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;

    use super::{Hit, Target, at};

    #[test]
    fn the_last_drawn_is_above_and_things_side_by_side_are_counted() {
        let cells = Hit::row(Rect::new(7, 3, 24, 1), Target::Cell { position: 5, row: 2 }, 8);
        let panel = Hit::one(Rect::new(20, 0, 10, 10), Target::Panel);
        let hits = [cells, panel];
        assert_eq!(at(&hits, 7, 3), Some(Target::Cell { position: 5, row: 2 }));
        assert_eq!(at(&hits, 15, 3), Some(Target::Cell { position: 6, row: 2 }));
        assert_eq!(at(&hits, 20, 3), Some(Target::Panel));
        assert_eq!(at(&hits, 30, 3), Some(Target::Cell { position: 7, row: 2 }));
        assert_eq!((at(&hits, 6, 3), at(&hits, 31, 3), at(&hits, 7, 4)), (None, None, None));
    }
}
