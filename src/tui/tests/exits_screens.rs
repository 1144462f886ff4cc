//! The exit lab: its screens at every size, its keys, and its numbers against the policies applied by hand.

use crate::{
    session::{
        leaving::{self, Policy, Rule},
        trace::{ExitId, Method},
    },
    tui::tests::scripted::Stage,
};

fn lab(keys: &str, window: (u16, u16)) -> Stage {
    let mut stage = Stage::new(window);
    stage.play("Space*25 Home Right*8 6");
    stage.play(keys);
    stage
}

#[test]
fn screens() {
    for (name, window) in [("60x16", (60, 16)), ("80x24", (80, 24)), ("200x60", (200, 60))] {
        insta::assert_snapshot!(format!("exits_{name}"), lab("", window).screen());
    }
    insta::assert_snapshot!("exits_patience_every_head", lab("Down*3 = m", (120, 40)).screen());
}

#[test]
fn too_few_tokens_say_how_to_get_more() {
    let mut stage = Stage::new((80, 24));
    stage.play("6");
    // The prompt has seven: enough to look at.
    assert!(stage.screen().contains("tokens of the text"), "{}", stage.screen());
    stage.play("Backspace*4");
    assert!(stage.screen().contains("too few tokens: Space or r makes some"), "{}", stage.screen());
}

#[test]
fn thresholds_move_one_policy_and_stop_at_their_ends() {
    let mut stage = lab("", (120, 40));
    let rules = |stage: &Stage| (0..Policy::ALL.len()).map(|n| stage.state.rule(n)).collect::<Vec<Rule>>();
    let before = rules(&stage);
    stage.play("=");
    let after = rules(&stage);
    assert!(after[0].threshold > before[0].threshold && after[1..] == before[1..]);
    stage.play("=*40");
    assert!((stage.state.rule(0).threshold - 0.95).abs() < 1e-6);
    stage.play("-*40");
    assert!((stage.state.rule(0).threshold - 0.05).abs() < 1e-6);
    let alpha = stage.state.pair.alpha;
    stage.play("Down*6 =");
    assert_eq!(stage.state.pair.alpha, alpha, "the contrast is not touched");
    assert!(stage.screen().contains("knows the answer"), "{}", stage.screen());
}

#[test]
fn what_is_shown_is_what_the_policies_come_to() {
    let stage = lab("", (120, 40));
    let (state, card) = (&stage.state, stage.state.card.clone().expect("a model"));
    let lab = state.lab().expect("a lab");
    assert!(lab.generated);
    let glances: Vec<_> = (state.prompt_len()..state.text.len())
        .map(|p| leaving::glances(state.trace(p).expect("known"), card.blocks).expect("whole"))
        .collect();
    assert_eq!(lab.positions.len(), 25);
    for (n, (rule, outcome)) in lab.outcomes.iter().enumerate() {
        assert_eq!(*rule, state.rule(n));
        assert_eq!(*outcome, rule.apply(&glances, leaving::cost(&card)));
        assert_eq!(outcome.counts.iter().sum::<usize>(), 25);
    }
    // Decided is what the table of Explore calls the deciding exit.
    let decided = &lab.outcomes[6].1;
    for (at, position) in lab.positions.iter().enumerate() {
        let reading = crate::session::reading::Reading::of(state.trace(*position).expect("known"));
        assert_eq!(state.exit_from_below(decided.taken[at]), Some(reading.decided), "position {position}");
    }
}

#[test]
fn only_a_fixed_exit_decodes() {
    let mut stage = lab("Enter", (120, 40));
    assert!(stage.screen().contains("only a fixed exit decodes here"), "{}", stage.screen());
    stage.play("Down*4 Enter");
    assert_eq!(stage.state.decoding.method, Method::Exit(ExitId::Block(12)));
}
