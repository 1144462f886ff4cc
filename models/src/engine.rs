//! Reads texts with a model: keeps what it has computed, computes what is new, and gives the logits of any exit at any
//! position that it has read.

mod draft;
mod early;
mod lanes;

use std::ops::Range;

use mexit_ggml::{Arena, Crossing, DType, Device, Executor, Graph, Ops, Tensor};

use crate::{
    Error, ExitId, Model, TokenId,
    cache::Cache,
    heads::{self, By},
    pace::{Advice, Pace, Stopwatch, Work},
    trunk::{self, Gelu},
};

/// Tokens computed at once when a text is read: batches beyond this gain nothing and answer later.
pub const BATCH: usize = 64;

/// How an engine computes.
#[derive(Clone, Copy, Debug)]
pub struct EngineOptions {
    /// Processor threads.
    pub threads: usize,
    /// Longest text; the model's own positions at most.
    pub context: usize,
    /// Type of the cached keys and values: f32 or f16.
    pub kv_type: DType,
    /// Which GELU.
    pub gelu: Gelu,
}

/// A model at work on one text.
pub struct Engine {
    model: Model,
    cache: Cache,
    lanes: lanes::Lanes,
    executor: Executor,
    gelu: Gelu,
    /// `None` where the number of threads shall stay.
    pace: Option<Pace>,
    notice: Option<String>,
    computed: u64,
    /// Whether the reference kernels compute.
    reference: bool,
    evaluated: u64,
}

/// Logits of some exits at some positions.
#[derive(Clone, Debug)]
pub struct LogitRows {
    exits: Vec<ExitId>,
    vocabulary: usize,
    /// By exit, then position: V numbers each.
    values: Vec<f32>,
    /// Rows that hold a number that is not finite: exit, and index among the positions asked for.
    broken: Vec<(ExitId, usize)>,
    /// The positions asked for.
    rows: Vec<usize>,
}

impl LogitRows {
    /// Whether an exit's row holds a number that is not finite: a broken weight.
    #[must_use]
    pub fn is_broken(&self, exit: ExitId, index: usize) -> bool {
        self.broken.contains(&(exit, index))
    }

    /// The exits of these rows, in the order in which they were asked for.
    #[must_use]
    pub fn exits(&self) -> &[ExitId] {
        &self.exits
    }

    /// These rows, if every number in them is finite.
    ///
    /// # Errors
    /// With the first exit and position that is not.
    pub fn finite(self) -> Result<Self, Error> {
        match self.broken.first() {
            Some((exit, index)) => Err(Error::NotFinite { exit: *exit, position: self.rows[*index] }),
            None => Ok(self),
        }
    }

    /// One position's rows, V numbers for each exit.
    ///
    /// # Panics
    /// If there are not as many numbers.
    #[must_use]
    pub fn of(exits: &[ExitId], vocabulary: usize, values: Vec<f32>) -> Self {
        assert_eq!(values.len(), exits.len() * vocabulary, "V numbers for each exit");
        Self { exits: exits.to_vec(), vocabulary, rows: vec![0], values, broken: Vec::new() }
    }

    /// The `index`-th position alone.
    ///
    /// # Panics
    /// If there are not as many positions.
    #[must_use]
    pub fn at(&self, index: usize) -> Self {
        let values = self.exits.iter().filter_map(|exit| self.row(*exit, index)).flatten().copied().collect();
        let broken = self.broken.iter().filter(|(_, row)| *row == index).map(|(exit, _)| (*exit, 0)).collect();
        let rows = vec![self.rows[index]];
        Self { exits: self.exits.clone(), vocabulary: self.vocabulary, values, broken, rows }
    }

    /// Bytes that the numbers take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        size_of_val(&self.values[..])
    }

    /// The V logits of an exit at the `index`-th of the positions asked for.
    #[must_use]
    pub fn row(&self, exit: ExitId, index: usize) -> Option<&[f32]> {
        let at = self.exits.iter().position(|e| *e == exit)? * self.rows.len() + index;
        (index < self.rows.len()).then(|| &self.values[at * self.vocabulary..][..self.vocabulary])
    }

    /// How many positions there are.
    #[must_use]
    pub fn positions(&self) -> usize {
        self.rows.len()
    }

    /// All rows of an exit, one after the other.
    #[must_use]
    pub fn rows(&self, exit: ExitId) -> Option<&[f32]> {
        let at = self.exits.iter().position(|e| *e == exit)? * self.rows.len();
        Some(&self.values[at * self.vocabulary..][..self.rows.len() * self.vocabulary])
    }
}

impl Engine {
    /// Puts a model to work.
    ///
    /// # Errors
    /// If there is no memory for its cache, or a device does not start.
    pub fn new(model: Model, options: EngineOptions) -> Result<Self, Error> {
        let context = options.context.clamp(1, model.spec.context);
        let cache_bytes = Cache::bytes_for(&model, context, options.kv_type);
        require_memory(model.held_on(Device::cpu()?) as u64, cache_bytes)?;
        let cache = Cache::new(&model, context, options.kv_type)?;
        let nodes = trunk::tensors(&model) + heads::tensors(model.spec.exits.len() + 1);
        // The scheduler counts leafs (weights, caches) as well as nodes.
        let executor = Executor::new(&model.plan().devices(), options.threads, 2 * nodes)?;
        // Waiting for a device looks like not getting the processor.
        let pace = model.plan().devices().is_empty().then(|| Pace::new(executor.threads()));
        let cut = Some(model.plan()).filter(|plan| plan.is_cut());
        let notice = cut.map(|plan| format!("no room on devices for everything: {plan} (info --plan tells more)"));
        let (gelu, computed, evaluated, reference) = (options.gelu, 0, 0, false);
        let lanes = lanes::Lanes::default();
        Ok(Self { model, cache, lanes, executor, gelu, pace, notice, computed, reference, evaluated })
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The tokens read and kept.
    #[must_use]
    pub fn ids(&self) -> &[TokenId] {
        self.cache.ids()
    }

    /// Tokens that the trunk has been run over since the engine was made: what was read again counts again.
    #[must_use]
    pub fn computed(&self) -> u64 {
        self.computed
    }

    /// Rows of logits computed since the engine was made: one for each exit and position asked for.
    #[must_use]
    pub fn evaluated(&self) -> u64 {
        self.evaluated
    }

    /// The longest text.
    #[must_use]
    pub fn context(&self) -> usize {
        self.cache.context()
    }

    /// Processor threads in use.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.executor.threads()
    }

    /// Keeps the number of threads whatever the pace of steps: for measuring.
    pub fn keep_threads(&mut self) {
        self.pace = None;
    }

    /// Which device of another machine has been lost, if one was: nothing can be computed here any more.
    #[must_use]
    pub fn lost(&self) -> Option<mexit_ggml::Error> {
        self.model.plan().devices().into_iter().find_map(|device| device.present().err())
    }

    /// Something that the user should know, once.
    pub fn take_notice(&mut self) -> Option<String> {
        self.notice.take()
    }

    /// What the last graph came to on the devices: see [`Crossing`].
    #[must_use]
    pub fn crossing(&self) -> Crossing {
        self.executor.crossing()
    }

    /// Computes with ggml's reference kernels: see [`Executor::set_reference`].
    pub fn set_reference(&mut self, on: bool) {
        self.reference = on;
        self.executor.set_reference(on);
    }

    /// Forgets everything from position `len` on.
    pub fn truncate(&mut self, len: usize) {
        self.cache.truncate(len);
    }

    /// Reads `text`: keeps the longest common beginning with what was read before, computes the rest in batches of up
    /// to `batch`. `progress` is told how many tokens are read and may stop it, which leaves a shorter text read.
    ///
    /// # Errors
    /// If the text does not fit or names unknown tokens; then nothing has changed. Or if computing fails.
    pub fn read(
        &mut self,
        text: &[TokenId],
        batch: usize,
        progress: &mut dyn FnMut(usize) -> bool,
    ) -> Result<(), Error> {
        self.check(text)?;
        let common = self.cache.ids().iter().zip(text).take_while(|(a, b)| a == b).count();
        self.cache.truncate(common);
        while self.cache.ids().len() < text.len() {
            let start = self.cache.ids().len();
            let end = text.len().min(start + batch.max(1));
            self.advance(&text[start..end], &[])?;
            if !progress(end) {
                break;
            }
        }
        Ok(())
    }

    /// Reads one more token and gives the logits of `exits` after it, all in one graph.
    ///
    /// # Errors
    /// As [`Engine::read`].
    pub fn step(&mut self, id: TokenId, exits: &[ExitId]) -> Result<LogitRows, Error> {
        let longer: Vec<TokenId> = self.cache.ids().iter().copied().chain([id]).collect();
        self.check(&longer)?;
        self.advance(&[id], exits)
    }

    /// Logits of `exits` after each of the tokens at `rows`, from what is stored: the trunk does not run.
    ///
    /// # Errors
    /// If a row has not been read, or an exit is not the model's.
    pub fn logits(&mut self, rows: Range<usize>, exits: &[ExitId]) -> Result<LogitRows, Error> {
        let rows: Vec<usize> = rows.collect();
        self.logits_at(&rows, exits)
    }

    /// As [`Engine::logits`], after tokens that need not follow each other.
    ///
    /// # Errors
    /// As [`Engine::logits`].
    pub fn logits_at(&mut self, rows: &[usize], exits: &[ExitId]) -> Result<LogitRows, Error> {
        self.project(rows, exits, By::Exit)
    }

    /// As [`Engine::logits_at`], but every exit's row goes through the model's own head, whatever was trained for it:
    /// the logit lens at the exits' layers.
    ///
    /// # Errors
    /// As [`Engine::logits`].
    pub fn lens_at(&mut self, rows: &[usize], exits: &[ExitId]) -> Result<LogitRows, Error> {
        self.project(rows, exits, By::Lens)
    }

    fn project(&mut self, rows: &[usize], exits: &[ExitId], by: By) -> Result<LogitRows, Error> {
        let (n, started) = (rows.len(), Stopwatch::start());
        if n == 0 || rows.iter().any(|row| *row >= self.cache.ids().len()) {
            return Err(Error::EmptyText);
        }
        let arena = Arena::new(2 * heads::tensors(exits.len()))?;
        let (ops, spec) = (Ops::new(&arena), &self.model.spec);
        let mut graph = Graph::new(&arena)?;
        let (mut inputs, mut heads) = (Vec::new(), Vec::new());
        for exit in exits {
            self.model.require_exit(*exit)?;
            let tap = heads::tap_of(&self.model, *exit);
            let mut stored = Vec::with_capacity(n * spec.width * size_of::<f32>());
            for row in rows {
                let row = self.cache.rows(tap, *row..*row + 1).ok_or(Error::EmptyText)?;
                stored.extend_from_slice(bytemuck::cast_slice(row));
            }
            let input = ops.input(&format!("rows.{exit}"), DType::F32, &[spec.width, n])?;
            inputs.push((input, stored));
            heads.push(heads::build(&arena, &self.model, *exit, by, input)?);
        }
        for logits in &heads {
            graph.compute(*logits);
        }
        let inputs: Vec<_> = inputs.iter().map(|(t, bytes)| (*t, &bytes[..])).collect();
        self.evaluated += (n * exits.len()) as u64;
        let logits = collect(&mut self.executor, &graph, &inputs, &heads, (exits, rows, spec.vocabulary), &mut [])?;
        drop((graph, heads, inputs));
        drop(arena);
        self.mind_pace(Work { rows: n, past: 0, blocks: 0, heads: exits.len() }, started);
        Ok(logits)
    }

    /// Runs the trunk over `ids` and the heads of `exits` (for single tokens only) in one graph, and stores the rows.
    fn advance(&mut self, ids: &[TokenId], exits: &[ExitId]) -> Result<LogitRows, Error> {
        let started = Stopwatch::start();
        self.cache.discard();
        let (n, n_past, spec) = (ids.len(), self.cache.ids().len(), &self.model.spec);
        let part = trunk::Part { n, n_past, blocks: 0..spec.blocks };
        let arena = Arena::new(trunk::tensors(&self.model) + 2 * heads::tensors(exits.len()))?;
        let graph_of = trunk::build(&arena, &self.model, &self.cache, &part, self.gelu)?;
        let mut graph = Graph::new(&arena)?;
        graph_of.compute_in(&mut graph);
        let taps = spec.taps();
        let mut heads = Vec::with_capacity(exits.len());
        for exit in exits {
            self.model.require_exit(*exit)?;
            let tap = taps.iter().position(|t| *t == heads::tap_of(&self.model, *exit)).unwrap_or(0);
            heads.push(heads::build(&arena, &self.model, *exit, By::Exit, graph_of.taps[tap])?);
        }
        for logits in &heads {
            graph.compute(*logits);
        }

        let given = graph_of.inputs(trunk::token_bytes(ids, n_past), &part, spec.window);
        let inputs: Vec<_> = given.iter().map(|(tensor, bytes)| (*tensor, &bytes[..])).collect();
        let mut rows = vec![vec![0f32; n * spec.width]; taps.len()];
        let mut outputs: Vec<(Tensor<'_>, &mut [f32])> =
            graph_of.taps.iter().zip(&mut rows).map(|(tap, out)| (*tap, &mut out[..])).collect();
        let positions: Vec<usize> = (n_past..n_past + n).collect();
        let shape = (exits, &positions[..], spec.vocabulary);
        let logits = collect(&mut self.executor, &graph, &inputs, &heads, shape, &mut outputs)?;
        drop(outputs);
        drop((graph, heads, graph_of, inputs));
        drop(arena);
        self.cache.extend(ids, &rows);
        self.computed += n as u64;
        self.evaluated += exits.len() as u64;
        self.mind_pace(Work { rows: n, past: n_past, blocks: part.blocks.end, heads: exits.len() }, started);
        Ok(logits)
    }

    /// Uses fewer threads where they have become a burden, and more again where they are worth it: see [`Pace`].
    fn mind_pace(&mut self, work: Work, started: Stopwatch) {
        if !self.executor.waits_awake() {
            return;
        }
        let spent = started.stop(self.executor.threads());
        let Some(advice) = self.pace.as_mut().and_then(|pace| pace.after(work, spent)) else { return };
        let (Advice::Try(threads) | Advice::Back(threads) | Advice::Stay(threads)) = advice;
        if self.executor.set_threads(threads).is_err() {
            // Those that there are go on.
            self.pace = None;
            return;
        }
        if advice == Advice::Stay(threads) {
            let most = self.pace.as_ref().map_or(threads, Pace::most);
            self.notice = Some(if threads < most {
                format!("other programs keep the processor busy: {threads} of {most} threads; --threads sets it")
            } else {
                format!("the machine is quieter: {threads} threads again")
            });
        }
    }

    fn check(&self, text: &[TokenId]) -> Result<(), Error> {
        let vocabulary = self.model.spec.vocabulary;
        if text.is_empty() {
            return Err(Error::EmptyText);
        }
        if text.len() > self.cache.context() {
            return Err(Error::ContextFull { context: self.cache.context(), found: text.len() });
        }
        match text.iter().find(|id| id.index() >= vocabulary) {
            Some(id) => Err(Error::UnknownToken { id: *id, vocabulary }),
            None => Ok(()),
        }
    }
}

/// Runs a graph and gathers its logits, and whatever `others` ask for.
fn collect<'a>(
    executor: &mut Executor,
    graph: &Graph<'a>,
    inputs: &[(Tensor<'a>, &[u8])],
    heads: &[Tensor<'a>],
    (exits, positions, vocabulary): (&[ExitId], &[usize], usize),
    others: &mut [(Tensor<'a>, &mut [f32])],
) -> Result<LogitRows, Error> {
    let n = positions.len();
    let mut values = vec![0f32; exits.len() * n * vocabulary];
    let mut outputs: Vec<(Tensor<'a>, &mut [f32])> = others.iter_mut().map(|(t, out)| (*t, &mut **out)).collect();
    outputs.extend(heads.iter().copied().zip(values.chunks_exact_mut(n * vocabulary)));
    executor.run(graph, inputs, &mut outputs)?;
    drop(outputs);
    let rows = exits.iter().flat_map(|exit| (0..n).map(move |index| (*exit, index)));
    let broken = rows.zip(values.chunks_exact(vocabulary)).filter(|(_, row)| !all_finite(row));
    let broken: Vec<(ExitId, usize)> = broken.map(|(place, _)| place).collect();
    Ok(LogitRows { exits: exits.to_vec(), vocabulary, values, broken, rows: positions.to_vec() })
}

/// Whether no number is infinite or none. Without an early end, so that it runs many numbers at a time.
fn all_finite(row: &[f32]) -> bool {
    const EXPONENT: u32 = 0x7F80_0000;
    row.iter().fold(0, |found, v| found | u32::from(v.to_bits() & EXPONENT == EXPONENT)) == 0
}

/// Refuses what would not fit: an allocation that the system only promises ends in a killed process.
fn require_memory(held: u64, cache_bytes: u64) -> Result<(), Error> {
    const MIB: u64 = 1 << 20;
    let needed = held.saturating_add(cache_bytes) / MIB;
    // The CPU device's "free" is what the system could give without swapping.
    let available = mexit_ggml::available_memory().map_or(u64::MAX, |bytes| bytes / MIB);
    if needed > available { Err(Error::TooLarge { needed, available }) } else { Ok(()) }
}
