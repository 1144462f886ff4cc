//! Files that take their time, over a loop whose answers come when the test lets them: what keys do meanwhile, what counts
//! as saved, and which files come to be opened.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{self, Receiver, Sender},
    },
};

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tempfile::TempDir;

use crate::session::{saved::Saved, traced::Traced, worker::Opening};
use crate::tui::{
    ending::{self, Came},
    filing::{self, Answer, Next},
    keeper::{Around, Machine},
    keymap::Action,
    panel::Panel,
    question::Question,
    state::State,
    tests::{
        fake::{answer_all, opened},
        picture::{self, ready},
    },
    typing,
    update::{Effect, act},
};

struct Nowhere;

impl Machine for Nowhere {
    fn flags(&self) -> Vec<String> {
        Vec::new()
    }

    fn opening(&self, _: Option<&str>) -> Opening {
        Arc::new(|| Err("a model of this test".into()))
    }

    fn moved(&self, _: Option<&str>, _: &str) -> Result<Arc<dyn Machine>, String> {
        Err("nowhere".into())
    }
}

/// The program around a state, and what its loop does with files.
struct Program {
    state: State,
    around: Around,
    folder: TempDir,
    answers: (Sender<Answer>, Receiver<Answer>),
}

fn sends(answers: &Sender<Answer>) -> impl Fn(Answer) + Clone + Send + use<> {
    let answers = answers.clone();
    move |answer| drop(answers.send(answer))
}

impl Program {
    /// With two tokens that no file has.
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let json = Box::new(|_: &_, _: &_| String::new());
        let left = Some(folder.path().join("state"));
        let around = Around { machine: Arc::new(Nowhere), place: None, json, folder: left, session: None };
        let mut program = Self { state: ready(), around, folder, answers: mpsc::channel() };
        program.take();
        program.take();
        program
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn take(&mut self) {
        act(&mut self.state, Action::Take);
        answer_all(&mut self.state);
    }

    /// What the loop does before it draws.
    fn turns(&mut self) -> Next {
        filing::go_on(&mut self.state, &self.around, &sends(&self.answers.0))
    }

    fn asks_to_save(&mut self, name: &str, quit: bool) {
        let path = self.path(name);
        filing::save(&mut self.state, path, quit);
    }

    fn saves(&mut self, name: &str, quit: bool) {
        self.asks_to_save(name, quit);
        assert!(matches!(self.turns(), Next::Nothing));
    }

    fn opens(&mut self, name: &str) {
        let path = self.path(name);
        filing::open(&mut self.state, path);
        assert!(matches!(self.turns(), Next::Nothing));
    }

    /// Waits for the next answer and takes it in.
    fn hears(&mut self) -> Next {
        let answer = self.answers.1.recv().expect("an answer");
        filing::hear(&mut self.state, &self.around, answer);
        self.turns()
    }

    /// A session of another text, in a file of its own.
    fn other(&self, name: &str) {
        let mut state = opened();
        answer_all(&mut state);
        state.saved().expect("a text").write(&self.path(name)).expect("a file");
    }

    fn ends(&mut self, end: io::Result<i32>, came: impl Fn(&Receiver<Answer>) -> Came) -> io::Result<i32> {
        let send = sends(&self.answers.0);
        ending::finish(end, (&mut self.state, &self.around), &send, |_| came(&self.answers.1))
    }

    fn shows(&self, text: &str) {
        let screen = picture::screen(&self.state, 200, 24);
        assert!(screen.contains(text), "{text}\n{screen}");
    }

    fn tokens(&self) -> usize {
        self.state.text.len()
    }
}

fn tokens(path: &Path) -> usize {
    Traced::read(path).expect("a session").tokens.len()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn arrives(answers: &Receiver<Answer>) -> Came {
    Came::Answer(answers.recv().expect("an answer"))
}

#[test]
fn what_counts_as_saved_is_what_was_there_when_it_was_asked_for() {
    let mut program = Program::new();
    let before = program.tokens();
    program.saves("s.mexit", false);
    program.shows("saving as ");
    assert!(program.state.is_unsaved() && !program.state.is_at_risk(), "it is on its way");
    program.take();
    assert_eq!(program.tokens(), before + 1, "keys are answered");
    assert!(program.state.is_at_risk());
    program.hears();
    program.shows("saved as ");
    assert!(program.state.is_unsaved(), "a token was made since");
    assert_eq!(tokens(&program.path("s.mexit")), before);
    let Effect::Save { path, quit: false } = act(&mut program.state, Action::Save) else { panic!("its name is known") };
    assert_eq!(path, program.path("s.mexit"));
    program.saves("s.mexit", false);
    program.hears();
    assert!(!program.state.is_unsaved());
    assert_eq!(tokens(&program.path("s.mexit")), before + 1);
}

#[test]
fn no_older_file_comes_to_lie_over_a_newer_one() {
    let mut program = Program::new();
    let first = program.tokens();
    program.saves("s.mexit", false);
    // Ctrl-S does not ask again for a name that it has been told.
    assert!(matches!(act(&mut program.state, Action::Save), Effect::Save { .. }));
    program.take();
    program.saves("s.mexit", false);
    program.take();
    program.saves("s.mexit", false);
    program.saves("t.jsonl", false);
    program.hears();
    assert_eq!(tokens(&program.path("s.mexit")), first);
    assert!(program.state.is_unsaved());
    program.hears();
    assert_eq!(tokens(&program.path("s.mexit")), first + 2, "the one between was not written");
    assert!(!program.state.is_unsaved());
    program.hears();
    program.shows("trace of this text written as ");
    assert!(program.state.keeping.filing.writes().is_none());
    assert_eq!(names(program.folder.path()), ["s.mexit", "t.jsonl"]);
}

#[test]
fn saving_ends_the_program_when_it_is_good_and_all_is_saved() {
    let mut program = Program::new();
    program.state.run = Some(100);
    program.saves("s.mexit", true);
    assert!(program.state.run.is_none());
    program.shows("then the program ends");
    assert!(matches!(program.hears(), Next::End));

    let mut program = Program::new();
    program.saves("no folder/s.mexit", true);
    assert!(matches!(program.hears(), Next::Nothing), "it stays");
    program.shows("not saved: ");
    assert!(program.state.is_unsaved());

    let mut program = Program::new();
    program.saves("s.mexit", true);
    program.take();
    assert!(matches!(program.hears(), Next::Nothing), "it stays");
    program.shows("s.mexit; tokens made since are not saved: the program stays");

    // A trace is not the session.
    let mut program = Program::new();
    program.saves("t.jsonl", true);
    assert!(matches!(program.hears(), Next::Nothing));
    program.shows("the session itself is not saved");
}

#[test]
fn quitting_waits_for_what_is_being_saved() {
    let mut program = Program::new();
    program.saves("s.mexit", false);
    assert_eq!(act(&mut program.state, Action::Quit), Effect::None);
    assert!(program.state.panel.is_none(), "nothing will be lost");
    program.shows("then the program ends");
    assert!(matches!(program.hears(), Next::End));

    let mut program = Program::new();
    program.saves("s.mexit", false);
    program.take();
    assert_eq!(act(&mut program.state, Action::Quit), Effect::None);
    assert!(matches!(program.state.panel, Some(Panel::Question(Question::Quit))), "a token is in no file");
    typing::key(&mut program.state, KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE));

    // By Ctrl-C, at once: also the file that waits is written, and nothing is left beside.
    program.asks_to_save("t.mexit", false);
    assert_eq!(act(&mut program.state, Action::Stop), Effect::Quit);
    assert_eq!(program.ends(Ok(0), arrives).expect("all is well"), 0);
    assert_eq!(names(program.folder.path()), ["s.mexit", "t.mexit"]);
    assert_eq!(tokens(&program.path("t.mexit")), program.tokens());
}

#[test]
fn what_cannot_be_written_at_the_end_is_left_behind() {
    let left = |program: &Program| tokens(&program.path("state/last.mexit"));
    // The file fails.
    let mut program = Program::new();
    program.asks_to_save("no folder/s.mexit", false);
    let error = program.ends(Ok(0), arrives).expect_err("it was asked for").to_string();
    assert!(error.starts_with("not saved: ") && error.ends_with("; the next start offers it"), "{error}");
    assert_eq!(left(&program), program.tokens());

    // The user gives up, or a signal ended the screen and comes again.
    for end in [0, 15] {
        let mut program = Program::new();
        program.saves("s.mexit", false);
        assert_eq!(program.ends(Ok(end), |_| Came::Signal(2)).expect("a signal"), 2);
        assert_eq!(left(&program), program.tokens());
    }

    // A signal, and the file comes in time.
    let mut program = Program::new();
    program.saves("s.mexit", false);
    assert_eq!(program.ends(Ok(15), arrives).expect("a signal"), 15);
    assert_eq!(names(program.folder.path()), ["s.mexit"]);
}

#[test]
fn the_present_text_stays_until_a_file_is_there() {
    let mut program = Program::new();
    program.other("o.mexit");
    program.state.run = Some(100);
    let before = program.tokens();
    program.opens("o.mexit");
    assert!(program.state.run.is_none(), "a run is paused");
    program.shows("opening ");
    program.shows("Esc gives up");
    act(&mut program.state, Action::CursorLeft);
    assert_eq!((program.tokens(), program.state.position), (before, before - 1));
    // What is typed meanwhile is not cut off: it waits for the panel.
    act(&mut program.state, Action::Edit);
    program.hears();
    assert!(program.state.panel.is_some() && program.tokens() == before);
    typing::key(&mut program.state, KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE));
    // As a run does that waits for its first token.
    program.state.run = Some(100);
    assert!(matches!(program.turns(), Next::Nothing), "its model is there");
    program.shows("opened ");
    assert_eq!(program.tokens(), before - 2);
    assert!(program.state.run.is_none(), "nor does a run go on in another text");
}

#[test]
fn a_file_that_is_refused_or_given_up_changes_nothing() {
    for (name, key) in [("o.mexit", Some(Action::Back)), ("o.mexit", Some(Action::Stop)), ("none.mexit", None)] {
        let mut program = Program::new();
        program.other("o.mexit");
        let before = program.tokens();
        program.opens(name);
        if let Some(key) = key {
            assert_eq!(act(&mut program.state, key), Effect::None);
            program.shows("not opened: ");
            act(&mut program.state, Action::CursorLeft);
        }
        program.hears();
        assert_eq!(program.state.notice.is_some_and(|notice| notice.contains("none.mexit: ")), key.is_none());
        assert_eq!(program.state.text.len(), before);
        assert!(program.state.keeping.filing.words().is_none());
    }
}

#[test]
fn the_newest_file_is_opened() {
    let mut program = Program::new();
    program.other("o.mexit");
    program.opens("none.mexit");
    program.opens("o.mexit");
    // In whatever order they come.
    program.hears();
    program.hears();
    program.shows("opened ");
    program.shows("o.mexit");
    assert_eq!(program.state.keeping.file, Some(program.path("o.mexit")));
}

#[test]
fn tokens_made_while_a_file_is_opened_are_not_lost() {
    let mut program = Program::new();
    program.other("o.mexit");
    program.opens("o.mexit");
    program.take();
    let before = program.tokens();
    program.hears();
    program.shows("not opened: tokens made meanwhile would be lost: Ctrl-S saves, then Ctrl-O opens");
    assert_eq!(program.tokens(), before);

    // Once they are in a file they are not lost.
    program.opens("o.mexit");
    program.take();
    program.saves("s.mexit", false);
    while program.state.keeping.filing.words().is_some() {
        program.hears();
    }
    program.shows("opened ");
    assert_eq!(tokens(&program.path("s.mexit")), before + 1);
}

#[test]
fn a_file_is_opened_after_what_is_being_saved() {
    let mut program = Program::new();
    let before = program.tokens();
    program.saves("s.mexit", false);
    // Nobody has to be asked: nothing will be lost.
    act(&mut program.state, Action::OpenFile);
    for c in program.path("s.mexit").display().to_string().chars() {
        typing::key(&mut program.state, KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE));
    }
    let enter = KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE);
    assert!(matches!(typing::key(&mut program.state, enter), Effect::OpenFile(_)));
    program.opens("s.mexit");
    program.hears();
    program.hears();
    program.shows("opened ");
    assert_eq!((program.tokens(), program.state.is_unsaved()), (before, false));

    // If that fails, the session stays.
    let mut program = Program::new();
    program.other("o.mexit");
    program.saves("no folder/s.mexit", false);
    program.opens("o.mexit");
    program.hears();
    program.shows("not saved: ");
    program.shows("o.mexit is not opened");
    assert!(program.state.is_unsaved() && program.state.keeping.filing.words().is_none());
}

#[test]
fn a_thread_that_panics_is_an_answer() {
    let (sender, answers) = mpsc::channel();
    let broken = || -> Result<Saved, String> { panic!("no such line") };
    filing::work("opening", broken, move |found| drop(sender.send(found))).expect("a thread");
    let said = answers.recv().expect("an answer").map(drop).expect_err("it panicked");
    assert_eq!(said, "no such line (a bug, please report it)");
}
