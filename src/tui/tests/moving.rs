//! What moves do to the text, over a made-up model.

use crate::tui::{
    keymap::Action,
    moves,
    state::{State, View},
    tests::fake::{answer_all, id},
    tests::picture::ready,
    update::act,
};

fn press(state: &mut State, actions: &[Action]) {
    for action in actions {
        act(state, *action);
        answer_all(state);
    }
}

fn ids(state: &State) -> Vec<u32> {
    state.text.iter().map(|token| token.id.0).collect()
}

#[test]
fn another_token_starts_a_branch_and_undo_goes_back_and_forth() {
    let mut state = ready();
    press(&mut state, &[Action::Take, Action::Take, Action::Take]);
    let long = ids(&state);
    moves::force(&mut state, 8, id(" his"));
    answer_all(&mut state);
    assert_eq!(ids(&state), [&long[..8], &[465]].concat());
    assert_eq!(state.position, 8);
    assert!(state.text[8].forced);
    assert_eq!(state.tree.branches(state.node).len(), 2);
    press(&mut state, &[Action::Undo]);
    assert_eq!(ids(&state), long);
    press(&mut state, &[Action::Redo]);
    assert_eq!(ids(&state).len(), 9);
    press(&mut state, &[Action::Undo, Action::Undo, Action::Undo]);
    assert_eq!(ids(&state), long[..8], "each taken token is a move");
}

#[test]
fn what_is_typed_is_a_prompt_though_a_branch_has_it() {
    let mut state = ready();
    press(&mut state, &[Action::Take, Action::Take, Action::Take]);
    let (prompt, main) = (state.prompt_len(), state.node);
    let typed: Vec<_> = state.text[..prompt + 2].iter().map(|token| token.id).collect();
    moves::begin(&mut state, &typed);
    assert_eq!((state.prompt_len(), state.text.len()), (prompt + 2, prompt + 2));
    answer_all(&mut state);
    press(&mut state, &[Action::Take]);
    assert_eq!((state.prompt_len(), state.text.len()), (prompt + 2, prompt + 3));
    // In lanes too, where positions count from the end of the prompt.
    press(&mut state, &[Action::View(View::Lanes)]);
    assert_eq!(state.of_lane(0).prompt_len(), prompt + 2);
    press(&mut state, &[Action::Undo, Action::Undo]);
    assert_eq!((state.node, state.prompt_len()), (main, prompt), "the text that was there is as it was");
    // And what is generated is no prompt though it was typed once.
    moves::begin(&mut state, &typed[..prompt]);
    answer_all(&mut state);
    press(&mut state, &[Action::Take]);
    assert_eq!((state.prompt_len(), state.text.len()), (prompt, prompt + 1));
}

#[test]
fn neighbours_come_with_what_followed_them() {
    let mut state = ready();
    press(&mut state, &[Action::Take, Action::Take]);
    let first = ids(&state);
    moves::force(&mut state, 7, id(" his"));
    press(&mut state, &[Action::Take, Action::CursorLeft]);
    state.position = 7;
    press(&mut state, &[Action::NextTried]);
    assert_eq!(ids(&state), first);
    assert_eq!(state.position, 7);
    press(&mut state, &[Action::PreviousTried]);
    assert_eq!((ids(&state).len(), ids(&state)[7]), (9, 465));
}

#[test]
fn a_run_is_one_move_and_stops_by_a_key() {
    let mut state = ready();
    act(&mut state, Action::Run);
    for _ in 0..5 {
        let query = state.next_query().expect("the run goes on");
        crate::tui::tests::fake::answer(&mut state, &query);
    }
    let before = state.text.len();
    assert!(before >= 10, "{before}");
    press(&mut state, &[Action::Back]);
    assert!(state.run.is_none());
    assert!(state.text.len() <= before + 1);
    press(&mut state, &[Action::Undo]);
    assert_eq!(state.text.len(), 7, "one undo takes the whole run back");
    assert!(state.fresh(7).is_some(), "what was known is known still");
}

#[test]
fn cutting_removing_and_going_there() {
    let mut state = ready();
    press(&mut state, &[Action::Take, Action::Take, Action::Take]);
    state.position = 8;
    press(&mut state, &[Action::Cut]);
    assert_eq!((state.text.len(), state.position), (8, 8));
    moves::force(&mut state, 8, id(" his"));
    press(&mut state, &[Action::View(View::Branches), Action::Down]);
    let branches = state.tree.branches(state.node);
    assert_eq!(branches.len(), 2);
    press(&mut state, &[Action::Up, Action::Open]);
    assert_eq!(state.text.len(), 10);
    press(&mut state, &[Action::Down, Action::Remove]);
    assert_eq!(state.tree.branches(state.node).len(), 1);
    press(&mut state, &[Action::Undo]);
    assert_eq!(state.tree.branches(state.node).len(), 2, "brought back");
}

#[test]
fn replay_makes_the_rest_again_with_the_present_decoding() {
    let mut state = ready();
    press(&mut state, &[Action::Take, Action::Take, Action::Take]);
    let contrast = ids(&state);
    press(&mut state, &[Action::Contrast]);
    assert_eq!(ids(&state), contrast, "settings never rewrite text");
    press(&mut state, &[Action::Replay]);
    assert_eq!(state.text.len(), 10);
    assert_ne!(ids(&state)[7..], contrast[7..]);
    press(&mut state, &[Action::Again]);
    assert!(state.notice.as_ref().is_some_and(|text| text.contains("greedy")));
    assert_eq!(state.tree.branches(state.node).len(), 2);
}
