//! What the contrast does at this position: three rows below the table, or a panel beside it.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::{name, scores, table};
use crate::{
    session::{
        protocol::ModelCard,
        reading::Reading,
        trace::{ALPHAS, ContrastTrace, Contrasted, Method, ScoreTrace, StepTrace},
    },
    tui::{
        keymap::Action,
        methods::Kind,
        number::{self, Units},
        row::{Look, Row, line_of},
        state::State,
        theme::Role,
    },
};

/// Draws the contrast into its area.
pub(super) fn draw(state: &State, look: &Look, area: Rect, is_wide: bool, buf: &mut Buffer) {
    let (Some(card), Some((trace, reading))) = (&state.card, state.shown()) else { return };
    let Some(contrast) = scores::shown(state, trace) else { return nothing(state, look, area, is_wide, buf) };
    let scores = scores::deciding(state, trace);
    let view = View { state, card, trace, reading: &reading, contrast: &contrast, scores, look };
    let rows = if is_wide { view.panel(usize::from(area.width), usize::from(area.height)) } else { view.below(area) };
    for (n, row) in rows.into_iter().enumerate() {
        if let Some(area) = line_of(area, n) {
            row.draw(area, buf, Style::default());
        }
    }
}

/// What there would be, and why there is nothing to show.
fn nothing(state: &State, look: &Look, area: Rect, is_wide: bool, buf: &mut Buffer) {
    let Some(area) = line_of(area, 0) else { return };
    let Some(method) = state.methods.method(state.contrasting(), state) else { return };
    let is_off = matches!(state.decoding.method, Method::Exit(_));
    let why = match (state.has_model(), is_off) {
        (false, _) => "needs the model".into(),
        (true, true) => format!("off: {} turns it on", state.key(Action::Contrast)),
        (true, false) => return,
    };
    let mut row = Row::new(look);
    let title = name::method(&method, look);
    if is_wide {
        row.put(format!("{} ", look.marks.column), Role::Faint)
            .put(title, Role::Strong)
            .put(format!("  {why}"), Role::Plain);
    } else {
        row.rule(1).put(format!(" {title} "), Role::Strong).dash(2);
        row.put(format!(" {why} "), Role::Plain).rule(usize::from(area.width));
    }
    row.draw(area, buf, Style::default());
}

struct View<'v> {
    state: &'v State,
    card: &'v ModelCard,
    trace: &'v StepTrace,
    reading: &'v Reading,
    contrast: &'v ContrastTrace,
    /// What decides, if it is not the contrast.
    scores: Option<&'v ScoreTrace>,
    look: &'v Look,
}

/// From so many cells on ln is a bar too: three cells on each side of 0.
const WITH_BAR: usize = 48;
const SIDE: usize = 3;
/// Instead of numbers that would all be the expert's.
const SAME: &str = "same exit: nothing to contrast";

/// Cells of a token in the three rows, and where the first begins.
const CELL: usize = 14;
const FIRST: usize = 9;

impl<'v> View<'v> {
    fn row(&self) -> Row<'v> {
        Row::new(self.look)
    }

    fn title(&self) -> String {
        if let Some(scores) = self.scores {
            return scores::title(&self.state.decoding.method, scores, self.look);
        }
        let off = if self.state.contrast_decides() { "" } else { " (off)" };
        format!("contrast{off} {}", name::pair(&self.contrast.pair, self.look))
    }

    fn parameters(&self) -> String {
        let (marks, pair) = (&self.look.marks, &self.contrast.pair);
        let tau = self.tau();
        let min = if pair.min_candidates > 1 { format!("  min {}", pair.min_candidates) } else { String::new() };
        format!("{} {}{min}{tau}", marks.alpha, number::parameter(pair.alpha))
    }

    /// The threshold; an expression has none.
    fn tau(&self) -> String {
        let ln_tau = self.contrast.ln_tau;
        let shown = || format!("  {} {}", self.look.marks.tau, number::p4(ln_tau.exp()).trim());
        if ln_tau.is_nan() { String::new() } else { shown() }
    }

    /// What the listed tokens are.
    fn kind(&self) -> &'static str {
        if self.contrast.ln_tau.is_nan() { "scored" } else { "plausible" }
    }

    fn is_same(&self) -> bool {
        self.contrast.pair.expert == self.contrast.pair.amateur
    }

    /// A rule and three rows; one row where there is no room for more.
    fn below(&self, area: Rect) -> Vec<Row<'v>> {
        let width = usize::from(area.width);
        let mut rule = self.row();
        rule.rule(1).put(format!(" {} ", self.title()), Role::Strong).dash(2);
        rule.put(format!(" {} ", self.parameters()), Role::Plain).dash(2);
        rule.put(
            format!(" {} {} hold {} ", self.contrast.plausible_len, self.kind(), number::p4(self.contrast.mass)),
            Role::Plain,
        );
        if rule.width() + 21 <= width {
            rule.dash(2).put(" p before sampling ", Role::Faint);
        }
        rule.rule(width);
        if area.height < 4 {
            return vec![rule];
        }
        if self.is_same() {
            let mut nothing = self.row();
            nothing.put(format!(" {SAME}"), Role::Plain);
            return vec![rule, nothing];
        }
        let (mut tokens, mut from, mut to) = (self.row(), self.row(), self.row());
        let pair = &self.contrast.pair;
        tokens.put(" token", Role::Faint);
        from.put(format!(" {} / {}", name::short(pair.expert), name::short(pair.amateur)), Role::Faint);
        // "log2 → p" would leave its eight cells.
        let arrow = self.look.marks.arrow;
        let label = if self.look.units == Units::Nats { format!(" ln {arrow} p") } else { format!(" log2{arrow}p") };
        to.put(label, Role::Faint);
        let below = usize::from(!self.contrast.below.is_empty());
        let most = (width.saturating_sub(FIRST) / CELL).saturating_sub(below).min(self.contrast.plausible.len());
        for (n, token) in self.contrast.plausible.iter().enumerate().take(most) {
            let column = FIRST + n * CELL;
            tokens.to(column);
            self.put_token(&mut tokens, token, CELL - 3);
            let cell = |p: f32| number::p3(p.exp());
            from.to(column + 1).put(format!("{}/{}", cell(token.expert), cell(token.amateur)), Role::Plain);
            let moved = self.moved(token);
            let result = format!("{}{}", self.look.marks.arrow, cell(token.result));
            // A move of many places takes the blank before it, then a digit of ln.
            let room = CELL - 2 - result.chars().count() - moved.chars().count();
            let exact = number::signed5(token.expert - token.amateur, self.look.units);
            let rounded = || number::signed4(token.expert - token.amateur, self.look.units);
            let ln = if exact.len() <= room { exact } else { rounded() };
            let gap = if ln.len() < room { " " } else { "" };
            to.to(column + 1).put(format!("{ln}{result}{gap}"), Role::Plain).put(moved, Role::Faint);
        }
        if let Some(token) = self.contrast.below.first() {
            let column = FIRST + most * CELL;
            let bar = self.look.marks.column;
            tokens.to(column).put(format!("{bar} "), Role::Faint);
            tokens.put(name::clipped(self.card, token.id, CELL - 3, self.look), Role::Plain);
            from.to(column)
                .put(format!("{bar} {}, below {}", number::p3(token.expert.exp()), self.look.marks.tau), Role::Faint);
            to.to(column).put(format!("{bar} keeps its p"), Role::Faint);
        }
        vec![rule, tokens, from, to]
    }

    /// The panel beside the table.
    fn panel(&self, width: usize, height: usize) -> Vec<Row<'v>> {
        let (look, contrast) = (self.look, self.contrast);
        let pair = &contrast.pair;
        let line = || {
            let mut row = self.row();
            row.put(format!("{} ", look.marks.column), Role::Faint);
            row
        };
        let mut rows = Vec::new();
        let name = match (self.scores, self.state.contrast_decides()) {
            (Some(_), _) => Kind::of(&self.state.decoding.method).name(),
            (None, true) => "contrast",
            (None, false) => "contrast (off)",
        };
        let mut head = line();
        let expert = format!("expert {}", name::short(pair.expert));
        let amateur = format!("amateur {}", name::short(pair.amateur));
        // Exits are what a reader needs most: blanks go first.
        let wide = head.width() + name.len() + expert.len() + amateur.len() + 6 <= width;
        let gap = if wide { "   " } else { " " };
        head.put(format!("{name}{gap}"), Role::Strong).put(expert, Role::Expert);
        head.put(gap, Role::Plain).put(amateur, Role::Amateur);
        rows.push(head);
        let mut parameters = line();
        let of = format!("  V {} of {}", contrast.plausible_len, self.card.vocabulary);
        let min = match (self.scores, &self.state.decoding.method) {
            (Some(_), Method::LogRatio(ratio)) => format!("  {} {:.2} ", look.marks.beta, ratio.beta),
            (Some(_), _) => String::new(),
            (None, _) => format!("  min {:<2} ", pair.min_candidates),
        };
        parameters.put(format!("{} {}{min}", look.marks.alpha, number::parameter(pair.alpha)), Role::Plain);
        parameters.put(format!("{}{of}", self.tau()), Role::Plain);
        rows.push(parameters);
        if self.is_same() {
            let mut nothing = line();
            nothing.put(SAME, Role::Plain);
            rows.push(nothing);
            return rows;
        }
        let mut columns = line();
        columns.put("   token", Role::Faint).right(name::short(pair.expert), 19, Role::Expert);
        columns.right(name::short(pair.amateur), 24, Role::Amateur).right(look.units.log(), 30, Role::Faint);
        columns.right("p", 35, Role::Faint).right("move", 40, Role::Faint);
        rows.push(columns);
        // What stands below the list: a rule, two tokens, the masses, the expert alone, two rows of α.
        let foot = 7;
        let most = height.saturating_sub(rows.len() + foot).clamp(1, 20);
        for (n, token) in contrast.plausible.iter().enumerate().take(most) {
            let mut row = line();
            row.right((n + 1).to_string(), 4, Role::Faint);
            self.put_token(&mut row, token, 10);
            put_numbers(&mut row, token);
            row.right(number::signed5(token.expert - token.amateur, self.look.units), 30, Role::Plain);
            row.right(number::p4(token.result.exp()), 35, Role::Strong).right(self.moved(token), 40, Role::Faint);
            if width >= WITH_BAR {
                self.put_bar(&mut row, token.expert - token.amateur);
            }
            rows.push(row);
        }
        if let Some(more) = contrast.plausible_len.checked_sub(most).filter(|more| *more > 0) {
            let mut row = line();
            row.put(format!("   {} {more} more", look.marks.boundary), Role::Faint);
            rows.push(row);
        }
        if !contrast.below.is_empty() {
            let mut rule = line();
            rule.rule(4).put(format!(" below {}: keeps its p ", look.marks.tau), Role::Faint).rule(40);
            rows.push(rule);
        }
        for token in &contrast.below {
            let mut row = line();
            row.to(5).put(name::clipped(self.card, token.id, 10, look), Role::Plain);
            put_numbers(&mut row, token);
            row.right(number::p4(token.result.exp()), 35, Role::Plain);
            rows.push(row);
        }
        let mut mass = line();
        let tail = number::p4((1.0 - contrast.mass).max(0.0));
        let left = if self.scores.is_some() { "never" } else { "the tail" };
        mass.put(format!("V holds {}, {left} {}", number::p4(contrast.mass), tail.trim()), Role::Plain);
        mass.put(format!("   KL {}", number::entropy4(contrast.effect, look.units).trim()), Role::Faint);
        rows.push(mass);
        rows.push(self.alone(line()));
        if let Some(scores) = self.scores {
            rows.extend(scores::distances(&self.state.decoding.method, scores, line, width, look));
            return rows;
        }
        let (mut alphas, mut takes) = (line(), line());
        alphas.put(format!("{}   ", look.marks.alpha), Role::Faint);
        takes.put("take", Role::Faint);
        let mut before = ' ';
        for (alpha, id) in ALPHAS.iter().zip(&contrast.over_alpha) {
            let present = (alpha - pair.alpha).abs() < 1e-6;
            let text = number::parameter(*alpha);
            // Brackets take the place of blanks: nothing moves when α does.
            let start = alphas.width();
            alphas.put(format!("{}{text}", if present { '[' } else { before }), Role::Plain);
            before = if present { ']' } else { ' ' };
            let letter = self.reading.letter(*id).map_or_else(|| "?".to_owned(), String::from);
            takes.to(start + 2).put(letter, Role::Plain);
        }
        alphas.put(before.to_string(), Role::Plain);
        rows.extend([alphas, takes]);
        rows
    }

    fn alone(&self, mut row: Row<'v>) -> Row<'v> {
        let (contrast, look) = (self.contrast, self.look);
        let alone = contrast.expert_alone;
        let token = name::clipped(self.card, alone.id, 10, look);
        let expert = name::short(contrast.pair.expert);
        row.put(format!("{expert} alone: {token} {}, ", number::p4(alone.ln_p.exp())), Role::Plain);
        if contrast.changed() {
            row.put("changed", Role::Changed)
        } else {
            row.put("the same", Role::Plain)
        };
        row
    }

    fn put_token(&self, row: &mut Row<'_>, token: &Contrasted, width: usize) {
        let is_subject = token.id == self.trace.subject;
        row.put(table::mark(is_subject, self.look), if is_subject { Role::Token } else { Role::Plain });
        let role = self.reading.lettered.iter().position(|id| *id == token.id).map_or(Role::Plain, Role::Group);
        row.put(name::clipped(self.card, token.id, width, self.look), role);
    }

    /// ln as a bar to the left or to the right of 0; a nat a cell, in halves.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few halves")]
    fn put_bar(&self, row: &mut Row<'_>, ln: f32) {
        let marks = &self.look.marks;
        let halves = (2.0 * ln.abs().min(SIDE as f32)).round() as usize;
        let full = |n: usize| marks.full.to_string().repeat(n / 2);
        let (left, right) = if ln < 0.0 { (halves, 0) } else { (0, halves) };
        let part = |n: usize, sign: char| if n % 2 == 1 { sign.to_string() } else { String::new() };
        row.right(part(left, marks.right_half) + &full(left), 41 + SIDE, Role::Amateur);
        row.put(marks.column.to_string(), Role::Faint);
        row.put(full(right) + &part(right, marks.eighths[3]), Role::Expert);
    }

    /// How far the contrast moved a token among the plausible ones.
    fn moved(&self, token: &Contrasted) -> String {
        let marks = &self.look.marks;
        match token.expert_rank.cmp(&token.result_rank) {
            std::cmp::Ordering::Equal => "=".into(),
            std::cmp::Ordering::Greater => {
                format!("{}{}", marks.up, number::rank3(token.expert_rank - token.result_rank))
            }
            std::cmp::Ordering::Less => {
                format!("{}{}", marks.down, number::rank3(token.result_rank - token.expert_rank))
            }
        }
    }
}

fn put_numbers(row: &mut Row<'_>, token: &Contrasted) {
    row.right(number::p4(token.expert.exp()), 19, Role::Plain);
    row.right(number::p4(token.amateur.exp()), 24, Role::Plain);
}
