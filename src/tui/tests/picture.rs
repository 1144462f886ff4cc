//! Pictures of a state, as cells and as text.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::tui::{
    marks::{Marks, UNICODE},
    row::Look,
    state::State,
    tests::fake::{answer_all, opened},
    theme::Depth,
    view,
};

/// A screen just opened on the prompt, everything answered.
pub(super) fn ready() -> State {
    let mut state = opened();
    answer_all(&mut state);
    state
}

/// What is drawn in a window.
pub(super) fn buffer(state: &State, marks: &Marks, depth: Depth, (width, height): (u16, u16)) -> Buffer {
    let area = Rect::new(0, 0, width, height);
    let mut buf = Buffer::empty(area);
    view::draw(state, &Look::new(marks, depth), area, &mut buf);
    buf
}

/// The lines of a buffer.
pub(super) fn text(buf: &Buffer) -> String {
    let line = |y: u16| (0..buf.area.width).map(|x| buf[(x, y)].symbol()).collect::<String>();
    (0..buf.area.height).map(|y| line(y).trim_end().to_owned() + "\n").collect()
}

/// The screen in true colour, as text.
pub(super) fn screen(state: &State, width: u16, height: u16) -> String {
    text(&buffer(state, &UNICODE, Depth::True, (width, height)))
}
