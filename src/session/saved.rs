//! A session as a file: every text that was made, with what is known about each token, and as much of the model as it
//! takes to look at them without it. `saved/FORMAT.md` describes the file.

mod bounds;
mod exact;
mod lines;
mod method_lines;
mod read;
mod trace_file;
mod trace_lines;
mod write;

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    protocol::ModelCard,
    trace::{Decoding, Pair, StepTrace, TokenId},
    traced::Traced,
};

pub use read::parse;
pub use trace_file::{parse as parse_trace, write as write_trace};
pub use write::{bytes, whole};

/// How session files are called.
pub const EXTENSION: &str = "mexit";
/// The format's version.
pub const VERSION: u32 = 1;
/// How trace files are called.
pub const TRACE_EXTENSION: &str = "jsonl";
/// The version of the format of trace files.
pub const TRACE_VERSION: u32 = 1;
/// Longest title of a branch, in characters.
pub const LONGEST_TITLE: usize = 80;

/// A session.
#[derive(Clone, Debug)]
pub struct Saved {
    /// What `--model` named; `None` for the demo.
    pub place: Option<String>,
    /// The model; only tokens that occur in the session have their bytes.
    pub card: Arc<ModelCard>,
    /// What was set, and where the cursor was.
    pub settings: Settings,
    /// The tree of texts: parents before children.
    pub nodes: Vec<Node>,
    /// The last token of the present text.
    pub end: usize,
    /// The texts beside it.
    pub lanes: Lanes,
}

/// Texts side by side, without the present one.
#[derive(Clone, Debug, Default)]
pub struct Lanes {
    /// The place of the present text among them.
    pub present: usize,
    /// The others, in their order.
    pub others: Vec<Lane>,
}

/// A text beside the present one.
#[derive(Clone, Debug)]
pub struct Lane {
    /// Its last token.
    pub end: usize,
    /// How its next token is decided.
    pub decoding: Decoding,
    /// The pair shown for it.
    pub pair: Pair,
}

/// What was set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How the next token is decided.
    pub decoding: Decoding,
    /// The pair shown.
    pub pair: Pair,
    /// Tokens followed over the exits.
    pub pins: Vec<TokenId>,
    /// The view's name.
    pub view: String,
    /// The cursor's position.
    pub position: usize,
    /// The cursor's row of the table, from original downwards.
    pub row: usize,
    /// The pair that What-if shows in detail: rows of expert and amateur.
    pub what_if: (usize, usize),
}

/// A token of a text.
#[derive(Clone, Debug)]
pub struct Node {
    /// The token.
    pub token: TokenId,
    /// The token before it; `None` at the start of a text.
    pub parent: Option<usize>,
    /// The token after it that the text went through last.
    pub last: Option<usize>,
    /// What took it; `None` for a prompt's token.
    pub taken_by: Option<Decoding>,
    /// Chosen by the user.
    pub forced: bool,
    /// The title of the branch that it begins.
    pub title: Option<String>,
    /// About this token, as it was chosen.
    pub trace: Option<Arc<StepTrace>>,
    /// About the open slot after it.
    pub slot: Option<Arc<StepTrace>>,
}

/// Why a session is not written or read.
#[derive(Debug, thiserror::Error)]
pub enum SavedError {
    /// The system refused a file.
    #[error("{path}: {source}", path = .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is no session, or damaged.
    #[error("{path}: {refusal}", path = .path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        refusal: Refusal,
    },
}

/// What is wrong with a session's bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not written by this program.
    #[error("not a session of mexit-tui: expected a .mexit file, found {found}")]
    Foreign {
        /// What it is.
        found: String,
    },
    /// Written by a later version.
    #[error("a session of format {found}; this program reads format {VERSION}: a newer mexit-tui opens it")]
    Newer {
        /// Its version.
        found: u32,
    },
    /// Neither a trace nor a session.
    #[error("not a trace of mexit-tui: expected what `mexit-tui trace` writes, or a session, found {found}")]
    ForeignTrace {
        /// What it is.
        found: String,
    },
    /// A trace of another version.
    #[error(
        "a trace of format {found}; this program reads format {TRACE_VERSION}: make it anew, or take a newer mexit-tui"
    )]
    OtherTrace {
        /// Its version.
        found: u32,
    },
    /// Something in it cannot be.
    #[error("the file is damaged: line {line}: {what}: expected {expected}, found {found}")]
    Damaged {
        /// Where, from 1.
        line: usize,
        /// What.
        what: String,
        /// What should be there.
        expected: String,
        /// What is.
        found: String,
    },
}

impl Saved {
    /// Writes a file: a session, or for a name that ends in `.jsonl` the trace of the present text. Until it is complete,
    /// a file that was there stays as it was.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn write(&self, path: &Path) -> Result<(), SavedError> {
        let written = if is_trace(path) {
            whole(path, true, |out| write_trace(&Traced::of(self), out))
        } else {
            write::write(self, path)
        };
        written.map_err(|source| SavedError::Io { path: path.into(), source })
    }

    /// Reads a file: a session, or a trace.
    ///
    /// # Errors
    /// If the system refuses, or the file is neither, or one that cannot be.
    pub fn read(path: &Path) -> Result<Self, SavedError> {
        let refused = |refusal| SavedError::Refused { path: path.into(), refusal };
        match open(path)? {
            Opened::Session(bytes) => parse(bytes).map_err(refused),
            Opened::Trace(bytes) => {
                let traced = parse_trace(bytes).map_err(refused)?;
                traced.session().ok_or_else(|| refused(Refusal::ForeignTrace { found: "no token".into() }))
            }
        }
    }
}

impl Traced {
    /// Reads a trace, or the present text of a session.
    ///
    /// # Errors
    /// If the system refuses, or the file is neither, or one that cannot be.
    pub fn read(path: &Path) -> Result<Self, SavedError> {
        let refused = |refusal| SavedError::Refused { path: path.into(), refusal };
        match open(path)? {
            Opened::Trace(bytes) => parse_trace(bytes).map_err(refused),
            Opened::Session(bytes) => match parse(bytes) {
                Ok(saved) => Ok(Self::of(&saved)),
                Err(Refusal::Foreign { found }) => Err(refused(Refusal::ForeignTrace { found })),
                Err(refusal) => Err(refused(refusal)),
            },
        }
    }
}

/// Whether a file's name is that of a trace.
#[must_use]
pub fn is_trace(path: &Path) -> bool {
    path.extension().is_some_and(|end| end.eq_ignore_ascii_case(TRACE_EXTENSION))
}

enum Opened {
    Session(BufReader<File>),
    Trace(BufReader<File>),
}

/// Tells the two apart: a trace begins as JSON does, a session with gzip's mark.
fn open(path: &Path) -> Result<Opened, SavedError> {
    let io = |source| SavedError::Io { path: path.into(), source };
    let file = File::open(path).map_err(io)?;
    // A folder opens like a file on some systems, a pipe waits for ever.
    if !file.metadata().map_err(io)?.is_file() {
        let found = "no plain file".to_owned();
        return Err(SavedError::Refused { path: path.into(), refusal: Refusal::Foreign { found } });
    }
    let mut bytes = BufReader::new(file);
    let is_json = bytes.fill_buf().map_err(io)?.first() == Some(&b'{');
    Ok(if is_json { Opened::Trace(bytes) } else { Opened::Session(bytes) })
}
