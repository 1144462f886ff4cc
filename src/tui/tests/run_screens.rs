//! What runs ask for and show, over a made-up model whose steps take 94 ms.

use std::time::Duration;

use crate::{
    session::protocol::Event,
    session::trace::ExitId,
    tui::{
        hearing::hear,
        keymap::Action,
        state::{State, View},
        tests::{
            fake::{answer, answer_all, answer_broken, opened},
            picture::{ready, screen},
        },
        update::act,
    },
};

/// Answers so many queries; says which were brief.
fn answer_some(state: &mut State, most: usize) -> Vec<bool> {
    let mut brief = Vec::new();
    while let Some(query) = (brief.len() < most).then(|| state.next_query()).flatten() {
        answer(state, &query);
        brief.push(query.brief);
    }
    brief
}

/// A run at full speed, which has taken so many tokens.
fn running(tokens: usize) -> State {
    let mut state = ready();
    act(&mut state, Action::Run);
    answer_some(&mut state, tokens - 1);
    state
}

#[test]
fn what_a_run_has_read_is_shown_and_the_rest_follows() {
    let mut state = running(4);
    assert_eq!(state.text.len(), 11);
    assert!(state.seen(9).is_some_and(|trace| trace.is_partial()) && state.trace(9).is_none());
    insta::assert_snapshot!("running", screen(&state, 80, 24));
    act(&mut state, Action::View(View::Heatmap));
    insta::assert_snapshot!("running_heatmap", screen(&state, 80, 24));
    for view in View::ALL {
        act(&mut state, Action::View(view));
        let shown = screen(&state, 120, 40);
        assert!(!shown.contains("nan"), "what is still to come is not broken: {view:?}\n{shown}");
    }
    act(&mut state, Action::View(View::Explore));
    act(&mut state, Action::Run);
    let chosen: Vec<_> = (8..11).map(|p| state.seen(p).expect("taken").choice).collect();
    answer_all(&mut state);
    assert!((1..=11).all(|position| state.trace(position).is_some()), "all of it is filled in");
    assert_eq!((8..11).map(|p| state.trace(p).expect("known").choice).collect::<Vec<_>>(), chosen);
    // The slots before the tokens, too: stepping back shows what was known there.
    for _ in 0..3 {
        act(&mut state, Action::StepBack);
        assert!(state.next_query().is_none(), "nothing is asked again");
    }
}

#[test]
fn the_cursor_comes_first_also_during_a_run() {
    let mut state = running(4);
    act(&mut state, Action::CursorLeft);
    act(&mut state, Action::CursorLeft);
    let query = state.next_query().expect("the cursor's position");
    assert_eq!((query.position, query.brief), (state.position, false));
    answer(&mut state, &query);
    let query = state.next_query().expect("the next token");
    assert_eq!((query.position, query.brief), (state.open_slot(), true));
}

/// While a run waits for its next token there is time for every exit, if the machine is fast enough.
#[test]
fn slow_runs_show_everything_where_the_machine_keeps_up() {
    for (slower, expected) in [(3, vec![false; 5]), (1, vec![false, false, true, true, true])] {
        let mut state = ready();
        for _ in 0..slower {
            act(&mut state, Action::Slower);
        }
        act(&mut state, Action::Run);
        let mut asked = Vec::new();
        for second in 0..5 {
            state.tick_to(Duration::from_secs(second));
            asked.extend(answer_some(&mut state, 1));
        }
        assert_eq!(asked, expected, "94 ms a step, {} tokens a second", [20, 10, 5][slower - 1]);
        act(&mut state, Action::Faster);
        state.tick_to(Duration::from_secs(9));
        let query = state.next_query().expect("the next token");
        assert_eq!(query.brief, slower == 1, "another speed is tried anew; full speed never waits");
    }
}

#[test]
fn a_run_that_cannot_decide_ends() {
    let mut state = running(2);
    let query = state.next_query().expect("the next token");
    let amateur = state.pair.amateur;
    answer_broken(&mut state, &query, amateur);
    assert!(state.run.is_none() && !state.take_when_known);
    assert!(screen(&state, 80, 24).contains("exit 12: not finite"));
}

#[test]
fn a_dead_engine_leaves_what_a_run_has_read() {
    let mut state = running(4);
    hear(&mut state, Event::Stopped("out of memory".into()));
    act(&mut state, Action::Left);
    let shown = screen(&state, 120, 40);
    assert!(shown.contains("the other exits were not computed"), "{shown}");
    assert!(
        state
            .saved()
            .is_some_and(|saved| saved.nodes.iter().all(|node| node.slot.as_ref().is_none_or(|t| !t.is_partial())))
    );
}

#[test]
fn a_brief_answer_is_no_less_than_what_decides() {
    let mut state = opened();
    answer_all(&mut state);
    act(&mut state, Action::SetOutput);
    answer_all(&mut state);
    act(&mut state, Action::Run);
    answer_some(&mut state, 2);
    let rows = |state: &State, position| -> Vec<ExitId> {
        let trace = state.seen(position).expect("read");
        trace.exits.iter().filter(|row| !row.is_absent()).map(|row| row.exit).collect()
    };
    assert_eq!(rows(&state, 8), [ExitId::Original], "the pair is not read while it does not decide");
    assert!(state.ghost().is_some() || state.text.len() > 8);
}
