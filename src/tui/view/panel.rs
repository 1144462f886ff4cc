//! The panels, in a frame over the middle of the body.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    symbols::border,
    widgets::{Block, Clear, Widget},
};
use tui_input::Input;
use unicode_width::UnicodeWidthStr;

use super::{name, settings};
use crate::tui::{
    hits::{Hit, Target},
    methods::Kind,
    number,
    panel::{Column, Editor, Entry, Palette, Panel, Picker},
    row::{Look, Row, line_of},
    state::State,
    theme::{Role, Theme},
    token_text::{clip, exact},
};

/// Cells of the widest panel.
const WIDEST: u16 = 76;

/// Draws the panel that is open, if there is one; the search has its field in the footer.
pub(super) fn draw(state: &State, look: &Look, area: Rect, buf: &mut Buffer) {
    match &state.panel {
        Some(Panel::Picker(picker)) => {
            let title = format!("token {} / find", picker.position);
            picker_lines(state, look, picker, framed(look, &title, area, buf), buf);
        }
        Some(Panel::Palette(palette)) => palette_lines(state, look, palette, framed(look, "actions", area, buf), buf),
        Some(Panel::Editor(editor)) => editor_lines(state, look, editor, framed(look, "prompt", area, buf), buf),
        Some(Panel::Settings(panel)) => settings::draw(state, look, panel, area, buf),
        Some(Panel::Model) => super::model::draw(state, look, framed(look, "model", area, buf), buf),
        Some(Panel::Search(_) | Panel::Count(_) | Panel::Question(_)) | None => {}
    }
}

/// Draws the frame and gives what is in it.
pub(super) fn framed(look: &Look, title: &str, area: Rect, buf: &mut Buffer) -> Rect {
    const ASCII: border::Set<'static> = border::Set {
        top_left: "+",
        top_right: "+",
        bottom_left: "+",
        bottom_right: "+",
        vertical_left: "|",
        vertical_right: "|",
        horizontal_top: "-",
        horizontal_bottom: "-",
    };
    let width = area.width.min(WIDEST);
    let area = Rect { x: area.x + (area.width - width) / 2, width, ..area };
    Clear.render(area, buf);
    buf.set_style(area, look.theme.ground());
    look.hit(Hit::one(area, Target::Panel));
    let set = if look.marks.ascii { ASCII } else { border::PLAIN };
    let block = Block::bordered().border_set(set).title(format!(" {title} "));
    let inner = block.inner(area);
    block.render(area, buf);
    inner
}

/// A field with its cursor, from a column on.
pub(super) fn field(input: &Input, label: &str, look: &Look, area: Rect, buf: &mut Buffer) {
    let start = label.width() + 1;
    let room = usize::from(area.width).saturating_sub(start + 1).max(1);
    let scroll = input.visual_scroll(room);
    // No text is no token: it would be shown as one.
    let text = Some(input.value()).filter(|text| !text.is_empty());
    let visible = text.map_or(String::new(), |text| exact(text.as_bytes(), false, &look.marks));
    let visible = visible.replace(look.marks.space, " ");
    let shown: String = visible.chars().skip(scroll).collect();
    let mut row = Row::new(look);
    row.put(format!("{label} "), Role::Strong).put(clip(&shown, room, &look.marks), Role::Plain);
    row.draw(area, buf, Style::default());
    let x = start + input.visual_cursor().saturating_sub(scroll);
    let cell = Rect { x: area.x + u16::try_from(x).unwrap_or(0).min(area.width.saturating_sub(1)), width: 1, ..area };
    buf.set_style(cell.intersection(area), Theme::cursor());
}

/// Says where the n-th thing of a list is.
fn hit(look: &Look, n: usize, row: usize, area: Rect) {
    if let Some(line) = line_of(area, row) {
        look.hit(Hit::one(line, Target::Listed(n)));
    }
}

pub(super) fn put(row: Row<'_>, n: usize, area: Rect, buf: &mut Buffer, over: Style) {
    if let Some(area) = line_of(area, n) {
        row.draw(area, buf, over);
    }
}

fn picker_lines(state: &State, look: &Look, picker: &Picker, area: Rect, buf: &mut Buffer) {
    let Some(card) = &state.card else { return };
    let exit = card.exits.get(picker.exit).map_or(String::new(), |exit| name::exit(*exit));
    let contrasted = match Kind::of(&state.decoding.method) {
        Kind::Original | Kind::Exit | Kind::Contrast => name::pair(&state.pair, look),
        // No more cells than a probability has.
        Kind::Expression => "expr".into(),
        kind => kind.name().into(),
    };
    let heads = [exit, "original".into(), contrasted, "drawn".into(), "best".into()];
    let columns = |n: usize| 35 + 9 * n;
    let mut head = Row::new(look);
    head.put("    #  token", Role::Faint).right("id", 26, Role::Faint);
    for (n, (title, column)) in heads.iter().zip(Column::ALL).enumerate() {
        head.right(title.clone(), columns(n), if column == picker.sort { Role::Strong } else { Role::Faint });
    }
    put(head, 0, area, buf, Style::default());
    let rows = usize::from(area.height).saturating_sub(4);
    if picker.vocabulary.is_none() {
        let mut row = Row::new(look);
        row.put(" reading the vocabulary", Role::Faint);
        put(row, 1, area, buf, Style::default());
    }
    let first = (picker.selected + 1).saturating_sub(rows);
    let stands = state.text.get(picker.position).map(|token| token.id).or_else(|| state.ghost());
    for (n, id) in picker.listed.iter().enumerate().skip(first).take(rows) {
        let mut row = Row::new(look);
        row.right((n + 1).to_string(), 5, Role::Faint);
        let mark = if Some(*id) == stands { look.marks.token } else { ' ' };
        row.put(format!(" {mark}"), Role::Token).put(name::clipped(card, *id, 12, look), Role::Plain);
        row.right(id.0.to_string(), 26, Role::Faint);
        for (n, column) in Column::ALL.into_iter().take(heads.len()).enumerate() {
            let shown = match (column, picker.ln_p(column, *id)) {
                // Never, and always: no rounding says so.
                (Column::Drawn, f32::NEG_INFINITY) => "0".into(),
                (Column::Drawn, 0.0) => "1".into(),
                (_, ln_p) => number::p6(ln_p.exp()),
            };
            row.right(shown, columns(n), Role::Plain);
        }
        hit(look, n, 1 + n - first, area);
        put(row, 1 + n - first, area, buf, if n == picker.selected { Theme::cursor() } else { Style::default() });
    }
    let bottom = usize::from(area.height).saturating_sub(3);
    if let Some(id) = picker.listed.get(picker.selected) {
        let bytes: Vec<String> = card.bytes_of(*id).iter().map(|b| format!("{b:02X}")).collect();
        let best = picker.vocabulary.as_ref().and_then(|v| v.best_exit(*id)).and_then(|(row, _)| card.exits.get(row));
        let mut row = Row::new(look);
        row.put(format!(" bytes {}", clip(&bytes.join(" "), 40, &look.marks)), Role::Faint);
        row.put(best.map_or(String::new(), |exit| format!("   best at {}", name::exit(*exit))), Role::Faint);
        put(row, bottom, area, buf, Style::default());
    }
    if let Some(area) = line_of(area, bottom + 1) {
        let label = if picker.typing { " find" } else { " / find" };
        field(&picker.filter, label, look, area, buf);
    }
    let [updown, leftright] = look.marks.keys;
    let mut row = Row::new(look);
    let typed = if picker.typing { "Tab leaves the field" } else { "p pin  / find" };
    row.put(format!(" {updown} move  {leftright} sort  Enter take it  {typed}  Esc close"), Role::Faint);
    put(row, bottom + 2, area, buf, Style::default());
}

/// Cells of an action's name.
const NAME: usize = 24;

fn palette_lines(state: &State, look: &Look, palette: &Palette, area: Rect, buf: &mut Buffer) {
    if let Some(area) = line_of(area, 0) {
        field(&palette.filter, " :", look, area, buf);
    }
    let rows = usize::from(area.height).saturating_sub(1);
    let first = (palette.selected + 1).saturating_sub(rows);
    for (n, entry) in palette.listed().into_iter().enumerate().skip(first).take(rows) {
        let (name, does, shown) = match entry {
            Entry::Action(binding) => {
                let (shown, does) = super::help::words(state, binding, look);
                (binding.name, does, shown)
            }
            Entry::Command(command) => (command.name, command.does.to_owned(), command.arguments.to_owned()),
        };
        let mut row = Row::new(look);
        row.put(format!(" {name}"), Role::Strong).to(NAME);
        let room = usize::from(area.width).saturating_sub(NAME + shown.width() + 3);
        row.put(clip(&does, room, &look.marks), Role::Plain);
        row.right(shown, usize::from(area.width) - 1, Role::Faint);
        hit(look, n, 1 + n - first, area);
        put(row, 1 + n - first, area, buf, if n == palette.selected { Theme::cursor() } else { Style::default() });
    }
}

fn editor_lines(state: &State, look: &Look, editor: &Editor, area: Rect, buf: &mut Buffer) {
    let Some(card) = &state.card else { return };
    if let Some(area) = line_of(area, 0) {
        field(&editor.field, " text", look, area, buf);
    }
    if let Some(end) = card.end_of_text {
        let mut row = Row::new(look);
        row.put(if editor.start.is_some() { " [x]" } else { " [ ]" }, Role::Strong);
        row.put(format!(" start with {}", name::token(card, end, look)), Role::Plain);
        put(row, 1, area, buf, Style::default());
    }
    let count = match editor.ids() {
        Some(Ok(ids)) if ids.len() > card.context => {
            format!(" {} of {} tokens, {} too many", ids.len(), card.context, ids.len() - card.context)
        }
        Some(Ok(ids)) => format!(" {} of {} tokens", ids.len(), card.context),
        Some(Err(reason)) => format!(" {reason}"),
        None => " counting".into(),
    };
    let mut row = Row::new(look);
    row.put(count, Role::Faint);
    put(row, 2, area, buf, Style::default());
    let room = usize::from(area.height).saturating_sub(5);
    let mut line = Row::new(look);
    let mut n = 0;
    // The end is what is being typed: of a long prompt the last lines are shown.
    let ids = editor.ids().and_then(Result::ok).unwrap_or_default();
    let shown: Vec<String> = ids.iter().map(|id| clip(&name::token_and_id(card, *id, look), 30, &look.marks)).collect();
    let width = usize::from(area.width);
    let mut lines = 1;
    let mut used = 0;
    let start = shown.iter().rev().position(|text| {
        used += text.width() + 3;
        if used > width {
            (lines, used) = (lines + 1, text.width() + 3);
        }
        lines > room
    });
    for text in &shown[start.map_or(0, |from_end| shown.len() - from_end)..] {
        if line.width() + text.width() + 3 > width {
            put(std::mem::replace(&mut line, Row::new(look)), 3 + n, area, buf, Style::default());
            n += 1;
        }
        line.put(format!(" {}", look.marks.settled), Role::Faint).put(text.clone(), Role::Plain).put(" ", Role::Plain);
    }
    put(line, 3 + n, area, buf, Style::default());
    let mut row = Row::new(look);
    row.put(" Enter use it, the old text stays  Ctrl-J new line  Tab start  Esc", Role::Faint);
    put(row, usize::from(area.height).saturating_sub(1), area, buf, Style::default());
}
