//! The tree of texts: a row a branch, under the one that it leaves.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::name;
use crate::tui::{
    hits::{Hit, Target},
    keymap::Action,
    number,
    row::{Look, Row, line_of},
    state::State,
    theme::{Role, Theme},
    token_text::{clip, flowing, plain},
    tree::{Branch, NodeId},
};

/// Cells of the tree's lines and the name; of tokens, decoding and mean at the right.
const LEFT: usize = 22;
const RIGHT: usize = 38;
/// In less than so many cells the text has those of the decoding.
const NARROW: usize = 72;

/// Cells behind the text.
fn right(width: usize) -> usize {
    if width < NARROW { 20 } else { RIGHT }
}

/// Draws the view: head, branches around the selected one, and what the selected one says in full.
pub(super) fn draw(state: &State, look: &Look, area: Rect, buf: &mut Buffer) {
    let branches = state.tree.branches(state.node);
    let width = usize::from(area.width);
    let mut head = Row::new(look);
    head.put("   at  token", Role::Faint).to(LEFT).put("text", Role::Faint);
    let behind = width.saturating_sub(right(width));
    head.right("tokens", behind + 8, Role::Faint).to(behind + 11);
    head.put(if width < NARROW { "" } else { "taken by" }, Role::Faint);
    head.right(format!("mean {} p", look.units.log()), width.saturating_sub(1), Role::Faint);
    if let Some(area) = line_of(area, 0) {
        head.draw(area, buf, Style::default());
    }
    let room = usize::from(area.height).saturating_sub(4);
    let first = (state.branch + 1).saturating_sub(room);
    for (n, branch) in branches.iter().enumerate().skip(first).take(room) {
        let row = branch_row(state, look, branch, width);
        if let Some(area) = line_of(area, 1 + n - first) {
            look.hit(Hit::one(area, Target::Branch(n)));
            row.draw(area, buf, if n == state.branch { Theme::cursor() } else { Style::default() });
        }
    }
    let sentence = match branches.len() {
        0 | 1 => format!("one text so far; {} on a token takes another", state.key(Action::Open)),
        count => format!("{} of {count} texts", state.branch.min(count - 1) + 1),
    };
    if let Some(area) = line_of(area, usize::from(area.height).saturating_sub(1)) {
        let mut row = Row::new(look);
        row.put(format!(" {sentence}"), Role::Faint);
        row.draw(area, buf, Style::default());
    }
}

fn branch_row<'l>(state: &State, look: &'l Look, branch: &Branch, width: usize) -> Row<'l> {
    let path = state.tree.path(Some(branch.end));
    let mut row = Row::new(look);
    let is_present = Some(branch.end) == state.node;
    row.put(if is_present { ">" } else { " " }, Role::Strong);
    // Deeper branches than there are cells for stand at the edge.
    let depth = branch.depth.min(4);
    let tree = match depth {
        0 => String::new(),
        depth => format!("{}{}{}", "  ".repeat(depth - 1), look.marks.corner, look.marks.rule),
    };
    row.put(tree, Role::Faint);
    let own = state.tree.title(branch.start).map(|_| name(state, look, branch));
    let title = if branch.at == 0 {
        own.unwrap_or_else(|| "main".into())
    } else {
        format!("{:>3}  {}", branch.at, name(state, look, branch))
    };
    row.put(clip(&title, LEFT.saturating_sub(row.width() + 1), &look.marks), Role::Strong).to(LEFT);
    let behind = width.saturating_sub(right(width));
    let room = behind.saturating_sub(LEFT);
    row.put(clip(&own_text(state, look, &path[branch.at.min(path.len() - 1)..]), room, &look.marks), Role::Plain);
    row.right(path.len().to_string(), behind + 8, Role::Plain).to(behind + 11);
    row.put(clip(&taken_by(state, look, branch), right(width).saturating_sub(20), &look.marks), Role::Plain);
    if let Some(mean) = mean_ln_p(state, &path) {
        row.right(number::signed5(mean, look.units), width.saturating_sub(1), Role::Plain);
    }
    row
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

fn own_text(state: &State, look: &Look, nodes: &[NodeId]) -> String {
    let Some(card) = &state.card else { return String::new() };
    // A line of the list needs no more.
    let ids = nodes.iter().take(100).map(|node| state.tree.token(*node).id);
    flowing(ids.map(|id| (card.bytes_of(id), card.is_special(id))), &look.marks).concat()
}

/// What took the branch's first own token.
fn taken_by(state: &State, look: &Look, branch: &Branch) -> String {
    let token = state.tree.token(branch.start);
    match &token.taken_by {
        _ if token.forced => "you".into(),
        None => "prompt".into(),
        Some(decoding) => name::method(&decoding.method, look),
    }
}

/// Mean ln p under original of the tokens that are known.
fn mean_ln_p(state: &State, path: &[NodeId]) -> Option<f32> {
    let known = path.iter().filter_map(|node| state.tree.trace(*node)).filter_map(|trace| trace.exits.first());
    let all: Vec<f32> = known.map(|row| row.ln_p).collect();
    (!all.is_empty()).then(|| all.iter().sum::<f32>() / all.len() as f32)
}
