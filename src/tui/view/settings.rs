//! The panel of the decoding: its fields, an expression with what is wrong with it, and what comes of it all.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{effect, model::wrapped, panel};
use crate::session::trace::Expression;
use crate::tui::{
    hits::{Hit, Target},
    methods::Kind,
    row::{Look, Row, line_of},
    settings::{Field, Settings},
    state::State,
    theme::{Role, Theme},
    token_text::clip,
};

/// Cells of the panel, and where there is room for all methods, or an expression needs it.
const CELLS: u16 = 46;
const WIDE: u16 = 67;
/// From this width on there is room.
const ROOMY: u16 = 110;
/// Rows below the fields: a rule, what comes of them, keys.
const EFFECT: usize = effect::ROWS + 2;
/// Where the values stand.
const VALUES: usize = 15;

/// Draws the panel over the body.
pub(super) fn draw(state: &State, look: &Look, settings: &Settings, area: Rect, buf: &mut Buffer) {
    // A line that is free is for what is wrong with an expression: the panel stays where it is.
    let wanted = Field::all(state).len() + EFFECT + 3;
    let height = u16::try_from(wanted).unwrap_or(u16::MAX).min(area.height);
    let is_wide = area.width >= ROOMY || Kind::of(&state.decoding.method) == Kind::Expression;
    let width = if is_wide { WIDE } else { CELLS }.min(area.width);
    // To the right, so that text and table are seen while values change.
    let area = Rect { x: area.right() - width, width, y: area.bottom() - height, height };
    let inner = panel::framed(look, "decoding and sampling", area, buf);
    fields(state, look, settings, inner, buf);
    let bottom = usize::from(inner.height).saturating_sub(EFFECT);
    let mut rule = Row::new(look);
    // While what is written is none, what may be written is of more use than what the last one does.
    let is_bad = state.methods.bad.is_some() && Kind::of(&state.decoding.method) == Kind::Expression;
    let (title, rows) = if is_bad {
        (" expected ", expected(look, usize::from(inner.width)))
    } else {
        (" with this ", effect::rows(state, look))
    };
    rule.rule(1).put(title, Role::Faint).rule(usize::from(inner.width));
    panel::put(rule, bottom, inner, buf, Style::default());
    for (n, row) in rows.into_iter().enumerate() {
        panel::put(row, bottom + 1 + n, inner, buf, Style::default());
    }
    let [updown, leftright] = look.marks.keys;
    let mut row = Row::new(look);
    row.put(format!(" {updown} field  {leftright} change  Enter keep  Esc undo"), Role::Faint);
    panel::put(row, bottom + EFFECT - 1, inner, buf, Style::default());
}

/// The fields, as far as there is room above what comes of them; the selected one is always among them.
fn fields(state: &State, look: &Look, settings: &Settings, area: Rect, buf: &mut Buffer) {
    let all = Field::all(state);
    let selected = settings.selected.min(all.len().saturating_sub(1));
    let mut lines: Vec<(Option<usize>, Row<'_>)> = Vec::new();
    for (n, field) in all.iter().enumerate() {
        lines.push((Some(n), line(state, look, *field, n == selected, area)));
        if let (Field::Expression, Some(row)) = (field, wrong(state, look, area)) {
            lines.push((None, row));
        }
    }
    let room = usize::from(area.height).saturating_sub(EFFECT).max(1);
    // With what is wrong with it, where it is an expression.
    let place = lines.iter().rposition(|(n, _)| *n == Some(selected)).unwrap_or(0);
    let end = lines.get(place + 1).map_or(place, |(n, _)| place + usize::from(n.is_none()));
    let first = (end + 1).saturating_sub(room).min(place);
    for (place, (n, row)) in lines.into_iter().skip(first).take(room).enumerate() {
        if let (Some(n), Some(line)) = (n, line_of(area, place)) {
            look.hit(Hit::one(line, Target::Listed(n)));
        }
        let is_selected = n == Some(selected);
        let is_typed = is_selected && all[selected] == Field::Expression;
        panel::put(row, place, area, buf, if is_selected && !is_typed { Theme::cursor() } else { Style::default() });
        if is_typed {
            cursor(state, area, place, buf);
        }
    }
}

fn line<'l>(state: &State, look: &'l Look, field: Field, is_selected: bool, area: Rect) -> Row<'l> {
    let mut row = Row::new(look);
    row.put(if is_selected { " >" } else { "  " }, Role::Strong);
    row.put(field.name().replace('α', look.marks.alpha).replace('β', look.marks.beta), Role::Plain);
    let value = match field {
        Field::Expression => {
            let written: String = state.methods.field.value().chars().skip(scroll(state, area)).collect();
            clip(&cells(&written, look), room(area), &look.marks)
        }
        Field::Decode if VALUES + field.value(state).width() > usize::from(area.width) => {
            // Where there is no room for all of them: the one in force between its neighbours.
            let place = Kind::ALL.iter().position(|kind| *kind == Kind::of(&state.decoding.method)).unwrap_or(0);
            let name =
                |place: Option<usize>| place.and_then(|place| Kind::ALL.get(place)).map_or("", |kind| kind.name());
            let [before, own, after] = [name(place.checked_sub(1)), name(Some(place)), name(Some(place + 1))];
            let more = |there: bool| if there { look.marks.clip.to_string() } else { String::new() };
            let [left, right] = [more(place > 1), more(place + 2 < Kind::ALL.len())];
            format!("{left} {before} [{own}] {after} {right}").trim().to_owned()
        }
        _ => field.value(state),
    };
    row.to(VALUES).put(value, Role::Strong);
    row
}

/// A cell for each character, whatever was pasted: columns are counted in characters.
fn cells(text: &str, look: &Look) -> String {
    let cell = |c: char| match c {
        'α' => look.marks.alpha.to_owned(),
        c if c.width() != Some(1) || (look.marks.ascii && !c.is_ascii()) => "?".into(),
        c => c.to_string(),
    };
    text.chars().map(cell).collect()
}

/// Cells of the expression's field.
fn room(area: Rect) -> usize {
    usize::from(area.width).saturating_sub(VALUES + 1).max(1)
}

fn scroll(state: &State, area: Rect) -> usize {
    state.methods.field.visual_scroll(room(area))
}

fn cursor(state: &State, area: Rect, place: usize, buf: &mut Buffer) {
    let column = VALUES + state.methods.field.visual_cursor().saturating_sub(scroll(state, area));
    if let Some(line) = line_of(area, place) {
        let cell =
            Rect { x: line.x + u16::try_from(column).unwrap_or(0).min(line.width.saturating_sub(1)), width: 1, ..line };
        buf.set_style(cell, Theme::cursor());
    }
}

/// What an expression may have.
fn expected(look: &Look, width: usize) -> Vec<Row<'_>> {
    let lines = wrapped(Expression::EXPECTED, width.saturating_sub(2));
    let row = |line: String| {
        let mut row = Row::new(look);
        row.put(format!(" {line}"), Role::Plain);
        row
    };
    lines.into_iter().take(effect::ROWS).map(row).collect()
}

/// What is wrong with the expression, its column marked.
fn wrong<'l>(state: &State, look: &'l Look, area: Rect) -> Option<Row<'l>> {
    let bad = state.methods.bad.as_ref()?;
    let mark = VALUES + (bad.column - 1).saturating_sub(scroll(state, area)).min(room(area));
    let mut row = Row::new(look);
    let (what, after) = (cells(&bad.what, look), usize::from(area.width).saturating_sub(mark + 2));
    if what.width() <= after || after + VALUES >= mark {
        row.to(mark).put("^ ", Role::Changed).put(clip(&what, after, &look.marks), Role::Changed);
    } else {
        // To the left, where there is more room.
        let what = clip(&what, mark.saturating_sub(3), &look.marks);
        row.to(mark.saturating_sub(what.width() + 1)).put(what, Role::Changed).put(" ^", Role::Changed);
    }
    Some(row)
}
