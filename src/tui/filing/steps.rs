//! What follows what: files are written, then the program ends or a file is opened.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
};

use super::{Answer, hear, pause};
use crate::{
    session::{
        saved::Saved,
        worker::{self, Opening},
    },
    tui::{keeper::Around, keymap::Action, state::State},
};

/// What the loop has to do.
pub(in crate::tui) enum Next {
    Nothing,
    End,
    /// Another model is needed for what was opened.
    Model(Opening),
}

/// Begins what can begin, and ends what has come.
pub(in crate::tui) fn go_on<S>(state: &mut State, around: &Around, send: &S) -> Next
where
    S: Fn(Answer) + Clone + Send + 'static,
{
    while let Some(save) = state.keeping.filing.saves.front_mut() {
        let Some(saved) = save.saved.take() else { return Next::Nothing };
        let (path, send) = (save.path.clone(), send.clone());
        let write = move || saved.write(&path).map_err(|error| error.to_string());
        if let Err(error) = work("saving", write, move |written| send(Answer::Written(written))) {
            hear(state, around, Answer::Written(Err(error.to_string())));
        }
    }
    if std::mem::take(&mut state.keeping.filing.ends) {
        if !state.is_unsaved() {
            return Next::End;
        }
        let told = state.notice.take().map(|notice| notice + "; ").unwrap_or_default();
        state.notice = Some(told + "tokens made since are not saved: the program stays");
    }
    let Some(asked) = &mut state.keeping.filing.opening else { return Next::Nothing };
    if !asked.is_read {
        asked.is_read = true;
        let (path, number, send) = (asked.path.clone(), asked.number, send.clone());
        let read = move || Saved::read(&path).map(Box::new).map_err(|error| error.to_string());
        if let Err(error) = work("opening", read, move |found| send(Answer::Read(number, found))) {
            asked.found = Some(Err(error.to_string()));
        }
    }
    // Nothing that is being typed is lost, and no key meant for a panel does something else.
    let Some(asked) = state.keeping.filing.opening.take_if(|asked| asked.found.is_some() && state.panel.is_none())
    else {
        return Next::Nothing;
    };
    match asked.found {
        Some(Ok(_)) if state.is_unsaved() && state.tree.generated() > asked.generated => {
            let (save, open) = (state.key(Action::Save), state.key(Action::OpenFile));
            state.notice =
                Some(format!("not opened: tokens made meanwhile would be lost: {save} saves, then {open} opens"));
        }
        Some(Ok(saved)) => {
            // A run that has begun since does not go on in another text.
            pause(state);
            return around.opened(state, &asked.path, *saved).map_or(Next::Nothing, Next::Model);
        }
        Some(Err(error)) => state.notice = Some(error),
        None => {}
    }
    Next::Nothing
}

/// Works on a thread of its own; a panic there is an answer.
pub(in crate::tui) fn work<T>(
    name: &str,
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
    send: impl FnOnce(Result<T, String>) + Send + 'static,
) -> io::Result<()> {
    let body = move || send(catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(worker::told(&*panic))));
    thread::Builder::new().name(name.into()).spawn(body).map(drop)
}
