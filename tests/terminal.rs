//! The real binary in a pseudo-terminal: what keys do, and that it leaves the terminal as it was, however it ends.
#![cfg(unix)]

#[path = "support/pty.rs"]
mod pty;

use pty::{COLUMNS, ROWS, Session};
use vt100::MouseProtocolMode;

/// Leaves, and says that what was generated may go.
fn quits(mut session: Session) {
    session.quit_unsaved();
    let (status, _) = session.end();
    assert_eq!(status.exit_code(), 0);
}

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
    quits(session);
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
    quits(session);
}

#[test]
fn the_window_changes_while_a_run_goes_on() {
    let mut session = Session::start(&[], &[]);
    session.shows("Space take ");
    session.press("r");
    for (columns, rows, seen) in
        [(120, 40, "exits × tokens"), (52, 14, "this window is 52x14"), (80, 24, "[1 Explore]")]
    {
        session.resize(columns, rows);
        session.shows(seen);
    }
    session.until("the run goes on", |screen| !screen.contains(" 5/512"));
    quits(session);
}

/// A key and a change of the window that are seen at once: neither may wait for the next.
#[test]
fn a_key_pressed_while_the_window_changes_is_not_lost() {
    let mut session = Session::start(&[], &[]);
    session.shows("Space take ");
    for n in 0..150 {
        let (view, seen) = if n % 2 == 0 { ("2", "[2 Heatmap]") } else { ("1", "[1 Explore]") };
        session.resize(80 + n % 7, 24);
        session.press(view);
        session.shows(seen);
    }
    session.press("q");
    let (status, _) = session.end();
    assert_eq!(status.exit_code(), 0);
}

#[test]
fn journeys_follow_pins_groups_and_positions() {
    let mut session = Session::start(&["--prompt", "The men of the sea"], &[]);
    session.shows("Space take ");
    // In Explore the top token under the cursor.
    session.press("p");
    session.shows("pinned");
    session.press("3");
    session.shows("journeys to next");
    session.shows("*>a●");
    session.shows("all the way");
    session.press(":group ␣the,␣of\r");
    session.shows("a group of 2");
    // A line with its numbers: no place is still waiting.
    let known = |name: &'static str| {
        move |screen: &str| screen.lines().any(|line| line.contains(name) && !line.contains('·') && line.contains('.'))
    };
    session.until("the group's numbers", known("*␣the+␣of"));
    session.press("b");
    session.shows("p over positions");
    session.until("the group's numbers at every position", known("*␣the+␣of"));
    session.until("the text's own", known("● the text"));
    session.press("m");
    session.shows("rank over positions");
    session.press("P");
    session.until("the user's pins go", |screen| !screen.contains("*␣the+␣of"));
    session.press("q");
    let (status, _) = session.end();
    assert_eq!(status.exit_code(), 0);
}

#[test]
fn ctrl_z_gives_the_terminal_back_and_fg_takes_it_again() {
    let mut session = Session::start(&[], &[]);
    session.shows("next: ");
    session.press("\x1a");
    session.is_suspended();
    session.signal("CONT");
    session.shows("Space take ");
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
fn an_engine_that_fails_is_started_anew_in_place() {
    let mut session = Session::start(&[], &[("MEXIT_PROVOKE", "engine-panic")]);
    session.shows("Space take ");
    session.press(" ");
    session.shows("engine stopped: provoked for a test");
    session.shows(":restart keeps the session");
    // The text can be looked at meanwhile.
    session.press("hhh");
    session.until("the cursor is on \" beginning\"", |screen| screen.contains(" ^^^^^^^^^ "));
    session.press("2");
    session.shows("[2 Heatmap]");
    session.press("1:restart\r");
    session.shows("the engine");
    session.press("$ ");
    session.shows("7/512");
    session.press(" ");
    session.shows("8/512");
    session.quit_unsaved();
    let (status, _) = session.end();
    assert_eq!(status.exit_code(), 0);
}

#[test]
fn a_prompt_that_is_too_long_opens_in_the_editor() {
    let long = "In the beginning God created the heaven. ".repeat(80);
    let mut session = Session::start(&["--prompt", &long], &[]);
    session.shows("too many");
    // Ctrl-C closes the panel, not the program.
    session.press("\x03");
    session.until("the editor closes", |screen| !screen.contains("too many"));
    session.press("e");
    session.shows("too many");
    session.press("\x15In the beginning");
    session.shows("3 of 512 tokens");
    session.press("\r");
    session.shows("Space take ");
    session.press("S4\r");
    session.shows("7/512");
    session.press(":model\r");
    session.shows("self-check");
    session.shows("passed");
    session.press("\r<<<<<r");
    session.shows("8/512");
    session.press("\x03");
    session.shows("stopped: r goes on");
    session.press("\x03");
    let (status, _) = session.end();
    assert_eq!(status.exit_code(), 0);
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

/// A click where a text stands on the screen, as SGR terminals send it.
fn click(session: &mut Session, wanted: &str) {
    let text = session.text();
    let found = text.lines().enumerate().find_map(|(y, line)| Some((line.find(wanted)?, y, line)));
    let (at, y, line) = found.unwrap_or_else(|| panic!("{wanted:?} is not on the screen:\n{text}"));
    let (column, row) = (line[..at].chars().count() + 2, y + 1);
    session.press(&format!("\x1b[<0;{column};{row}M\x1b[<0;{column};{row}m"));
}

#[test]
fn the_mouse_is_taken_when_it_is_wanted_and_given_back() {
    let mut session = Session::start(&[], &[]);
    session.shows("Space take ");
    assert_eq!(session.screen.screen().mouse_protocol_mode(), MouseProtocolMode::None);
    session.press("M");
    session.shows("mouse on");
    assert_eq!(session.screen.screen().mouse_protocol_mode(), MouseProtocolMode::PressRelease);
    session.until("the cursor is on original", |screen| screen.contains(">orig"));
    click(&mut session, "    8");
    session.shows(">   8");
    session.press("\x1b[<65;2;15M");
    session.until("the wheel moved the cursor", |screen| !screen.contains(">   8"));
    click(&mut session, " 2 Heatmap");
    session.shows("[2 Heatmap]");
    session.press("M");
    session.shows("mouse off");
    assert_eq!(session.screen.screen().mouse_protocol_mode(), MouseProtocolMode::None);
    session.press("M");
    session.shows("mouse on");
    session.press("\x1a");
    session.is_suspended();
    assert_eq!(session.screen.screen().mouse_protocol_mode(), MouseProtocolMode::None);
    session.signal("CONT");
    session.shows("[2 Heatmap]");
    session.press("1");
    session.shows("[1 Explore]");
    assert_eq!(session.screen.screen().mouse_protocol_mode(), MouseProtocolMode::PressRelease);
    session.press("q");
    let (status, _) = session.end();
    assert_eq!(status.exit_code(), 0);
}

/// A configuration in a file of its own.
fn configured(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("config.toml");
    std::fs::write(&path, text).expect("a file");
    let path = path.to_string_lossy().into_owned();
    (folder, path)
}

#[test]
fn the_mouse_is_given_back_in_every_way_out() {
    let (_folder, config) = configured("mouse = true\n");
    for (provoke, signal) in [("", Some("TERM")), ("", Some("HUP")), ("panic", None), ("abort", None)] {
        let mut session = Session::start(&["--config", &config], &[("MEXIT_PROVOKE", provoke)]);
        session.shows("Space take ");
        assert_eq!(session.screen.screen().mouse_protocol_mode(), MouseProtocolMode::PressRelease);
        if let Some(signal) = signal {
            session.signal(signal);
        }
        let (status, _) = session.end();
        assert_ne!(status.exit_code(), 0);
    }
}

#[test]
fn the_configuration_is_in_force_and_flags_win() {
    let text = "theme = \"light\"\nunits = \"bits\"\n[defaults]\nalpha = 0.5\ncontrast = \"12,4\"\n[keys]\nnext-token = [\"F5\"]\n";
    let (_folder, config) = configured(text);
    let mut session = Session::start(&[], &[("MEXIT_CONFIG", &config)]);
    session.shows("H bits");
    session.shows("α .50");
    session.shows("12▸4");
    session.shows("F5 take");
    session.press(" \x1b[15~");
    session.shows("6/512");
    session.press(":theme blue\r");
    session.shows("theme is light");
    session.quit_unsaved();
    session.end();
    let mut session = Session::start(&["--alpha", "0.2", "--color", "never"], &[("MEXIT_CONFIG", &config)]);
    session.shows("α .20");
    assert!(!has_colours(&session), "no colour is left");
    session.press("q");
    session.end();
    let mut session = Session::start(&["--color", "256"], &[("NO_COLOR", "1")]);
    session.shows("Space take ");
    assert!(has_colours(&session), "the flag wins over NO_COLOR");
    session.press("q");
    session.end();
}

fn has_colours(session: &Session) -> bool {
    let screen = session.screen.screen();
    let mut cells =
        (0..ROWS.get()).flat_map(|row| (0..COLUMNS.get()).filter_map(move |column| screen.cell(row, column)));
    let plain = |cell: &vt100::Cell| (cell.fgcolor(), cell.bgcolor()) == (vt100::Color::Default, vt100::Color::Default);
    !cells.all(plain)
}

#[test]
fn a_broken_configuration_is_one_line_and_no_screen_opens() {
    let (_folder, config) = configured("[defaults]\nalpha = 7\n");
    let session = Session::start(&["--config", &config], &[]);
    let (status, text) = session.end();
    assert_eq!(status.exit_code(), 1);
    let text: String = text.lines().collect();
    assert!(text.contains("line 2: expected a number above 0, up to 1, found 7"), "{text}");
    assert!(!text.contains("Explore"), "{text}");
    let session = Session::start(&["--config", "no-such.toml"], &[]);
    let (status, text) = session.end();
    assert!(status.exit_code() == 1 && text.contains("error: no-such.toml: "), "{text}");
}
