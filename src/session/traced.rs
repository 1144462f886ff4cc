//! One text with everything that is known about each of its tokens: what trace files hold and reports are made of.

use std::sync::Arc;

use super::{
    protocol::ModelCard,
    saved::{Lanes, Node, Saved, Settings},
    trace::{Decoding, ExitId, Pair, StepTrace, TokenId},
};

/// A text and its traces.
#[derive(Clone, Debug)]
pub struct Traced {
    /// What `--model` named; `None` for the demo.
    pub place: Option<String>,
    /// The model; only tokens that occur have their bytes.
    pub card: Arc<ModelCard>,
    /// How the text went on.
    pub decoding: Decoding,
    /// The pair whose contrast the traces tell, if they tell one.
    pub pair: Option<Pair>,
    /// Tokens followed over the exits because somebody asked.
    pub pins: Vec<TokenId>,
    /// How many tokens from the first are the prompt's.
    pub prompt: usize,
    /// Every token of the text.
    pub tokens: Vec<TracedToken>,
    /// About the open slot after the text.
    pub slot: Option<Arc<StepTrace>>,
}

/// A token of a text.
#[derive(Clone, Debug)]
pub struct TracedToken {
    /// The token.
    pub id: TokenId,
    /// Chosen by the user.
    pub forced: bool,
    /// What is known about it; nothing precedes the first token, so that has none.
    pub trace: Option<Arc<StepTrace>>,
}

impl Traced {
    /// The present text of a session.
    #[must_use]
    pub fn of(saved: &Saved) -> Self {
        let parent = |node: &usize| saved.nodes.get(*node)?.parent;
        let mut path: Vec<&Node> =
            std::iter::successors(Some(saved.end), parent).filter_map(|node| saved.nodes.get(node)).collect();
        path.reverse();
        let token = |node: &&Node| TracedToken { id: node.token, forced: node.forced, trace: node.trace.clone() };
        let is_prompt = |node: &&&Node| node.taken_by.is_none() && !node.forced;
        Self {
            place: saved.place.clone(),
            card: Arc::clone(&saved.card),
            decoding: saved.settings.decoding.clone(),
            pair: Some(saved.settings.pair),
            pins: saved.settings.pins.clone(),
            prompt: path.iter().take_while(is_prompt).count(),
            tokens: path.iter().map(token).collect(),
            slot: path.last().and_then(|node| node.slot.clone()),
        }
    }

    /// A session with this text alone, the cursor on the first token after the prompt. `None` without a token.
    #[must_use]
    pub fn session(&self) -> Option<Saved> {
        let end = self.tokens.len().checked_sub(1)?;
        let node = |(n, token): (usize, &TracedToken)| Node {
            token: token.id,
            parent: n.checked_sub(1),
            last: (n < end).then_some(n + 1),
            taken_by: (n >= self.prompt && !token.forced)
                .then(|| token.trace.as_ref().map_or_else(|| self.decoding.clone(), |trace| trace.decoding.clone())),
            forced: token.forced,
            title: None,
            trace: token.trace.clone(),
            slot: self.slot.clone().filter(|_| n == end),
        };
        let lowest = self.card.exits.last().copied().unwrap_or(ExitId::Original);
        let shown = Pair { expert: ExitId::Original, amateur: lowest, alpha: 0.1, min_candidates: 1 };
        let settings = Settings {
            decoding: self.decoding.clone(),
            pair: self.pair.unwrap_or_else(|| self.decoding.method.pair_or(shown)),
            pins: self.pins.clone(),
            view: String::new(),
            position: self.prompt.min(end + 1),
            row: 0,
            what_if: (0, self.card.exits.len().saturating_sub(1)),
        };
        let nodes = self.tokens.iter().enumerate().map(node).collect();
        Some(Saved {
            place: self.place.clone(),
            card: Arc::clone(&self.card),
            settings,
            nodes,
            end,
            lanes: Lanes::default(),
        })
    }

    /// Every trace in the order of the text, the open slot's last.
    pub fn traces(&self) -> impl Iterator<Item = &Arc<StepTrace>> {
        self.tokens.iter().filter_map(|token| token.trace.as_ref()).chain(&self.slot)
    }

    /// The pair that a decoding contrasts.
    #[must_use]
    pub fn pair_of(decoding: &Decoding) -> Option<Pair> {
        decoding.method.contrast()
    }
}
