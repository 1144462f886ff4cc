//! The keys in force: the built-in table, patched by the user's configuration.

use std::collections::BTreeMap;

use ratatui::crossterm::event::KeyEvent;

use super::{Action, Binding, Chord, TABLE};
use crate::tui::state::View;

/// Keys by the name of their action.
pub type Patch = BTreeMap<String, Vec<String>>;

/// Which key does what, in every view.
#[derive(Clone, Debug)]
pub struct Keymap {
    rows: Vec<(&'static Binding, Vec<Chord>)>,
}

/// Without these there would be no way out, and none to find one.
const NEEDED: [Action; 2] = [Action::Quit, Action::Help];

impl Default for Keymap {
    fn default() -> Self {
        Self { rows: TABLE.iter().map(|binding| (binding, binding.keys.to_vec())).collect() }
    }
}

impl Keymap {
    /// The built-in keys, but for the actions that the patch names.
    ///
    /// # Errors
    /// Every action that does not exist, every key that cannot be read, and every key that would do two things.
    pub fn patched(patch: &Patch) -> Result<Self, Vec<String>> {
        let mut map = Self::default();
        let mut faults = Vec::new();
        for (name, keys) in patch {
            let Some(row) = map.rows.iter_mut().find(|(binding, _)| binding.name == name) else {
                faults.push(unknown(name));
                continue;
            };
            row.1.clear();
            for key in keys {
                match Chord::read(key) {
                    Ok(chord) => row.1.push(chord),
                    Err(fault) => faults.push(format!("{name}: {fault}")),
                }
            }
            if row.1.is_empty() && NEEDED.contains(&row.0.action) && keys.is_empty() {
                faults.push(format!("{name}: expected a key at least, found none"));
            }
        }
        faults.extend(map.conflicts());
        if faults.is_empty() { Ok(map) } else { Err(faults) }
    }

    /// The patch that would make it of nothing.
    #[must_use]
    pub fn patch(&self) -> Patch {
        let keys = |keys: &[Chord]| keys.iter().map(|key| key.shown(true)).collect();
        self.rows().map(|(binding, of_it)| (binding.name.to_owned(), keys(of_it))).collect()
    }

    /// Keys that do two things in the same view.
    fn conflicts(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (n, (one, keys)) in self.rows.iter().enumerate() {
            for (other, others) in &self.rows[n + 1..] {
                let shared = keys.iter().filter(|key| others.contains(key) && meet(one, other));
                found.extend(
                    shared.map(|key| format!("{} is the key of {} and of {}", key.shown(false), one.name, other.name)),
                );
            }
        }
        found
    }

    /// What a key asks for in a view.
    pub(crate) fn action(&self, event: KeyEvent, view: View) -> Option<Action> {
        let chord = Chord::of(event)?;
        let find = |chord: Chord| {
            let mut rows = self.rows.iter().filter(|(binding, _)| binding.is_alive(view));
            rows.find(|(_, keys)| keys.contains(&chord)).map(|(binding, _)| binding.action)
        };
        find(chord).or_else(|| find(chord.without_shift()))
    }

    /// Every row of the table, with the keys in force.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&'static Binding, &[Chord])> {
        self.rows.iter().map(|(binding, keys)| (*binding, keys.as_slice()))
    }

    /// The keys of an action as they are shown.
    pub(crate) fn shown(&self, action: Action, ascii: bool) -> String {
        let keys = self.keys(action).iter().map(|key| key.shown(ascii));
        keys.collect::<Vec<String>>().join(" ")
    }

    /// The first key of an action, for a hint or a sentence; `None` if the user took all of them away.
    pub(crate) fn first(&self, action: Action, ascii: bool) -> Option<String> {
        self.keys(action).first().map(|key| key.shown(ascii))
    }

    fn keys(&self, action: Action) -> &[Chord] {
        self.rows.iter().find(|(binding, _)| binding.action == action).map_or(&[], |(_, keys)| keys)
    }
}

/// Whether there is a view in which both are alive.
fn meet(one: &Binding, other: &Binding) -> bool {
    View::ALL.into_iter().any(|view| one.is_alive(view) && other.is_alive(view))
}

fn unknown(name: &str) -> String {
    // What is nearly right is a slip: the most alike beginning helps most.
    let alike = |other: &str| other.chars().zip(name.chars()).take_while(|(a, b)| a == b).count();
    let near = TABLE.iter().max_by_key(|binding| alike(binding.name)).filter(|binding| alike(binding.name) > 1);
    let near = near.map_or(String::new(), |binding| format!(" (perhaps {})", binding.name));
    format!("{name} is no action{near}: `mexit-tui config --print-default` lists them")
}

#[cfg(test)]
mod tests {
    use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    use super::{Action, Keymap, Patch, View};

    fn patch(rows: &[(&str, &[&str])]) -> Patch {
        rows.iter().map(|(name, keys)| ((*name).into(), keys.iter().map(|key| (*key).into()).collect())).collect()
    }

    fn press(map: &Keymap, c: char, held: KeyModifiers) -> Option<Action> {
        map.action(KeyEvent::new(KeyCode::Char(c), held), View::Explore)
    }

    #[test]
    fn a_patch_replaces_the_keys_of_its_actions_alone() {
        let map = Keymap::patched(&patch(&[("run", &["F5", "Ctrl-G"]), ("cut", &[])])).expect("no conflict");
        assert_eq!(map.shown(Action::Run, false), "F5 Ctrl-G");
        assert_eq!(press(&map, 'r', KeyModifiers::NONE), None);
        assert_eq!(press(&map, 'g', KeyModifiers::CONTROL), Some(Action::Run));
        assert_eq!((press(&map, 'x', KeyModifiers::NONE), map.first(Action::Cut, false)), (None, None));
        assert_eq!(press(&map, 'u', KeyModifiers::NONE), Some(Action::Undo));
    }

    #[test]
    fn keys_may_change_places() {
        let map = Keymap::patched(&patch(&[("run", &["x"]), ("cut", &["r"])])).expect("no conflict");
        assert_eq!(press(&map, 'x', KeyModifiers::NONE), Some(Action::Run));
        assert_eq!(press(&map, 'r', KeyModifiers::NONE), Some(Action::Cut));
    }

    #[test]
    fn every_fault_is_reported() {
        let rows: [(&str, &[&str]); 5] =
            [("run", &["x"]), ("undoo", &["F6"]), ("redo", &["Ctrl-Q", "Hyper-R"]), ("quit", &[]), ("ids", &["F1"])];
        let faults = Keymap::patched(&patch(&rows)).expect_err("five faults");
        let expected = [
            "quit: expected a key at least, found none",
            "redo: \"Hyper-R\" is no key: expected a sign, Space, F5, Ctrl-R, Shift-Left or the like",
            "undoo is no action (perhaps undo): `mexit-tui config --print-default` lists them",
            "x is the key of run and of cut",
            "F1 is the key of ids and of help",
        ];
        assert_eq!(faults, expected);
    }

    #[test]
    fn an_action_of_one_view_leaves_its_key_to_those_of_others() {
        let map =
            Keymap::patched(&patch(&[("remove", &["Z"])])).expect("narrower is of the heatmap, remove of branches");
        let event = KeyEvent::new(KeyCode::Char('Z'), KeyModifiers::SHIFT);
        assert_eq!(map.action(event, View::Branches), Some(Action::Remove));
        assert_eq!(map.action(event, View::Heatmap), Some(Action::Narrower));
    }
}
