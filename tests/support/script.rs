//! Keys as they are told: one file drives the made-up model and the real one.
//!
//! Words of a line are keys: `Space`, `Left`, `Shift-Left`, `Ctrl-R`, a character; `*5` behind one presses it five
//! times. `look NAME` is a moment to draw, `see TEXT` (with `|` for or) must be on the screen, `not TEXT` must not,
//! `type TEXT` types a text. `#` begins a comment where it begins a line.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test takes what it needs of this module")]

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    Press(KeyEvent),
    Look(String),
    See(Vec<String>),
    Not(String),
}

/// The steps of a script.
///
/// # Panics
/// If a line cannot be read.
pub fn steps(script: &str) -> Vec<Step> {
    let lines = script.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("# "));
    lines.flat_map(line_steps).collect()
}

fn line_steps(line: &str) -> Vec<Step> {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    match word {
        "look" => vec![Step::Look(rest.into())],
        "see" => vec![Step::See(rest.split('|').map(Into::into).collect())],
        "not" => vec![Step::Not(rest.into())],
        "type" => rest.chars().map(|c| Step::Press(KeyCode::Char(c).into())).collect(),
        _ => line.split_whitespace().flat_map(presses).collect(),
    }
}

fn presses(word: &str) -> Vec<Step> {
    let (key, count) = match word.split_once('*') {
        Some((key, count)) if !key.is_empty() => (key, count.parse().expect("how often")),
        _ => (word, 1),
    };
    vec![Step::Press(key_of(key)); count]
}

fn key_of(name: &str) -> KeyEvent {
    for (prefix, modifier) in
        [("Ctrl-", KeyModifiers::CONTROL), ("Shift-", KeyModifiers::SHIFT), ("Alt-", KeyModifiers::ALT)]
    {
        if let Some(rest) = name.strip_prefix(prefix).filter(|_| name != "Shift-Tab") {
            let KeyEvent { code, modifiers, .. } = key_of(rest);
            // Ctrl-R and Ctrl-r are the same key.
            let code = match code {
                KeyCode::Char(c) if modifier == KeyModifiers::CONTROL => KeyCode::Char(c.to_ascii_lowercase()),
                code => code,
            };
            return KeyEvent::new(code, modifiers | modifier);
        }
    }
    let code = match name {
        "Space" => KeyCode::Char(' '),
        "Enter" => KeyCode::Enter,
        "Esc" => KeyCode::Esc,
        "Tab" => KeyCode::Tab,
        "Shift-Tab" => KeyCode::BackTab,
        "Backspace" => KeyCode::Backspace,
        "Del" => KeyCode::Delete,
        "Up" => KeyCode::Up,
        "Down" => KeyCode::Down,
        "Left" => KeyCode::Left,
        "Right" => KeyCode::Right,
        "Home" => KeyCode::Home,
        "End" => KeyCode::End,
        "PgUp" => KeyCode::PageUp,
        "PgDn" => KeyCode::PageDown,
        "F1" => KeyCode::F(1),
        name => {
            let mut chars = name.chars();
            let key = chars.next().filter(|_| chars.next().is_none());
            KeyCode::Char(key.unwrap_or_else(|| panic!("no key is called {name}")))
        }
    };
    code.into()
}
