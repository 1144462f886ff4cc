//! Decodings side by side: texts that grow together over one model, and what each comes to.

mod summary;

use std::{sync::Arc, time::Instant};

use mexit_models::{Error, TokenId};

use super::{
    protocol::Query,
    reader::{ReadError, Reader},
    run::Run,
    trace::{Decoding, StepTrace},
};

pub use summary::{Summary, first_difference};

/// Fewest and most lanes: one alone compares with nothing, more have no room.
pub const FEWEST: usize = 2;
/// See [`FEWEST`].
pub const MOST: usize = 4;

/// One text that grows by one decoding.
#[derive(Clone, Debug)]
pub struct Lane {
    /// The whole text.
    pub text: Vec<TokenId>,
    /// How many of its tokens were given.
    pub prompt: usize,
    /// What takes the next token.
    pub decoding: Decoding,
    /// Tokens that it may still take; none after the end-of-text token, or where the context is full.
    left: usize,
    /// Milliseconds of the steps, the first without: it reads the prompt.
    millis: Vec<f32>,
}

impl Lane {
    /// A lane that goes on from `prompt` for at most `most` tokens.
    #[must_use]
    pub fn new(prompt: Vec<TokenId>, decoding: Decoding, most: usize) -> Self {
        Self { prompt: prompt.len(), text: prompt, decoding, left: most, millis: Vec::new() }
    }

    /// The tokens that were taken.
    #[must_use]
    pub fn generated(&self) -> &[TokenId] {
        &self.text[self.prompt..]
    }

    /// Milliseconds a token, the mean over all steps but the first.
    #[must_use]
    pub fn millis(&self) -> Option<f32> {
        let count = self.millis.len();
        (count > 0).then(|| self.millis.iter().sum::<f32>() / count as f32)
    }
}

/// Lanes that are stepped together. Each takes the tokens that [`Run`] takes alone, and pays for them alone: it has a
/// memory of its own, and what it shares with another at its start is read once.
pub struct Lanes<'r> {
    reader: &'r mut Reader,
    lanes: Vec<Lane>,
}

impl<'r> Lanes<'r> {
    /// Lanes over one reader, which evaluates every exit.
    ///
    /// # Errors
    /// If a prompt is empty or longer than the context.
    pub fn new(reader: &'r mut Reader, lanes: Vec<Lane>) -> Result<Self, Error> {
        for lane in &lanes {
            Run::new(reader, lane.text.clone(), lane.decoding.clone(), 0)?;
        }
        Ok(Self { reader, lanes })
    }

    /// The lanes.
    #[must_use]
    pub fn lanes(&self) -> &[Lane] {
        &self.lanes
    }

    /// One more token in each lane that goes on; `false` when none does.
    ///
    /// # Errors
    /// If computing fails.
    pub fn step(&mut self) -> Result<bool, ReadError> {
        let context = self.reader.engine().context();
        let mut went_on = false;
        for (n, lane) in self.lanes.iter_mut().enumerate() {
            // The last token of a full context has no place to go on from.
            if lane.left == 0 || lane.text.len() > context {
                continue;
            }
            let started = Instant::now();
            self.reader.turn_to(n, &lane.text)?;
            let mut run = Run::new(self.reader, lane.text.clone(), lane.decoding.clone(), lane.left)?;
            let Some(choice) = run.step()? else { continue };
            lane.left = if run.ended() { 0 } else { lane.left - 1 };
            if lane.text.len() > lane.prompt {
                lane.millis.push(started.elapsed().as_secs_f32() * 1000.0);
            }
            lane.text.push(choice.id);
            went_on = true;
        }
        Ok(went_on)
    }

    /// What every exit says of the tokens that a lane took, with `candidates` of each.
    ///
    /// # Errors
    /// If computing fails, or an exit gives a number that is not finite.
    pub fn traces(&mut self, n: usize, candidates: usize) -> Result<Vec<StepTrace>, ReadError> {
        let lane = &self.lanes[n];
        let positions: Vec<usize> = (lane.prompt..lane.text.len()).collect();
        let Some(first) = positions.first().copied() else { return Ok(Vec::new()) };
        let text: Arc<[TokenId]> = lane.text.as_slice().into();
        let query = Query { position: first, candidates, ..Query::after(text, lane.decoding.clone()) };
        self.reader.turn_to(n, &lane.text)?;
        let traces = self.reader.fill(&query, &positions, &mut |_| true)?;
        match traces.iter().find_map(|trace| Some((trace.broken().next()?, trace.position - 1))) {
            Some((exit, position)) => Err(Error::NotFinite { exit, position }.into()),
            None => Ok(traces),
        }
    }
}
