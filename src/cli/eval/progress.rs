//! How far it is, on a terminal; and the wish to stop.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use indicatif::{ProgressBar, ProgressStyle};
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::eval::run::Progress;

/// Steps of the bar: fine enough for the time left.
const STEPS: u64 = 100_000;

/// A bar, and whether to go on.
pub(super) struct Watch {
    bar: ProgressBar,
    stop: Arc<AtomicBool>,
}

impl Watch {
    /// Draws on a terminal only. If what has been measured is `kept`, the first Ctrl-C asks to stop and the second one
    /// ends the program; else the first one does.
    pub(super) fn new(kept: bool) -> anyhow::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        if kept {
            for signal in [SIGINT, SIGTERM] {
                signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&stop))?;
                signal_hook::flag::register(signal, Arc::clone(&stop))?;
            }
        }
        let bar = ProgressBar::new(STEPS);
        let style = ProgressStyle::with_template("{msg} {bar:30} {percent} %, {eta} left");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Ok(Self { bar, stop })
    }

    /// Shows how far it is; false to stop.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of the steps")]
    pub(super) fn see(&self, progress: Progress) -> bool {
        let step = (progress.fraction.clamp(0.0, 1.0) * STEPS as f64) as u64;
        if self.bar.position() == 0 && step > 0 {
            // What an earlier run has done says nothing about the time left.
            self.bar.set_position(step);
            self.bar.reset_eta();
        }
        self.bar.set_position(step);
        self.bar.set_message(format!("{} tokens in {} windows", progress.tokens, progress.windows));
        !self.stop.load(Ordering::Relaxed)
    }

    /// Takes the bar away.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
