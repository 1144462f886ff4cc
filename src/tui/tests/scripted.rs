//! A screen over the made-up model, driven by keys as they are told in scripts.

use ratatui::{buffer::Buffer, crossterm::event::Event, layout::Rect};

use crate::tui::{
    app,
    hits::Hit,
    marks::{ASCII, Marks, UNICODE},
    moves,
    row::Look,
    state::State,
    tests::fake::{answer_all, id, opened},
    tests::picture::text,
    theme::Depth,
    view,
};

#[path = "../../../tests/support/script.rs"]
mod script;

use script::Step;

/// The state, and how it is looked at.
pub(super) struct Stage {
    pub(super) state: State,
    look: Look,
    /// Whether what a script says can be seen is looked for.
    pub(super) checks: bool,
}

impl Stage {
    /// Opened and answered, in true colour.
    pub(super) fn new(window: (u16, u16)) -> Self {
        let mut state = opened();
        state.window = window;
        answer_all(&mut state);
        Self { state, look: Look::new(&UNICODE, Depth::True), checks: true }
    }

    /// Looked at with fewer colours, or ASCII.
    pub(super) fn with(mut self, depth: Depth, ascii: bool) -> Self {
        let marks: Marks = if ascii { ASCII } else { UNICODE };
        self.look = Look::new(&marks, depth);
        self
    }

    /// Presses the keys of a script; gives what was drawn where it looks.
    pub(super) fn play(&mut self, script: &str) -> Vec<(String, Buffer)> {
        let mut looks = Vec::new();
        for step in script::steps(script) {
            match step {
                Step::Press(key) => {
                    app::take_in(&mut self.state, Event::Key(key));
                    answer_all(&mut self.state);
                }
                Step::Look(name) => looks.push((name, self.draw())),
                Step::See(_) | Step::Not(_) if !self.checks => {}
                Step::See(any) => {
                    let screen = self.screen();
                    assert!(any.iter().any(|text| screen.contains(text.as_str())), "{any:?} is not on\n{screen}");
                }
                Step::Not(text) => assert!(!self.screen().contains(&text), "{text} is on\n{}", self.screen()),
            }
        }
        looks
    }

    /// Takes a word at the cursor, as the picker does.
    pub(super) fn force(&mut self, word: &str) {
        let position = self.state.position;
        moves::force(&mut self.state, position, id(word));
        answer_all(&mut self.state);
    }

    pub(super) fn draw(&self) -> Buffer {
        let (width, height) = self.state.window;
        let area = Rect::new(0, 0, width, height);
        let mut buf = Buffer::empty(area);
        view::draw(&self.state, &self.look, area, &mut buf);
        buf
    }

    /// What can be clicked.
    pub(super) fn hits(&self) -> Vec<Hit> {
        let (width, height) = self.state.window;
        let area = Rect::new(0, 0, width, height);
        view::draw(&self.state, &self.look, area, &mut Buffer::empty(area))
    }

    /// The screen as text.
    pub(super) fn screen(&self) -> String {
        text(&self.draw())
    }
}

/// The line with a text in it.
pub(super) fn shown<'s>(screen: &'s str, text: &str) -> Option<&'s str> {
    screen.lines().find(|line| line.contains(text))
}
