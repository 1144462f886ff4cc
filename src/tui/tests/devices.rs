//! The model goes to other devices, over a machine that says whether it can when the test lets it: what keys do meanwhile,
//! and which answers count.

use std::{
    collections::HashMap,
    path::Path,
    sync::{
        Arc, Mutex,
        mpsc::{self, Receiver, Sender},
    },
};

use ratatui::crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers};

use crate::session::{protocol::Event, trace::TokenId, worker::Opening};
use crate::tui::{
    app,
    filing::{self, Next},
    hearing::hear,
    keeper::{Around, Machine},
    keeping::ModelState,
    keymap::Action,
    moving::{self, Answer},
    panel::Panel,
    question::Question,
    state::{State, View, Wish},
    tests::{
        fake::{answer_all, opened},
        picture::{self, ready},
    },
    update::{Effect, act},
};

type Gates = Arc<Mutex<HashMap<String, Receiver<Result<(), &'static str>>>>>;

/// Answers to some words when their gate opens; without a gate it panics.
struct Made {
    flags: String,
    gates: Gates,
}

impl Machine for Made {
    fn flags(&self) -> Vec<String> {
        vec![self.flags.clone()]
    }

    /// What is opened, and how, it says as the reason why it cannot be.
    fn opening(&self, place: Option<&str>) -> Opening {
        let told = format!("{} on {}", place.unwrap_or("demo"), self.flags);
        Arc::new(move || Err(told.clone()))
    }

    fn moved(&self, _: Option<&str>, words: &str) -> Result<Arc<dyn Machine>, String> {
        let gate = self.gates.lock().expect("gates").remove(words).expect("a gate");
        gate.recv().expect("a test that answers")?;
        Ok(Arc::new(Self { flags: words.into(), gates: Arc::clone(&self.gates) }))
    }
}

/// The program around a state, and what its loop does with moves.
struct Program {
    state: State,
    around: Around,
    gates: Gates,
    answers: (Sender<Answer>, Receiver<Answer>),
}

impl Program {
    fn new(state: State) -> Self {
        let gates = Gates::default();
        let machine = Arc::new(Made { flags: "here".into(), gates: Arc::clone(&gates) });
        let json = Box::new(|_: &_, _: &_| String::new());
        let around = Around { machine, place: None, json, folder: None, session: None };
        Self { state, around, gates, answers: mpsc::channel() }
    }

    /// Asks by `:device`; gives what opens the gate of the answer.
    fn asks(&mut self, words: &str) -> Sender<Result<(), &'static str>> {
        let (gate, closed) = mpsc::channel();
        self.gates.lock().expect("gates").insert(words.into(), closed);
        self.asks_for(words);
        gate
    }

    fn asks_for(&mut self, words: &str) {
        let line = format!(":device {words}");
        let codes = line.chars().map(KeyCode::Char).chain([KeyCode::Enter]);
        let keys = codes.map(|code| Input::Key(KeyEvent::new(code, KeyModifiers::NONE)));
        let Some(Effect::MoveTo(words)) = keys.map(|key| app::take_in(&mut self.state, key)).last() else {
            panic!("{line} asks")
        };
        let answers = self.answers.0.clone();
        moving::ask(&mut self.state, &self.around.machine, words, move |answer| drop(answers.send(answer)));
    }

    /// Waits for the next answer and takes it in; gives what is opened then.
    fn hears(&mut self) -> Option<String> {
        let answer = self.answers.1.recv().expect("an answer");
        let opening = moving::hear(&mut self.state, &mut self.around.machine, answer)?;
        Some(opening().err().expect("it says what it opens"))
    }

    /// Opens a session; gives what is opened for it.
    fn opens(&mut self, path: &Path) -> Option<Opening> {
        let (sender, answers) = mpsc::channel();
        let send = move |answer| drop(sender.send(answer));
        filing::open(&mut self.state, path.into());
        filing::go_on(&mut self.state, &self.around, &send);
        filing::hear(&mut self.state, &self.around, answers.recv().expect("an answer"));
        match filing::go_on(&mut self.state, &self.around, &send) {
            Next::Model(opening) => Some(opening),
            _ => None,
        }
    }

    fn screen(&self) -> String {
        picture::screen(&self.state, 80, 24)
    }

    fn shows(&self, text: &str) {
        assert!(self.screen().contains(text), "{text}\n{}", self.screen());
    }

    fn ids(&self) -> Vec<TokenId> {
        self.state.text.iter().map(|token| token.id).collect()
    }

    /// The engine that was opened says so, and answers.
    fn comes(&mut self) {
        hear(&mut self.state, Event::Opened(opened().card.expect("a card")));
        hear(&mut self.state, Event::Prompt([TokenId(1)].into()));
        assert!(self.state.has_model());
        answer_all(&mut self.state);
        act(&mut self.state, Action::OpenSlot);
        let before = self.ids();
        // The second one has to be computed.
        for n in 1..=2 {
            act(&mut self.state, Action::Take);
            answer_all(&mut self.state);
            assert_eq!(self.ids().len(), before.len() + n);
        }
        assert_eq!(self.ids()[..before.len()], before);
    }
}

#[test]
fn keys_are_answered_while_it_is_asked_and_a_refusal_changes_nothing() {
    let mut program = Program::new(ready());
    let gate = program.asks("GPU 4");
    program.shows("asking whether there is room: GPU 4   Esc gives up");
    let before = program.ids();
    act(&mut program.state, Action::Take);
    answer_all(&mut program.state);
    act(&mut program.state, Action::View(View::Heatmap));
    program.shows("[2 Heatmap]");
    program.shows("asking whether there is room: GPU 4");
    assert_eq!(program.ids().len(), before.len() + 1);
    gate.send(Err("GPU has room for 2 blocks")).expect("a question");
    assert_eq!(program.hears(), None);
    program.shows("GPU has room for 2 blocks");
    assert!(!program.screen().contains("asking") && program.state.has_model());
    assert_eq!((program.ids().len(), program.around.machine.flags()), (before.len() + 1, vec!["here".to_owned()]));
    act(&mut program.state, Action::Take);
    answer_all(&mut program.state);
    assert_eq!(program.ids().len(), before.len() + 2);
}

#[test]
fn what_was_under_way_when_it_moves_is_asked_again() {
    for under_way in [Action::Take, Action::Run] {
        let mut program = Program::new(ready());
        program.state.keeping.place = Some("a.gguf".into());
        let gate = program.asks("GPU 4");
        act(&mut program.state, under_way);
        act(&mut program.state, Action::Edit);
        assert!(program.state.next_query().is_some(), "the engine is at work");
        let Some(Panel::Editor(editor)) = &mut program.state.panel else { panic!("an editor") };
        let typed = editor.next_text();
        gate.send(Ok(())).expect("a question");
        assert_eq!(program.hears().as_deref(), Some("a.gguf on GPU 4"));
        assert_eq!(program.state.keeping.machine, ["GPU 4"]);
        assert!(!program.state.has_model() && program.state.run.is_none() && program.state.next_query().is_none());
        let Some(Panel::Editor(editor)) = &mut program.state.panel else { panic!("the editor stays") };
        assert_eq!(editor.next_text(), typed, "its tokens are asked for again");
        program.state.panel = None;
        act(&mut program.state, Action::Take);
        program.shows("the model is being opened");
        program.comes();
        // From there on it goes further, and other models are opened there.
        let gate = program.asks("CPU");
        gate.send(Err("no")).expect("a question");
        program.hears();
        let opening = program.around.open_model(&mut program.state, "b.gguf".into());
        assert_eq!(opening().err().as_deref(), Some("b.gguf on GPU 4"));
    }
}

#[test]
fn the_newest_question_counts() {
    for older_first in [true, false] {
        let mut program = Program::new(ready());
        let (older, newer) = (program.asks("GPU"), program.asks("CPU"));
        program.shows("room: CPU");
        if older_first {
            older.send(Ok(())).expect("a question");
            assert_eq!(program.hears(), None);
            program.shows("room: CPU");
        }
        newer.send(Ok(())).expect("a question");
        assert_eq!(program.hears().as_deref(), Some("demo on CPU"));
        if !older_first {
            older.send(Err("no room")).expect("a question");
            assert_eq!(program.hears(), None);
            assert!(!program.screen().contains("no room"));
        }
        assert_eq!(program.around.machine.flags(), ["CPU"]);
        program.comes();
    }
}

#[test]
fn it_can_be_given_up_and_keeps_nobody_from_quitting() {
    let mut program = Program::new(ready());
    for key in [Action::Back, Action::Stop] {
        let gate = program.asks("GPU");
        assert_eq!(act(&mut program.state, key), Effect::None);
        program.shows("not moved to GPU");
        gate.send(Ok(())).expect("a question");
        assert_eq!(program.hears(), None);
        assert!(program.state.has_model());
        assert_eq!(program.around.machine.flags(), ["here"]);
    }
    let gate = program.asks("GPU");
    assert_eq!(act(&mut program.state, Action::Quit), Effect::Quit);
    drop(gate);
    program.hears();
}

#[test]
fn another_model_ends_the_question_and_another_session_of_this_one_does_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let (same, other) = (folder.path().join("same.mexit"), folder.path().join("other.mexit"));
    let mut saved = ready().saved().expect("a text");
    saved.write(&same).expect("a file");
    let mut card = crate::session::protocol::ModelCard::clone(&saved.card);
    card.fingerprint = "f".repeat(64);
    (saved.card, saved.place) = (Arc::new(card), Some("c.gguf".into()));
    saved.write(&other).expect("a file");

    let mut program = Program::new(ready());
    let gate = program.asks("GPU");
    assert!(program.opens(&same).is_none(), "its model is there");
    gate.send(Ok(())).expect("a question");
    assert_eq!(program.hears().as_deref(), Some("demo on GPU"));

    for (file, said) in [(None, "b.gguf on here"), (Some(&other), "c.gguf on here")] {
        let mut program = Program::new(ready());
        let gate = program.asks("GPU");
        let opening = match file {
            None => program.around.open_model(&mut program.state, "b.gguf".into()),
            Some(file) => program.opens(file).expect("another model"),
        };
        assert_eq!(opening().err().as_deref(), Some(said));
        assert!(!program.screen().contains("asking"));
        gate.send(Ok(())).expect("a question");
        assert_eq!(program.hears(), None);
        assert_eq!(program.around.machine.flags(), ["here"]);
    }
}

#[test]
fn it_moves_before_the_first_model_is_there_and_when_the_engine_is_gone() {
    let mut first = Program::new(State::new("a model".into(), Wish::default()));
    let gate = first.asks("CPU");
    gate.send(Ok(())).expect("a question");
    assert_eq!(first.hears().as_deref(), Some("demo on CPU"));
    first.comes();

    let mut dead = Program::new(ready());
    hear(&mut dead.state, Event::Stopped("out of memory".into()));
    let gate = dead.asks("CPU");
    gate.send(Ok(())).expect("a question");
    dead.hears();
    dead.comes();
    assert!(!dead.screen().contains("out of memory"));

    // A session whose model was another one: what comes is asked about again.
    let mut other = Program::new(ready());
    let gate = other.asks("CPU");
    other.state.keeping.model = ModelState::Other(other.state.card.clone().expect("a card"));
    other.state.panel = Some(Panel::Question(Question::Other));
    gate.send(Ok(())).expect("a question");
    other.hears();
    assert!(other.state.panel.is_none() && matches!(other.state.keeping.model, ModelState::Coming));
}

#[test]
fn a_machine_that_fails_is_an_answer() {
    let mut program = Program::new(ready());
    program.asks_for("Abacus");
    assert_eq!(program.hears(), None);
    program.shows("(a bug, please report it)");
}
