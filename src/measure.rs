//! Measures a model on this machine: how long things take, and how near that is to what the machine could do.
//!
//! **The limit** (a roofline). For one token every weight is read once and multiplied once, in one operation after the
//! other. Let a share be the weights of one type with rows of one length ([`cost::Share`]). Then a step takes at least
//!
//! > Σ over shares of max(bytes ÷ bandwidth, multiply-adds ÷ rate of the type for this row length)
//!
//! summed over the blocks' shares, the heads' shares, or both. Bandwidth is measured over the very bytes of the model, the
//! rates in the cache, both with the step's number of threads, twice in each round, of which the better counts. What is
//! reached is told against the same round's limit, and of all rounds the median: a machine that others share is now a third
//! faster, now slower, with its memory and its steps alike. The maximum is taken share by share because operations do not
//! overlap: a later one waits for an earlier. When n tokens are computed at once, a share's bytes are read once for all of
//! them, so a token has 1/n of the reading, and the rate is that of the product with n columns. Attention, norms and the analysis are not in the limit: what
//! they take shows as distance from it. What would break the limit is said at [`mexit_models::roofline`]'s functions; and
//! a matrix that several exits share counts as read by each, although a large cache may still hold it. Where a step
//! seems to beat it, the machine has changed its pace between the two.
//!
//! Where a device beside the processor has a part there is no limit: what bounds it is that device's memory and arithmetic,
//! which are not measured.
//!
//! **Noise.** Each round does everything once, so that slow minutes meet all figures alike; figures are medians with
//! quartiles over rounds, or over the single steps of all rounds. What others did meanwhile is told ([`machine::Watch`]).

pub mod cost;
pub mod limits;
pub mod machine;
mod plan;
pub mod report;
mod rounds;
mod samples;
mod spread;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use mexit_models::{DType, Engine, EngineOptions, Gelu, Mapping, Model, Placement};

use self::{cost::Cost, limits::Limits, machine::Watch, plan::Plan, rounds::Bench, samples::Samples};
pub use self::{report::Report, spread::Spread};
use crate::session::reader::ReadError;

/// Which model.
pub struct Subject {
    /// Its file's bytes.
    pub mapping: Arc<Mapping>,
    /// What to call it.
    pub name: String,
    /// Where its weights come from.
    pub origin: Origin,
}

/// Where weights come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// A file.
    File,
    /// The demo model in this program.
    Demo,
    /// Random numbers in a known shape.
    Random,
}

/// How to measure.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where what computes.
    pub placement: Placement,
    /// Processor threads.
    pub threads: usize,
    /// Type of the cached keys and values.
    pub kv_type: DType,
    /// Rounds; where none are given, as many as fit into about a minute and a half, 2 at least and 5 at most.
    pub repeats: Option<usize>,
}

/// Rounds unless they take too long.
const ROUNDS: usize = 5;
const FEWEST: usize = 2;
const TIME: Duration = Duration::from_secs(95);

/// Measures. `progress` is told how much is done, 0 to 1, and what is being measured.
///
/// # Errors
/// If the model cannot be opened or computing fails.
pub fn measure(
    subject: &Subject,
    settings: &Settings,
    progress: &mut dyn FnMut(f64, &str),
) -> Result<Report, ReadError> {
    let model = Model::of(Arc::clone(&subject.mapping), settings.placement.clone())?;
    let plan = Plan::of(&model)?;
    let limited = model.plan().devices().is_empty();
    let trunk = Cost::of_trunk(&model);
    let all = trunk.and(&Cost::of_heads(&model, &model.spec.exit_ids()));
    let options =
        EngineOptions { threads: settings.threads, context: usize::MAX, kv_type: settings.kv_type, gelu: Gelu::Exact };
    let mut engine = Engine::new(model, options)?;
    engine.keep_threads();
    let threads = engine.threads();
    progress(0.0, "touching the weights");
    engine.step(plan.text[0], &engine.model().spec.exit_ids())?;

    let (watch, started) = (Watch::start(), Instant::now());
    let (mut samples, mut limits, mut rounds) = (Samples::default(), Vec::new(), 0);
    loop {
        let most = settings.repeats.unwrap_or(ROUNDS).max(1);
        let done = |part: f64| {
            let by_time = started.elapsed().as_secs_f64() / TIME.as_secs_f64();
            let by_rounds = (rounds as f64 + part) / most as f64;
            if settings.repeats.is_some() { by_rounds } else { by_rounds.max(by_time).min(1.0) }
        };
        let mut here = Limits::default();
        let mut bench = Bench {
            plan: &plan,
            samples: &mut samples,
            progress: &mut |part, what| progress(done(part), what),
            limits: &mut || {
                if limited { here.measure(&subject.mapping, &all, plan.batch, threads) } else { Ok(()) }
            },
        };
        engine = bench.round(engine)?;
        if limited {
            limits.push(here);
        }
        rounds += 1;
        let another = started.elapsed() + started.elapsed() / u32::try_from(rounds).unwrap_or(u32::MAX);
        if rounds >= most || (settings.repeats.is_none() && rounds >= FEWEST && another > TIME) {
            break;
        }
    }
    let took = report::Took { rounds, seconds: started.elapsed().as_secs_f64(), others: watch.others() };
    Ok(report::of(subject, &engine, settings, (&plan, &samples, &limits), took))
}
