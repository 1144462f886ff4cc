//! The lens beside the heads: asked for where it is looked at alone, and said to be there already by lenses.

use std::sync::Arc;

use super::{fake::answer_all, picture::ready, scripted::Stage};
use crate::tui::{
    keeping::ModelState,
    keymap::Action,
    state::View,
    update::{act, go_to},
};

#[test]
fn it_is_asked_for_where_it_is_looked_at() {
    let mut state = ready();
    assert!(state.next_query().is_none(), "all is known");
    act(&mut state, Action::Lens);
    let query = state.next_query().expect("the cursor's position");
    assert!(query.lens && query.position == state.position && query.rest.is_empty());
    assert!(state.next_query().is_none(), "it has been asked");
    state.asked = None;
    answer_all(&mut state);
    assert!(state.lens_at_cursor().is_some());
    go_to(&mut state, 4);
    assert!(state.lens_at_cursor().is_none(), "of another position");
    assert_eq!(state.next_query().map(|query| (query.position, query.lens)), Some((4, true)));
    state.asked = None;
    act(&mut state, Action::View(View::Heatmap));
    assert!(state.next_query().is_none() && !state.is_waiting(), "not looked at");
}

#[test]
fn lenses_and_sessions_without_a_model_say_so() {
    let mut state = ready();
    let card = state.card.as_mut().and_then(Arc::get_mut).expect("open");
    card.lens = true;
    act(&mut state, Action::Lens);
    assert!(!state.lens.shown && state.notice.as_deref().is_some_and(|text| text.contains("are lenses")));
    let mut state = ready();
    state.keeping.model = ModelState::Missing;
    act(&mut state, Action::Lens);
    assert!(!state.lens.shown && state.notice.as_deref().is_some_and(|text| text.contains("only the model")));
}

#[test]
fn the_last_column_says_who_has_originals_token() {
    let mut stage = Stage::new((80, 24));
    stage.play("Space*3 Left*2 o");
    let screen = stage.screen();
    let trace = stage.state.trace(8).expect("known");
    let lens = stage.state.lens_at_cursor().expect("a lens");
    for (row, read) in trace.exits.iter().skip(1).zip(&lens.rows) {
        assert_eq!(row.exit, read.exit);
        let original = trace.exits[0].top[0].id;
        let want = match (row.top[0].id == original, read.top.id == original) {
            (true, true) => "both",
            (true, false) => "head only",
            (false, true) => "lens only",
            (false, false) => "neither",
        };
        let label = format!("{:>5}", row.exit.to_string());
        let line = screen.lines().find(|line| line.chars().take(5).collect::<String>().replace('>', " ") == label);
        assert!(line.is_some_and(|line| line.ends_with(want)), "{label} {want}\n{screen}");
    }
}
