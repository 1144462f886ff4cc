//! One key with what is held beside it: as it comes from a terminal, and as people write it.

use ratatui::crossterm::event::{
    KeyCode::{self, BackTab, Backspace, Char, Delete, Down, End, Enter, Esc, Home, Insert, Left, Right, Tab, Up},
    KeyEvent, KeyModifiers,
};

/// A key. Shift is part of a sign itself, and told apart only on the keys without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chord {
    code: KeyCode,
    held: KeyModifiers,
}

/// A sign.
pub(super) const fn sign(c: char) -> Chord {
    Chord { code: Char(c), held: KeyModifiers::NONE }
}

/// A key without a sign.
pub(super) const fn code(code: KeyCode) -> Chord {
    Chord { code, held: KeyModifiers::NONE }
}

/// A letter with Control held.
pub(super) const fn ctrl(c: char) -> Chord {
    Chord { code: Char(c), held: KeyModifiers::CONTROL }
}

/// A key without a sign, with Shift held.
pub(super) const fn shift(code: KeyCode) -> Chord {
    Chord { code, held: KeyModifiers::SHIFT }
}

/// Names that people write; the first of a key is the one that is shown.
const NAMES: [(&str, KeyCode); 20] = [
    ("Space", Char(' ')),
    ("Enter", Enter),
    ("Esc", Esc),
    ("Escape", Esc),
    ("Tab", Tab),
    ("Backspace", Backspace),
    ("Del", Delete),
    ("Delete", Delete),
    ("Ins", Insert),
    ("Insert", Insert),
    ("Home", Home),
    ("End", End),
    ("PgUp", KeyCode::PageUp),
    ("PageUp", KeyCode::PageUp),
    ("PgDn", KeyCode::PageDown),
    ("PageDown", KeyCode::PageDown),
    ("Left", Left),
    ("Right", Right),
    ("Up", Up),
    ("Down", Down),
];

const ARROWS: [(char, KeyCode); 4] = [('←', Left), ('→', Right), ('↑', Up), ('↓', Down)];
const HELD: [(&str, KeyModifiers); 3] =
    [("Ctrl-", KeyModifiers::CONTROL), ("Alt-", KeyModifiers::ALT), ("Shift-", KeyModifiers::SHIFT)];

impl Chord {
    /// What came from the terminal; `None` if something is held that no key of ours knows.
    pub(super) fn of(event: KeyEvent) -> Option<Self> {
        let known = KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT;
        known.contains(event.modifiers).then(|| Self { code: event.code, held: event.modifiers }.plain())
    }

    /// In the one way in which it is compared.
    fn plain(self) -> Self {
        match self.code {
            // Terminals that tell Shift beside a letter send the capital, too.
            Char(c) if self.held.contains(KeyModifiers::CONTROL) => {
                Self { code: Char(c.to_ascii_lowercase()), held: self.held - KeyModifiers::SHIFT }
            }
            Char(_) => Self { held: self.held - KeyModifiers::SHIFT, ..self },
            BackTab => Self { code: Tab, held: self.held | KeyModifiers::SHIFT },
            _ => self,
        }
    }

    /// The same key without Shift, where that is not part of a sign.
    pub(super) fn without_shift(self) -> Self {
        Self { held: self.held - KeyModifiers::SHIFT, ..self }
    }

    /// Reads a key as people write it: `x`, `Space`, `F5`, `Ctrl-R`, `Shift-Left`.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let (mut rest, mut held) = (text, KeyModifiers::NONE);
        while let Some((after, modifier)) = HELD.iter().find_map(|(name, modifier)| {
            let (start, after) = rest.split_at_checked(name.len())?;
            let same = start.eq_ignore_ascii_case(name) || start.eq_ignore_ascii_case(&name.replace('-', "+"));
            (same && !after.is_empty()).then_some((after, *modifier))
        }) {
            (rest, held) = (after, held | modifier);
        }
        let unreadable = || format!("{text:?} is no key: expected a sign, Space, F5, Ctrl-R, Shift-Left or the like");
        let mut signs = rest.chars();
        let code = match (signs.next(), signs.next()) {
            (Some(c), None) if !c.is_control() && c != ' ' => {
                ARROWS.iter().find(|(arrow, _)| *arrow == c).map_or(Char(c), |(_, code)| *code)
            }
            _ => named(rest).ok_or_else(unreadable)?,
        };
        let shifted = held.contains(KeyModifiers::SHIFT);
        let code = match code {
            Char(c) if shifted && c.is_ascii_lowercase() && !held.contains(KeyModifiers::CONTROL) => {
                Char(c.to_ascii_uppercase())
            }
            // What Shift makes of another sign depends on the keyboard.
            Char(c) if shifted && !c.is_ascii_uppercase() => {
                return Err(format!("{text:?}: expected the sign itself, without Shift"));
            }
            code => code,
        };
        let chord = Self { code, held }.plain();
        match (chord.held, chord.code) {
            (KeyModifiers::CONTROL, Char('i')) => Err(format!("{text:?} is Tab to a terminal: write Tab")),
            (KeyModifiers::CONTROL, Char('m')) => Err(format!("{text:?} is Enter to a terminal: write Enter")),
            (KeyModifiers::CONTROL, Char('[')) => Err(format!("{text:?} is Esc to a terminal: write Esc")),
            _ => Ok(chord),
        }
    }

    /// As footer, help and README show it; arrows by name where there are only letters.
    pub(crate) fn shown(self, ascii: bool) -> String {
        let mut text = String::new();
        for (name, modifier) in HELD {
            if self.held.contains(modifier) {
                text += name;
            }
        }
        let arrow = ARROWS.iter().find(|(_, code)| *code == self.code && !ascii);
        let name = NAMES.iter().find(|(_, code)| *code == self.code);
        match (self.code, arrow, name) {
            (_, Some((arrow, _)), _) => text.push(*arrow),
            (_, _, Some((name, _))) => text += name,
            (KeyCode::F(n), ..) => text += &format!("F{n}"),
            // A control code is the same with and without Shift; the capital is how it is printed on keys.
            (Char(c), ..) if self.held.contains(KeyModifiers::CONTROL) => text.push(c.to_ascii_uppercase()),
            (Char(c), ..) => text.push(c),
            _ => {}
        }
        text
    }
}

fn named(text: &str) -> Option<KeyCode> {
    let function = || {
        let n = text.strip_prefix(['F', 'f'])?.parse().ok()?;
        (1..=24).contains(&n).then_some(KeyCode::F(n))
    };
    let name = NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, code)| *code);
    name.or_else(function)
}

#[cfg(test)]
mod tests {
    use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    use super::Chord;

    #[test]
    fn what_is_read_is_shown() {
        let keys =
            ["x", "X", "-", "Space", "Ctrl-R", "Ctrl--", "Alt-x", "F5", "Shift-←", "PgDn", "Shift-Tab", "ä", "Del"];
        for text in keys {
            assert_eq!(Chord::read(text).map(|chord| chord.shown(false)), Ok(text.to_owned()));
        }
        let same =
            [("ctrl+r", "Ctrl-R"), ("Shift-x", "X"), ("pageup", "PgUp"), ("Shift-Up", "Shift-↑"), ("f12", "F12")];
        for (text, shown) in same {
            assert_eq!(Chord::read(text).map(|chord| chord.shown(false)), Ok(shown.to_owned()));
        }
        assert_eq!(Chord::read("→").map(|chord| chord.shown(true)), Ok("Right".into()));
    }

    #[test]
    fn what_is_no_key_is_refused_by_name() {
        for text in ["", "Spcae", "F0", "F25", "xy", "Ctrl-", "Shift-1", "Ctrl-I", "Ctrl-M", "\t", " "] {
            let error = Chord::read(text).expect_err(text);
            assert!(error.contains(&format!("{text:?}")), "{error}");
        }
    }

    #[test]
    fn terminals_differ_and_the_key_is_the_same() {
        let of = |code, held| Chord::of(KeyEvent::new(code, held));
        let read = |text| Chord::read(text).ok();
        assert_eq!(of(KeyCode::Char('E'), KeyModifiers::SHIFT), read("E"));
        assert_eq!(of(KeyCode::Char('R'), KeyModifiers::CONTROL | KeyModifiers::SHIFT), read("Ctrl-r"));
        assert_eq!(of(KeyCode::BackTab, KeyModifiers::NONE), read("Shift-Tab"));
        assert_eq!(of(KeyCode::BackTab, KeyModifiers::SHIFT), read("Shift-Tab"));
        assert_eq!(of(KeyCode::Char('x'), KeyModifiers::SUPER), None);
    }
}
