//! Models from the Hugging Face hub: downloaded into the hub's cache, converted into ours.
//!
//! A model is converted once, into `<cache>/mexit-tui/models/<owner>--<name>/<commit>/<types>.gguf`, where `<cache>` is
//! the platform's folder (`XDG_CACHE_HOME`, or `~/.cache`; `~/Library/Caches` on a Mac). `MEXIT_CACHE` names another
//! folder than `<cache>/mexit-tui`.

mod client;
mod download;
mod error;
mod listing;
mod names;
mod round;
mod settings;
mod snapshot;

use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
};

use hf_hub::Cache;
use mexit_models::{
    WeightTypes,
    checkpoint::Checkpoint,
    convert::{ConvertOptions, convert},
};

use self::{
    client::Client,
    listing::Listing,
    round::Round,
    snapshot::{Snapshots, hub_repo},
};
pub use self::{error::HubError, names::Source};

/// The multi-exit model that its authors published.
pub const DEFAULT_REPO: &str = "ibm-research/gpt2-medium-multiexit";

/// A hub, and the folders that keep what came from it.
pub struct Hub {
    endpoint: String,
    client: Client,
    downloads: Cache,
    models: PathBuf,
    offline: bool,
    stop: Arc<AtomicBool>,
}

/// Which commit a branch stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// The one it names today: the hub is asked.
    Latest,
    /// The one it named when it was last asked for, if that is in the cache: then the hub is not asked.
    Remembered,
}

/// How far a fetch is.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    /// Files come.
    Download {
        /// The one that comes now.
        file: &'a str,
        /// Bytes there, of all files of this round.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
    /// The checkpoint is converted.
    Convert {
        /// Numbers done.
        done: u64,
        /// Numbers in all.
        total: u64,
    },
}

type Progress<'a> = &'a mut dyn FnMut(Step<'_>);

impl Hub {
    /// What stops a conversion that is under way, when it is set: it then leaves nothing behind.
    #[must_use]
    pub fn stop(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stop)
    }

    /// A model's GGUF file in the cache; downloads and converts it first if it is not there.
    ///
    /// # Errors
    /// If the hub cannot be asked, refuses, or answers what a hub does not; if the files are no model that can be
    /// converted; if the system refuses a file. What the cache holds then is whole, or is not taken for whole.
    pub fn fetch(
        &self,
        source: &Source,
        types: WeightTypes,
        freshness: Freshness,
        progress: Progress,
    ) -> Result<PathBuf, HubError> {
        let snapshots = Snapshots::new(&self.downloads, source);
        let remembered = snapshots.remembered();
        let asks = !self.offline && freshness == Freshness::Latest && remembered.as_deref() != Some(source.revision());
        if let Some(commit) = remembered.as_ref().filter(|_| !asks) {
            let model = self.model(source, commit, types);
            if model.exists() {
                return Ok(model);
            }
        }
        let listing = match remembered {
            _ if !self.offline => Listing::ask(&self.client, &self.listing_url(source), source)?,
            Some(commit) if !snapshots.files(&commit).is_empty() => Listing { files: snapshots.files(&commit), commit },
            _ => return Err(HubError::Offline { source_name: source.to_string() }),
        };
        let model = self.model(source, &listing.commit, types);
        let _lock = self.lock(source)?;
        if !model.exists() {
            self.make(source, &snapshots, &listing, (&model, types), progress)?;
        }
        if !self.offline {
            snapshots.remember(&listing.commit)?;
        }
        Ok(model)
    }

    /// Where a converted model lies.
    fn model(&self, source: &Source, commit: &str, types: WeightTypes) -> PathBuf {
        self.models.join(source.folder()).join(commit).join(format!("{}.gguf", types.file_stem()))
    }

    /// Keeps other processes from fetching the same model until it is dropped.
    fn lock(&self, source: &Source) -> Result<File, HubError> {
        let folder = self.models.join(source.folder());
        fs::create_dir_all(&folder).map_err(HubError::io(&folder))?;
        let path = folder.join(".lock");
        let file = File::create(&path).map_err(HubError::io(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(HubError::Busy { path }),
            Err(TryLockError::Error(e)) => Err(HubError::io(path)(e)),
        }
    }

    /// Downloads what is missing of a commit, and converts it.
    fn make(
        &self,
        source: &Source,
        snapshots: &Snapshots,
        listing: &Listing,
        (model, types): (&Path, WeightTypes),
        progress: Progress,
    ) -> Result<(), HubError> {
        let mut round = Round { hub: self, source, snapshots, listing, seen: Vec::new() };
        let made = round.files(progress).and_then(|()| {
            let checkpoint = Checkpoint::open(&snapshots.folder(&listing.commit))?;
            let folder = model.parent().unwrap_or(model);
            fs::create_dir_all(folder).map_err(HubError::io(folder))?;
            let (repo, revision) = (source.repo().to_owned(), Some(listing.commit.clone()));
            let stop = Arc::clone(&self.stop);
            let options =
                ConvertOptions { types, force: true, source: repo, revision, stop, ..ConvertOptions::default() };
            convert(&checkpoint, model, &options, &mut |done, total| progress(Step::Convert { done, total }))?;
            Ok(())
        });
        if matches!(made, Err(HubError::Contents { .. } | HubError::Model(_))) {
            // A file of the right length without a hash may hold anything: the next run is to have it anew.
            for remote in round.seen.iter().filter(|remote| !remote.is_provable()) {
                snapshots.forget(&listing.commit, remote)?;
            }
        }
        match made {
            // Offline the cache is all that is known of the repository: what it lacks may well be there.
            Err(HubError::Contents { .. }) if self.offline => {
                Err(HubError::Offline { source_name: source.to_string() })
            }
            made => made,
        }
    }

    fn listing_url(&self, source: &Source) -> String {
        format!("{}/api/{}", self.endpoint, hub_repo(source).api_url())
    }

    /// By commit, so that all files are of one.
    fn file_url(&self, source: &Source, commit: &str, name: &str) -> String {
        format!("{}/{}/resolve/{commit}/{name}", self.endpoint, hub_repo(source).url())
    }
}
