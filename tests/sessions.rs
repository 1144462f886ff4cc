//! Sessions in the real binary: saved, opened, gone on with, left behind by a signal; and copies that can be used.
#![cfg(unix)]

#[path = "support/program.rs"]
mod program;
#[path = "support/pty.rs"]
mod pty;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Arc,
};

use mexit_models::{DType, Engine, EngineOptions, Gelu, Model, Placement, demo};
use mexit_tui::{
    session::{protocol::Event, reader::Reader, saved::Saved, traced::Traced},
    tui::Headless,
};
use ratatui::crossterm::event::{Event as Input, KeyCode, KeyEvent};
use tempfile::TempDir;

use self::pty::Session;

/// A folder for the session's file, and the platform's folders.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: TempDir::new().expect("a folder") }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn start(&self, args: &[&str]) -> Session {
        self.with(args, &[])
    }

    fn with(&self, args: &[&str], env: &[(&str, &str)]) -> Session {
        let folder = self.folder.path().to_str().expect("a name").to_owned();
        let own = [("XDG_STATE_HOME", folder.as_str()), ("HOME", folder.as_str())];
        Session::start(args, &[&own, env].concat())
    }

    /// A file of the state folder, wherever the platform has it.
    fn kept(&self, name: &str) -> Option<PathBuf> {
        find(self.folder.path(), name)
    }
}

fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    let entries: Vec<PathBuf> = fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry").path()).collect();
    let own = entries.iter().find(|path| path.file_name().is_some_and(|n| n == name)).cloned();
    own.or_else(|| entries.iter().filter(|path| path.is_dir()).find_map(|path| find(path, name)))
}

/// Waits for the first token to take: keys that come before are for nobody.
fn is_ready(session: &mut Session) {
    session.shows("5/512");
    session.shows("next: ");
}

fn steps(session: &mut Session, from: usize, to: usize) {
    for n in from + 1..=to {
        session.press(" ");
        session.shows(&format!("{n}/512"));
    }
}

/// The end of the program: it must have gone well.
fn quits(session: Session) {
    let (status, text) = session.end();
    assert_eq!(status.exit_code(), 0, "{text}");
}

#[test]
fn saves_quits_opens_and_goes_on() {
    let place = Place::new();
    let file = place.path("humpty.mexit");
    let name = file.to_str().expect("a name");
    let mut session = place.start(&[]);
    is_ready(&mut session);
    steps(&mut session, 5, 8);
    session.press("\x1bOQ");
    session.shows("title");
    session.press("first try\r");
    session.press("q");
    session.shows("y quit  s save  Esc stay");
    session.press("s");
    session.shows("save as");
    session.press("\x15");
    // Its ending comes by itself.
    session.press(name.strip_suffix(".mexit").expect("an ending"));
    session.press("\r");
    quits(session);
    assert!(file.exists());

    let mut session = place.start(&["open", name]);
    session.shows("8/512");
    session.shows("the model is there");
    steps(&mut session, 8, 10);
    session.press("5");
    session.shows("first try");
    session.press("q");
    session.shows("y quit");
    session.press("\x1b");
    session.until("the question closes", |screen| !screen.contains("y quit"));
    session.press("\x13");
    session.shows("saved as");
    session.press("q");
    quits(session);

    let mut session = place.start(&[]);
    is_ready(&mut session);
    session.press("\x0f");
    session.shows(" open");
    session.press(name);
    session.press("\r");
    session.shows("10/512");
    session.press("q");
    quits(session);
}

#[test]
fn without_its_model_a_session_can_be_looked_at() {
    let place = Place::new();
    let model = place.path("other.gguf");
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("models/demo/demo.gguf"), &model).expect("a copy");
    let file = place.path("s.mexit");
    let (name, model_name) = (file.to_str().expect("a name"), model.to_str().expect("a name"));
    let mut session = place.start(&["--model", model_name]);
    is_ready(&mut session);
    steps(&mut session, 5, 7);
    session.press(&format!(":save {name}\r"));
    session.shows("saved as");
    session.press("q");
    quits(session);
    fs::remove_file(&model).expect("the model goes");

    let mut session = place.start(&["open", name]);
    session.shows("no model: ");
    session.shows("7/512");
    session.press(" ");
    session.shows("no model: mexit-tui open FILE --model M, or :model M");
    for (key, seen) in [("2", "[2 Heatmap]"), ("3", "[3 Journeys]"), ("5", "[5 Branches]"), ("1", "[1 Explore]")] {
        session.press(key);
        session.shows(seen);
    }
    session.press("hyi");
    session.shows("ids copied by OSC 52 and to clip.txt");
    // The demo has the same weights under another name: it is the same model.
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/demo/demo.gguf");
    session.press(&format!(":model {}\r", demo.display()));
    session.shows("the model is there");
    session.press("$");
    steps(&mut session, 7, 8);
    session.quit_unsaved();
    quits(session);
}

#[test]
fn a_signal_leaves_the_session_and_the_next_start_offers_it() {
    for (signal, number) in [("TERM", 15), ("HUP", 1), ("INT", 2)] {
        let place = Place::new();
        let mut session = place.start(&[]);
        is_ready(&mut session);
        steps(&mut session, 5, 7);
        session.signal(signal);
        let (status, _) = session.end();
        assert_eq!(status.exit_code(), 128 + number);
        assert!(place.kept("last.mexit").is_some(), "{signal}");

        let mut session = place.start(&[]);
        session.shows("the last session ended unexpectedly: Ctrl-O opens it");
        session.press("\x0f");
        session.shows("last.mexit");
        session.press("\r");
        session.shows("7/512");
        // It is in no file of its own yet.
        session.press("q");
        session.shows("y quit");
        session.press("s\x15");
        session.press(place.path("rescued").to_str().expect("a name"));
        session.press("\r");
        quits(session);
        assert!(place.path("rescued.mexit").exists() && place.kept("last.mexit").is_none());
    }
}

#[test]
fn a_mere_prompt_leaves_nothing_and_a_panic_leaves_what_was_made() {
    let place = Place::new();
    let mut session = place.start(&[]);
    is_ready(&mut session);
    session.signal("TERM");
    session.end();
    assert!(place.kept("last.mexit").is_none());

    let mut session = place.with(&[], &[("MEXIT_PROVOKE", "late-panic")]);
    is_ready(&mut session);
    steps(&mut session, 5, 6);
    session.signal("USR1");
    let (status, text) = session.end();
    assert!(status.exit_code() != 0 && text.contains("provoked for a test"), "{text}");
    assert!(place.kept("last.mexit").is_some());
}

fn generated(place: &Place, line: &str) -> Output {
    let words: Vec<&str> = line.split(' ').skip(1).collect();
    let output = program::command().args(words).env("HOME", place.folder.path()).output().expect("the program");
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

#[test]
fn the_copied_command_makes_the_same_text_and_the_copied_step_is_the_same() {
    let place = Place::new();
    let mut session = place.start(&["--contrast", "original,6"]);
    is_ready(&mut session);
    // A seed that draws, with a temperature below one.
    session.press("s\x1b[C\x1b[B\x1b[D");
    session.shows("0.95");
    session.press("\r");
    session.until("the panel closes", |screen| !screen.contains("Enter keep"));
    steps(&mut session, 5, 15);
    session.press("yi");
    session.shows("ids copied by OSC 52");
    let clip = place.kept("clip.txt").expect("a file");
    let ids: Vec<u32> =
        fs::read_to_string(&clip).expect("ids").split(',').map(|id| id.parse().expect("an id")).collect();
    session.press("yl");
    session.shows("command line copied");
    let line = fs::read_to_string(&clip).expect("a command");
    assert!(line.starts_with("mexit-tui generate --ids ") && line.contains(" -n 10 "), "{line}");
    let all = String::from_utf8(generated(&place, &format!("{line} --json --candidates 10")).stdout).expect("text");
    let made: Vec<serde_json::Value> = all.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    let made_ids: Vec<u64> = made.iter().map(|step| step["id"].as_u64().expect("an id")).collect();
    assert_eq!(made_ids, ids[5..].iter().map(|id| u64::from(*id)).collect::<Vec<u64>>());

    session.press("\x1b[D");
    session.shows("14: ");
    session.press("yj");
    session.shows("step copied");
    let step: serde_json::Value = serde_json::from_str(&fs::read_to_string(&clip).expect("a step")).expect("an object");
    assert_eq!(step["position"], 14);
    assert_eq!(step["id"], made[9]["id"]);
    assert_eq!(step["exits"].as_array().map(Vec::len), made[9]["exits"].as_array().map(Vec::len));
    session.press("yv");
    session.shows("view copied");
    assert!(fs::read_to_string(&clip).expect("a view").contains("14: "));
    session.quit_unsaved();
    quits(session);
}

#[test]
fn files_that_are_no_sessions_are_refused_before_the_screen_opens() {
    let place = Place::new();
    let path = place.path("no.mexit");
    fs::write(&path, "text").expect("a file");
    let name = path.to_str().expect("a name");
    program::refused("text", &program::run(&["open", name]), &["not a session of mexit-tui"]);
    program::refused("a folder", &program::run(&["open", "."]), &["not a session of mexit-tui"]);
    program::refused("nothing", &program::run(&["open", "no-such.mexit"]), &["no-such.mexit"]);
}

#[test]
fn a_file_that_never_comes_stops_no_key() {
    let place = Place::new();
    // A pipe without a writer is opened for ever.
    let pipe = place.path("pipe.mexit");
    let name = pipe.to_str().expect("a name");
    assert!(Command::new("mkfifo").arg(name).status().expect("mkfifo").success());
    let mut session = place.start(&[]);
    is_ready(&mut session);
    session.press(&format!(":open {name}\r"));
    session.shows("opening ");
    steps(&mut session, 5, 6);
    session.press("2");
    session.shows("[2 Heatmap]");
    session.press("1\x1b");
    session.shows("not opened: ");
    steps(&mut session, 6, 7);
    // Nor what is saved, and the end.
    session.press(&format!(":open {name}\r"));
    session.shows("Enter opens anyway");
    session.press("\r");
    session.shows("opening ");
    session.press(&format!(":save {}\r", place.path("s.mexit").display()));
    session.shows("saved as");
    session.press("q");
    quits(session);
    assert_eq!(program::names(place.folder.path()), ["pipe.mexit", "s.mexit"]);
}

#[test]
fn who_saves_and_quits_in_one_breath_has_the_file_and_nothing_beside_it() {
    for quit in ["q", "\x03"] {
        let place = Place::new();
        let file = place.path("s.mexit");
        let mut session = place.start(&[]);
        is_ready(&mut session);
        steps(&mut session, 5, 6);
        session.press(&format!(":save {}\r", file.display()));
        session.shows("saved as");
        steps(&mut session, 6, 8);
        session.press(&format!("\x13{quit}"));
        quits(session);
        assert_eq!(program::names(place.folder.path()), ["s.mexit"]);
        assert_eq!(Traced::read(&file).expect("a session").tokens.len(), 8, "{quit:?}");
    }
}

/// Answers all that the screen asks.
fn answer(screen: &mut Headless, reader: &mut Reader) {
    while let Some(query) = screen.next_query() {
        let trace = reader.answer(&query, &mut |_| true).expect("an answer");
        screen.hear(Event::Step { ticket: query.ticket, trace: Arc::new(trace), millis: None, vocabulary: None });
    }
}

fn press(screen: &mut Headless, reader: &mut Reader, keys: &[KeyCode]) {
    for key in keys {
        screen.press(Input::Key(KeyEvent::from(*key)));
        answer(screen, reader);
    }
}

fn picture(screen: &Headless) -> Vec<String> {
    let buf = screen.draw();
    let line = |y| (0..buf.area.width).map(|x| buf[(x, y)].symbol()).collect::<String>();
    // Neither the head nor the two last rows, which say whether it is saved, and by which model.
    (1..buf.area.height - 2).map(line).collect()
}

#[test]
fn a_session_of_the_demo_model_comes_back_with_and_without_it() {
    let model = Model::of(Arc::new(demo::mapping()), Placement::cpu().expect("a processor")).expect("the demo");
    let options = EngineOptions { threads: 1, context: usize::MAX, kv_type: DType::F32, gelu: Gelu::Exact };
    let mut reader = Reader::new(Engine::new(model, options).expect("an engine"));
    let card = Arc::new(reader.card("demo"));
    let ids = reader.model().tokenizer.encode("In the beginning God created").expect("ids");
    let mut screen = Headless::new((160, 50), false);
    screen.hear(Event::Opened(Arc::clone(&card)));
    screen.hear(Event::Prompt(ids.into()));
    answer(&mut screen, &mut reader);
    let [space, left] = [KeyCode::Char(' '), KeyCode::Left];
    // Tokens, a branch that another exit makes, and the grid of one position.
    press(&mut screen, &mut reader, &[space, space, space, left, left, KeyCode::Char('x')]);
    press(&mut screen, &mut reader, &[KeyCode::Down, KeyCode::Down, KeyCode::Down, KeyCode::Char('O'), space, space]);
    press(&mut screen, &mut reader, &[left, KeyCode::Char('4'), KeyCode::Char('1')]);

    let place = Place::new();
    let file = place.path("s.mexit");
    screen.save().expect("a text").write(&file).expect("a file");
    let per_token = fs::metadata(&file).expect("a file").len() / 10;
    assert!(per_token < 8192, "{per_token} bytes a token");
    for with_model in [false, true] {
        let mut again = Headless::new((160, 50), false);
        again.open(Saved::read(&file).expect("a session"));
        if with_model {
            again.hear(Event::Opened(Arc::clone(&card)));
        }
        for view in "12345".chars() {
            let keys = [KeyCode::Char(view)];
            press(&mut screen, &mut reader, &keys);
            press(&mut again, &mut reader, &keys);
            // The list of branches has a selection of its own.
            if view != '5' {
                assert_eq!(picture(&screen), picture(&again), "view {view}, with the model: {with_model}");
            }
        }
        press(&mut screen, &mut reader, &[KeyCode::Char('1')]);
    }
    // What cannot be written leaves nothing behind, and what was there stays.
    let folder = place.path("folder.mexit");
    fs::create_dir(&folder).expect("a folder");
    assert!(screen.save().expect("a text").write(&folder).is_err());
    assert_eq!(program::names(place.folder.path()), ["folder.mexit", "s.mexit"]);
}
