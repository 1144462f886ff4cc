//! Window after window, kept every few seconds.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use mexit_models::Engine;

pub use super::store::{clear, state_of, write};
use super::{EvalError, evaluation::Evaluation, measure::measure, units::Units};

/// Where an unfinished evaluation is kept, and how often: how much may be lost when the program is killed.
#[derive(Clone, Copy, Debug)]
pub struct Keep<'p> {
    /// The file.
    pub path: &'p Path,
    /// After the first window that ends so long after the last time.
    pub every: Duration,
}

/// How far an evaluation is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Of all there is to read: 0 to 1.
    pub fraction: f64,
    /// Windows measured.
    pub windows: u64,
    /// Tokens scored.
    pub tokens: u64,
}

/// Measures what is left, and returns whether nothing is: `progress`, told a few times a window, may stop. What has been
/// measured by then is in `evaluation`, and in its file; a window that was begun is not.
///
/// # Errors
/// If a file cannot be read or computing fails.
pub fn run(
    engine: &mut Engine,
    files: &[(PathBuf, u64)],
    evaluation: &mut Evaluation,
    keep: Option<Keep<'_>>,
    progress: &mut dyn FnMut(Progress) -> bool,
) -> Result<bool, EvalError> {
    let Some(first) = evaluation.next else { return Ok(true) };
    engine.set_reference(evaluation.settings.reference);
    let settings = evaluation.settings.clone();
    let mut units = Units::of(files, &settings);
    let (mut kept, mut fraction) = (Instant::now(), 0.0);
    while let Some(unit) = units.next(&engine.model().tokenizer)? {
        let own = evaluation.shard.is_none_or(|shard| shard.holds(unit.number));
        if unit.number < first || !own {
            fraction = unit.fraction;
            continue;
        }
        let tally = &evaluation.tally;
        let mut within = |share: f64| {
            let fraction = fraction + (unit.fraction - fraction) * share;
            progress(Progress { fraction, windows: tally.windows, tokens: tally.tokens })
        };
        let Some(tally) = measure(engine, &settings, &unit, &mut within)? else {
            store(evaluation, keep)?;
            return Ok(false);
        };
        evaluation.tally.add(&tally);
        evaluation.next = Some(unit.number + 1);
        fraction = unit.fraction;
        if keep.is_some_and(|keep| kept.elapsed() >= keep.every) {
            store(evaluation, keep)?;
            kept = Instant::now();
        }
    }
    evaluation.next = None;
    Ok(true)
}

fn store(evaluation: &Evaluation, keep: Option<Keep<'_>>) -> Result<(), EvalError> {
    keep.map_or(Ok(()), |keep| write(keep.path, evaluation.to_json().as_bytes()))
}
