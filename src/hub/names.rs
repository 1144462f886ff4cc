//! What may be put into an address and a path: names of repositories, revisions, shards, commits, etags. Everything
//! else is refused here, so that no name from outside leads out of the cache.

use std::fmt;

use super::HubError;

/// A repository at a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    repo: String,
    revision: String,
}

impl Source {
    /// Checks the names. Without a revision it is `main`.
    ///
    /// # Errors
    /// If a name has characters or parts that the hub's names do not have.
    pub fn new(repo: &str, revision: Option<&str>) -> Result<Self, HubError> {
        let revision = revision.unwrap_or("main");
        if !is_repo(repo) {
            let expected = "`owner/name` or `name` of letters, digits, `-`, `_` and `.`, without `..` and `--`";
            return Err(HubError::Name { what: "the repository", expected, found: repo.into() });
        }
        if !is_revision(revision) {
            let expected = "a branch, tag or commit of letters, digits, `-`, `_`, `.` and `/`, without `..`";
            return Err(HubError::Name { what: "the revision", expected, found: revision.into() });
        }
        Ok(Self { repo: repo.into(), revision: revision.into() })
    }

    /// Reads `REPO` or `REPO@REVISION`.
    ///
    /// # Errors
    /// As for [`Source::new`].
    pub fn parse(text: &str) -> Result<Self, HubError> {
        match text.split_once('@') {
            Some((repo, revision)) => Self::new(repo, Some(revision)),
            None => Self::new(text, None),
        }
    }

    /// The repository: `owner/name` or `name`.
    #[must_use]
    pub fn repo(&self) -> &str {
        &self.repo
    }

    /// The branch, tag or commit.
    #[must_use]
    pub fn revision(&self) -> &str {
        &self.revision
    }

    /// The repository's name without its owner.
    #[must_use]
    pub fn name(&self) -> &str {
        self.repo.rsplit('/').next().unwrap_or(&self.repo)
    }

    /// The repository as one folder. As no part has `--` in it, no two repositories share one.
    pub(super) fn folder(&self) -> String {
        self.repo.replace('/', "--")
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.repo, self.revision)
    }
}

fn is_repo(text: &str) -> bool {
    let part = |part: &str| is_plain(part) && !part.ends_with(['-', '.']) && !part.contains("--");
    text.len() <= 96 && text.split('/').count() <= 2 && text.split('/').all(part)
}

fn is_revision(text: &str) -> bool {
    text.len() <= 200 && text.split('/').all(is_plain)
}

/// A file name that needs no escaping, is no option, is not hidden and has no parent in it.
fn is_plain(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !text.is_empty() && text.chars().all(allowed) && !text.starts_with(['-', '.']) && !text.contains("..")
}

/// Whether an index may name this file as a shard.
pub(super) fn is_shard(text: &str, end: &str) -> bool {
    text.len() <= 200 && is_plain(text) && text.ends_with(end)
}

/// Whether it is a whole git commit.
pub(super) fn is_commit(text: &str) -> bool {
    text.len() == 40 && is_lower_hex(text)
}

/// Whether it is a SHA-256.
pub(super) fn is_sha256(text: &str) -> bool {
    text.len() == 64 && is_lower_hex(text)
}

fn is_lower_hex(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// The etag's value, if it can be a file's name: it names the blob in the cache.
pub(super) fn etag(header: &str) -> Option<&str> {
    let tag = header.strip_prefix("W/").unwrap_or(header).trim_matches('"');
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    (!tag.is_empty() && tag.len() <= 128 && tag.chars().all(allowed)).then_some(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories() {
        for good in ["gpt2", "ibm-research/gpt2-medium-multiexit", "a/b.c_d", "EleutherAI/gpt-neo-1.3B"] {
            assert!(Source::new(good, None).is_ok(), "{good}");
        }
        let long = "a".repeat(97);
        for bad in [
            "", "/", "a/", "/a", "a/b/c", "..", "a/..", "../a", "a--b", "a/b\\c", "a b", "é", ".git", "-a", "a.", &long,
        ] {
            assert!(Source::new(bad, None).is_err(), "{bad}");
        }
    }

    #[test]
    fn revisions() {
        for good in ["main", "refs/pr/1", "v1.0", "0123abc"] {
            assert_eq!(Source::new("a/b", Some(good)).expect(good).revision(), good);
        }
        for bad in ["", "..", "a/../b", "/a", "a/", "a//b", "a?b", "a#b", "a%2e", "./a", "-a", "a@b", "a\nb"] {
            assert!(Source::new("a/b", Some(bad)).is_err(), "{bad}");
        }
        let parsed = Source::parse("a/b.c@refs/pr/1").expect("a source");
        assert_eq!((parsed.repo(), parsed.revision(), parsed.name()), ("a/b.c", "refs/pr/1", "b.c"));
    }

    #[test]
    fn names_of_files() {
        assert!(is_shard("model-00001-of-00006.safetensors", ".safetensors"));
        for bad in ["../a.bin", "a/b.bin", "..bin", "/a.bin", "a\\b.bin", "a.txt", ".bin", "C:a.bin"] {
            assert!(!is_shard(bad, ".bin"), "{bad}");
        }
        assert_eq!(etag("W/\"abc-1\""), Some("abc-1"));
        for bad in ["", "\"\"", "../x", "a/b", "a.b"] {
            assert_eq!(etag(bad), None, "{bad}");
        }
    }
}
