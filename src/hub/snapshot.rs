//! The hub's cache folder, laid out as hf-hub and the Python library have it, so that what either of them downloaded
//! is not downloaded again: contents under `blobs`, named by etag; a commit's files under `snapshots`, as links to
//! them; revisions under `refs`.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use hf_hub::{Cache, CacheRepo, Repo, RepoType};

use super::{HubError, Source, download::Remote, names};

/// A repository's place in the cache.
pub(super) struct Snapshots {
    place: CacheRepo,
    refs: PathBuf,
    revision: String,
}

impl Snapshots {
    /// The place of `source`.
    pub(super) fn new(cache: &Cache, source: &Source) -> Self {
        let repo = hub_repo(source);
        let refs = cache.path().join(repo.folder_name()).join("refs");
        Self { refs, revision: repo.revision().to_owned(), place: cache.repo(repo) }
    }

    /// The commit that the revision named when the hub was last asked, or that it is.
    pub(super) fn remembered(&self) -> Option<String> {
        if names::is_commit(&self.revision) {
            return Some(self.revision.clone());
        }
        let text = fs::read_to_string(self.refs.join(&self.revision)).ok()?;
        Some(text.trim().to_owned()).filter(|commit| names::is_commit(commit))
    }

    /// Remembers which commit the revision names.
    pub(super) fn remember(&self, commit: &str) -> Result<(), HubError> {
        if names::is_commit(&self.revision) {
            return Ok(());
        }
        self.place.create_ref(commit).map_err(HubError::io(self.refs.join(&self.revision)))
    }

    /// The folder of a commit's files.
    pub(super) fn folder(&self, commit: &str) -> PathBuf {
        self.place.pointer_path(commit)
    }

    /// The files that a commit's folder has.
    pub(super) fn files(&self, commit: &str) -> BTreeMap<String, Option<u64>> {
        let entries = fs::read_dir(self.folder(commit)).into_iter().flatten().flatten();
        // `metadata` goes through the link: a dangling one is no file.
        let whole = entries.filter_map(|entry| Some((entry.file_name(), fs::metadata(entry.path()).ok()?.len())));
        whole.filter_map(|(name, size)| Some((name.into_string().ok()?, Some(size)))).collect()
    }

    /// Whether a commit's folder has the file: linked to its content, or in the place of the link, in full length.
    pub(super) fn has(&self, commit: &str, remote: &Remote) -> bool {
        let link = self.folder(commit).join(&remote.name);
        let same = fs::read_link(&link).map_or(true, |to| to.file_name().is_some_and(|n| n == remote.etag.as_str()));
        same && is_file(&link, remote.size)
    }

    /// Whether the content is there, for this commit or another.
    pub(super) fn has_content(&self, remote: &Remote) -> bool {
        is_file(&self.place.blob_path(&remote.etag), remote.size)
    }

    /// Where to download to. Not hf-hub's name for it: that one it would take for whole.
    pub(super) fn part(&self, remote: &Remote) -> Result<PathBuf, HubError> {
        let blob = self.place.blob_path(&remote.etag);
        let folder = blob.parent().unwrap_or(&blob);
        fs::create_dir_all(folder).map_err(HubError::io(folder))?;
        Ok(blob.with_extension("mexit-part"))
    }

    /// Makes a finished part the content.
    pub(super) fn keep(&self, part: &Path, remote: &Remote) -> Result<(), HubError> {
        let blob = self.place.blob_path(&remote.etag);
        fs::rename(part, &blob).map_err(HubError::io(blob))
    }

    /// Links the content into a commit's folder.
    pub(super) fn link(&self, commit: &str, remote: &Remote) -> Result<(), HubError> {
        let folder = self.folder(commit);
        let link = folder.join(&remote.name);
        let made = fs::create_dir_all(&folder)
            .and_then(|()| remove(&link))
            .and_then(|()| link_blob(&self.place.blob_path(&remote.etag), &remote.etag, &link));
        made.map_err(HubError::io(link))
    }

    /// Takes a file out again, content and link.
    pub(super) fn forget(&self, commit: &str, remote: &Remote) -> Result<(), HubError> {
        let (link, blob) = (self.folder(commit).join(&remote.name), self.place.blob_path(&remote.etag));
        remove(&link).map_err(HubError::io(link))?;
        remove(&blob).map_err(HubError::io(blob))
    }
}

/// The hub's notion of a source.
pub(super) fn hub_repo(source: &Source) -> Repo {
    Repo::with_revision(source.repo().into(), RepoType::Model, source.revision().into())
}

fn is_file(path: &Path, size: u64) -> bool {
    fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() == size)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn link_blob(_blob: &Path, etag: &str, link: &Path) -> io::Result<()> {
    // Relative, so that the cache can be moved: out of `snapshots/<commit>`.
    std::os::unix::fs::symlink(Path::new("../../blobs").join(etag), link)
}

/// Elsewhere a symbolic link may need a privilege.
#[cfg(not(unix))]
fn link_blob(blob: &Path, _etag: &str, link: &Path) -> io::Result<()> {
    fs::hard_link(blob, link)
}
