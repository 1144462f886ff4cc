//! What the screen and the engine thread say to each other. The screen owns the text; each query carries all of it,
//! and the engine reuses the longest prefix that it has already computed.

use std::{fmt, sync::Arc};

use super::{
    check::Check,
    lens::Lens,
    trace::{Decoding, ExitId, Pair, StepTrace, TokenId},
    vocabulary::Vocabulary,
};

/// A question about one position, and about others that can wait. The newest query replaces the one before, also while
/// that is being answered.
#[derive(Clone, Debug)]
pub struct Query {
    /// Comes back with the answer, so that late answers are told from wanted ones.
    pub ticket: u64,
    /// Which of the texts side by side this is about: each has a memory of its own.
    pub lane: usize,
    /// The whole text, from position 0.
    pub text: Arc<[TokenId]>,
    /// The position asked about, 1 to `text.len()`.
    pub position: usize,
    /// Further positions, in the order in which they are wanted: answered in batches from what is stored.
    pub rest: Arc<[usize]>,
    /// The decoding to apply.
    pub decoding: Decoding,
    /// The contrast to show although it does not decide.
    pub shown_pair: Option<Pair>,
    /// How many candidates of each exit to list.
    pub candidates: usize,
    /// Tokens to follow over the exits beside the distinct top tokens.
    pub pins: Arc<[TokenId]>,
    /// Ask for what every pair would choose, with this one in detail.
    pub grid: Option<Pair>,
    /// Ask for every token of the vocabulary, contrasted by this pair.
    pub vocabulary: Option<Pair>,
    /// Ask for every exit's layer through the model's own head.
    pub lens: bool,
    /// Original and the exits that the decoding reads are enough for now: a run takes its tokens by them, and asks for
    /// the other rows later.
    pub brief: bool,
}

impl Query {
    /// What follows after a whole text, and nothing beside it: ten candidates, no pair, no pins, every exit.
    #[must_use]
    pub fn after(text: impl Into<Arc<[TokenId]>>, decoding: Decoding) -> Self {
        let text = text.into();
        Self {
            ticket: 0,
            lane: 0,
            position: text.len(),
            text,
            rest: Arc::default(),
            decoding,
            shown_pair: None,
            candidates: 10,
            pins: Arc::default(),
            grid: None,
            vocabulary: None,
            lens: false,
            brief: false,
        }
    }
}

/// What the engine sends.
#[derive(Clone, Debug)]
pub enum Event {
    /// The model is open: what it is.
    Opened(Arc<ModelCard>),
    /// The prompt, as ids.
    Prompt(Arc<[TokenId]>),
    /// Tokens of a long text read so far.
    Reading {
        /// Tokens read.
        done: usize,
        /// Tokens to read.
        total: usize,
        /// Seconds that the rest will take at the pace of this reading so far.
        seconds_left: f32,
    },
    /// The beginning of an answer: original and what the decoding reads, the other rows still to come.
    Part {
        /// The query's ticket.
        ticket: u64,
        /// What is known so far.
        trace: Arc<StepTrace>,
    },
    /// Answers to some of the positions of a query that has more of them; [`Event::Step`] is the last.
    Filled {
        /// The query's ticket.
        ticket: u64,
        /// The answers.
        traces: Vec<Arc<StepTrace>>,
    },
    /// The answer to a query.
    Step {
        /// The query's ticket.
        ticket: u64,
        /// The answer.
        trace: Arc<StepTrace>,
        /// What the evaluation took, if the trunk ran.
        millis: Option<f32>,
        /// Every token, if that was asked for.
        vocabulary: Option<Arc<Vocabulary>>,
    },
    /// What the lens reads at the position of a query; its answer follows.
    Lens {
        /// The query's ticket.
        ticket: u64,
        /// What it reads.
        lens: Arc<Lens>,
    },
    /// The tokens of a text that was asked about, or why it has none.
    Tokens {
        /// The text.
        text: String,
        /// Its tokens.
        ids: Result<Arc<[TokenId]>, String>,
    },
    /// A sentence for the status row: something changed that the user should know (fewer threads, say).
    Notice(String),
    /// The query could not be answered; the engine lives on.
    Refused {
        /// The query's ticket.
        ticket: u64,
        /// What, expected, found, remedy: one line.
        reason: String,
    },
    /// What the self-check found.
    Checked(Arc<[Check]>),
    /// The engine has ended; no further event comes.
    Stopped(String),
}

/// What the screen needs to know of a model.
#[derive(Clone)]
pub struct ModelCard {
    /// Name for the head line: the file's stem, and the type of its weights.
    pub name: String,
    /// Exits, original first, then downwards.
    pub exits: Vec<ExitId>,
    /// Number of blocks.
    pub blocks: u32,
    /// Most tokens a text may have.
    pub context: usize,
    /// Number of tokens in the vocabulary.
    pub vocabulary: usize,
    /// True if the exits share the model's own head untrained (the logit lens).
    pub lens: bool,
    /// The token that ends a text.
    pub end_of_text: Option<TokenId>,
    /// The bytes of every token, by id; empty for padded rows.
    pub bytes: Vec<Box<[u8]>>,
    /// Ids of special tokens.
    pub special: Vec<TokenId>,
    /// What the file is, as lines of a name and a sentence.
    pub about: Vec<(String, String)>,
    /// Multiply-adds a token of one block.
    pub block_work: f64,
    /// Of one head, its cast included.
    pub head_work: f64,
    /// Tells this model from every other.
    pub fingerprint: String,
}

impl ModelCard {
    /// The bytes of a token; empty if it has none.
    #[must_use]
    pub fn bytes_of(&self, id: TokenId) -> &[u8] {
        self.bytes.get(id.index()).map_or(&[], |bytes| bytes)
    }

    /// Whether the token is a special one.
    #[must_use]
    pub fn is_special(&self, id: TokenId) -> bool {
        self.special.contains(&id)
    }
}

impl fmt::Debug for ModelCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModelCard").field("name", &self.name).field("exits", &self.exits).finish_non_exhaustive()
    }
}
