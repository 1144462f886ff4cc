//! Lanes: texts side by side, what decides in each at the cursor, their tokens under each other, and what they come to.

mod blocks;
mod layout;
mod table;
mod tokens;

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use self::layout::Layout;
use super::{name, text, verdict};
use crate::{
    session::trace::Method,
    tui::{
        hits::{Hit, Target},
        keymap::Action,
        row::{Look, Row, line_of, split_columns, window},
        state::State,
        theme::{Role, Theme},
        token_text::{cells, clip},
    },
};

/// Cells between two lanes: a line. What stands beside it has its own margin.
const BETWEEN: usize = 1;
/// Numbers in words, for so few lanes.
const COUNTS: [&str; 5] = ["no", "one", "two", "three", "four"];

/// A lane as it is drawn.
struct Shown {
    state: State,
    /// Whether it goes on from the first lane's prompt, and where it first differs then.
    same_prompt: bool,
    differs: Option<usize>,
}

/// Draws the view.
pub(super) fn draw(state: &State, look: &Look, area: Rect, buf: &mut Buffer) {
    if state.card.is_none() {
        return;
    }
    let lanes = shown(state);
    let layout = Layout::of(area, lanes.len());
    let present = state.lanes.present();
    verdict::rule(legend(state, &lanes, look), look, layout.head, buf);
    let visible = window(lanes.len(), layout.visible, present);
    for (place, n) in visible.clone().enumerate() {
        let column = |area: Rect| layout.column(area, place);
        let before = if n == visible.start { n } else { 0 };
        let after = if n + 1 == visible.end { lanes.len() - visible.end } else { 0 };
        head(look, (n, &lanes[n], n == present), (before, after), column(layout.names), buf);
        // What can be clicked there is this lane's.
        let (inner, hits) = look.apart();
        text::draw_lane(&lanes[n].state, &inner, lanes[n].differs, column(layout.texts), buf);
        hits.take().into_iter().for_each(|hit| look.hit(hit.in_lane(n)));
        blocks::draw(state, &lanes[n].state, look, column(layout.blocks), buf);
    }
    blocks::rule(&lanes[visible.clone()], look, &layout, buf);
    separators(look, &layout, visible.len(), buf);
    tokens::draw(state, &lanes, look, layout.tokens, buf);
    table::draw(state, &lanes, look, layout.table, buf);
}

fn shown(state: &State) -> Vec<Shown> {
    let mut lanes: Vec<Shown> = Vec::with_capacity(state.lanes.count());
    for n in 0..state.lanes.count() {
        let lane = state.of_lane(n);
        let first = lanes.first().map(|first| &first.state);
        let same_prompt = first.is_none_or(|first| first.prompt_ids() == lane.prompt_ids());
        let differs = first.and_then(|first| lane.differs_from(first));
        lanes.push(Shown { state: lane, same_prompt, differs });
    }
    lanes
}

fn legend(state: &State, lanes: &[Shown], look: &Look) -> Vec<(String, Role)> {
    let count = COUNTS.get(lanes.len()).copied().unwrap_or("many");
    let own = lanes.iter().any(|lane| !lane.same_prompt);
    let prompts = if own { "own prompts" } else { "one prompt" };
    let mut parts = vec![(format!("{prompts}, {count} decodings"), Role::Strong)];
    if lanes.len() == 1 {
        let key = state.key(Action::AddLane);
        parts = vec![(format!("one lane so far: {key} adds another decoding of this prompt"), Role::Strong)];
    } else if lanes.iter().all(|lane| lane.state.position == state.position) {
        parts.push((format!("position {} in every lane", state.position), Role::Plain));
    } else if own {
        parts.push(("aligned where the prompts end".into(), Role::Plain));
    }
    if lanes.iter().any(|lane| lane.differs.is_some()) {
        parts.push((format!("{} first difference from lane 1", look.marks.differs), Role::Faint));
    }
    if lanes.len() > 1 {
        parts.push(("stepped together".into(), Role::Faint));
    }
    parts.extend(text::ribbon_words(state, look).map(|words| (words, Role::Faint)));
    parts
}

/// A lane's name: what decides in it.
fn lane_name(n: usize, lane: &State, look: &Look) -> String {
    let sampling = &lane.decoding.sampling;
    let drawn = if sampling.random { format!("seed {}", sampling.seed) } else { "greedy".into() };
    let method = match &lane.decoding.method {
        // Two expressions over the same exits are told apart by what they say.
        Method::Expression(custom) => format!("{} {}", name::pair(&custom.pair, look), custom.expression.text()),
        method => name::method(method, look),
    };
    format!("{} {method}, {drawn}", n + 1)
}

/// A lane's name; at the edges how many lanes there are on that side, which are not shown.
fn head(
    look: &Look,
    (n, lane, is_present): (usize, &Shown, bool),
    (before, after): (usize, usize),
    area: Rect,
    buf: &mut Buffer,
) {
    look.hit(Hit::one(area, Target::Lane { lane: n, position: None }));
    let mut row = Row::new(look);
    let [left, right] = look.marks.sides;
    row.put(if is_present { ">" } else { " " }, Role::Strong);
    let hidden = |count: usize, text: String| if count > 0 { text } else { String::new() };
    let (before, after) = (hidden(before, format!("{left} +{before} ")), hidden(after, format!(" +{after} {right}")));
    let width = usize::from(area.width);
    let room = width.saturating_sub(2 + cells(&before) + cells(&after));
    row.put(before, Role::Plain).put(clip(&lane_name(n, &lane.state, look), room, &look.marks), Role::Strong);
    row.right(after, width - 1, Role::Plain);
    row.draw(area, buf, if is_present { Theme::cursor() } else { Style::default() });
}

/// Lines between the columns, from their names down to what decides.
fn separators(look: &Look, layout: &Layout, visible: usize, buf: &mut Buffer) {
    for area in [layout.names, layout.texts, layout.blocks] {
        for place in 1..visible {
            let start = usize::from(layout.column(area, place).x - area.x) - BETWEEN;
            let (column, _) = split_columns(split_columns(area, start).1, BETWEEN);
            for cell in (0..usize::from(column.height)).filter_map(|y| line_of(column, y)) {
                let mut row = Row::new(look);
                row.put(look.marks.column.to_string(), Role::Faint);
                row.draw(cell, buf, Style::default());
            }
        }
    }
}
