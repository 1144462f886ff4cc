//! The table of policies: agreement, depth, work.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::{tokens, words};
use crate::{
    session::leaving::Outcome,
    tui::{
        exits::Lab,
        hits::{Hit, Target},
        row::{Look, Row, line_of, split_rows},
        state::State,
        theme::{Role, Theme},
        view::{WIDE, bar::bar, name, verdict},
    },
};

/// Columns where the table's parts end, in wide windows and in others: policy, threshold, agree, mean exit, work with
/// every head, work with its own head, first change.
const ENDS: [[usize; 7]; 2] = [[17, 32, 39, 51, 61, 85, 104], [16, 31, 38, 45, 53, 60, 64]];
/// Cells of the bars: of every head, whose work can be several times that of the model, and of the own head.
const BARS: [usize; 2] = [8, 10];

/// Draws a rule, the heads and a row a policy.
pub(super) fn draw(state: &State, look: &Look, lab: &Lab, area: Rect, buf: &mut Buffer) {
    let (rule, rest) = split_rows(area, 1);
    let parts = vec![
        (format!("policies, {}", tokens(lab)), Role::Strong),
        ("work per token, full model = 1.00".into(), Role::Plain),
        ("a bound: deeper KV assumed filled".into(), Role::Plain),
    ];
    verdict::rule(parts, look, rule, buf);
    let wide = area.width >= WIDE;
    let ends = ENDS[usize::from(!wide)];
    let mut head = Row::new(look);
    head.put("     policy", Role::Faint).to(ends[0]).put("threshold", Role::Faint);
    head.right("agree", ends[2], Role::Faint);
    if wide {
        head.right("mean exit", ends[3], Role::Faint).to(ends[4] - 6).put("work, every head tried", Role::Faint);
        head.to(ends[5] - 4).put("work, own head only", Role::Faint).to(ends[6]).put("first change", Role::Faint);
    } else {
        head.right("mean", ends[3], Role::Faint).right("tried", ends[4], Role::Faint).right(
            "own",
            ends[5],
            Role::Faint,
        );
        head.to(ends[6]).put("first change", Role::Faint);
    }
    if let Some(area) = line_of(rest, 0) {
        head.draw(area, buf, Style::default());
    }
    for (n, (rule, outcome)) in lab.outcomes.iter().enumerate() {
        let Some(area) = line_of(rest, 1 + n) else { return };
        let is_present = n == state.exits.policy;
        let mut row = Row::new(look);
        let (letter, label) = words::policy(rule.policy);
        row.put(if is_present { " > " } else { "   " }, Role::Strong).put(format!("{letter} {label}"), Role::Strong);
        row.to(ends[0]).put(words::threshold(state, *rule, look), Role::Plain);
        let share = 100.0 * outcome.agree as f64 / lab.positions.len() as f64;
        row.right(format!("{share:.0} %"), ends[2], Role::Plain);
        row.right(format!("{:.1}", outcome.mean_depth), ends[3] - usize::from(wide), Role::Plain);
        work(&mut row, (outcome, lab), (look, wide), &ends);
        row.to(ends[6]).put(first_change(state, look, lab, outcome), Role::Plain);
        look.hit(Hit::one(area, Target::Policy(n)));
        row.draw(area, buf, if is_present { Theme::cursor() } else { Style::default() });
    }
}

/// Both counts of work, with their bars where there is room.
fn work(row: &mut Row<'_>, (outcome, lab): (&Outcome, &Lab), (look, wide): (&Look, bool), ends: &[usize; 7]) {
    let missing = look.marks.missing.to_string();
    let tried = outcome.work_tried.map_or(missing, |work| format!("{work:.2}"));
    row.right(tried, ends[4], Role::Plain);
    let most = lab.outcomes.iter().filter_map(|(_, other)| other.work_tried).fold(1.0, f64::max);
    if let (true, Some(work)) = (wide, outcome.work_tried) {
        row.put("  ", Role::Plain).put(bar(part(work / most), BARS[0], &look.marks), Role::Plain);
    }
    row.right(format!("{:.2}", outcome.work_own), ends[5], Role::Plain);
    if wide {
        row.put("  ", Role::Plain).put(bar(part(outcome.work_own), BARS[1], &look.marks), Role::Plain);
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the length of a bar")]
fn part(x: f64) -> f32 {
    x as f32
}

/// The first position at which the policy takes another token, and which.
fn first_change(state: &State, look: &Look, lab: &Lab, outcome: &Outcome) -> String {
    let (Some(at), Some(card)) = (outcome.first_change, &state.card) else { return "none".into() };
    let id = lab.glances[at][outcome.taken[at]].top;
    format!("{}: {}", lab.positions[at], name::clipped(card, crate::session::trace::TokenId(id), 8, look))
}
