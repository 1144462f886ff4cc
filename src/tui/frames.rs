//! How often the screen is drawn.

use std::time::{Duration, Instant};

/// Answers redraw the screen no more often; keys do at once.
const FRAME: Duration = Duration::from_millis(33);

/// When the next picture is due.
#[derive(Default)]
pub(super) struct Frames {
    wanted: bool,
    /// A key was pressed: at once.
    hurried: bool,
    last: Option<Instant>,
}

impl Frames {
    pub(super) fn want(&mut self) {
        self.wanted = true;
    }

    pub(super) fn hurry(&mut self) {
        self.hurried = true;
    }

    /// How long until a picture that is wanted may be drawn.
    pub(super) fn owed(&self, now: Instant) -> Option<Duration> {
        let since = self.last.map_or(FRAME, |last| now.saturating_duration_since(last));
        (self.wanted || self.hurried).then(|| FRAME.saturating_sub(since))
    }

    /// Whether to draw now.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        let due = self.hurried || self.last.is_none() || self.owed(now) == Some(Duration::ZERO);
        if due {
            *self = Self { last: Some(now), ..Self::default() };
        }
        due
    }
}
