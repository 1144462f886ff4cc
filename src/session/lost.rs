//! A device of another machine that is gone while it was in use.

use mexit_models::DeviceError;

use super::reader::Reader;

/// What was lost, and how.
pub(super) struct Lost {
    name: String,
    endpoint: String,
    why: String,
}

impl Lost {
    /// What a reader has lost, if anything.
    pub(super) fn of(reader: &Reader) -> Option<Self> {
        match reader.engine().lost()? {
            DeviceError::RemoteLost { name, endpoint, why } => Some(Self { name, endpoint, why }),
            _ => None,
        }
    }

    /// What to say of it before the model is opened anew.
    pub(super) fn before(&self) -> String {
        format!("{} at {} is lost: {}", self.name, self.endpoint, self.why)
    }

    /// What to say once another reader has taken over.
    pub(super) fn after(&self, reader: &Reader) -> String {
        let devices = reader.model().plan().devices();
        let back = devices.iter().any(|device| device.name() == self.name);
        format!("{}; {}", self.before(), if back { "it is back" } else { "going on without it" })
    }
}
