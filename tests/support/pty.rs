//! A program in a pseudo-terminal: driven by keys, looked at as a terminal would show it. Nothing sleeps: everything
//! waits for text, up to a deadline that only a broken program reaches.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test takes what it needs of this module")]

use std::{
    io::{Read, Write},
    num::NonZeroU16,
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

/// For a machine that is busy with everything else, too.
pub const PATIENCE: Duration = Duration::from_mins(1);

pub const ROWS: NonZeroU16 = NonZeroU16::new(24).unwrap();
pub const COLUMNS: NonZeroU16 = NonZeroU16::new(80).unwrap();

pub struct Session {
    pub master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    pub bytes: Receiver<Vec<u8>>,
    pub screen: vt100::Parser,
    settings: String,
}

impl Session {
    /// On one thread, in a window of the usual size.
    pub fn start(args: &[&str], env: &[(&str, &str)]) -> Self {
        Self::start_at((COLUMNS, ROWS), &[args, &["--threads", "1"]].concat(), env)
    }

    pub fn start_at((columns, rows): (NonZeroU16, NonZeroU16), args: &[&str], env: &[(&str, &str)]) -> Self {
        let size = PtySize { rows: rows.get(), cols: columns.get(), pixel_width: 0, pixel_height: 0 };
        let pty = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_mexit-tui"));
        command.args(args);
        command.env("LC_ALL", "C.UTF-8");
        command.env("TERM", "xterm-256color");
        // A backtrace would push what is said off the screen.
        command.env("RUST_BACKTRACE", "0");
        // Nobody's own configuration, and nothing that another session left behind.
        command.env("XDG_CONFIG_HOME", "/nonexistent");
        command.env("XDG_STATE_HOME", "/nonexistent");
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
        let screen = vt100::Parser::new(rows, columns, 0);
        Self { master: pty.master, child, keys, bytes, screen, settings }
    }

    pub fn text(&self) -> String {
        self.screen.screen().contents()
    }

    /// Waits until the screen is as wanted.
    pub fn until(&mut self, what: &str, wanted: impl Fn(&str) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !wanted(&self.text()) {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(bytes) = self.bytes.recv_timeout(left) else { panic!("never seen: {what}\n{}", self.text()) };
            self.screen.process(&bytes);
        }
    }

    pub fn shows(&mut self, text: &str) {
        self.until(text, |screen| screen.contains(text));
    }

    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("keys");
        self.keys.flush().expect("keys");
    }

    /// Ends the program although tokens are in no file.
    pub fn quit_unsaved(&mut self) {
        self.press("q");
        self.shows("y quit");
        self.press("y");
    }

    pub fn signal(&self, signal: &str) {
        let id = self.child.process_id().expect("a running program").to_string();
        let sent = std::process::Command::new("kill").args([format!("-{signal}"), id]).status();
        assert!(sent.expect("kill").success());
    }

    /// Another window.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.master.resize(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }).expect("another window");
        self.screen
            .screen_mut()
            .set_size(NonZeroU16::new(rows).expect("rows"), NonZeroU16::new(columns).expect("columns"));
    }

    /// Waits until the main screen is back and the program has stopped: CONT would be lost on one that is about to.
    pub fn is_suspended(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        while self.screen.screen().alternate_screen() {
            let left = deadline.saturating_duration_since(Instant::now());
            let bytes = self.bytes.recv_timeout(left).expect("the main screen comes back");
            self.screen.process(&bytes);
        }
        let id = self.child.process_id().expect("a program").to_string();
        let state = || std::process::Command::new("ps").args(["-o", "state=", "-p", &id]).output().expect("ps").stdout;
        while state().first() != Some(&b'T') {
            assert!(Instant::now() < deadline, "the program does not stop");
        }
    }

    /// Waits for the end; the terminal must be as before: settings, the main screen, the cursor.
    pub fn end(mut self) -> (ExitStatus, String) {
        loop {
            match self.bytes.recv_timeout(PATIENCE) {
                Ok(bytes) => self.screen.process(&bytes),
                Err(RecvTimeoutError::Timeout) => panic!("it does not end\n{}", self.text()),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        let status = self.child.wait().expect("an end");
        assert_eq!(settings(&*self.master), self.settings, "the terminal's settings");
        assert!(!self.screen.screen().alternate_screen(), "the main screen is back");
        assert!(!self.screen.screen().hide_cursor(), "the cursor is back");
        assert!(!self.screen.screen().bracketed_paste(), "pasting is plain keys again");
        let clicks = self.screen.screen().mouse_protocol_mode();
        assert_eq!(clicks, vt100::MouseProtocolMode::None, "clicks are the terminal's again");
        (status, self.text())
    }
}

fn settings(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().expect("a terminal"))
}
