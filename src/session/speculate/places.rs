//! Where drafts can be made for a decoding, and what arithmetic they take.

use mexit_models::{Engine, Model, Projection, Spec};

use super::{Error, Place, Shares, Speculation};
use crate::session::{
    reader::exits_of,
    trace::{Decoding, ExitId, Method},
};

/// An exit to draft at, for one decoding.
pub(super) struct Draft {
    pub(super) exit: ExitId,
    /// What proposes: the exit alone, or the decoding itself where it reads nothing above.
    pub(super) decoding: Decoding,
    pub(super) place: Place,
}

/// Checks that drafts can be made at an exit.
///
/// # Errors
/// With what is expected, if the model does not have it, or runs no block above it.
pub fn require_exit(model: &Model, exit: ExitId) -> Result<(), Error> {
    model.require_exit(exit)?;
    if block_of(&model.spec, exit) < model.spec.blocks {
        return Ok(());
    }
    let (what, expected) = ("the exit to draft at".into(), format!("one below block {}, the last", model.spec.blocks));
    Err(Error::Model { what, expected, found: exit.to_string() })
}

/// The exits worth trying for a decoding; or why there are none.
pub(super) fn drafts(
    engine: &Engine,
    decoding: &Decoding,
    speculation: Speculation,
) -> (Vec<Draft>, Option<&'static str>) {
    let spec = &engine.model().spec;
    let decides = exits_of(decoding).into_iter().map(|exit| block_of(spec, exit)).max().unwrap_or(spec.blocks);
    let asked = match speculation {
        Speculation::Off => return (Vec::new(), None),
        Speculation::Auto => None,
        Speculation::On { exit, .. } => exit.filter(|exit| require_exit(engine.model(), *exit).is_ok()),
    };
    let exits: Vec<ExitId> = match asked {
        Some(exit) => vec![exit],
        // Nothing has to be guessed below the exit that decides.
        None if decides < spec.blocks => vec![ExitId::Block(decides)],
        None if speculation == Speculation::Auto && !engine.batches_as_it_steps() => {
            return (Vec::new(), Some("weights or cache are not f32, so that a batch could choose other tokens"));
        }
        None => candidates(spec, if speculation == Speculation::Auto { &[1, 2, 3, 4] } else { &[2] }),
    };
    if exits.is_empty() {
        return (Vec::new(), Some("the model has no exit to draft at"));
    }
    (exits.into_iter().map(|exit| draft(spec, decoding, exit, decides)).collect(), None)
}

/// The exits nearest to some eighths of the blocks, each once.
fn candidates(spec: &Spec, eighths: &[u32]) -> Vec<ExitId> {
    let lower = || spec.exits.iter().copied().filter(|k| (1..spec.blocks).contains(k));
    let nearest = |eighth: &u32| lower().min_by_key(|k| (8 * k).abs_diff(eighth * spec.blocks));
    let mut found: Vec<u32> = eighths.iter().filter_map(nearest).collect();
    found.dedup();
    found.into_iter().map(ExitId::Block).collect()
}

fn draft(spec: &Spec, decoding: &Decoding, exit: ExitId, decides: u32) -> Draft {
    let (below, certain) = (block_of(spec, exit), decides <= block_of(spec, exit));
    let proposes = if certain { decoding.clone() } else { Decoding { method: Method::Exit(exit), ..decoding.clone() } };
    let blocks = |n: u32| f64::from(n) * (4 * spec.width * spec.width + 2 * spec.width * spec.inner) as f64;
    let heads = |decoding: &Decoding| exits_of(decoding).into_iter().map(|exit| head(spec, exit)).sum::<f64>();
    let plain = blocks(spec.blocks) + heads(decoding);
    let proposing = (blocks(below) + heads(&proposes)) / plain;
    let shares = Shares {
        draft: proposing,
        last: if certain { proposing } else { blocks(below) / plain },
        verify: (blocks(spec.blocks - below) + if certain { 0.0 } else { heads(decoding) }) / plain,
        head: head(spec, exit) / plain,
    };
    Draft { exit, decoding: proposes, place: Place { shares, certain } }
}

/// Multiply-adds of an exit's logits.
fn head(spec: &Spec, exit: ExitId) -> f64 {
    let is_cast = spec.projection == Projection::Cast && block_of(spec, exit) < spec.blocks;
    (spec.width * spec.vocabulary + if is_cast { spec.width * spec.width } else { 0 }) as f64
}

fn block_of(spec: &Spec, exit: ExitId) -> u32 {
    match exit {
        ExitId::Block(k) => k,
        ExitId::Original => spec.blocks,
    }
}
