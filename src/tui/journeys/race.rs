//! Two lines against each other, and the largest step of one.

/// Where one line overtakes another, columns from the left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crossing {
    /// Behind at the first of the two columns, ahead from the second on to the end.
    Between(usize, usize),
    /// Ahead at every column.
    Always,
    /// Behind at the end.
    Behind,
    /// Too little is known.
    Unknown,
}

/// Where `a` gets ahead of `b` for good. Columns at which one of them is not known are passed over.
pub(crate) fn crossing(a: &[Option<f32>], b: &[Option<f32>]) -> Crossing {
    let known: Vec<(usize, bool)> =
        a.iter().zip(b).enumerate().filter_map(|(n, (a, b))| Some((n, (*a)? > (*b)?))).collect();
    match known.iter().rposition(|(_, ahead)| !ahead) {
        _ if known.is_empty() => Crossing::Unknown,
        None => Crossing::Always,
        Some(last) => known.get(last + 1).map_or(Crossing::Behind, |(n, _)| Crossing::Between(known[last].0, *n)),
    }
}

/// The two neighbouring columns between which p changes most, and by how much; the lower ones of equals.
pub(crate) fn largest_step(p: &[Option<f32>]) -> Option<(usize, f32)> {
    let step = |n: usize| Some((n, p[n + 1]? - p[n]?));
    let steps = (0..p.len().saturating_sub(1)).filter_map(step);
    steps.reduce(|most, step| if step.1.abs() > most.1.abs() { step } else { most })
}

#[cfg(test)]
mod tests {
    use super::{Crossing, crossing, largest_step};

    fn known(p: &[f32]) -> Vec<Option<f32>> {
        p.iter().copied().map(Some).collect()
    }

    #[test]
    fn a_line_overtakes_where_it_stays_ahead() {
        let a = known(&[0.1, 0.3, 0.1, 0.4, 0.5]);
        let b = known(&[0.2, 0.2, 0.2, 0.2, 0.2]);
        assert_eq!(crossing(&a, &b), Crossing::Between(2, 3), "the first time ahead does not last");
        assert_eq!(crossing(&b, &a), Crossing::Behind);
        assert_eq!(crossing(&known(&[0.3, 0.4]), &known(&[0.2, 0.1])), Crossing::Always);
        assert_eq!(crossing(&known(&[0.3]), &known(&[0.3])), Crossing::Behind, "even is not ahead");
        assert_eq!(crossing(&[None], &known(&[0.3])), Crossing::Unknown);
        assert_eq!(crossing(&[Some(0.1), None, Some(0.3)], &b[..3]), Crossing::Between(0, 2));
    }

    #[test]
    fn the_largest_step_is_up_or_down_and_between_neighbours() {
        assert_eq!(largest_step(&known(&[0.1, 0.2, 0.6, 0.5])).map(|step| step.0), Some(1));
        let (at, by) = largest_step(&known(&[0.9, 0.2, 0.6])).expect("three columns");
        assert!(at == 0 && (by + 0.7).abs() < 1e-6);
        assert_eq!(largest_step(&[Some(0.1), None, Some(0.9)]), None);
        assert_eq!(largest_step(&[]), None);
        assert_eq!(largest_step(&known(&[0.25, 0.5, 0.75])), Some((0, 0.25)));
    }
}
