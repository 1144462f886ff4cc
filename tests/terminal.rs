//! The real binary in a pseudo-terminal: it is driven by keys, looked at as a terminal would show it, and must leave
//! the terminal as it was, however it ends. Nothing sleeps: everything waits for text, up to a deadline that only a
//! broken program reaches.
#![cfg(unix)]

#[path = "support/terminal.rs"]
mod terminal;

use std::time::{Duration, Instant};

use self::terminal::{PATIENCE, Session};

#[test]
fn steps_changes_alpha_steps_back_and_quits() {
    let mut session = Session::start(&[], &[]);
    session.shows("5/512");
    session.shows("next: ");
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
    session.quit_unsaved();
    let (status, _) = session.end();
    assert_eq!(status.exit_code(), 0);
}

#[test]
fn views_panels_and_a_long_paste() {
    let mut session = Session::start(&[], &[]);
    session.shows("next: ");
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
    session.quit_unsaved();
    let (status, _) = session.end();
    assert_eq!(status.exit_code(), 0);
}

#[test]
fn ctrl_z_gives_the_terminal_back_and_fg_takes_it_again() {
    let mut session = Session::start(&[], &[]);
    session.shows("next: ");
    session.press("\x1a");
    let deadline = Instant::now() + PATIENCE;
    while session.screen.screen().alternate_screen() {
        let left = deadline.saturating_duration_since(Instant::now());
        let bytes = session.bytes.recv_timeout(left).expect("the main screen comes back");
        session.screen.process(&bytes);
    }
    // Told to go on before it has stopped it would stop for ever: it is told until it does.
    while !session.text().contains("next: ") {
        assert!(Instant::now() < deadline, "it does not go on");
        session.signal("CONT");
        if let Ok(bytes) = session.bytes.recv_timeout(Duration::from_secs(1)) {
            session.screen.process(&bytes);
        }
    }
    session.press("q");
    let (status, _) = session.end();
    assert_eq!(status.exit_code(), 0);
}

#[test]
fn signals_restore_the_terminal() {
    for (signal, number) in [("TERM", 15), ("HUP", 1), ("INT", 2)] {
        let mut session = Session::start(&[], &[]);
        session.shows("next: ");
        session.signal(signal);
        let (status, _) = session.end();
        assert_eq!(status.exit_code(), 128 + number, "{signal}");
    }
}

#[test]
fn a_panic_restores_the_terminal_and_is_told() {
    let mut session = Session::start(&[], &[("MEXIT_PROVOKE", "panic")]);
    session.shows("next: ");
    let (status, text) = session.end();
    assert_ne!(status.exit_code(), 0);
    assert!(text.contains("provoked for a test"), "{text}");
}

#[test]
fn an_abort_inside_ggml_restores_the_terminal_and_is_told() {
    let mut session = Session::start(&[], &[("MEXIT_PROVOKE", "abort")]);
    session.shows("next: ");
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
