//! The real binary in a pseudo-terminal: it is driven by keys, looked at as a terminal would show it, and must leave
//! the terminal as it was, however it ends. Nothing sleeps: everything waits for text, up to a deadline that only a
//! broken program reaches.
#![cfg(unix)]

use std::{
    io::{Read, Write},
    num::NonZeroU16,
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

/// For a machine that is busy with everything else, too.
const PATIENCE: Duration = Duration::from_mins(1);

const ROWS: NonZeroU16 = NonZeroU16::new(24).unwrap();
const COLUMNS: NonZeroU16 = NonZeroU16::new(80).unwrap();

struct Session {
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    bytes: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    settings: String,
}

impl Session {
    fn start(args: &[&str], env: &[(&str, &str)]) -> Self {
        let size = PtySize { rows: ROWS.get(), cols: COLUMNS.get(), pixel_width: 0, pixel_height: 0 };
        let pty = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_mexit-tui"));
        command.args(args);
        command.args(["--threads", "1"]);
        command.env("LC_ALL", "C.UTF-8");
        command.env("TERM", "xterm-256color");
        for (name, value) in env {
            command.env(name, value);
        }
        let settings = settings(&*pty.master);
        let child = pty.slave.spawn_command(command).expect("the program");
        // The slave's other end stays with the master: dropping it here lets reads end when the program does.
        drop(pty.slave);
        let mut reader = pty.master.try_clone_reader().expect("a reader");
        let keys = pty.master.take_writer().expect("a writer");
        let (sender, bytes) = mpsc::channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(n) = reader.read(&mut buffer) {
                if n == 0 || sender.send(buffer[..n].to_vec()).is_err() {
                    break;
                }
            }
        });
        let screen = vt100::Parser::new(ROWS, COLUMNS, 0);
        Self { master: pty.master, child, keys, bytes, screen, settings }
    }

    fn text(&self) -> String {
        self.screen.screen().contents()
    }

    /// Waits until the screen is as wanted.
    fn until(&mut self, what: &str, wanted: impl Fn(&str) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !wanted(&self.text()) {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(bytes) = self.bytes.recv_timeout(left) else { panic!("never seen: {what}\n{}", self.text()) };
            self.screen.process(&bytes);
        }
    }

    fn shows(&mut self, text: &str) {
        self.until(text, |screen| screen.contains(text));
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("keys");
        self.keys.flush().expect("keys");
    }

    fn signal(&self, signal: &str) {
        let id = self.child.process_id().expect("a running program").to_string();
        let sent = std::process::Command::new("kill").args([format!("-{signal}"), id]).status();
        assert!(sent.expect("kill").success());
    }

    /// Waits for the end; the terminal must be as before: settings, the main screen, the cursor.
    fn end(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().expect("an end");
        while let Ok(bytes) = self.bytes.recv_timeout(PATIENCE) {
            self.screen.process(&bytes);
        }
        assert_eq!(settings(&*self.master), self.settings, "the terminal's settings");
        assert!(!self.screen.screen().alternate_screen(), "the main screen is back");
        assert!(!self.screen.screen().hide_cursor(), "the cursor is back");
        (status, self.text())
    }
}

fn settings(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().expect("a terminal"))
}

#[test]
fn steps_changes_alpha_steps_back_and_quits() {
    let mut session = Session::start(&[], &[]);
    session.shows("5/512");
    session.shows("decided at");
    for n in 6..=10 {
        session.press(" ");
        session.shows(&format!("{n}/512"));
    }
    session.press("-");
    session.shows("α .05");
    session.press("\x7f");
    session.shows("9/512");
    session.press("?");
    session.shows("take the last token back");
    session.press("\x1b");
    session.until("the help closes", |screen| !screen.contains("take the last token back"));
    session.press("\x0c");
    session.press(" ");
    session.shows("10/512");
    session.press("q");
    let (status, _) = session.end();
    assert_eq!(status.exit_code(), 0);
}

#[test]
fn views_panels_and_a_long_paste() {
    let mut session = Session::start(&[], &[]);
    session.shows("Space take");
    for (key, seen) in [("2", "[2 Heatmap]"), ("3", "[3 Journeys]"), ("4", "[4 What-if]"), ("5", "[5 Branches]")] {
        session.press(key);
        session.shows(seen);
    }
    session.press("1\r");
    session.shows("best at");
    session.press("jj\r");
    session.shows("6/512");
    session.press("u");
    session.shows("5/512");
    session.press("e\x15");
    session.shows("0 of 512 tokens");
    // 10 kB at once, as a terminal sends it.
    let long = "The module raises. ".repeat(540);
    session.press(&format!("\x1b[200~{long}\x1b[201~"));
    session.until("the tokens are counted", |screen| screen.contains("of 512 tokens") && !screen.contains("0 of 512"));
    session.press("\r");
    session.shows("more than the context holds");
    session.press("\x1b");
    session.until("the editor closes", |screen| !screen.contains("Ctrl-J new line"));
    session.press("rr");
    session.press("q");
    let (status, _) = session.end();
    assert_eq!(status.exit_code(), 0);
}

#[test]
fn ctrl_z_gives_the_terminal_back_and_fg_takes_it_again() {
    let mut session = Session::start(&[], &[]);
    session.shows("decided at");
    session.press("\x1a");
    let deadline = Instant::now() + PATIENCE;
    while session.screen.screen().alternate_screen() {
        let left = deadline.saturating_duration_since(Instant::now());
        let bytes = session.bytes.recv_timeout(left).expect("the main screen comes back");
        session.screen.process(&bytes);
    }
    session.signal("CONT");
    session.shows("decided at");
    session.press("q");
    let (status, _) = session.end();
    assert_eq!(status.exit_code(), 0);
}

#[test]
fn signals_restore_the_terminal() {
    for (signal, number) in [("TERM", 15), ("HUP", 1), ("INT", 2)] {
        let mut session = Session::start(&[], &[]);
        session.shows("decided at");
        session.signal(signal);
        let (status, _) = session.end();
        assert_eq!(status.exit_code(), 128 + number, "{signal}");
    }
}

#[test]
fn a_panic_restores_the_terminal_and_is_told() {
    let mut session = Session::start(&[], &[("MEXIT_PROVOKE", "panic")]);
    session.shows("decided at");
    let (status, text) = session.end();
    assert_ne!(status.exit_code(), 0);
    assert!(text.contains("provoked for a test"), "{text}");
}

#[test]
fn an_abort_inside_ggml_restores_the_terminal_and_is_told() {
    let mut session = Session::start(&[], &[("MEXIT_PROVOKE", "abort")]);
    session.shows("decided at");
    let (status, text) = session.end();
    assert_eq!(status.exit_code(), 70);
    assert!(text.contains("error: ggml stopped"), "{text}");
}

#[test]
fn a_model_that_cannot_be_opened_is_one_line_on_the_main_screen() {
    let session = Session::start(&["--model", "no-such-file.gguf"], &[]);
    let (status, text) = session.end();
    assert_eq!(status.exit_code(), 1);
    assert!(text.contains("error: ") && text.contains("no-such-file.gguf"), "{text}");
}
