//! Without a model: what is stored, under the present settings, as far as that is exact.

use std::sync::Arc;

use super::{state::State, tree::NodeId};
use crate::session::{
    restate::restate,
    trace::{Decoding, Pair},
};

/// Text, settings, and the position with its grid: what the shown traces depend on.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Restated {
    text: Option<NodeId>,
    decoding: Decoding,
    pair: Pair,
    grid: Option<(usize, Pair)>,
}

impl State {
    /// Makes the shown traces say what the stored ones say of the present settings. The stored ones stay as they are.
    pub(super) fn restate(&mut self) {
        if self.card.is_none() {
            return;
        }
        let wanted = Restated {
            text: self.node,
            decoding: self.decoding.clone(),
            pair: self.pair,
            grid: self.grid_pair().map(|pair| (self.position, pair)),
        };
        if self.keeping.restated.as_ref() == Some(&wanted) {
            return;
        }
        let path = self.tree.path(self.node);
        for position in 0..self.traces.len() {
            let stored = match path.get(position) {
                Some(node) => self.tree.trace(*node),
                None => path.last().and_then(|end| self.tree.slot(*end)),
            };
            let grid = wanted.grid.filter(|(at, _)| *at == position).map(|(_, pair)| pair);
            self.traces[position] = stored.map(|stored| {
                let is_same = stored.decoding == self.decoding
                    && stored.contrast.as_ref().is_some_and(|contrast| contrast.pair == self.pair)
                    && grid.is_none();
                if is_same {
                    Arc::clone(stored)
                } else {
                    Arc::new(restate(stored, position == path.len(), &self.decoding, self.pair, grid))
                }
            });
        }
        self.keeping.restated = Some(wanted);
    }
}
