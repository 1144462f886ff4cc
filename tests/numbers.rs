//! Every number on the screen is that of `generate --json` on the same run: the real program generates with a contrast,
//! the screen takes the same tokens, and what it shows is read off and compared, rounded by the same functions.

#[path = "support/demo_screen.rs"]
mod demo_screen;
#[path = "support/program.rs"]
mod program;
#[path = "support/read_off.rs"]
mod read_off;
#[path = "support/script.rs"]
mod script;

use demo_screen::DemoScreen;
use mexit_tui::tui::rounding::{nats4, p3, p4, p6, rank3, signed5};
use read_off::{Screen, f, int};
use serde_json::Value;

const PROMPT: &str = "In the beginning God created";
const TOKENS: usize = 12;
/// A rule above the text, the contrast beside the table.
const SIZE: (u16, u16) = (120, 40);

/// The steps of the real program.
fn generated() -> Vec<Value> {
    let count = TOKENS.to_string();
    let output = program::run(&[
        "generate",
        "--json",
        "--grid",
        "--prompt",
        PROMPT,
        "-n",
        &count,
        "--contrast",
        "12,6",
        "--candidates",
        "10",
        "--threads",
        "1",
        "--ctx",
        "128",
    ]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect()
}

/// The screen after the same tokens, driven by keys.
fn taken() -> DemoScreen {
    let mut screen = DemoScreen::new(PROMPT, SIZE, false);
    play(&mut screen, &format!("Space*{TOKENS}"));
    screen
}

fn play(screen: &mut DemoScreen, keys: &str) {
    for step in script::steps(keys) {
        if let script::Step::Press(key) = step {
            screen.press(key);
        }
    }
}

/// A number as it is shown and as it should be.
#[derive(Debug, PartialEq)]
struct Read {
    what: String,
    shown: String,
    expected: String,
}

fn read(what: String, shown: impl Into<String>, expected: impl Into<String>) -> Read {
    Read { what, shown: shown.into().trim().to_owned(), expected: expected.into().trim().to_owned() }
}

fn exits(step: &Value) -> &[Value] {
    step["exits"].as_array().expect("exits")
}

/// The rule under the text: id, the deciding exit, how many agree.
fn verdict(screen: &Screen, step: &Value) -> Vec<Read> {
    let line = screen.line_with(&format!("─ {}: ", int(&step["position"])));
    let name = match step["decided"].as_str().expect("a name") {
        "original" => "original".to_owned(),
        k => format!("exit {k}"),
    };
    let decided = line.split_once("decided at ").map_or("", |(_, rest)| rest);
    let id = line.split(" ── ").next().and_then(|first| first.split(' ').next_back()).unwrap_or("").to_owned();
    let mut all = vec![
        read("id".into(), id, int(&step["id"]).to_string()),
        read("decided".into(), decided.get(..name.len()).unwrap_or(decided), name),
    ];
    // Where the contrast changed something there may be no room for it.
    if let Some((before, _)) = line.split_once(" exits agree") {
        let agree = before.rsplit(", ").next().unwrap_or("").to_owned();
        all.push(read("agree".into(), agree, format!("{} of {}", int(&step["agree"]), exits(step).len())));
    }
    all
}

/// The table: rank, its change, p, candidates, H, KL.
fn table(screen: &Screen, step: &Value) -> Vec<Read> {
    let head = screen.row_with(" exit   rank");
    let mut all = Vec::new();
    for (n, exit) in exits(step).iter().enumerate() {
        let cells = |from: usize, to: usize| screen.cells(head + 1 + n, from, to);
        let what = |what: &str| format!("{what} at exit {}", exit["exit"]);
        let rank = int(&exit["rank"]);
        all.push(read(what("rank"), cells(8, 12), rank3(rank)));
        if let Some(below) = exits(step).get(n + 1) {
            let below = int(&below["rank"]);
            let change = match below.cmp(&rank) {
                std::cmp::Ordering::Equal => "=".into(),
                std::cmp::Ordering::Greater => format!("↑{}", rank3(below - rank)),
                std::cmp::Ordering::Less => format!("↓{}", rank3(rank - below)),
            };
            all.push(read(what("change"), cells(12, 17), change));
        }
        all.push(read(what("p"), cells(17, 22), p4(f(&exit["ln_p"]).exp())));
        for place in 0..3 {
            let candidate = &exit["top"][place];
            let start = 30 + 13 * place;
            all.push(read(what("token"), cells(start + 1, start + 8), read_off::token(candidate, 7)));
            all.push(read(what("candidate"), cells(start + 8, start + 12), p3(f(&candidate["ln_p"]).exp())));
        }
        all.push(read(what("H"), cells(68, 73), nats4(f(&exit["entropy"]))));
        let kl = if n == 0 { String::new() } else { nats4(f(&exit["kl"])) };
        all.push(read(what("KL"), cells(73, 78), kl));
    }
    all
}

/// The contrast's panel: τ, V, its tokens with p of expert, amateur and result, ln, move; those below τ; the masses.
fn contrast(screen: &Screen, step: &Value) -> Vec<Read> {
    let contrast = &step["contrast"];
    let head = screen.row_with(" exit   rank");
    let cells = |row: usize, from: usize, to: usize| screen.cells(head + row, 80 + from, 80 + to);
    let mut all = Vec::new();
    let parameters = cells(1, 2, 40);
    let tau = parameters.split_once("τ ").map_or("", |(_, rest)| rest);
    let (tau, v) = tau.split_once("  V ").unwrap_or((tau, ""));
    all.push(read("τ".into(), tau, p4(f(&contrast["ln_tau"]).exp())));
    let count = int(&contrast["plausible_count"]);
    all.push(read("V".into(), v.split(' ').next().unwrap_or(""), count.to_string()));
    let numbers = |row: usize, token: &Value, what: &str| {
        let (expert, amateur) = (f(&token["expert"]), f(&token["amateur"]));
        let mut of = vec![
            read(format!("{what} token"), cells(row, 5, 15), read_off::token(token, 10)),
            read(format!("{what} expert"), cells(row, 15, 19), p4(expert.exp())),
            read(format!("{what} amateur"), cells(row, 20, 24), p4(amateur.exp())),
            read(format!("{what} result"), cells(row, 31, 35), p4(f(&token["result"]).exp())),
        ];
        if what == "plausible" {
            of.push(read("ln".into(), cells(row, 24, 30), signed5(expert - amateur)));
            let (before, after) = (int(&token["expert_rank"]), int(&token["result_rank"]));
            let moved = match before.cmp(&after) {
                std::cmp::Ordering::Equal => "=".to_owned(),
                std::cmp::Ordering::Greater => format!("↑{}", before - after),
                std::cmp::Ordering::Less => format!("↓{}", after - before),
            };
            of.push(read("move".into(), cells(row, 35, 40), moved));
        }
        of
    };
    // As many as the panel has room for.
    let mut row = 3;
    while cells(row, 2, 4).trim().parse::<usize>().is_ok() {
        all.extend(numbers(row, &contrast["plausible"][row - 3], "plausible"));
        row += 1;
    }
    assert!(row > 3, "no plausible token is shown\n{}", screen.text());
    if let Some(rule) = (row..row + 2).find(|row| cells(*row, 2, 40).contains("below τ")) {
        for (n, token) in contrast["below"].as_array().expect("below").iter().enumerate() {
            all.extend(numbers(rule + 1 + n, token, "below"));
        }
    }
    let mass = screen.line_with("V holds ");
    let numbers = |after: &str| mass.split_once(after).map_or("", |(_, rest)| rest).to_owned();
    let shown = |text: String| text.split([' ', ',']).next().unwrap_or("").to_owned();
    let held = f(&contrast["mass"]);
    all.push(read("mass".into(), shown(numbers("V holds ")), p4(held)));
    all.push(read("tail".into(), shown(numbers("the tail ")), p4((1.0 - held).max(0.0))));
    all.push(read("effect".into(), shown(numbers("  KL ")), nats4(f(&contrast["effect"]))));
    let alone =
        (head..usize::from(SIZE.1)).map(|row| screen.cells(row, 80, 120)).find(|line| line.contains(" alone: "));
    let alone = alone.expect("a line of the panel");
    let alone = alone.rsplit_once(", ").map_or("", |(before, _)| before).rsplit(' ').next().unwrap_or("").to_owned();
    all.push(read("alone".into(), alone, p4(f(&contrast["expert_alone"]["ln_p"]).exp())));
    all
}

/// The picker's rows, sorted by the exit under the cursor: id, p there, and under the contrast what is plausible.
fn picker(screen: &Screen, step: &Value, row: usize) -> Vec<Read> {
    let head = screen.row_with("  #  token");
    let plausible = step["contrast"]["plausible"].as_array().expect("plausible");
    let mut all = Vec::new();
    for n in 0..10 {
        let candidate = &exits(step)[row]["top"][n];
        let line = screen.cells(head + 1 + n, 0, usize::from(SIZE.0));
        // From the right: the largest over the exits, drawn, contrast, original, the exit, the id.
        let inside = line.rsplit_once('│').map_or("", |(inside, _)| inside);
        let fields: Vec<&str> = inside.split_whitespace().rev().take(6).collect();
        all.push(read(format!("id {n}"), fields[5], int(&candidate["id"]).to_string()));
        all.push(read(format!("p of {n}"), fields[4], p6(f(&candidate["ln_p"]).exp())));
        // Greedy takes one token for certain.
        let drawn = if candidate["id"] == step["id"] { "1" } else { "0" };
        all.push(read(format!("drawn {n}"), fields[1], drawn.to_owned()));
        if let Some(token) = plausible.iter().find(|token| token["id"] == candidate["id"]) {
            all.push(read(format!("result of {n}"), fields[2], p6(f(&token["result"]).exp())));
        }
    }
    all
}

/// The inspector of a heat cell, of the exit by row.
fn inspector(screen: &Screen, step: &Value, row: usize) -> Vec<Read> {
    let exit = &exits(step)[row];
    let rule = screen.row_with(&format!("position {} ──", int(&step["position"])));
    let mut all = Vec::new();
    for n in 0..10 {
        let candidate = &exit["top"][n];
        let start = if n < 5 { 0 } else { 30 };
        let cells = |from: usize, to: usize| screen.cells(rule + 1 + n % 5, start + from, start + to);
        all.push(read(format!("candidate {n}"), cells(4, 13), read_off::token(candidate, 9)));
        all.push(read(format!("p of candidate {n}"), cells(14, 18), p4(f(&candidate["ln_p"]).exp())));
    }
    let fact = |label: &str| screen.line_below(rule, label);
    let after = |line: &str, label: &str| {
        let rest = line.split_once(label).map_or("", |(_, rest)| rest);
        rest.split([' ', ',']).find(|word| !word.is_empty()).unwrap_or("").to_owned()
    };
    let text = fact("in the text");
    all.push(read("rank".into(), after(&text, "   rank "), int(&exit["rank"]).to_string()));
    all.push(read("p".into(), after(&text, "   p "), p4(f(&exit["ln_p"]).exp())));
    let contrast = &step["contrast"];
    let takes = fact(" takes ");
    let v = int(&contrast["plausible_count"]).to_string();
    all.push(read("V".into(), after(&takes.replace(':', " "), ", V "), v));
    let own = fact("this exit");
    all.push(read("H".into(), after(&own, "   H "), nats4(f(&exit["entropy"]))));
    let zero = |x: f32| if x == 0.0 { "0".to_owned() } else { nats4(x) };
    all.push(read("KL".into(), after(&own, "to original "), zero(f(&exit["kl"]))));
    all.push(read("JS".into(), after(&own, ", JS "), zero(f(&exit["js"]))));
    let ranks = fact("text's token");
    if let Some(below) = exits(step).get(row + 1) {
        all.push(read("rank below".into(), after(&ranks, "rank "), int(&below["rank"]).to_string()));
    }
    all
}

/// The grid of What-if: p (first) or V of every pair, and the detail.
fn grid(screen: &Screen, step: &Value, shows_p: bool) -> Vec<Read> {
    let grid = &step["grid"];
    let head = screen.row_with(" expert alone");
    let mut all = Vec::new();
    for (expert, amateurs) in grid["pairs"].as_array().expect("pairs").iter().enumerate() {
        for (n, cell) in amateurs.as_array().expect("a row").iter().enumerate() {
            // Four cells a column; the last one may be a bracket.
            let end = 12 + 4 * (expert + n + 1);
            let shown = screen.cells(head + 1 + expert, end - 3, end).replace('[', " ");
            let expected = if shows_p { p3(f(&cell["ln_p"]).exp()) } else { rank3(int(&cell["plausible_count"])) };
            all.push(read(format!("pair {expert}, {n}"), shown, expected));
        }
    }
    let detail = screen.line_with("─ pair ");
    let after = |label: &str| {
        let rest = detail.split_once(label).map_or("", |(_, rest)| rest);
        rest.split(' ').next().unwrap_or("").to_owned()
    };
    let (contrast, best) = (&step["contrast"], &step["contrast"]["plausible"][0]);
    all.push(read("p of the pair".into(), after(" p "), p4(f(&best["result"]).exp())));
    all.push(read("V of the pair".into(), after("  V "), int(&contrast["plausible_count"]).to_string()));
    all.push(read("mass of the pair".into(), after("  mass "), p4(f(&grid["mass"]))));
    let sizes = screen.row_with(" takes") + 1;
    for (n, cell) in grid["over_alpha"].as_array().expect("over α").iter().enumerate() {
        let end = 12 + 6 * n;
        all.push(read(format!("V at α {n}"), screen.cells(sizes, end - 3, end), rank3(int(&cell["plausible_count"]))));
    }
    all
}

/// The mean of the branch.
fn branches(screen: &Screen, steps: &[Value]) -> Vec<Read> {
    let sum: f32 = steps.iter().map(|step| f(&exits(step)[0]["ln_p"])).sum();
    let line = screen.line_with("  main");
    let shown = line.split(' ').next_back().unwrap_or("").to_owned();
    vec![read("mean ln p".into(), shown, signed5(sum / steps.len() as f32))]
}

/// The screen after a run over the same tokens, which reads what decides; the rest is filled in when it is over.
fn ran() -> DemoScreen {
    let mut screen = DemoScreen::new(PROMPT, SIZE, false);
    play(
        &mut screen,
        &format!("S {} Enter", TOKENS.to_string().chars().map(String::from).collect::<Vec<_>>().join(" ")),
    );
    screen
}

/// Everything that the screens show of every generated position.
fn all(mut screen: DemoScreen, steps: &[Value]) -> Vec<Read> {
    let mut all = Vec::new();
    play(&mut screen, "5");
    all.extend(branches(&Screen::of(&screen), steps));
    play(&mut screen, "1 Left");
    for step in steps.iter().rev() {
        let explore = Screen::of(&screen);
        all.extend(verdict(&explore, step));
        all.extend(table(&explore, step));
        all.extend(contrast(&explore, step));
        play(&mut screen, "g Down Enter");
        all.extend(picker(&Screen::of(&screen), step, 1));
        play(&mut screen, "Esc");
        play(&mut screen, "2 g Down*2");
        all.extend(inspector(&Screen::of(&screen), step, 2));
        play(&mut screen, "4 m");
        all.extend(grid(&Screen::of(&screen), step, true));
        play(&mut screen, "m");
        all.extend(grid(&Screen::of(&screen), step, false));
        play(&mut screen, "m 1 Left");
    }
    all
}

fn compare(screen: DemoScreen, steps: &[Value]) -> usize {
    let all = all(screen, steps);
    let wrong: Vec<&Read> = all.iter().filter(|read| read.shown != read.expected).collect();
    assert!(wrong.is_empty(), "{} of {} differ: {:#?}", wrong.len(), all.len(), &wrong[..wrong.len().min(20)]);
    all.len()
}

#[test]
fn every_number_is_that_of_the_json() {
    let steps = generated();
    assert_eq!(steps.len(), TOKENS);
    for screen in [taken(), ran()] {
        let count = compare(screen, &steps);
        assert!(count > TOKENS * 150, "only {count} numbers were read");
    }
}

/// One number that is another makes it fail, wherever it is.
#[test]
fn a_changed_number_is_found() {
    let steps = generated();
    let clean = all(taken(), &steps);
    assert!(clean.iter().all(|read| read.shown == read.expected));
    let changed = [
        "/exits/2/entropy",
        "/exits/2/kl",
        "/exits/2/js",
        "/exits/1/ln_p",
        "/exits/3/top/1/ln_p",
        "/contrast/ln_tau",
        "/contrast/mass",
        "/contrast/plausible/0/amateur",
        "/contrast/plausible/0/result",
        "/contrast/below/0/expert",
        "/contrast/expert_alone/ln_p",
        "/grid/pairs/0/1/ln_p",
        "/grid/mass",
    ];
    for path in changed {
        let mut steps = steps.clone();
        let number = steps[3].pointer_mut(path).unwrap_or_else(|| panic!("{path}"));
        *number = (number.as_f64().expect("a number") * 1.3).into();
        let found = all(taken(), &steps);
        assert!(found.iter().any(|read| read.shown != read.expected), "{path} was changed, and nothing noticed");
    }
}
