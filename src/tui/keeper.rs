//! What the screen asks of the program around it: files, the clipboard, another model.

use std::{
    fs, io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    copying::{Copied, StepJson},
    keeping::ModelState,
    row::Look,
    state::State,
    terminal,
};
use crate::session::{
    saved::{self, EXTENSION, Saved},
    worker::Opening,
};

/// How models are opened: with which flags, on which devices.
pub trait Machine: Send + Sync {
    /// It, as flags of the command line.
    fn flags(&self) -> Vec<String>;

    /// What opens the model that a place names (`None`: the demo).
    fn opening(&self, place: Option<&str>) -> Opening;

    /// The same on other devices, named in words as `:device` takes them. Asks devices, servers and the model's file, which
    /// may take long.
    ///
    /// # Errors
    /// If they cannot be, or have no room for the model in this place.
    fn moved(&self, place: Option<&str>, words: &str) -> Result<Arc<dyn Machine>, String>;
}

/// What the program around the screen gives it.
pub struct Around {
    /// How models are opened.
    pub machine: Arc<dyn Machine>,
    /// What `--model` named; `None` for the demo.
    pub place: Option<String>,
    /// The object of `generate --json`.
    pub json: StepJson,
    /// Where what must not be lost goes; `None` if the system has no such folder.
    pub folder: Option<PathBuf>,
    /// A session to start with, and its file.
    pub session: Option<(Saved, PathBuf)>,
}

/// What was copied last.
const CLIP: &str = "clip.txt";

impl Around {
    /// Prepares the state: a session to start with, or the offer of one that was left behind.
    pub(super) fn begin(&mut self, state: &mut State) {
        state.keeping.place.clone_from(&self.place);
        state.keeping.machine = self.machine.flags();
        let left = self.left().filter(|path| path.is_file());
        if let Some((saved, file)) = self.session.take() {
            let place = self.place.clone();
            state.keeping.model = ModelState::Coming;
            // What was left behind is nobody's file: it is saved under another name.
            let is_trace = saved::is_trace(&file);
            let file = Some(file).filter(|file| left.as_ref() != Some(file) && !is_trace);
            state.restore(saved, file);
            if is_trace {
                state.is_on_disk();
            }
            state.keeping.place = place;
        } else if left.is_some() {
            state.notice = Some("the last session ended unexpectedly: Ctrl-O opens it".into());
            state.keeping.left = left;
        }
    }

    /// A file has been written; it has what there was when so many tokens had been generated.
    pub(super) fn saved(&self, state: &mut State, path: &Path, generated: usize) {
        // A trace has the present text alone: other branches, and what was set, would be missed.
        if saved::is_trace(path) {
            let unsaved = if state.is_unsaved() { "; the session itself is not saved" } else { "" };
            state.notice = Some(format!("trace of this text written as {}{unsaved}", path.display()));
            return;
        }
        state.is_saved_as(path.into(), generated);
        state.notice = Some(format!("saved as {}", path.display()));
        // It is in a file of its own now.
        if state.keeping.left.take_if(|left| left.as_path() != path).is_some()
            && let Some(left) = self.left()
        {
            let _ = fs::remove_file(left);
        }
    }

    /// Shows a session that was read; gives the model to open for it, if it needs another than the present one.
    pub(super) fn opened(&self, state: &mut State, path: &Path, saved: Saved) -> Option<Opening> {
        let is_left = self.left().as_deref() == Some(path);
        let is_trace = saved::is_trace(path);
        let file = (!is_left && !is_trace).then(|| path.to_owned());
        state.restore(saved, file);
        if is_trace {
            state.is_on_disk();
        }
        state.keeping.left = self.left().filter(|_| is_left);
        state.notice = Some(format!("opened {}", path.display()));
        (!state.has_model()).then(|| {
            state.await_model();
            self.machine.opening(state.keeping.place.as_deref())
        })
    }

    /// Opens a model for the session that is shown.
    pub(super) fn open_model(&self, state: &mut State, place: String) -> Opening {
        let opening = self.machine.opening(Some(&place));
        state.keeping.place = Some(place);
        state.await_model();
        state.notice = Some("the model is being opened".into());
        opening
    }

    /// Copies by OSC 52 and into a file.
    pub(super) fn copy(&self, state: &mut State, look: &Look, copied: Copied) {
        let (text, remark) = match copied.text(state, look, &*self.json) {
            Ok(found) => found,
            Err(reason) => {
                state.notice = Some(reason);
                return;
            }
        };
        let sent = terminal::copy(&text).is_ok();
        let filed = self.file(CLIP, text.as_bytes()).is_ok();
        let how = match (sent, filed) {
            (true, true) => "copied by OSC 52 and to clip.txt (the terminal may refuse)",
            (true, false) => "copied by OSC 52 (the terminal may refuse)",
            (false, true) => "copied to clip.txt",
            (false, false) => "not copied: neither the terminal nor a file took it",
        };
        let remark = remark.map(|remark| format!("; {remark}")).unwrap_or_default();
        state.notice = Some(format!("{} {how}{remark}", copied.name()));
    }

    /// Leaves behind what is not saved, when a signal ends the program; whether there is something now.
    pub(super) fn leave(&self, state: &State) -> bool {
        let (true, Some(saved), Some(path)) = (state.is_unsaved(), state.saved(), self.left()) else { return false };
        let _ = path.parent().map(fs::create_dir_all);
        saved.write(&path).is_ok()
    }

    /// The same after a panic, which may have stopped a change half-way: only what can be read again is left behind.
    pub(super) fn leave_after_panic(&self, state: &State) {
        let work = || -> Option<()> {
            let saved = state.is_unsaved().then(|| state.saved())??;
            let bytes = saved::bytes(&saved).ok()?;
            saved::parse(&*bytes).ok()?;
            self.file(&format!("last.{EXTENSION}"), &bytes).ok()
        };
        let _ = catch_unwind(AssertUnwindSafe(work));
    }

    fn left(&self) -> Option<PathBuf> {
        Some(self.folder.as_ref()?.join(format!("last.{EXTENSION}")))
    }

    /// Writes a file of the state folder.
    fn file(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let folder = self.folder.as_ref().ok_or(io::ErrorKind::NotFound)?;
        fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        io::Write::write_all(&mut file, bytes)?;
        file.persist(folder.join(name)).map_err(|error| error.error)?;
        Ok(())
    }
}
