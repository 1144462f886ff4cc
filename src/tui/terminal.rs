//! The terminal's one guard: whatever way the program ends, the terminal is as it was.

use std::{
    io::{self, Stdout, Write},
    panic,
    thread::{self, ThreadId},
};

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use ratatui::{
    Terminal,
    backend::CrosstermBackend,
    crossterm::{
        cursor::{Hide, Show},
        event::{DisableBracketedPaste, EnableBracketedPaste},
        execute,
        style::Print,
        terminal::{Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode},
    },
};

use crate::session;

/// What [`restore`] writes, as bytes for a signal handler: clicks are the terminal's again, pasting is plain keys, show
/// the cursor, leave the alternate screen.
const LEAVE: &[u8] = b"\x1b[?1006l\x1b[?1000l\x1b[?2004l\x1b[?25h\x1b[?1049l";
/// Clicks and the wheel, and their places by SGR's numbers. Crossterm's own command asks for every movement, too: over a
/// slow line these are many bytes for nothing.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1000l";

/// The screen, in raw mode until it is dropped.
pub(super) struct Screen {
    pub(super) terminal: Terminal<CrosstermBackend<Stdout>>,
    mouse: bool,
}

impl Screen {
    /// Takes the terminal.
    pub(super) fn take() -> io::Result<Self> {
        restore_on_panic(thread::current().id());
        enter()?;
        Ok(Self { terminal: empty()?, mouse: false })
    }

    /// Gives the terminal back, stops as other programs do on Ctrl-Z, and takes it again when told to go on.
    #[cfg(unix)]
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        restore();
        self.mouse = false;
        signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)?;
        enter()?;
        self.redraw()
    }

    /// Takes the clicks, or leaves them to the terminal, if it is not so already.
    pub(super) fn set_mouse(&mut self, on: bool) -> io::Result<()> {
        if self.mouse != on {
            self.mouse = on;
            execute!(io::stdout(), Print(if on { MOUSE_ON } else { MOUSE_OFF }))?;
        }
        Ok(())
    }

    /// Forgets what is drawn, so that the next picture is drawn whole.
    pub(super) fn redraw(&mut self) -> io::Result<()> {
        self.terminal = empty()?;
        Ok(())
    }
}

fn enter() -> io::Result<()> {
    session::arm_terminal(LEAVE)?;
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen, Hide, EnableBracketedPaste)
}

/// A cleared screen. Ratatui's own `clear` would ask the terminal where the cursor is, and its answer would go to the
/// thread that reads keys.
fn empty() -> io::Result<Terminal<CrosstermBackend<Stdout>>> {
    execute!(io::stdout(), Clear(ClearType::All))?;
    Terminal::new(CrosstermBackend::new(io::stdout()))
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

/// Columns of the terminal that stdout is; `None` if it is none.
#[must_use]
pub fn columns() -> Option<usize> {
    use std::io::IsTerminal;
    let size = io::stdout().is_terminal().then(ratatui::crossterm::terminal::size)?;
    size.ok().map(|(columns, _)| usize::from(columns)).filter(|columns| *columns > 0)
}

/// Asks the terminal to take a text into the clipboard (OSC 52); whether it does, it does not say.
pub(super) fn copy(text: &str) -> io::Result<()> {
    let mut out = io::stdout();
    write!(out, "\x1b]52;c;{}\x07", BASE64.encode(text))?;
    out.flush()
}

/// Gives the terminal back; what fails has nobody left to be told.
pub(super) fn restore() {
    let _ = disable_raw_mode();
    let _ = execute!(io::stdout(), Print(MOUSE_OFF), DisableBracketedPaste, Show, LeaveAlternateScreen);
    let _ = io::stdout().flush();
    session::disarm_terminal();
}

/// A panic of the screen's own thread restores first, then says what happened. One of the engine's thread says nothing:
/// the screen lives on and tells it.
fn restore_on_panic(screen: ThreadId) {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if thread::current().id() == screen {
            restore();
            before(info);
        }
    }));
}
