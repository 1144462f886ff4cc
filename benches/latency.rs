//! From a cursor key to the picture, in the real program in a pseudo-terminal, while the engine is busy: with a run, and
//! with filling a prompt in.
//!
//! `cargo bench --profile release --workspace --bench latency [-- MODEL.gguf]`; the embedded demo model without a file.
//! A key is answered when the position of the cursor in the status row has changed.

use std::{
    io::{Read, Write},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

const PATIENCE: Duration = Duration::from_mins(1);
const KEYS: usize = 60;
const SIZE: PtySize = PtySize { rows: 60, cols: 200, pixel_width: 0, pixel_height: 0 };

struct Terminal {
    bytes: Receiver<Vec<u8>>,
    keys: Box<dyn Write + Send>,
    screen: vt100::Parser,
    child: Box<dyn portable_pty::Child + Send + Sync>,
    // Held: the program ends when its terminal does.
    _master: Box<dyn portable_pty::MasterPty + Send>,
}

impl Terminal {
    fn start(args: &[String]) -> Self {
        let pty = native_pty_system().openpty(SIZE).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_mexit-tui"));
        command.args(args);
        command.env("LC_ALL", "C.UTF-8");
        command.env("TERM", "xterm-256color");
        let child = pty.slave.spawn_command(command).expect("the program");
        drop(pty.slave);
        let mut reader = pty.master.try_clone_reader().expect("a reader");
        let keys = pty.master.take_writer().expect("a writer");
        let (sender, bytes) = mpsc::channel();
        thread::spawn(move || {
            let mut buffer = [0; 16_384];
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..n].to_vec()).is_err() {
                    break;
                }
            }
        });
        let screen = vt100::Parser::new(SIZE.rows.try_into().expect("rows"), SIZE.cols.try_into().expect("columns"), 0);
        Self { bytes, keys, screen, child, _master: pty.master }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("keys");
        self.keys.flush().expect("keys");
    }

    /// Waits until the screen is as wanted.
    fn until(&mut self, wanted: impl Fn(&str) -> bool) {
        while !wanted(&self.screen.screen().contents()) {
            let bytes = self.bytes.recv_timeout(PATIENCE).expect("more of the screen");
            self.screen.process(&bytes);
        }
    }

    /// The position in the status row.
    fn position(text: &str) -> Option<usize> {
        let after = |at: usize| text[at..].trim_start().strip_prefix("position ");
        text.match_indices(" position ").find_map(|(at, _)| after(at)?.split_once(" of ")?.0.parse().ok())
    }

    /// Times from a key to its picture, in ms, sorted.
    fn moves(&mut self) -> Vec<f64> {
        let mut times = Vec::with_capacity(KEYS);
        for n in 0..KEYS {
            let before = Self::position(&self.screen.screen().contents());
            let started = Instant::now();
            self.press(if n % 2 == 0 { "h" } else { "l" });
            self.until(|text| Self::position(text) != before && Self::position(text).is_some());
            times.push(started.elapsed().as_secs_f64() * 1e3);
        }
        times.sort_by(f64::total_cmp);
        times
    }
}

fn main() {
    let model = std::env::args().skip(1).find(|word| !word.starts_with("--"));
    let prompt = "In the beginning God created the heaven and the earth. ".repeat(12);
    let mut args = vec!["--prompt".to_owned(), prompt];
    args.extend(model.into_iter().flat_map(|path| ["--model".into(), path]));
    let mut terminal = Terminal::start(&args);
    let say = |what: &str, times: &[f64]| {
        println!("{what:40} median {:5.1} ms   slowest {:5.1} ms", times[KEYS / 2], times[KEYS - 1]);
    };
    terminal.until(|text| Terminal::position(text).is_some());
    terminal.press("0llllll");
    terminal.until(|text| Terminal::position(text) == Some(6));
    say("a cursor key while the prompt is read", &terminal.moves());
    terminal.press("$");
    terminal.until(|text| text.contains("Space take"));
    terminal.press("hhhh");
    terminal.until(|text| text.contains(" decided at"));
    say("a cursor key while positions fill in", &terminal.moves());
    terminal.press("r");
    terminal.until(|text| text.contains("running at"));
    say("a cursor key during a run", &terminal.moves());
    terminal.press("qy");
    terminal.child.wait().expect("an end");
}
