//! Why a model cannot be had from the hub.

use std::{io, path::PathBuf};

/// What went wrong, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// A name, a revision or a setting that no address and no folder may be built from.
    #[error("{what}: expected {expected}, found `{found}`")]
    Name {
        /// Which name.
        what: &'static str,
        /// What it may be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// The network may not be asked, and the cache does not have it.
    #[error(
        "{source_name} is not in the cache, and the hub may not be asked: pull it once without --offline and HF_HUB_OFFLINE"
    )]
    Offline {
        /// Repository and revision.
        source_name: String,
    },
    /// The hub did not answer.
    #[error("{url}: no answer ({reason}): check the network and HF_ENDPOINT; --offline takes what was pulled before")]
    Unreachable {
        /// What was asked for.
        url: String,
        /// What the connection met.
        reason: String,
    },
    /// The hub wants to know who asks, or refuses who does.
    #[error(
        "{url}: the hub answered {status}: the repository does not exist, or is private or gated; check the name, accept its terms on its page, and set HF_TOKEN to a token that may read it{hint}"
    )]
    Denied {
        /// What was asked for.
        url: String,
        /// 401 or 403.
        status: u16,
        /// Whether a token was sent.
        hint: &'static str,
    },
    /// There is no such repository, revision or file.
    #[error("{url}: the hub answered 404: there is no such repository, revision or file; check the name")]
    NotFound {
        /// What was asked for.
        url: String,
    },
    /// An answer that is not the one of a hub.
    #[error("{what}: expected {expected}, found {found}: check HF_ENDPOINT, or try again later")]
    Answer {
        /// The address or file.
        what: String,
        /// What a hub answers.
        expected: String,
        /// What came.
        found: String,
    },
    /// The repository holds no model that can be read.
    #[error("{repo}: expected {expected}, found {found}: take a repository with a GPT-2 or GPT-Neo checkpoint")]
    Contents {
        /// The repository.
        repo: String,
        /// What should be in it.
        expected: String,
        /// What is.
        found: String,
    },
    /// The connection ended early. What came is kept where it can be proven later.
    #[error(
        "{file}: expected {size} bytes, the connection ended after {got} ({reason}): run the command again, {next}"
    )]
    Cut {
        /// The file.
        file: String,
        /// Its length.
        size: u64,
        /// What came of it.
        got: u64,
        /// How it ended.
        reason: String,
        /// What the next run will do.
        next: &'static str,
    },
    /// Another process fetches the same model.
    #[error("{}: held by another mexit-tui that fetches this model: wait for it to finish", path.display())]
    Busy {
        /// The lock.
        path: PathBuf,
    },
    /// The system refused a file.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The checkpoint cannot be converted.
    #[error(transparent)]
    Model(#[from] mexit_models::Error),
}

impl HubError {
    pub(super) fn answer(what: impl Into<String>, expected: impl ToString, found: impl ToString) -> Self {
        Self::Answer { what: what.into(), expected: expected.to_string(), found: found.to_string() }
    }

    /// For `map_err`: names the file.
    pub(super) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}
