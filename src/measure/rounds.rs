//! One round: everything once.

use std::time::{Duration, Instant};

use mexit_models::{BATCH, Engine, Error, ExitId, LogitRows, TokenId};

use super::{plan::Plan, samples::Samples};
use crate::session::{
    analyze::{Analysis, Question},
    protocol::Query,
    reader::{ReadError, Reader},
    run::Run,
    trace::Decoding,
};

/// Candidates of an exit that are listed: the screen's number.
const CANDIDATES: usize = 10;
/// Of a round, for filling in: what a position takes does not depend on how many there are.
const FILL_TIME: Duration = Duration::from_secs(5);

/// What rounds have in common.
pub(super) struct Bench<'b> {
    pub(super) plan: &'b Plan,
    pub(super) samples: &'b mut Samples,
    /// Told how much of the round is done, and what comes next.
    pub(super) progress: &'b mut dyn FnMut(f64, &str),
    /// Measures the machine's limits.
    pub(super) limits: &'b mut dyn FnMut() -> Result<(), Error>,
}

impl Bench<'_> {
    /// Does everything once. The engine goes from reader to reader.
    pub(super) fn round(&mut self, engine: Engine) -> Result<Engine, ReadError> {
        let engine = self.prompts(engine)?;
        (self.progress)(0.35, "late steps");
        let engine = self.late(engine)?;
        (self.progress)(0.45, "filling in");
        let engine = self.fill(engine)?;
        // Before the steps and after all: a machine that others share has fast and slow seconds.
        (self.progress)(0.6, "the machine's limits");
        (self.limits)()?;
        (self.progress)(0.65, "steps");
        let engine = self.steps(engine)?;
        (self.progress)(0.7, "steps with everything shown");
        let engine = self.shown(engine)?;
        (self.progress)(0.8, "runs");
        let (engine, seconds, _) = self.run(engine, &self.plan.alone())?;
        self.samples.alone.push(seconds);
        let engine = self.filled_run(engine)?;
        (self.progress)(0.95, "the machine's limits");
        (self.limits)()?;
        Ok(engine)
    }

    fn prompts(&mut self, mut engine: Engine) -> Result<Engine, ReadError> {
        let decoding = self.plan.contrast();
        self.samples.first_token.resize(self.plan.prompts.len(), Vec::new());
        for (index, n) in self.plan.prompts.iter().enumerate() {
            (self.progress)(0.1 * index as f64, "first tokens");
            engine.truncate(0);
            let mut reader = Reader::for_choices(engine, &decoding);
            let query = query(&self.plan.text[..*n], &decoding);
            let (choice, seconds) = timed(|| reader.choose(&query));
            choice?;
            self.samples.first_token[index].push(seconds);
            engine = reader.into_engine();
        }
        Ok(engine)
    }

    fn late(&mut self, mut engine: Engine) -> Result<Engine, ReadError> {
        let (plan, exits) = (self.plan, engine.model().spec.exit_ids());
        engine.read(&plan.text[..plan.late], BATCH, &mut |_| true)?;
        engine.truncate(plan.late);
        for id in &plan.text[plan.late..][..plan.steps] {
            let (logits, seconds) = timed(|| engine.step(*id, &exits));
            logits?;
            self.samples.late.push(seconds);
        }
        Ok(engine)
    }

    fn fill(&mut self, mut engine: Engine) -> Result<Engine, ReadError> {
        let (plan, decoding) = (self.plan, self.plan.contrast());
        engine.read(&plan.text[..plan.fill], BATCH, &mut |_| true)?;
        let mut reader = Reader::new(engine);
        let query = query(&plan.text[..plan.fill], &decoding);
        let positions: Vec<usize> = (1..=plan.fill).collect();
        let (mut filled, started) = (0, Instant::now());
        for batch in positions.chunks(reader.fill_rows()) {
            filled += reader.fill(&query, batch, &mut |_| true)?.len();
            if started.elapsed() > FILL_TIME {
                break;
            }
        }
        self.samples.fill.push(started.elapsed().as_secs_f64() / filled.max(1) as f64);
        self.samples.fill_positions = filled;
        Ok(reader.into_engine())
    }

    /// Each kind of step several times on end, as the late ones are: in turn they would find the caches another way.
    fn steps(&mut self, mut engine: Engine) -> Result<Engine, ReadError> {
        let (plan, exits, decoding) = (self.plan, engine.model().spec.exit_ids(), self.plan.contrast());
        let rows = plan.early..plan.early + plan.steps;
        engine.truncate(plan.early);
        for id in &plan.text[rows.clone()] {
            let (logits, seconds) = timed(|| engine.step(*id, &exits));
            logits?;
            self.samples.all.push(seconds);
        }
        for row in rows.clone() {
            let (logits, seconds) = timed(|| engine.logits(row..row + 1, &exits));
            self.samples.heads.push(seconds);
            self.samples.analysis.push(analysis(&logits?, &exits, &decoding, &plan.text[..=row]));
        }
        engine.truncate(plan.early);
        for id in &plan.text[rows] {
            let (logits, seconds) = timed(|| engine.step(*id, &[]));
            logits?;
            self.samples.trunk.push(seconds);
        }
        Ok(engine)
    }

    fn shown(&mut self, mut engine: Engine) -> Result<Engine, ReadError> {
        let (plan, decoding) = (self.plan, self.plan.contrast());
        engine.truncate(plan.early);
        let mut reader = Reader::new(engine);
        for n in plan.early + 1..=plan.early + plan.steps {
            let query = query(&plan.text[..n], &decoding);
            let (trace, seconds) = timed(|| reader.answer(&query, &mut |_| true));
            trace?;
            self.samples.shown.push(seconds);
        }
        Ok(reader.into_engine())
    }

    /// A run by the contrast, and then every exit of its tokens.
    fn filled_run(&mut self, engine: Engine) -> Result<Engine, ReadError> {
        let decoding = self.plan.contrast();
        let (engine, seconds, text) = self.run(engine, &decoding)?;
        self.samples.contrast.push(seconds);
        let mut reader = Reader::new(engine);
        let query = query(&text, &decoding);
        let positions: Vec<usize> = (text.len() - self.plan.run..text.len()).collect();
        let (traces, filling) = timed(|| {
            positions
                .chunks(reader.fill_rows())
                .try_for_each(|batch| reader.fill(&query, batch, &mut |_| true).map(drop))
        });
        traces?;
        self.samples.filled.push(seconds + filling / positions.len() as f64);
        Ok(reader.into_engine())
    }

    /// A run: the engine, seconds a token, and the text that it has made.
    fn run(&self, mut engine: Engine, decoding: &Decoding) -> Result<(Engine, f64, Vec<TokenId>), ReadError> {
        let plan = self.plan;
        // All but the last token: each token of the run then has its step.
        engine.truncate(0);
        engine.read(&plan.text[..plan.early - 1], BATCH, &mut |_| true)?;
        let mut reader = Reader::for_choices(engine, decoding);
        let mut text = plan.text[..plan.early].to_vec();
        let started = Instant::now();
        while text.len() < plan.early + plan.run {
            // A run ends with the end of a text: go on all the same.
            let left = plan.early + plan.run - text.len();
            let mut run = Run::new(&mut reader, text, decoding.clone(), left)?;
            while run.step()?.is_some() {}
            text = run.text().to_vec();
        }
        Ok((reader.into_engine(), started.elapsed().as_secs_f64() / plan.run as f64, text))
    }
}

/// What the screen asks after a text.
fn query(text: &[TokenId], decoding: &Decoding) -> Query {
    Query { candidates: CANDIDATES, ..Query::after(text, decoding.clone()) }
}

/// Seconds from logits to everything that the screen shows.
fn analysis(logits: &LogitRows, exits: &[ExitId], decoding: &Decoding, history: &[TokenId]) -> f64 {
    let question =
        Question { decoding, shown_pair: None, candidates: CANDIDATES, history, token: None, pins: &[], grid: None };
    let parts = std::slice::from_ref(logits);
    timed(|| std::hint::black_box(Analysis::new(parts, exits, 0).trace(history.len(), &question))).1
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let started = Instant::now();
    let result = work();
    (result, started.elapsed().as_secs_f64())
}
