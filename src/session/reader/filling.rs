//! Many positions at once, from what is stored: a head's weights are read once for all of them.

use mexit_models::Error;

use super::{ReadError, Reader, text_before};
use crate::session::{kept, protocol::Query, trace::StepTrace};

/// Positions filled in at once. See `benches/parts.rs`: more gain little, and a newer question waits for them.
const FILL_ROWS: usize = 16;

impl Reader {
    /// How many positions [`Reader::fill`] is best given at once.
    #[must_use]
    pub fn fill_rows(&self) -> usize {
        let row = size_of::<f32>() * self.exits.len() * self.model().spec.vocabulary;
        (kept::BYTES / row.max(1)).clamp(1, FILL_ROWS)
    }

    /// Answers a query at several positions, in batches of every head that is not known there yet. `progress` is told
    /// the tokens read, also between one head and the next, and may stop: what has been computed is kept.
    ///
    /// # Errors
    /// As [`Reader::answer`].
    pub fn fill(
        &mut self,
        query: &Query,
        positions: &[usize],
        progress: &mut dyn FnMut(usize) -> bool,
    ) -> Result<Vec<StepTrace>, ReadError> {
        self.require_exits(&query.decoding, query.shown_pair)?;
        let Some(last) = positions.iter().copied().max() else { return Ok(Vec::new()) };
        let text = text_before(last, query)?;
        if positions.contains(&0) {
            return Err(Error::EmptyText.into());
        }
        self.read(text, &query.text, progress)?;
        let mut traces = Vec::with_capacity(positions.len());
        for batch in positions.chunks(self.fill_rows()) {
            self.complete(batch, &mut || progress(last))?;
            for position in batch {
                traces.push(self.trace_of(position - 1, &Query { position: *position, ..query.clone() }));
                if !progress(last) {
                    return Err(ReadError::Interrupted);
                }
            }
        }
        Ok(traces)
    }

    /// Makes the logits of every exit be kept before some positions, at most [`Reader::fill_rows`] of them, head by
    /// head: its weights are read once for all of them.
    fn complete(&mut self, positions: &[usize], goes_on: &mut dyn FnMut() -> bool) -> Result<(), ReadError> {
        for position in positions {
            self.kept.touch(position - 1);
        }
        for exit in self.exits.clone() {
            let lacks = |row: &usize| !self.kept.has(*row, &[exit]);
            let rows: Vec<usize> = positions.iter().map(|position| position - 1).filter(lacks).collect();
            if rows.is_empty() {
                continue;
            }
            let found = self.engine.logits_at(&rows, &[exit])?;
            for (index, row) in rows.iter().enumerate() {
                self.kept.add(*row, found.at(index));
            }
            if !goes_on() {
                return Err(ReadError::Interrupted);
            }
        }
        Ok(())
    }
}
