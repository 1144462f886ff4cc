//! Traces of a run for little more than what its tokens cost: they are taken by the exits that decide alone, the other
//! exits are read from what is stored, a batch of positions at a time.

use mexit_models::Error;

use super::Run;
use crate::session::{protocol::Query, reader::ReadError, trace::StepTrace};

/// Some steps of a run.
#[derive(Debug)]
pub struct Batch {
    /// In their order.
    pub traces: Vec<StepTrace>,
    /// Whether more may follow, or why not.
    pub goes_on: Result<bool, ReadError>,
}

impl Run<'_> {
    /// Takes the next few tokens and tells everything about each, with `candidates` of each exit: what
    /// [`Run::traced_step`] says, but for the order in which batches sum.
    pub fn traced_batch(&mut self, candidates: usize) -> Batch {
        let start = self.text.len();
        let mut goes_on = Ok(true);
        for _ in 0..self.reader.fill_rows() {
            goes_on = self.step().map(|choice| choice.is_some());
            if !matches!(goes_on, Ok(true)) {
                break;
            }
        }
        let positions: Vec<usize> = (start..self.text.len()).collect();
        let query = self.query(candidates);
        match self.reader.fill(&Query { position: start, ..query }, &positions, &mut |_| true) {
            Ok(traces) => Self::whole(traces, goes_on),
            Err(error) => Batch { traces: Vec::new(), goes_on: Err(error) },
        }
    }

    /// Ends a batch before the first trace with a broken exit.
    fn whole(mut traces: Vec<StepTrace>, goes_on: Result<bool, ReadError>) -> Batch {
        let broken = traces.iter().enumerate().find_map(|(n, trace)| Some((n, trace.broken().next()?)));
        let Some((n, exit)) = broken else { return Batch { traces, goes_on } };
        let position = traces[n].position - 1;
        traces.truncate(n);
        Batch { traces, goes_on: Err(Error::NotFinite { exit, position }.into()) }
    }
}
