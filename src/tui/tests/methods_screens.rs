//! Decodings by scores: the panel that sets them, and what the screen says of them.

use std::sync::Arc;

use crate::{
    session::trace::{Distance, ExitId, Expression, Method},
    tui::{
        copying::Copied,
        keymap::Action,
        methods::Kind,
        tests::{fake::answer_all, scripted::Stage},
        update::act,
    },
};

fn stage(keys: &str, window: (u16, u16)) -> Stage {
    let mut stage = Stage::new(window);
    stage.play(keys);
    stage
}

/// From the contrast, which is in force first, to a method of the panel.
const RATIO: &str = "d Right";
const DOLA: &str = "d Right*2";
const EXPRESSION: &str = "d Right*3";

#[test]
fn screens() {
    for window in [(60, 16), (80, 24), (120, 40)] {
        for (name, keys) in [("ratio", RATIO), ("dola", DOLA), ("expression", EXPRESSION)] {
            let size = format!("{}x{}", window.0, window.1);
            insta::assert_snapshot!(format!("methods_{name}_panel_{size}"), stage(keys, window).screen());
            let decides = stage(&format!("{keys} Enter"), window);
            insta::assert_snapshot!(format!("methods_{name}_{size}"), decides.screen());
        }
    }
    let wrong = format!("{EXPRESSION} Down Backspace*6 x");
    insta::assert_snapshot!("methods_wrong_80x24", stage(&wrong, (80, 24)).screen());
    insta::assert_snapshot!("methods_wrong_60x16", stage(&wrong, (60, 16)).screen());
}

#[test]
fn an_expression_is_typed_and_the_last_valid_one_stays_in_force() {
    let mut stage = stage(EXPRESSION, (120, 40));
    let text = |stage: &Stage| match &stage.state.decoding.method {
        Method::Expression(custom) => custom.expression.text().to_owned(),
        other => panic!("{other:?}"),
    };
    let first = text(&stage);
    stage.play("Down Ctrl-u");
    assert_eq!(text(&stage), first, "an empty field is none");
    assert!(stage.screen().contains("^ the expression is empty"), "{}", stage.screen());
    for c in "upper - 2*lover".chars() {
        stage.play(&if c == ' ' { "Space".to_owned() } else { c.to_string() });
    }
    assert_eq!(text(&stage), "upper - 2", "as far as it was one");
    assert!(stage.screen().contains("^ `lover` means nothing here"), "{}", stage.screen());
    stage.play("Backspace*3 w e r");
    assert_eq!(text(&stage), "upper - 2*lower");
    assert!(!stage.screen().contains("nothing here"), "{}", stage.screen());
    stage.play("x Enter");
    assert!(stage.screen().contains("^ `lowerx` means nothing here"), "it is not left behind\n{}", stage.screen());
    stage.play("Backspace Enter d Down");
    assert!(stage.screen().contains("upper - 2*lower "), "what is in force is shown again\n{}", stage.screen());
    stage.play("Ctrl-u Esc");
    assert_eq!(text(&stage), "upper - 2*lower", "Esc restores");
}

#[test]
fn where_no_token_has_a_score_none_is_named() {
    let mut stage = stage(EXPRESSION, (120, 40));
    let slot = stage.state.open_slot();
    let known = stage.state.traces[slot].as_mut().expect("the next token is known");
    let trace = Arc::make_mut(known);
    (trace.choice.ln_p, trace.scores) = (f32::NAN, None);
    assert!(stage.screen().contains("would be none: no token has a score"), "{}", stage.screen());
    stage.play("Enter");
    assert!(stage.screen().contains("next: none, no token has a score"), "{}", stage.screen());
    assert!(!stage.screen().contains("nan"), "{}", stage.screen());
}

#[test]
fn fields_change_the_method_in_force() {
    let mut stage = stage(&format!("{DOLA} Down"), (120, 40));
    let dola = |stage: &Stage| match stage.state.decoding.method.clone() {
        Method::Dola(dola) => dola,
        other => panic!("{other:?}"),
    };
    let blocks = |found: &[u32]| found.iter().copied().map(ExitId::Block).collect::<Vec<_>>();
    assert_eq!(dola(&stage).candidates, blocks(&[2, 4, 6, 8, 10]));
    stage.play("Right");
    assert_eq!(dola(&stage).candidates, blocks(&[12, 14, 16, 18, 20, 22]));
    stage.play("Right*2 Down Right Down Right");
    let found = dola(&stage);
    assert_eq!((found.candidates, found.distance, found.alpha), (blocks(&[4]), Distance::Published, 0.2));
    assert_eq!(stage.state.pair.alpha, 0.2, "one α for all");
    stage.play("Esc");
    assert_eq!(Kind::of(&stage.state.decoding.method), Kind::Contrast, "Esc restores");
    stage.play("d Right Down*4 Right*2 Enter");
    let Method::LogRatio(ratio) = &stage.state.decoding.method else { panic!("a ratio") };
    assert!((ratio.beta - 0.6).abs() < 1e-6 && ratio.pair == stage.state.pair);
    // The pair's keys move it, and `c` compares it with the expert alone.
    stage.play("Down*3 A -");
    let Method::LogRatio(ratio) = &stage.state.decoding.method else { panic!("a ratio") };
    assert_eq!((ratio.pair, ratio.pair.amateur), (stage.state.pair, ExitId::Block(20)));
    stage.play("c");
    assert_eq!(stage.state.decoding.method, Method::Exit(ExitId::Block(24)));
    assert!(stage.screen().contains("c ratio on"), "{}", stage.screen());
    stage.play("c");
    assert_eq!(Kind::of(&stage.state.decoding.method), Kind::Ratio);
}

#[test]
fn the_panel_shows_the_exit_that_decides() {
    let exit = |keys: &str| stage(&format!("{keys} d"), (120, 40)).state.methods.exit;
    assert_eq!(exit("G K*5 O"), Some(ExitId::Block(12)));
    assert_eq!(exit("c"), Some(ExitId::Block(24)), "the expert alone");
    let stage = stage("G K*5 O d", (120, 40));
    let row = stage.screen().lines().find(|line| line.contains("  exit  ")).map(str::to_owned);
    assert!(row.is_some_and(|row| row.contains("exit 12")), "{}", stage.screen());
}

#[test]
fn the_command_that_makes_the_text_says_the_method() {
    let said = |keys: &str| {
        let mut stage = stage(keys, (80, 24));
        act(&mut stage.state, Action::Take);
        answer_all(&mut stage.state);
        let look = crate::tui::row::Look::new(&crate::tui::marks::UNICODE, crate::tui::theme::Depth::None);
        let (line, _) = Copied::Command.text(&stage.state, &look, &|_, _| String::new()).expect("a command");
        line.split_once("-n 1 ").expect("flags").1.to_owned()
    };
    assert_eq!(said(&format!("{RATIO} Enter")), "--contrast 24,12 --alpha 0.1 --min-candidates 1 --contrast-beta 0.5");
    assert_eq!(said(&format!("{DOLA} Enter")), "--dola 2,4,6,8,10 --alpha 0.1");
    assert_eq!(said(&format!("{DOLA} Down*2 Right Enter")), "--dola 2,4,6,8,10 --alpha 0.1 --dola-distance published");
    assert_eq!(
        said(&format!("{EXPRESSION} Enter")),
        "--contrast 24,12 --alpha 0.1 --contrast-expr 'ln(p_upper/p_lower) where p_upper >= alpha*p_max'"
    );
}

/// What decides, or is off, is named; no other method is.
#[test]
fn no_view_names_another_method() {
    let methods = [("contrast", ""), ("ratio", RATIO), ("DoLa", DOLA), ("expression", EXPRESSION)];
    for (name, keys) in methods {
        for off in ["", " c"] {
            for window in [(80, 24), (120, 40), (200, 60)] {
                for (view, more) in
                    [(1, ""), (1, "m*4"), (2, ""), (3, ""), (4, ""), (5, ""), (6, ""), (6, "a"), (7, "")]
                {
                    let enter = if keys.is_empty() { "" } else { "Enter" };
                    let stage = stage(&format!("{keys} {enter}{off} Space*3 Left*2 {view} {more}"), window);
                    let screen = stage.screen();
                    let what = format!("{name}{off}, view {view} {more} in {window:?}\n{screen}");
                    // The last row names what keys do: to contrast two exits, say.
                    let rows: Vec<&str> = screen.trim_end().lines().collect();
                    let shown = rows[..rows.len() - 1].join("\n");
                    if window.0 >= 120 {
                        let decides = if off.is_empty() {
                            name
                        } else if name == "DoLa" {
                            "original"
                        } else {
                            "exit 24"
                        };
                        assert!(rows[0].contains(decides), "{what}");
                    }
                    if view == 4 {
                        // What-if is about contrasts, whatever decides: it says so.
                        let decides = if off.is_empty() { name } else { " decides ── " };
                        assert!(off.is_empty() && name == "contrast" || shown.contains(decides), "{what}");
                        assert_eq!(shown.contains("each pair"), off.is_empty() && name == "contrast", "{what}");
                        continue;
                    }
                    // In a wide Explore What-if stands below.
                    let shown = shown.replace("what would each contrast choose?", "");
                    for (other, _) in methods.iter().filter(|(other, _)| *other != name) {
                        assert!(!shown.contains(other), "{other} in {what}");
                    }
                    assert!(name != "DoLa" || !shown.contains("24▸12"), "{what}");
                }
            }
        }
    }
}

#[test]
fn a_method_that_is_off_says_how_it_comes_on() {
    for (name, keys) in [("ratio 24▸12", RATIO), ("DoLa 2…10", DOLA), ("expression 24▸12", EXPRESSION)] {
        for window in [(80, 24), (120, 40)] {
            let screen = stage(&format!("{keys} Enter c"), window).screen();
            let row = screen.lines().find(|row| row.contains("off: c turns it on"));
            assert!(row.is_some_and(|row| row.contains(name)), "{screen}");
        }
    }
}

#[test]
fn what_an_expression_may_have_is_listed_whole() {
    for window in [(60, 16), (80, 24), (120, 40)] {
        let screen = stage(&format!("{EXPRESSION} Down Backspace*6 x"), window).screen();
        assert!(screen.contains("means nothing here"), "{screen}");
        let frame: Vec<&str> = screen.lines().filter_map(|row| row.split('│').rev().nth(1)).collect();
        let said = frame.join(" ").split_whitespace().collect::<Vec<&str>>().join(" ");
        assert!(said.contains(Expression::EXPECTED), "{said}\n{screen}");
    }
}
