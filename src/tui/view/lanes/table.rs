//! What the lanes come to: a row each.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::{Shown, lane_name};
use crate::{
    session::lanes::Summary,
    tui::{
        hits::{Hit, Target},
        number,
        row::{Look, Row, line_of, split_rows},
        state::State,
        theme::Role,
        token_text::clip,
        view::{WIDE, verdict},
    },
};

/// Columns: two words of the head, the one word where there is one row of it, and the cells in wide windows and others.
const COLUMNS: [(&str, &str, &str, [usize; 2]); 7] = [
    ("mean % p", "by original", "% p", [13, 6]),
    ("mean decided", "at exit", "exit", [14, 6]),
    ("repeated", "2-grams", "rep-2", [11, 6]),
    ("distinct", "2-grams", "dist-2", [11, 7]),
    ("as lane 1", "until", "until", [12, 6]),
    ("not the", "expert's", "chg", [11, 5]),
    ("ms per", "token", "ms", [9, 6]),
];
/// Most cells of the lanes' names.
const NAME: usize = 48;
/// Left out below this width: what 1 - another column is, and what the sentences say.
const NARROW: u16 = 76;
const LEFT_OUT: [usize; 2] = [3, 5];

/// Draws the rule, the head and a row a lane.
pub(super) fn draw(state: &State, lanes: &[Shown], look: &Look, area: Rect, buf: &mut Buffer) {
    let (rule, rest) = split_rows(area, 1);
    verdict::rule(vec![(so_far(lanes), Role::Plain)], look, rule, buf);
    let wide = area.width >= WIDE;
    let columns: Vec<usize> = (0..COLUMNS.len()).filter(|n| area.width >= NARROW || !LEFT_OUT.contains(n)).collect();
    let cells = |n: &usize| COLUMNS[*n].3[usize::from(!wide)];
    let name_cells = usize::from(area.width).saturating_sub(columns.iter().map(cells).sum::<usize>() + 1).min(NAME);
    let two = wide && usize::from(area.height) >= 3 + lanes.len();
    let heads: Vec<[&str; 2]> = columns
        .iter()
        .map(|n| {
            let (above, below, one, _) = COLUMNS[*n];
            if two { [above, below] } else { [one, ""] }
        })
        .collect();
    for line in 0..=usize::from(two) {
        let mut row = Row::new(look);
        row.put(if line == 0 { " lane" } else { "" }, Role::Faint);
        let mut end = name_cells;
        for (n, words) in columns.iter().zip(&heads) {
            end += cells(n);
            row.right(words[line].replace('%', look.units.log()), end, Role::Faint);
        }
        if let Some(area) = line_of(rest, line) {
            row.draw(area, buf, Style::default());
        }
    }
    for (n, lane) in lanes.iter().enumerate() {
        let Some(area) = line_of(rest, 1 + usize::from(two) + n) else { return };
        look.hit(Hit::one(area, Target::Lane { lane: n, position: None }));
        let mut row = Row::new(look);
        row.put(if n == state.lanes.present() { ">" } else { " " }, Role::Strong);
        row.put(clip(&lane_name(n, &lane.state, look), name_cells.saturating_sub(2), &look.marks), Role::Strong);
        let values = values(state, n, lane, look);
        let mut end = name_cells;
        for column in &columns {
            end += cells(column);
            row.right(values[*column].clone(), end, Role::Plain);
        }
        row.draw(area, buf, Style::default());
    }
}

fn so_far(lanes: &[Shown]) -> String {
    let made: Vec<usize> = lanes.iter().map(|lane| lane.state.text.len() - lane.state.prompt_len()).collect();
    match made.split_first() {
        Some((first, others)) if others.iter().all(|other| other == first) => {
            let each = if others.is_empty() { "" } else { " each" };
            format!("so far, {first} token{}{each}", if *first == 1 { "" } else { "s" })
        }
        _ => {
            let all: Vec<String> = made.iter().map(ToString::to_string).collect();
            format!("so far, {} tokens", all.join(", "))
        }
    }
}

/// The values of the columns.
fn values(state: &State, n: usize, lane: &Shown, look: &Look) -> [String; 7] {
    let missing = || look.marks.missing.to_string();
    let Summary { tokens, mean_ln_p, mean_decided, repeated, distinct, changed } = lane.state.summary();
    let share =
        |share: Option<f32>| share.map_or_else(missing, |share| format!("{share:.2}").trim_start_matches('0').into());
    let until = match lane.differs {
        Some(position) => position.to_string(),
        None if n > 0 && lane.same_prompt && tokens > 0 => "all".into(),
        None => missing(),
    };
    [
        mean_ln_p.map_or_else(missing, |mean| number::signed5(mean, look.units)),
        mean_decided.map_or_else(missing, |mean| format!("{mean:.1}")),
        share(repeated),
        share(distinct),
        until,
        changed.map_or_else(missing, |changed| changed.to_string()),
        state.lane_millis(n).map_or_else(missing, |ms| if ms < 10.0 { format!("{ms:.1}") } else { format!("{ms:.0}") }),
    ]
}
