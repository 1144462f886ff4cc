//! How far the reading of a long text has come.

use crate::tui::{
    row::{Look, Row},
    state::State,
    theme::Role,
};

/// Cells of the bar.
const BAR: usize = 10;

/// Writes the gauge, if a text is being read: `reading the prompt ▐████▌     ▌ 212 of 512, 3 s left, Esc stops`.
pub(super) fn put(row: &mut Row<'_>, state: &State, look: &Look) -> bool {
    let Some((done, total)) = state.reading else { return false };
    let marks = &look.marks;
    let eighths = (8 * BAR * done / total.max(1)).min(8 * BAR);
    let mut bar = marks.full.to_string().repeat(eighths / 8);
    if let Some(part) = (eighths % 8).checked_sub(1) {
        bar.push(marks.eighths[part]);
    }
    let blank = BAR - bar.chars().count();
    let ends = if marks.ascii { ["[", "]"] } else { ["▐", "▌"] };
    row.put("reading the prompt ", Role::Plain).put(ends[0], Role::Faint);
    row.put(bar, Role::Strong).put(" ".repeat(blank), Role::Plain).put(ends[1], Role::Faint);
    row.put(format!(" {done} of {total}, {} left, ", time(state.asking.seconds_left)), Role::Plain);
    row.put("Esc", Role::Strong).put(" stops", Role::Faint);
    true
}

/// Seconds in words: never a promise of less than one.
fn time(seconds: f32) -> String {
    match seconds.ceil().max(1.0) {
        s if s < 100.0 => format!("{s:.0} s"),
        s => format!("{:.0} min", (s / 60.0).ceil()),
    }
}

#[cfg(test)]
mod tests {
    use super::time;

    #[test]
    fn times() {
        assert_eq!([0.0, 0.2, 2.4, 99.0, 130.0].map(time), ["1 s", "1 s", "3 s", "99 s", "3 min"]);
    }
}
