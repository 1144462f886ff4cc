//! A bar of eighths from the left.

use crate::tui::marks::Marks;

/// A probability over so many cells; nothing under half an eighth.
pub(super) fn bar(p: f32, cells: usize, marks: &Marks) -> String {
    let steps = (8 * cells) as f32;
    let eighths = (1..=8 * cells).take_while(|n| p * steps >= *n as f32 - 0.5).count();
    let mut bar: String = std::iter::repeat_n(marks.full, eighths / 8).collect();
    if let Some(part) = (eighths % 8).checked_sub(1) {
        bar.push(marks.eighths[part]);
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::bar;
    use crate::tui::marks::UNICODE;

    #[test]
    fn ends_of_the_scale() {
        let of = |p: f32| bar(p, 6, &UNICODE);
        assert_eq!([0.0, 0.010, 0.011, 0.5, 1.0].map(of), ["", "", "▏", "███", "██████"]);
        assert_eq!((of(f32::NAN), of(2.0)), (String::new(), "██████".into()));
    }
}
