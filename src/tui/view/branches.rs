//! The tree of texts: a row a branch, under the one that it leaves.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::{WIDE, name};
use crate::session::trace::Method;
use crate::tui::{
    hits::{Hit, Target},
    keymap::Action,
    marks::Marks,
    number,
    row::{Look, Row, line_of},
    state::State,
    theme::{Role, Theme},
    token_text::{clip, flowing, plain},
    tree::{Branch, NodeId},
};

/// Cells of the tree's lines and the name, in a wide window and in others; of tokens, decoding and mean at the right.
const LEFT: [usize; 2] = [24, 16];
const RIGHT: usize = 36;
/// Deeper branches than that stand at the edge.
const DEEPEST: usize = 4;
/// In less than so many cells the text has those of the decoding.
const NARROW: usize = 72;

/// Cells behind the text.
fn right(width: usize) -> usize {
    if width < NARROW { 20 } else { RIGHT }
}

/// Draws the view: head, branches around the selected one, and what the list says.
pub(super) fn draw(state: &State, look: &Look, area: Rect, buf: &mut Buffer) {
    let branches = state.tree.branches(state.node);
    let width = usize::from(area.width);
    let left = LEFT[usize::from(area.width < WIDE)];
    let mut head = Row::new(look);
    head.put("  at  token", Role::Faint).to(left).put("text", Role::Faint);
    let behind = width.saturating_sub(right(width));
    head.right("tokens", behind + 8, Role::Faint).to(behind + 10);
    head.put(if width < NARROW { "" } else { "decoding" }, Role::Faint);
    head.right(format!("mean {} p", look.units.log()), width.saturating_sub(1), Role::Faint);
    if let Some(area) = line_of(area, 0) {
        head.draw(area, buf, Style::default());
    }
    let room = usize::from(area.height).saturating_sub(4);
    let first = (state.branch + 1).saturating_sub(room);
    for n in (0..branches.len()).skip(first).take(room) {
        let row = branch_row(state, look, (&branches, n), (left, width));
        if let Some(area) = line_of(area, 1 + n - first) {
            look.hit(Hit::one(area, Target::Branch(n)));
            row.draw(area, buf, if n == state.branch { Theme::cursor() } else { Style::default() });
        }
    }
    let sentence = match branches.len() {
        0 | 1 => format!("one text so far; {} on a token takes another", state.key(Action::Open)),
        count => {
            let selected = state.branch.min(count - 1) + 1;
            let log = look.units.log();
            format!("{selected} of {count} texts   mean {log} p: of the generated tokens, under original")
        }
    };
    if let Some(area) = line_of(area, usize::from(area.height).saturating_sub(1)) {
        let mut row = Row::new(look);
        row.put(format!(" {sentence}"), Role::Faint);
        row.draw(area, buf, Style::default());
    }
}

fn branch_row<'l>(
    state: &State,
    look: &'l Look,
    (branches, n): (&[Branch], usize),
    (left, width): (usize, usize),
) -> Row<'l> {
    let branch = &branches[n];
    let path = state.tree.path(Some(branch.end));
    let mut row = Row::new(look);
    let is_present = Some(branch.end) == state.node;
    row.put(if is_present { ">" } else { " " }, Role::Strong).put(lines(branches, n, &look.marks), Role::Faint);
    let own = state.tree.title(branch.start).map(|_| name(state, look, branch));
    let title = if branch.at == 0 {
        format!("  {}", own.unwrap_or_else(|| "main".into()))
    } else {
        format!("{:>3} {}", branch.at, name(state, look, branch))
    };
    row.put(clip(&title, left.saturating_sub(row.width() + 1), &look.marks), Role::Strong).to(left);
    let behind = width.saturating_sub(right(width));
    row.put(clip(&own_text(state, look, branch, &path), behind.saturating_sub(left), &look.marks), Role::Plain);
    row.right(path.len().to_string(), behind + 8, Role::Plain).to(behind + 10);
    row.put(clip(&decoding(state, look, branch, &path), right(width).saturating_sub(20), &look.marks), Role::Plain);
    let mean = mean_ln_p(state, &path)
        .map_or_else(|| look.marks.missing.to_string(), |mean| number::signed5(mean, look.units));
    row.right(mean, width.saturating_sub(1), Role::Plain);
    row
}

/// The tree's lines before the n-th branch: which of the levels above it go on below.
fn lines(branches: &[Branch], n: usize, marks: &Marks) -> String {
    let depth = branches[n].depth;
    let goes_on = |level: usize| {
        branches[n + 1..].iter().take_while(|other| other.depth >= level).any(|other| other.depth == level)
    };
    if depth == 0 {
        let forks = branches.get(n + 1).is_some_and(|next| next.depth > 0);
        return if forks { marks.fork } else { ' ' }.to_string();
    }
    let above = (1..depth).map(|level| format!("{} ", if goes_on(level) { marks.column } else { ' ' }));
    let own = format!("{}{}", if goes_on(depth) { marks.tee } else { marks.corner }, marks.rule);
    above.chain([own]).skip(depth.saturating_sub(DEEPEST)).collect()
}

/// The name of the present text: the branch's, or main.
pub(super) fn name_of_text(state: &State, look: &Look) -> String {
    let branches = state.tree.branches(state.node);
    let found = branches.iter().find(|branch| Some(branch.end) == state.node);
    let found = found.filter(|branch| branch.at > 0 || state.tree.title(branch.start).is_some());
    found.map_or_else(|| "main".into(), |branch| name(state, look, branch))
}

/// Its title, or its first own token.
fn name(state: &State, look: &Look, branch: &Branch) -> String {
    if let Some(title) = state.tree.title(branch.start) {
        return plain(title, &look.marks);
    }
    let id = state.tree.token(branch.start).id;
    state.card.as_ref().map_or_else(String::new, |card| name::token(card, id, look))
}

/// The branch's own tokens, in one line; the end of the prompt is marked.
fn own_text(state: &State, look: &Look, branch: &Branch, path: &[NodeId]) -> String {
    let Some(card) = &state.card else { return String::new() };
    // A line of the list needs no more.
    let own: Vec<NodeId> = path[branch.at.min(path.len() - 1)..].iter().copied().take(100).collect();
    let ids = own.iter().map(|node| state.tree.token(*node).id);
    let mut shown = flowing(ids.map(|id| (card.bytes_of(id), card.is_special(id))), &look.marks);
    let generated = |node: &NodeId| state.tree.token(*node).taken_by.is_some();
    if let Some(first) = own.iter().position(generated).filter(|first| *first > 0) {
        shown[first].insert(0, look.marks.boundary);
    }
    shown.concat().trim_start().to_owned()
}

/// How the branch's own tokens came: the first taken by the user, the last by which decoding.
fn decoding(state: &State, look: &Look, branch: &Branch, path: &[NodeId]) -> String {
    let taken = if state.tree.token(branch.start).forced { "taken" } else { "" };
    let own = path[branch.at.min(path.len() - 1)..].iter().rev().map(|node| state.tree.token(*node));
    let last = own.filter(|token| !token.forced).find_map(|token| token.taken_by.as_ref());
    match (taken, last) {
        ("", None) => "prompt".into(),
        (taken, None) => taken.into(),
        ("", Some(by)) => name::chosen_by(&by.method, look),
        (taken, Some(by)) => match &by.method {
            Method::Contrast(pair) => format!("{taken}, {}", name::pair(pair, look)),
            other => format!("{taken}, {}", name::chosen_by(other, look)),
        },
    }
}

/// Mean ln p under original of the generated tokens that are known.
fn mean_ln_p(state: &State, path: &[NodeId]) -> Option<f32> {
    let generated = path.iter().filter(|node| state.tree.token(**node).taken_by.is_some());
    let known = generated.filter_map(|node| state.tree.trace(*node)).filter_map(|trace| trace.exits.first());
    let all: Vec<f32> = known.map(|row| row.ln_p).collect();
    (!all.is_empty()).then(|| all.iter().sum::<f32>() / all.len() as f32)
}
