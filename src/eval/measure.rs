//! One window: read, read out at every exit, counted.

use std::ops::Range;

use mexit_models::{Engine, ExitId, LogitRows};

use super::{
    EvalError, continuations,
    position::{Hit, Position},
    settings::Settings,
    sum::Sum,
    tally::Tally,
    units::Unit,
};
use crate::decode::Distribution;

/// Logits held at once, so that memory stays bounded whatever the model.
const SLICE_BYTES: usize = 64 << 20;

/// Counts everything about a window. The same window gives the same tally, whatever was read before. `progress` is told
/// how much of the window is done and may stop, then there is no tally.
pub(super) fn measure(
    engine: &mut Engine,
    settings: &Settings,
    unit: &Unit,
    progress: &mut dyn FnMut(f64) -> bool,
) -> Result<Option<Tally>, EvalError> {
    let mut tally = Tally::new(settings);
    let (exits, lenses) = (settings.exits(), settings.lenses());
    // What is remembered would be read in batches that begin elsewhere.
    engine.truncate(0);
    let mut goes_on = true;
    let whole = (unit.inputs.len() + unit.targets.len()) as f64;
    engine.read(&unit.inputs, settings.batch, &mut |read| {
        goes_on = progress(read as f64 / whole);
        goes_on
    })?;
    let threads = engine.threads();
    let mut word = vec![Hit { correct: true, nats: Sum::default() }; settings.readouts.len()];
    let rows = slice_rows(engine.model().spec.vocabulary, exits.len() + lenses.len());
    for first in (0..unit.targets.len()).step_by(rows) {
        if !goes_on {
            return Ok(None);
        }
        let targets = first..unit.targets.len().min(first + rows);
        let done = (unit.inputs.len() + targets.end) as f64 / whole;
        // Target t is predicted after the input before it.
        let at: Vec<usize> = targets.clone().map(|t| unit.before - 1 + t).collect();
        let logits = engine.logits_at(&at, &exits)?.finite()?;
        let lens = if lenses.is_empty() { None } else { Some(engine.lens_at(&at, &lenses)?.finite()?) };
        let read = Slice { targets, logits, lens };
        read.count(settings, unit, threads, &mut tally, &mut word);
        goes_on = progress(done);
    }
    let tokenizer = &engine.model().tokenizer;
    let text = unit.targets.iter().filter(|id| !tokenizer.is_special(**id));
    tally.bytes = text.map(|id| tokenizer.bytes(*id).len() as u64).sum();
    tally.windows = 1;
    tally.long_words = u64::from(unit.word_too_long);
    if let Some(range) = &unit.word {
        tally.words = 1;
        tally.word_tokens = range.len() as u64;
        for (hit, readout) in word.iter().zip(&mut tally.readouts) {
            readout.words_correct = u64::from(hit.correct);
            readout.word_nats = hit.nats;
        }
    }
    if let Some(continued) = continuations::of(engine, settings, unit)? {
        tally.continuations.insert(unit.number, continued);
    }
    Ok(Some(tally))
}

/// Positions read out at once: of the model and the settings alone, since other slices would change the last bits.
fn slice_rows(vocabulary: usize, exits: usize) -> usize {
    (SLICE_BYTES / (vocabulary * exits * size_of::<f32>()).max(1)).clamp(1, 64)
}

/// Some targets with their logits.
struct Slice {
    targets: Range<usize>,
    logits: LogitRows,
    lens: Option<LogitRows>,
}

impl Slice {
    /// Counts all of them, on so many threads: tallies of whole numbers join in any order.
    fn count(&self, settings: &Settings, unit: &Unit, threads: usize, tally: &mut Tally, word: &mut [Hit]) {
        let n = self.targets.len();
        let part = n.div_ceil(threads.max(1)).max(1);
        let parts = std::thread::scope(|scope| {
            let starts = (0..n).step_by(part).map(|first| first..n.min(first + part));
            let running: Vec<_> = starts.map(|rows| scope.spawn(|| self.count_part(rows, settings, unit))).collect();
            running.into_iter().map(|thread| thread.join().unwrap_or_else(|e| std::panic::resume_unwind(e))).collect()
        });
        let parts: Vec<(Tally, Vec<Vec<Hit>>)> = parts;
        for (part, hits) in parts {
            tally.add(&part);
            for hits in hits {
                for (all, hit) in word.iter_mut().zip(hits) {
                    all.correct &= hit.correct;
                    all.nats += hit.nats;
                }
            }
        }
    }

    /// The tally of some rows, and how the readouts did on those that belong to the last word.
    fn count_part(&self, rows: Range<usize>, settings: &Settings, unit: &Unit) -> (Tally, Vec<Vec<Hit>>) {
        let mut tally = Tally::new(settings);
        let mut word = Vec::new();
        for index in rows {
            let target = self.targets.start + index;
            let lenses = self.lens.as_ref().map(|rows| distributions(rows, index)).unwrap_or_default();
            let position = Position { exits: distributions(&self.logits, index), lenses };
            let hits = position.count(settings, unit.targets[target], &mut tally);
            if unit.word.as_ref().is_some_and(|word| word.contains(&target)) {
                word.push(hits);
            }
        }
        (tally, word)
    }
}

/// Of every exit at one of the positions asked for.
fn distributions(rows: &LogitRows, index: usize) -> Vec<(ExitId, Distribution<'_>)> {
    rows.exits().iter().filter_map(|exit| Some((*exit, Distribution::new(rows.row(*exit, index)?)))).collect()
}
