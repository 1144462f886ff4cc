//! A drawn screen, cell by cell, and what JSON should look like on it.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test takes what it needs of this module")]

use ratatui::buffer::Buffer;
use serde_json::Value;
use unicode_width::UnicodeWidthChar;

use crate::demo_screen::{DemoScreen, lines};

pub struct Screen(Buffer);

impl Screen {
    pub fn of(screen: &DemoScreen) -> Self {
        Self(screen.draw())
    }

    pub fn text(&self) -> String {
        lines(&self.0).join("\n")
    }

    /// The first row with a text.
    ///
    /// # Panics
    /// If there is none.
    pub fn row_with(&self, text: &str) -> usize {
        let found = lines(&self.0).iter().position(|line| line.contains(text));
        found.unwrap_or_else(|| panic!("{text:?} is not on\n{}", self.text()))
    }

    pub fn line_with(&self, text: &str) -> String {
        lines(&self.0).remove(self.row_with(text))
    }

    /// The first line with a text below a row.
    ///
    /// # Panics
    /// If there is none.
    pub fn line_below(&self, row: usize, text: &str) -> String {
        let found = lines(&self.0).into_iter().skip(row + 1).find(|line| line.contains(text));
        found.unwrap_or_else(|| panic!("{text:?} is not on\n{}", self.text()))
    }

    /// Cells of a row.
    pub fn cells(&self, row: usize, from: usize, to: usize) -> String {
        let cell = |n: usize| u16::try_from(n).expect("small");
        (from..to).map(|x| self.0[(cell(x), cell(row))].symbol()).collect()
    }
}

/// A number of the JSON, as exact as it was.
#[expect(clippy::cast_possible_truncation, reason = "it was an f32")]
pub fn f(value: &Value) -> f32 {
    value.as_f64().expect("a number") as f32
}

pub fn int(value: &Value) -> u32 {
    value.as_u64().and_then(|n| u32::try_from(n).ok()).expect("a whole number")
}

/// How a token of plain text is shown in so many cells.
pub fn token(token: &Value, width: usize) -> String {
    let text = token["text"].as_str().expect("a text");
    assert!(text.chars().all(|c| c.width() == Some(1) || c == '\n'), "{text:?} needs more than this");
    let shown = text.replace('\n', "⏎").replace(' ', "␣");
    if shown.chars().count() <= width { shown } else { shown.chars().take(width - 1).chain(['…']).collect() }
}
