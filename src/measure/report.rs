//! What was found, as one value: the table and the JSON are made from it.

use mexit_models::{DType, Engine, ExitId, Model};
use serde::Serialize;

use super::{
    Origin, Settings, Spread, Subject,
    cost::Cost,
    limits::Limits,
    machine::{self, Memory, Others},
    plan::Plan,
    samples::{Samples, a_second, ms},
};

/// Everything that was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The program's version.
    pub version: &'static str,
    /// What was measured.
    pub model: ModelPart,
    /// On what.
    pub machine: MachinePart,
    /// For how long, and beside what.
    #[serde(flatten)]
    pub took: Took,
    /// Milliseconds to the first token, by length of the prompt: reading it, and the two heads that decide.
    pub first_token: Vec<FirstToken>,
    /// Milliseconds of steps.
    pub step: Steps,
    /// Tokens a second.
    pub speed: Speeds,
    /// Filling in a prompt.
    pub fill: Fill,
    /// Weights that are read and multiplied for a token.
    pub weights: Weights,
    /// What the machine could do, the median of all rounds; none where a device beside the processor has a part, as of the
    /// next two.
    pub limits: Option<Limits>,
    /// What part of that is reached, 0 to 1: the median of what each round reached of its own limit.
    pub reached: Option<Parts<f64>>,
    /// Milliseconds that it takes at least.
    pub bound_ms: Option<Parts<f64>>,
    /// Memory of the process.
    pub memory: MemoryPart,
}

/// The model.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "the names say it")]
pub struct ModelPart {
    pub name: String,
    pub origin: Origin,
    pub architecture: &'static str,
    pub blocks: u32,
    pub width: usize,
    pub context: usize,
    pub vocabulary: usize,
    pub exits: usize,
    /// Types of most weights.
    pub trunk_type: &'static str,
    pub heads_type: &'static str,
    /// Numbers in it.
    pub parameters: u64,
    /// Bytes of its file, or of as much memory.
    pub bytes: usize,
}

/// The machine.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "the names say it")]
pub struct MachinePart {
    pub processor: Option<String>,
    pub cores: usize,
    pub threads: usize,
    pub kv_type: &'static str,
    #[serde(flatten)]
    pub places: Places,
}

/// On which device each part ran.
#[derive(Clone, Debug, Serialize)]
pub struct Places {
    /// Of the blocks: devices with how many they have, lower blocks first.
    pub blocks_on: Vec<(String, u32)>,
    /// Of every exit's head.
    pub heads_on: String,
    /// Of keys and values, where that is not with the blocks.
    pub cache_on: Option<String>,
}

/// The measuring itself.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Took {
    /// Rounds.
    pub rounds: usize,
    /// Seconds of all rounds.
    pub seconds: f64,
    /// Who else used the processor.
    pub others: Others,
}

/// How long until a prompt's first token.
#[derive(Clone, Debug, Serialize)]
pub struct FirstToken {
    /// Tokens of the prompt.
    pub prompt: usize,
    /// Milliseconds.
    pub ms: Spread,
}

/// Milliseconds of steps.
#[derive(Clone, Debug, Serialize)]
pub struct Steps {
    /// After so many tokens.
    pub position: usize,
    /// With every exit.
    pub all: Spread,
    /// The blocks alone.
    pub trunk: Spread,
    /// The heads alone.
    pub heads: Spread,
    /// With every exit and everything that the screen shows.
    pub shown: Spread,
    /// From logits to what is shown.
    pub analysis: Spread,
    /// Near the end of the context, after so many tokens …
    pub late_position: usize,
    /// … with every exit.
    pub late: Spread,
    /// What a late step takes of an early one's time.
    pub late_ratio: f64,
}

/// Tokens a second.
#[derive(Clone, Debug, Serialize)]
pub struct Speeds {
    /// Step by step, every exit.
    pub stepping: Spread,
    /// The same with everything that the screen shows.
    pub shown: Spread,
    /// Tokens of a run.
    pub run_tokens: usize,
    /// The contrast's two exits.
    pub expert: String,
    /// The lower one.
    pub amateur: String,
    /// A run by the expert alone.
    pub alone: Spread,
    /// A run by the contrast.
    pub contrast: Spread,
    /// The same with every exit filled in afterwards.
    pub filled: Spread,
    /// Times stepping's speed.
    pub contrast_ratio: f64,
    /// Times the speed of stepping with everything shown, which is what is filled in.
    pub filled_ratio: f64,
}

/// Filling in a prompt, every exit with everything that is shown, in batches.
#[derive(Clone, Debug, Serialize)]
pub struct Fill {
    /// Tokens of the prompt.
    pub prompt: usize,
    /// Positions filled in a round: all, where there was time.
    pub positions: usize,
    /// Positions at once.
    pub batch: usize,
    /// Milliseconds a position.
    pub ms: Spread,
    /// How many times as long a step takes, with everything shown.
    pub step_ratio: f64,
}

/// Weights for one token.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Weights {
    /// Bytes read by the blocks.
    pub trunk_bytes: u64,
    /// Bytes read by every head.
    pub heads_bytes: u64,
    /// Bytes read by a step.
    pub step_bytes: u64,
    /// Multiply-adds of a step.
    pub step_products: u64,
}

/// Something about each thing that has a limit.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Parts<T> {
    /// A step with every exit.
    pub step: T,
    /// The blocks alone.
    pub trunk: T,
    /// The heads alone.
    pub heads: T,
    /// A token of a run by one exit.
    pub alone: T,
    /// A token of a run by the contrast.
    pub contrast: T,
    /// A position filled in.
    pub fill: T,
}

/// Memory.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct MemoryPart {
    /// Most bytes that were resident at once.
    pub peak: Option<u64>,
    /// Of those, weights: resident pages of the mapped file or of the program, or what was made in memory.
    pub weights: Option<u64>,
}

/// Puts it together.
pub(super) fn of(
    subject: &Subject,
    engine: &Engine,
    settings: &Settings,
    (plan, samples, limits): (&Plan, &Samples, &[Limits]),
    took: Took,
) -> Report {
    let (model, spec) = (engine.model(), &engine.model().spec);
    let heads_of = |exits: &[ExitId]| Cost::of_heads(model, exits);
    let (trunk, heads) = (Cost::of_trunk(model), heads_of(&spec.exit_ids()));
    let all = trunk.and(&heads);
    let two = if plan.pair.expert == plan.pair.amateur { 1 } else { 2 };
    let deciding = &[plan.pair.expert, plan.pair.amateur][..two];
    let bound = |limits: &Limits| Parts {
        step: all.bound(limits, 1),
        trunk: trunk.bound(limits, 1),
        heads: heads.bound(limits, 1),
        alone: trunk.and(&heads_of(&deciding[..1])).bound(limits, 1),
        contrast: trunk.and(&heads_of(deciding)).bound(limits, 1),
        fill: heads.bound(limits, plan.batch),
    };
    let bounds: Vec<Parts<f64>> = limits.iter().map(bound).collect();
    let limits = Limits::median(limits);
    let reached = limits.as_ref().map(|_| Parts {
        step: reached(&bounds, |bound| bound.step, &samples.all),
        trunk: reached(&bounds, |bound| bound.trunk, &samples.trunk),
        heads: reached(&bounds, |bound| bound.heads, &samples.heads),
        alone: reached(&bounds, |bound| bound.alone, &samples.alone),
        contrast: reached(&bounds, |bound| bound.contrast, &samples.contrast),
        fill: reached(&bounds, |bound| bound.fill, &samples.fill),
    });
    let bound_ms = limits.as_ref().map(|limits| bound(limits).map(|seconds| seconds * 1e3));
    let median = |seconds: &Vec<f64>| Spread::of(seconds).median;
    let memory = Memory::now();
    let type_of = |cost: &Cost| cost.main_type().map_or("none", DType::name);
    let first_token = plan.prompts.iter().zip(&samples.first_token);
    Report {
        version: env!("CARGO_PKG_VERSION"),
        model: ModelPart {
            name: subject.name.clone(),
            origin: subject.origin,
            architecture: spec.architecture.name(),
            blocks: spec.blocks,
            width: spec.width,
            context: spec.context,
            vocabulary: spec.vocabulary,
            exits: spec.exit_ids().len(),
            trunk_type: type_of(&trunk),
            heads_type: type_of(&heads),
            parameters: model.file.tensors.iter().map(|t| t.shape.iter().product::<usize>() as u64).sum(),
            bytes: subject.mapping.len(),
        },
        machine: MachinePart {
            processor: machine::processor(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            threads: engine.threads(),
            kv_type: settings.kv_type.name(),
            places: Places::of(model),
        },
        took,
        first_token: first_token.map(|(prompt, seconds)| FirstToken { prompt: *prompt, ms: ms(seconds) }).collect(),
        step: Steps {
            position: plan.early,
            all: ms(&samples.all),
            trunk: ms(&samples.trunk),
            heads: ms(&samples.heads),
            shown: ms(&samples.shown),
            analysis: ms(&samples.analysis),
            late_position: plan.late,
            late: ms(&samples.late),
            late_ratio: median(&samples.late) / median(&samples.all),
        },
        speed: Speeds {
            stepping: a_second(&samples.all),
            shown: a_second(&samples.shown),
            run_tokens: plan.run,
            expert: plan.pair.expert.to_string(),
            amateur: plan.pair.amateur.to_string(),
            alone: a_second(&samples.alone),
            contrast: a_second(&samples.contrast),
            filled: a_second(&samples.filled),
            contrast_ratio: median(&samples.all) / median(&samples.contrast),
            filled_ratio: median(&samples.shown) / median(&samples.filled),
        },
        fill: Fill {
            prompt: plan.fill,
            positions: samples.fill_positions,
            batch: plan.batch,
            ms: ms(&samples.fill),
            step_ratio: median(&samples.shown) / median(&samples.fill),
        },
        weights: Weights {
            trunk_bytes: trunk.bytes(),
            heads_bytes: heads.bytes(),
            step_bytes: all.bytes(),
            step_products: all.products(),
        },
        limits,
        reached,
        bound_ms,
        memory: MemoryPart {
            peak: memory.peak,
            weights: if subject.mapping.is_owned() { Some(subject.mapping.len() as u64) } else { memory.mapped },
        },
    }
}

impl Places {
    fn of(model: &Model) -> Self {
        let (plan, mut blocks_on) = (model.plan(), Vec::<(String, u32)>::new());
        for n in 0..model.spec.blocks {
            let name = plan.block(n).name();
            match blocks_on.last_mut().filter(|(last, _)| *last == name) {
                Some((_, count)) => *count += 1,
                None => blocks_on.push((name, 1)),
            }
        }
        let apart = (0..model.spec.blocks).find(|n| plan.cache(*n) != plan.block(*n));
        Self { blocks_on, heads_on: plan.heads().name(), cache_on: apart.map(|n| plan.cache(n).name()) }
    }
}

/// What part of a limit was reached: each round against its own bound, and of those the median. Every round has as many of
/// the times.
fn reached(bounds: &[Parts<f64>], part: impl Fn(&Parts<f64>) -> f64, seconds: &[f64]) -> f64 {
    let rounds = seconds.chunks_exact(seconds.len() / bounds.len().max(1));
    let ratios: Vec<f64> =
        bounds.iter().zip(rounds).map(|(bound, took)| part(bound) / Spread::of(took).median).collect();
    Spread::of(&ratios).median
}

impl Parts<f64> {
    fn map(self, by: impl Fn(f64) -> f64) -> Self {
        Self {
            step: by(self.step),
            trunk: by(self.trunk),
            heads: by(self.heads),
            alone: by(self.alone),
            contrast: by(self.contrast),
            fill: by(self.fill),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_round_is_held_against_its_own_bound() {
        let bounds =
            [1.0, 3.0, 2.0].map(|step| Parts { step, trunk: 0.0, heads: 0.0, alone: 0.0, contrast: 0.0, fill: 0.0 });
        // Medians of the rounds' steps: 2, 4, 4.
        let seconds = [2.0, 1.0, 9.0, 4.0, 4.0, 4.0, 3.0, 4.0, 8.0];
        assert_eq!(reached(&bounds, |bound| bound.step, &seconds), 0.5);
    }
}
