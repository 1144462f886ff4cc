//! The files of a commit that make a model: which are needed, and how they come.

use std::fs;

use mexit_models::checkpoint::Config;

use super::{
    Hub, HubError, Progress, Source, Step,
    download::Remote,
    listing::{Listing, Weights},
    snapshot::Snapshots,
};

/// The download of a commit.
pub(super) struct Round<'a> {
    pub(super) hub: &'a Hub,
    pub(super) source: &'a Source,
    pub(super) snapshots: &'a Snapshots,
    pub(super) listing: &'a Listing,
    /// The files that the hub was asked about: they were downloaded now, or earlier.
    pub(super) seen: Vec<Remote>,
}

impl Round<'_> {
    /// Has every file of the model in the commit's folder. The small ones are read before the large ones come.
    pub(super) fn files(&mut self, progress: Progress) -> Result<(), HubError> {
        let weights = self.listing.weights(self.source)?;
        self.have(&self.listing.description(self.source)?, progress)?;
        let folder = self.snapshots.folder(&self.listing.commit);
        Config::read(&folder.join("config.json"))?;
        self.have(&[weights.name()], progress)?;
        if let Weights::Index(name) = weights {
            let path = folder.join(name);
            let index = fs::read(&path).map_err(HubError::io(path))?;
            let shards = self.listing.shards(self.source, name, &index)?;
            self.have(&shards.iter().map(String::as_str).collect::<Vec<_>>(), progress)?;
        }
        Ok(())
    }

    /// Has these files in the commit's folder.
    fn have(&mut self, names: &[&str], progress: Progress) -> Result<(), HubError> {
        if self.hub.offline {
            return Ok(());
        }
        let mut missing = Vec::new();
        let commit = &self.listing.commit;
        for name in names {
            let url = self.hub.file_url(self.source, commit, name);
            let listed = self.listing.files.get(*name).copied().flatten();
            let remote = Remote::ask(&self.hub.client, url, name, (commit, listed))?;
            let list = if self.snapshots.has(commit, &remote) { &mut self.seen } else { &mut missing };
            list.push(remote);
        }
        let total = missing.iter().map(|remote| remote.size).sum();
        let mut before = 0;
        for remote in missing {
            if !self.snapshots.has_content(&remote) {
                let part = self.snapshots.part(&remote)?;
                remote.download(&self.hub.client, &part, &mut |bytes| {
                    progress(Step::Download { file: &remote.name, done: before + bytes, total });
                })?;
                self.snapshots.keep(&part, &remote)?;
            }
            self.snapshots.link(commit, &remote)?;
            before += remote.size;
            self.seen.push(remote);
        }
        Ok(())
    }
}
