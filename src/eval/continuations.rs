//! Greedy continuations of the beginnings of windows, by every exit and contrast.

use mexit_models::{Engine, ExitId, LogitRows, TokenId};

use super::{
    EvalError,
    settings::{Readout, Settings},
    tally::Continued,
    units::Unit,
};
use crate::{
    decode::{Distribution, contrast},
    session::scoring::scoring,
};

/// Continues the beginning of a window, if it is one of those to be continued and long enough.
pub(super) fn of(engine: &mut Engine, settings: &Settings, unit: &Unit) -> Result<Option<Continued>, EvalError> {
    let wanted = settings.continuations;
    if unit.number >= wanted.windows || unit.inputs.len() < wanted.prompt {
        return Ok(None);
    }
    let prompt = &unit.inputs[..wanted.prompt];
    engine.truncate(0);
    let mut added = Vec::with_capacity(settings.readouts.len());
    for readout in &settings.readouts {
        let ids = match readout {
            Readout::Lens(_) => None,
            _ => Some(greedy(engine, settings, readout, prompt)?),
        };
        added.push(ids);
    }
    Ok(Some(Continued { prompt: prompt.iter().map(|id| id.0).collect(), added }))
}

/// Up to the end-of-text token, which is not counted, or as many as are wanted.
fn greedy(
    engine: &mut Engine,
    settings: &Settings,
    readout: &Readout,
    prompt: &[TokenId],
) -> Result<Vec<u32>, EvalError> {
    let exits = match readout {
        Readout::Exit(exit) | Readout::Lens(exit) => vec![*exit],
        Readout::Contrast(pair) if pair.expert == pair.amateur => vec![pair.expert],
        Readout::Contrast(pair) => vec![pair.expert, pair.amateur],
        Readout::Scored(method) => method.exits(),
    };
    // What one readout has added, the next has not.
    engine.truncate(prompt.len());
    engine.read(prompt, settings.batch, &mut |_| true)?;
    let last = prompt.len() - 1;
    let mut logits = engine.logits(last..prompt.len(), &exits)?.finite()?;
    let mut added: Vec<u32> = Vec::new();
    let end = engine.model().tokenizer.end_of_text();
    while let Some(top) = top(&logits, readout).filter(|top| Some(TokenId(*top)) != end) {
        added.push(top);
        if added.len() == settings.continuations.length || engine.ids().len() == engine.context() {
            break;
        }
        logits = engine.step(TokenId(top), &exits)?.finite()?;
    }
    Ok(added)
}

fn top(logits: &LogitRows, readout: &Readout) -> Option<u32> {
    let of = |exit: ExitId| logits.row(exit, 0).map(Distribution::new);
    match readout {
        Readout::Exit(exit) | Readout::Lens(exit) => Some(of(*exit)?.best().id),
        Readout::Contrast(pair) => {
            let (expert, amateur) = (of(pair.expert)?, of(pair.amateur)?);
            Some(contrast(&expert, &amateur, pair.alpha, pair.min_candidates).best()?.id)
        }
        Readout::Scored(method) => {
            let known: Vec<_> = method.exits().into_iter().filter_map(|exit| Some((exit, of(exit)?))).collect();
            let at = |exit| known.iter().find(|(id, _)| *id == exit).map(|(_, distribution)| distribution);
            // Where no token has a score, the expert's.
            Some(scoring(method, &at).map_or_else(|| known[0].1.best().id, |scoring| scoring.scores.best().id))
        }
    }
}
