//! Texts side by side: which one is being read.

use mexit_models::{Error, TokenId};

use super::{ReadError, Reader};

/// What is to be said about them.
#[derive(Default)]
pub(super) struct Lanes {
    /// There was no memory for one more.
    short: bool,
    notice: Option<String>,
}

impl Lanes {
    pub(super) fn take_notice(&mut self) -> Option<String> {
        self.notice.take()
    }
}

impl Reader {
    /// Turns to a lane before `text` is asked about there: what has been read in it stays while others are read, and a new
    /// one begins with what another has read of the text. Where there is no memory for its cache, the present one is used:
    /// texts that take turns in it are read again.
    ///
    /// # Errors
    /// If computing fails.
    pub fn turn_to(&mut self, lane: usize, text: &[TokenId]) -> Result<(), ReadError> {
        match self.engine.turn_to(lane) {
            Err(Error::TooLarge { needed, available }) if !self.lanes.short => {
                self.lanes.short = true;
                let what = format!("a cache for this lane needs {needed} MiB, {available} are free");
                self.lanes.notice = Some(format!("{what}: lanes are read again in turns"));
            }
            Err(Error::TooLarge { .. }) => {}
            done => done?,
        }
        self.kept.turn_to(self.engine.lane());
        self.kept.truncate(self.common(text));
        Ok(self.engine.adopt(text)?)
    }
}
