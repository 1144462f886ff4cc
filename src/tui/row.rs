//! One line of the screen, put together from the left; whatever would leave its width is cut.

use std::{ops::Range, rc::Rc};

use super::{
    marks::Marks,
    theme::{Role, Theme},
    token_text::cells,
};
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

use super::{
    display::Display,
    hits::{Hit, Hits},
    number::Units,
    theme::Depth,
};

/// Signs, styles and units: what every view draws with.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    pub(crate) marks: Marks,
    pub(crate) theme: Theme,
    pub(crate) units: Units,
    /// Token ids in place of text.
    pub(crate) ids: bool,
    /// Where drawing says what can be clicked, while the mouse is on.
    hits: Option<Hits>,
}

impl Look {
    /// What a terminal can show, before the user's likings are known.
    pub(crate) fn new(marks: &Marks, depth: Depth) -> Self {
        let Display { theme, units, ids, .. } = Display::default();
        Self { marks: *marks, theme: Theme { depth, name: theme }, units, ids, hits: None }
    }

    /// The same terminal, as the user likes it.
    pub(crate) fn liked(&self, display: Display, hits: &Hits) -> Self {
        let hits = display.mouse.then(|| Rc::clone(hits));
        let theme = Theme { name: display.theme, ..self.theme };
        Self { theme, units: display.units, ids: display.ids, hits, marks: self.marks }
    }

    /// The same, its hits put aside, and where they come.
    pub(crate) fn apart(&self) -> (Self, Hits) {
        let hits = Hits::default();
        (Self { hits: self.hits.is_some().then(|| Rc::clone(&hits)), ..self.clone() }, hits)
    }

    /// Says what can be clicked in an area.
    pub(crate) fn hit(&self, hit: Hit) {
        if let Some(hits) = &self.hits {
            hits.borrow_mut().push(hit);
        }
    }
}

/// A line under construction.
pub(crate) struct Row<'l> {
    look: &'l Look,
    spans: Vec<Span<'static>>,
    width: usize,
}

impl<'l> Row<'l> {
    pub(crate) fn new(look: &'l Look) -> Self {
        Self { look, spans: Vec::new(), width: 0 }
    }

    /// How many cells there are so far.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Appends text.
    pub(crate) fn put(&mut self, text: impl Into<String>, role: Role) -> &mut Self {
        let text = text.into();
        self.width += cells(&text);
        self.spans.push(Span::styled(text, self.look.theme.style(role)));
        self
    }

    /// Appends text in a style of its own.
    pub(crate) fn styled(&mut self, text: String, style: Style) -> &mut Self {
        self.width += cells(&text);
        self.spans.push(Span::styled(text, style));
        self
    }

    /// Fills up with blanks to a column.
    pub(crate) fn to(&mut self, column: usize) -> &mut Self {
        if column > self.width {
            self.put(" ".repeat(column - self.width), Role::Plain);
        }
        self
    }

    /// Appends text so that it ends before a column.
    pub(crate) fn right(&mut self, text: impl Into<String>, column: usize, role: Role) -> &mut Self {
        let text = text.into();
        let start = column.saturating_sub(cells(&text));
        self.to(start).put(text, role)
    }

    /// Fills up with a rule to a column.
    pub(crate) fn rule(&mut self, column: usize) -> &mut Self {
        if column > self.width {
            self.put(self.look.marks.rule.to_string().repeat(column - self.width), Role::Faint);
        }
        self
    }

    /// Appends a rule of so many cells.
    pub(crate) fn dash(&mut self, cells: usize) -> &mut Self {
        self.rule(self.width + cells)
    }

    /// Draws the line into the first row of an area, if it has one, `over` laid over all of it.
    pub(crate) fn draw(self, area: Rect, buf: &mut Buffer, over: Style) {
        if area.is_empty() {
            return;
        }
        buf.set_line(area.x, area.y, &Line::from(self.spans), area.width);
        buf.set_style(Rect { height: 1, ..area }, over);
    }
}

/// Which of `count` things are shown where there is room for fewer: as far from the start as keeps the cursor's.
pub(crate) fn window(count: usize, room: usize, cursor: usize) -> Range<usize> {
    let room = room.min(count);
    // In the middle, so that what is left out on both sides is as near.
    let first = cursor.saturating_sub(room / 2).min(count - room);
    first..first + room
}

/// The first columns of an area, and the others.
pub(crate) fn split_columns(area: Rect, width: usize) -> (Rect, Rect) {
    let width = u16::try_from(width).unwrap_or(u16::MAX).min(area.width);
    (Rect { width, ..area }, Rect { x: area.x + width, width: area.width - width, ..area })
}

/// The first rows of an area, and the others.
pub(crate) fn split_rows(area: Rect, height: usize) -> (Rect, Rect) {
    let height = u16::try_from(height).unwrap_or(u16::MAX).min(area.height);
    (Rect { height, ..area }, Rect { y: area.y + height, height: area.height - height, ..area })
}

/// The n-th row of an area, if it has one.
pub(crate) fn line_of(area: Rect, n: usize) -> Option<Rect> {
    let n = u16::try_from(n).ok().filter(|n| *n < area.height)?;
    Some(Rect { y: area.y + n, height: 1, ..area })
}
