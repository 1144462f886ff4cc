//! What can be said in words after `:`, beside the actions of the key table.

use super::{journeys, number::Units, panel::Panel, question, state::State, theme::ThemeName, update::Effect};

/// A command.
#[derive(Debug)]
pub(crate) struct Command {
    /// Its first word.
    pub(crate) name: &'static str,
    /// What follows it, as a hint; empty: nothing does.
    pub(crate) arguments: &'static str,
    pub(crate) does: &'static str,
    /// Does it, with the words that follow; what is wrong with them it says in the notice.
    pub(crate) run: fn(&mut State, &str) -> Effect,
}

/// Every command.
pub(crate) const COMMANDS: &[Command] = &[
    Command {
        name: "model",
        arguments: "[FILE]",
        does: "the model and its self-check; or another one",
        run: |state, words| {
            if words.is_empty() {
                state.ask_check();
                state.panel = Some(Panel::Model);
                return Effect::None;
            }
            Effect::OpenModel(words.to_owned())
        },
    },
    Command {
        name: "device",
        arguments: "NAME[,NAME] [N | all | auto]",
        does: "compute there: so many blocks, from the top; the session stays",
        run: |_, words| Effect::MoveTo(words.to_owned()),
    },
    Command {
        name: "restart",
        arguments: "",
        does: "start the engine anew; the session stays",
        run: |state, _| {
            state.restart();
            Effect::None
        },
    },
    Command {
        name: "save",
        arguments: "FILE",
        does: "save the session under a name; FILE.jsonl: a trace of this text",
        run: question::save_named,
    },
    Command { name: "open", arguments: "FILE", does: "open a saved session, or a trace", run: question::open_named },
    Command {
        name: "group",
        arguments: "TOKEN,TOKEN",
        does: "one line of Journeys for several tokens",
        run: |state, words| {
            journeys::group(state, words);
            Effect::None
        },
    },
    Command {
        name: "theme",
        arguments: "dark | light | high-contrast",
        does: "colours for a dark or a light ground",
        run: |state, words| {
            choose("theme", words, &ThemeName::ALL, state, |state| &mut state.display.theme);
            Effect::None
        },
    },
    Command {
        name: "units",
        arguments: "nats | bits",
        does: "unit of entropies and logarithms",
        run: |state, words| {
            choose("units", words, &Units::ALL, state, |state| &mut state.display.units);
            Effect::None
        },
    },
];

/// The command that a line begins with, and the words that follow.
pub(crate) fn read(line: &str) -> Option<(&'static Command, &str)> {
    let line = line.trim();
    let (first, words) = line.split_once(' ').unwrap_or((line, ""));
    COMMANDS.iter().find(|command| command.name == first).map(|command| (command, words.trim()))
}

/// Sets a thing to one of a few, by name.
fn choose<T: Copy + PartialEq>(
    what: &str,
    word: &str,
    all: &[(&str, T)],
    state: &mut State,
    place: fn(&mut State) -> &mut T,
) {
    if let Some((_, found)) = all.iter().find(|(name, _)| *name == word) {
        *place(state) = *found;
        return;
    }
    let present = *place(state);
    let is = all.iter().find(|(_, value)| *value == present).map_or("", |(name, _)| name);
    let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
    let found = if word.is_empty() { String::new() } else { format!(", found {word}") };
    state.notice = Some(format!("{what} is {is}: expected {}{found}", names.join(" or ")));
}

#[cfg(test)]
mod tests {
    use super::{COMMANDS, read};
    use crate::tui::{
        keymap::TABLE,
        number::Units,
        state::{State, Wish},
        theme::ThemeName,
    };

    #[test]
    fn one_line_does_it() {
        let mut state = State::new("a model".into(), Wish::default());
        for line in ["theme light", "  units   bits "] {
            let (command, words) = read(line).expect("a command");
            (command.run)(&mut state, words);
        }
        assert_eq!((state.display.theme, state.display.units), (ThemeName::Light, Units::Bits));
        assert_eq!(state.notice, None);
        let (command, words) = read("theme blue").expect("a command");
        (command.run)(&mut state, words);
        let expected = "theme is light: expected dark or light or high-contrast, found blue";
        assert_eq!(state.notice.as_deref(), Some(expected));
        assert!(read("themes").is_none() && read("").is_none());
    }

    #[test]
    fn names_are_neither_doubled_nor_those_of_actions() {
        let names: Vec<&str> =
            COMMANDS.iter().map(|command| command.name).chain(TABLE.iter().map(|binding| binding.name)).collect();
        for (n, name) in names.iter().enumerate() {
            assert!(!names[n + 1..].contains(name), "{name}");
        }
    }
}
