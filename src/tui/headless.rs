//! The screen without a terminal: benches, tests over a real model and pictures drive it as the loop does.

use ratatui::{buffer::Buffer, crossterm::event, layout::Rect};

use super::{
    app, hearing,
    keeping::ModelState,
    marks::{ASCII, UNICODE},
    panel::Panel,
    row::Look,
    state::{State, Wish},
    theme::Depth,
    view,
};
use crate::session::{
    protocol::{Event, Query},
    saved::Saved,
};

/// A screen of a fixed size.
pub struct Headless {
    state: State,
    look: Look,
}

impl Headless {
    /// Before the model is open: in true colour, or with ASCII signs and no colour.
    #[must_use]
    pub fn new((width, height): (u16, u16), ascii: bool) -> Self {
        let mut state = State::new("a model".into(), Wish::default());
        state.window = (width, height);
        let (marks, depth) = if ascii { (ASCII, Depth::None) } else { (UNICODE, Depth::True) };
        Self { state, look: Look::new(&marks, depth) }
    }

    /// The next thing to ask the engine, if there is any.
    pub fn next_query(&mut self) -> Option<Query> {
        self.state.next_query()
    }

    /// Whether no answer is being waited for.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.state.asked.is_none()
    }

    /// The text whose tokens are wanted, if there is any.
    pub fn next_text(&mut self) -> Option<String> {
        let Some(Panel::Editor(editor)) = &mut self.state.panel else { return None };
        editor.next_text()
    }

    /// Bytes of what is known about the tokens of all texts.
    #[must_use]
    pub fn trace_bytes(&self) -> usize {
        self.state.trace_bytes()
    }

    /// Takes in what the engine answers.
    pub fn hear(&mut self, event: Event) {
        hearing::hear(&mut self.state, event);
    }

    /// Takes in a key, a pasted text, or a click.
    pub fn press(&mut self, event: event::Event) {
        if let event::Event::Mouse(_) = event {
            // The picture that was clicked on.
            let area = Rect::new(0, 0, self.state.window.0, self.state.window.1);
            self.state.hits = view::draw(&self.state, &self.look, area, &mut Buffer::empty(area));
        }
        app::take_in(&mut self.state, event);
    }

    /// The session as it is saved; `None` while there is no text.
    #[must_use]
    pub fn save(&self) -> Option<Saved> {
        self.state.saved()
    }

    /// Shows a saved session. Until its model is heard to be open there is none.
    pub fn open(&mut self, saved: Saved) {
        self.state.keeping.model = ModelState::Coming;
        self.state.restore(saved, Some("session.mexit".into()));
    }

    /// The picture of this moment.
    #[must_use]
    pub fn draw(&self) -> Buffer {
        let area = Rect::new(0, 0, self.state.window.0, self.state.window.1);
        let mut buf = Buffer::empty(area);
        view::draw(&self.state, &self.look, area, &mut buf);
        buf
    }
}
