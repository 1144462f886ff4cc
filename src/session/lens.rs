//! Every exit's layer through the model's own head, beside the exit's own: whether a layer does not know, or the lens
//! cannot read it. Computed for what is looked at, so that it is not part of a trace.

use std::sync::Arc;

use super::{
    protocol::Query,
    reader::{ReadError, Reader},
    trace::{Candidate, ExitId, TokenId},
};
use crate::decode::Distribution;

/// A position through the lens.
#[derive(Clone, Debug)]
pub struct Lens {
    /// The tokens before it.
    pub before: Arc<[TokenId]>,
    /// The token that `ln_p` is about.
    pub subject: TokenId,
    /// A row for every exit below original, from above.
    pub rows: Vec<LensRow>,
}

/// What the lens reads at an exit's layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LensRow {
    /// The exit.
    pub exit: ExitId,
    /// The most probable token.
    pub top: Candidate,
    /// ln p of the subject.
    pub ln_p: f32,
    /// KL(original ‖ lens), nats.
    pub kl: f32,
    /// KL(exit ‖ lens), nats.
    pub from_head: f32,
}

impl Reader {
    /// The lens at a query's position, if it is asked for and the exits are not lenses themselves. Numbers of what is
    /// broken are NaN.
    ///
    /// # Errors
    /// As [`Reader::answer`].
    pub fn lens(&mut self, query: &Query, subject: TokenId) -> Result<Option<Lens>, ReadError> {
        if !query.lens || self.is_lens() {
            return Ok(None);
        }
        let row = self.ensure(query)?;
        let exits: Vec<ExitId> = self.exits().iter().copied().filter(|exit| *exit != ExitId::Original).collect();
        let logits = self.engine_mut().lens_at(&[row], &exits)?;
        let heads = self.analysis(row);
        let original = heads.exit(ExitId::Original);
        let of = |exit: &ExitId| {
            let nan = LensRow {
                exit: *exit,
                top: Candidate { id: subject, ln_p: f32::NAN },
                ln_p: f32::NAN,
                kl: f32::NAN,
                from_head: f32::NAN,
            };
            let Some(found) = logits.row(*exit, 0).filter(|_| !logits.is_broken(*exit, 0)) else { return nan };
            let lens = Distribution::new(found);
            let kl = |of: Option<&Distribution<'_>>| of.map_or(f32::NAN, |of| of.kl(&lens));
            let best = lens.best();
            LensRow {
                exit: *exit,
                top: Candidate { id: TokenId(best.id), ln_p: best.ln_p },
                ln_p: lens.ln_p(subject.0),
                kl: kl(original),
                from_head: kl(heads.exit(*exit)),
            }
        };
        let rows = exits.iter().map(of).collect();
        Ok(Some(Lens { before: query.text[..query.position].into(), subject, rows }))
    }
}
