//! Everything that the screen shows, and nothing of how.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    asking::Asking,
    display::Display,
    exits::Exits,
    hits::{Hit, Target},
    journeys::Journeys,
    keeping::Keeping,
    keymap::{Action, Keymap},
    lanes::Lanes,
    lens::LensView,
    methods::Methods,
    moves::Move,
    panel::Panel,
    runs::Runs,
    tree::{NodeId, Tree},
    view::layout::shows_grid,
};
use crate::session::{
    protocol::{ModelCard, Query},
    reading::Reading,
    trace::{Decoding, ExitId, Method, Pair, Sampling, StepTrace, TokenId},
};

/// A token of the text.
#[derive(Clone, Debug)]
pub(crate) struct TextToken {
    pub(crate) id: TokenId,
    /// The decoding that took it; `None` for the prompt.
    pub(crate) taken_by: Option<Decoding>,
    /// Chosen by the user, whatever the decoding would have taken.
    pub(crate) forced: bool,
}

/// What the user has chosen before the model is open.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wish {
    pub(crate) contrast: Option<(ExitId, ExitId)>,
    pub(crate) alpha: Option<f32>,
    pub(crate) min_candidates: Option<usize>,
}

/// The views, in the order of their digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum View {
    #[default]
    Explore,
    Heatmap,
    Journeys,
    WhatIf,
    Branches,
    Exits,
    Lanes,
}

impl View {
    /// All of them.
    pub(crate) const ALL: [Self; 7] =
        [Self::Explore, Self::Heatmap, Self::Journeys, Self::WhatIf, Self::Branches, Self::Exits, Self::Lanes];

    /// The name on its tab.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Explore => "Explore",
            Self::Heatmap => "Heatmap",
            Self::Journeys => "Journeys",
            Self::WhatIf => "What-if",
            Self::Branches => "Branches",
            Self::Exits => "Exits",
            Self::Lanes => "Lanes",
        }
    }
}

/// What the ribbon's height shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ribbon {
    /// The exit at which the token was decided.
    #[default]
    Decided,
    /// How many exits have another top token than original.
    Disagree,
    /// Entropy of original.
    Entropy,
    /// −ln p of the token under original.
    Surprise,
    /// KL(contrast ‖ expert).
    Effect,
    /// How long a run of tokens repeats here.
    Repeats,
    /// Nothing.
    Off,
}

/// What a heat cell shows beside the token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Measure {
    /// p of the text's token.
    #[default]
    Token,
    LnToken,
    Rank,
    /// p of the exit's top token.
    Top,
    Entropy,
    /// Agreement with original.
    Agree,
    Kl,
    Js,
}

/// Widths of a heat cell, and where the default is among them.
pub(crate) const CELL_WIDTHS: [usize; 6] = [1, 3, 6, 8, 12, 16];

/// The heatmap's own state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heatmap {
    pub(crate) measure: Measure,
    /// Index in [`CELL_WIDTHS`].
    pub(crate) width: usize,
    /// Every cell written out, also where it repeats the one above.
    pub(crate) all: bool,
    /// Where the strip under Explore began last.
    pub(crate) strip: usize,
}

impl Heatmap {
    /// Where the strip begins: where it did, as long as the cursor is not within two columns of its edge. There are no
    /// blank columns before the end of the text.
    pub(crate) fn strip_from(&self, position: usize, slot: usize, columns: usize) -> usize {
        let edge = 2.min(columns.saturating_sub(1) / 2);
        let least = (position + edge + 1).saturating_sub(columns);
        self.strip.clamp(least, position.saturating_sub(edge).max(least)).min((slot + 1).saturating_sub(columns))
    }
}

impl Default for Heatmap {
    fn default() -> Self {
        Self { measure: Measure::default(), width: 3, all: false, strip: 0 }
    }
}

/// What a cell of What-if shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Answer {
    #[default]
    Choice,
    P,
    Plausible,
}

/// The state of What-if: rows of the table for the pair in detail.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WhatIf {
    pub(crate) expert: usize,
    pub(crate) amateur: usize,
    pub(crate) answer: Answer,
}

/// The state of the screen.
pub(crate) struct State {
    /// What to call the model before it is open.
    pub(crate) opening: String,
    pub(crate) wish: Wish,
    pub(crate) card: Option<Arc<ModelCard>>,
    pub(crate) text: Vec<TextToken>,
    /// By position: what is known about it.
    pub(crate) traces: Vec<Option<Arc<StepTrace>>>,
    /// The cursor: a position, and a row of the table.
    pub(crate) position: usize,
    pub(crate) row: usize,
    pub(crate) pair: Pair,
    pub(crate) decoding: Decoding,
    /// What methods that are not in force were last set to.
    pub(crate) methods: Methods,
    /// Space was pressed before the next token was known.
    pub(crate) take_when_known: bool,
    /// The cursor goes on when the next token is known.
    pub(crate) following: bool,
    /// The page of the help, from 1; 0 is closed.
    pub(crate) help: usize,
    /// Cells of the window.
    pub(crate) window: (u16, u16),
    /// A sentence for the status row, until the next key.
    pub(crate) notice: Option<String>,
    /// Why the engine is gone.
    pub(crate) stopped: Option<String>,
    /// Tokens read and to read of a long text.
    pub(crate) reading: Option<(usize, usize)>,
    pub(crate) millis: Option<f32>,
    /// Turns while the engine works.
    pub(crate) tick: usize,
    pub(crate) asked: Option<Query>,
    /// All texts, and the end of the present one; `text` and `traces` are its path, spread out.
    pub(crate) tree: Tree,
    pub(crate) node: Option<NodeId>,
    pub(crate) undo: Vec<Move>,
    pub(crate) redo: Vec<Move>,
    /// Tokens that a run still makes.
    pub(crate) run: Option<usize>,
    /// The selected row of Branches.
    pub(crate) branch: usize,
    /// The text last looked for.
    pub(crate) sought: String,
    /// What is open over the view.
    pub(crate) panel: Option<Panel>,
    /// Which view is shown.
    pub(crate) view: View,
    pub(crate) ribbon: Ribbon,
    pub(crate) heatmap: Heatmap,
    pub(crate) what_if: WhatIf,
    pub(crate) journeys: Journeys,
    pub(crate) exits: Exits,
    pub(crate) lens: LensView,
    /// Tokens that the user follows over the exits.
    pub(crate) pins: Vec<TokenId>,
    /// A text that is no prompt yet: empty, or too long.
    pub(crate) draft: String,
    /// What is going on with the engine.
    pub(crate) asking: Asking,
    pub(crate) runs: Runs,
    /// The texts beside this one.
    pub(crate) lanes: Lanes,
    /// The session's file, and whether there is a model.
    pub(crate) keeping: Keeping,
    /// Which key does what.
    pub(crate) keys: Keymap,
    pub(crate) display: Display,
    /// What can be clicked in the picture that is on the screen, while the mouse is on.
    pub(crate) hits: Vec<Hit>,
    /// What was clicked last: a second click on it is Enter.
    pub(crate) clicked: Option<Target>,
}

impl State {
    /// Before the model is open.
    pub(crate) fn new(opening: String, wish: Wish) -> Self {
        let pair = Pair { expert: ExitId::Original, amateur: ExitId::Original, alpha: 0.1, min_candidates: 1 };
        Self {
            opening,
            wish,
            card: None,
            text: Vec::new(),
            traces: Vec::new(),
            position: 0,
            row: 0,
            pair,
            decoding: Decoding { method: Method::Contrast(pair), sampling: Sampling::default() },
            methods: Methods::default(),
            take_when_known: false,
            following: false,
            help: 0,
            window: (80, 24),
            notice: None,
            stopped: None,
            reading: None,
            millis: None,
            tick: 0,
            asked: None,
            tree: Tree::default(),
            node: None,
            undo: Vec::new(),
            redo: Vec::new(),
            run: None,
            branch: 0,
            sought: String::new(),
            panel: None,
            view: View::Explore,
            ribbon: Ribbon::default(),
            heatmap: Heatmap::default(),
            what_if: WhatIf::default(),
            journeys: Journeys::default(),
            exits: Exits::default(),
            lens: LensView::default(),
            pins: Vec::new(),
            draft: String::new(),
            asking: Asking::default(),
            runs: Runs::default(),
            lanes: Lanes::default(),
            keeping: Keeping::default(),
            keys: Keymap::default(),
            display: Display::default(),
            hits: Vec::new(),
            clicked: None,
        }
    }

    /// The user's own key of an action, for a sentence.
    pub(crate) fn key(&self, action: Action) -> String {
        self.keys.first(action, false).unwrap_or_else(|| ":".into())
    }

    /// The position of the token not yet chosen.
    pub(crate) fn open_slot(&self) -> usize {
        self.text.len()
    }

    /// Whether no token can follow.
    pub(crate) fn is_full(&self) -> bool {
        self.card.as_ref().is_some_and(|card| self.text.len() >= card.context)
    }

    /// Where the prompt ends.
    pub(crate) fn prompt_len(&self) -> usize {
        self.text.iter().position(|token| token.taken_by.is_some()).unwrap_or(self.text.len())
    }

    /// What is known about a position, also under an older decoding: all of it.
    pub(crate) fn trace(&self, position: usize) -> Option<&Arc<StepTrace>> {
        self.seen(position).filter(|trace| !trace.is_partial())
    }

    /// As [`State::trace`], if only of the exits that a run has read.
    pub(crate) fn seen(&self, position: usize) -> Option<&Arc<StepTrace>> {
        self.traces.get(position)?.as_ref()
    }

    /// What is known about a position under the present decoding, if only of the exits that decide.
    pub(crate) fn decided(&self, position: usize) -> Option<&Arc<StepTrace>> {
        self.seen(position).filter(|trace| trace.decoding == self.decoding)
    }

    /// What is known about a position under the present decoding and pair.
    pub(crate) fn fresh(&self, position: usize) -> Option<&Arc<StepTrace>> {
        self.trace(position).filter(|trace| {
            let shown = trace.answers(self.pair);
            trace.decoding == self.decoding && shown
        })
    }

    /// What is known about the cursor's position.
    pub(crate) fn current(&self) -> Option<(&Arc<StepTrace>, Reading)> {
        let trace = self.trace(self.position)?;
        Some((trace, Reading::of(trace)))
    }

    /// The token that Space takes, if it is known.
    pub(crate) fn ghost(&self) -> Option<TokenId> {
        let decided = |trace: &&Arc<StepTrace>| !trace.choice.ln_p.is_nan();
        (!self.is_full()).then(|| self.decided(self.open_slot()).filter(decided).map(|trace| trace.choice.id))?
    }

    /// Whether a position has the grid that What-if shows at the cursor.
    pub(super) fn has_grid(&self, position: usize) -> bool {
        let Some(pair) = self.grid_pair().filter(|_| position == self.position) else { return true };
        let grid = self.trace(position).and_then(|trace| trace.grid.as_ref());
        grid.is_some_and(|g| g.pair == (pair.expert, pair.amateur) && g.settings == (pair.alpha, pair.min_candidates))
    }

    /// Whether the picker is open at a position and its numbers are still to come.
    pub(super) fn picks_at(&self, position: usize) -> bool {
        matches!(&self.panel, Some(Panel::Picker(picker)) if picker.position == position && picker.lacks(self.pair))
    }

    /// The pair that a grid shows in detail, while one is on the screen: What-if's own, or in Explore the pair in use.
    pub(crate) fn grid_pair(&self) -> Option<Pair> {
        let exits = &self.card.as_ref()?.exits;
        let row = |exit| exits.iter().position(|other| *other == exit);
        let (expert, amateur) = match self.view {
            View::WhatIf => (self.what_if.expert, self.what_if.amateur),
            View::Explore if shows_grid(self) => (row(self.pair.expert)?, row(self.pair.amateur)?),
            _ => return None,
        };
        let last = exits.len().checked_sub(1)?;
        let expert = expert.min(last.saturating_sub(1));
        let amateur = amateur.clamp(expert + 1, last.max(expert + 1)).min(last);
        Some(Pair { expert: exits[expert], amateur: exits[amateur], ..self.pair })
    }

    /// The exit under the cursor.
    pub(crate) fn exit(&self) -> Option<ExitId> {
        self.card.as_ref()?.exits.get(self.row).copied()
    }

    /// Whether the contrast decides.
    pub(crate) fn contrast_decides(&self) -> bool {
        matches!(self.decoding.method, Method::Contrast(_))
    }
}
