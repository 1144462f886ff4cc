//! The help: this view's keys, what the marks mean, then all keys, from the one table.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::hints;
use crate::tui::{
    keymap::{Action, Binding},
    marks::UNICODE,
    row::{Look, Row, line_of},
    state::State,
    theme::{Depth, Role},
    token_text::clip,
};

/// Cells of a column of keys.
const COLUMN: usize = 40;
/// Cells of the keys themselves.
const KEYS: usize = 13;

/// How many pages the help has in an area.
pub(crate) fn pages(state: &State, width: usize, height: usize) -> usize {
    // How many lines there are does not depend on the signs.
    lines(state, &Look::new(&UNICODE, Depth::None), width).len().div_ceil(height.max(1)).max(1)
}

/// Draws a page (from 1) over the body.
pub(super) fn draw(state: &State, look: &Look, area: Rect, buf: &mut Buffer) {
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    let lines = lines(state, look, width);
    // The window may have grown since the page was opened.
    let last = lines.len().div_ceil(height.max(1)).max(1);
    let page = state.help.clamp(1, last);
    for (n, row) in lines.into_iter().skip((page - 1) * height).take(height).enumerate() {
        if let Some(area) = line_of(area, n) {
            row.draw(area, buf, Style::default());
        }
    }
}

fn lines<'l>(state: &State, look: &'l Look, width: usize) -> Vec<Row<'l>> {
    let title = |text: String| {
        let mut row = Row::new(look);
        row.rule(1).put(format!(" {text} "), Role::Plain).rule(width);
        row
    };
    let mut lines = vec![title(format!("keys of {}", state.view.name()))];
    lines.extend(columns(of_view(state, look), look, width));
    lines.push(title("marks".into()));
    lines.extend(marks(state, look).into_iter().map(|(sign, meaning)| {
        let mut row = Row::new(look);
        row.put(" ", Role::Plain).put(sign, Role::Strong).to(KEYS).put(meaning, Role::Plain);
        row
    }));
    lines.push(title("all keys".into()));
    let all = state.keys.rows().map(|(binding, _)| words(state, binding, look));
    lines.extend(columns(all.filter(|(keys, _)| !keys.is_empty()).collect(), look, width));
    lines
}

/// What the footer hints at, with all that it has no room for, and the actions of this view alone.
fn of_view(state: &State, look: &Look) -> Vec<(String, String)> {
    let hints = hints::of_view(state.view);
    let hinted = |action: Action| hints.iter().any(|hint| hint.tells(action));
    let more = state.keys.rows().filter(|(b, keys)| b.is_of(state.view) && !hinted(b.action) && !keys.is_empty());
    let more: Vec<_> = more.map(|(binding, _)| words(state, binding, look)).collect();
    hints.iter().filter_map(|hint| hint.words(state, look)).chain(more).collect()
}

fn columns(entries: Vec<(String, String)>, look: &Look, width: usize) -> Vec<Row<'_>> {
    let columns = (width / COLUMN).max(1);
    let line = |entries: &[(String, String)]| {
        let mut row = Row::new(look);
        for (n, (keys, does)) in entries.iter().enumerate() {
            let x = n * COLUMN;
            row.to(x).put(" ", Role::Plain).put(clip(keys, KEYS - 2, &look.marks), Role::Strong).to(x + KEYS);
            row.put(clip(does, COLUMN - KEYS - 1, &look.marks), Role::Plain);
        }
        row
    };
    entries.chunks(columns).map(line).collect()
}

/// Keys and meaning of a row of the table, in the signs that the terminal shows.
pub(super) fn words(state: &State, binding: &Binding, look: &Look) -> (String, String) {
    (state.keys.shown(binding.action, look.marks.ascii), binding.does.replace('α', look.marks.alpha))
}

fn marks(state: &State, look: &Look) -> Vec<(String, String)> {
    let m = &look.marks;
    let pair = |sign: String, meaning: &str| (sign, meaning.to_owned());
    vec![
        pair("position".into(), "p: how the token at p is chosen, from those before it"),
        pair("exit k".into(), "the model read out after block k; original: its own output"),
        pair(
            format!("{}", m.token),
            &format!("the token in the text; at the end, the one that {} takes", state.key(Action::Take)),
        ),
        pair(format!("{} {}", m.decided, m.settled), "the exit that decided: from it upwards the top token stays"),
        pair("a b c".into(), "letters name the distinct top tokens; a is original's"),
        pair(format!("E A  {}", m.changed), "expert, amateur; the contrast changed the choice"),
        pair("~".into(), "the present decoding would take another token than the text has"),
        pair(
            format!("H KL {}", m.tau),
            &format!("entropy, KL(original || exit), {}; threshold of plausibility", look.units.name()),
        ),
    ]
}
