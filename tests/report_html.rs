//! The page: its data are the trace's, it fetches nothing, it stays small, and in a browser it draws and answers.

#[path = "support/made_up.rs"]
mod made_up;

use std::{fs, process::Command, time::Instant};

use mexit_tui::{
    report::{self, Format, Look, Measure},
    session::{
        trace::{ContrastTrace, StepTrace},
        traced::Traced,
    },
};
use serde_json::Value;

fn page(traced: &Traced) -> String {
    let look = Look { measure: Measure::Probability, positions: None, width: 900.0, scale: 1.0 };
    let mut bytes = Vec::new();
    report::write(traced, Format::Html, &look, &mut bytes).expect("a page");
    String::from_utf8(bytes).expect("a text")
}

fn data(page: &str) -> Value {
    let (_, rest) = page.split_once("id=\"data\">").expect("the data");
    let (json, _) = rest.split_once("</script>").expect("their end");
    serde_json::from_str(json).expect("JSON")
}

#[test]
fn the_data_are_those_of_the_trace() {
    let traced = made_up::broken(made_up::traced(30), 6, 2);
    let data = data(&page(&traced));
    // Four decimals are shown: half of the last one, and f32's own step at numbers up to 16 (2^-20).
    let close = |found: &Value, x: f32| match found.as_f64() {
        Some(y) => (y - f64::from(x)).abs() <= 0.5e-4 + 1e-6,
        None => found.is_null() && !x.is_finite(),
    };
    let id = |place: &Value| &data["ids"][usize::try_from(place.as_u64().expect("a place")).expect("a place")];
    let at = data["at"].as_array().expect("positions");
    assert_eq!(at.len(), 31);
    for (trace, at) in traced.traces().zip(&at[1..]) {
        assert_eq!(*id(&at["i"]), trace.subject.0);
        for (exit, row) in trace.exits.iter().zip(at["e"].as_array().expect("exits")) {
            for (place, x) in [exit.entropy, exit.kl, exit.js].into_iter().enumerate() {
                assert!(close(&row[place], x), "{row}: {x}");
            }
            assert_eq!(row[3], exit.rank);
            assert!(close(&row[4], exit.ln_p));
            assert_eq!(row[5].as_array().map(Vec::len), Some(exit.top.len().min(5)));
            for (candidate, found) in exit.top.iter().zip(row[5].as_array().expect("candidates")) {
                assert!(*id(&found[0]) == candidate.id.0 && close(&found[1], candidate.ln_p));
            }
        }
        for (pin, found) in trace.pins.iter().zip(at["j"].as_array().expect("journeys")) {
            assert_eq!(*id(&found[0]), pin.id.0);
            assert!(pin.ln_p.iter().zip(found[1].as_array().expect("numbers")).all(|(x, y)| close(y, *x)));
        }
        let contrast = trace.contrast.as_ref().expect("a contrast");
        for (token, found) in contrast.plausible.iter().zip(at["c"]["v"].as_array().expect("V")) {
            assert_eq!(*id(&found[0]), token.id.0);
            assert!(
                close(&found[1], token.expert) && close(&found[2], token.amateur) && close(&found[3], token.result)
            );
        }
    }
}

#[test]
fn it_is_one_file_that_asks_for_no_other() {
    let page = page(&made_up::traced(12));
    for word in ["http://", "https://", "src=", "href=", "url(", "@import", "fetch(", "XMLHttpRequest", "import("] {
        // SVG's name is no address that is asked.
        assert_eq!(page.replace("http://www.w3.org/2000/svg", "").find(word), None, "{word}");
    }
    assert!(page.contains("default-src 'none'"));
    // Tokens that look like marks stay text.
    assert!(!page.contains("</script> ") && !page.contains("<b>&amp;") && page.contains("made &lt;up&gt; &amp; odd"));
    assert_eq!(page.matches("</script>").count(), 3);
}

#[test]
fn a_thousand_tokens_and_thirteen_exits_take_less_than_five_megabytes() {
    let page = page(&made_up::traced(1000));
    println!("{} bytes", page.len());
    assert!(page.len() < 5_000_000, "{} bytes", page.len());
}

/// What a reader does, and what it shows then; the answers stand in the page when it is looked at.
const SCRIPT: &str = "<script>addEventListener('load', () => {
  const cell = (n, row) => document.querySelector(`[data-n='${n}'][data-row='${row}']`);
  const press = (key) => document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
  const panel = document.getElementById('inspector');
  const told = {}, began = performance.now();
  build(document.querySelector('.band'));
  told.cells = document.querySelectorAll('[data-n]').length;
  told.rendered = performance.getEntriesByType('paint').map((paint) => [paint.name, paint.startTime]);
  told.ready = performance.now();
  const timed = (act) => { const from = performance.now(); act(); return performance.now() - from; };
  const hover = (n, row) => () => cell(n, row).dispatchEvent(new PointerEvent('pointerover', { bubbles: true }));
  // Every handler's time with the layout that it asks for.
  const settled = (act) => () => { act(); document.body.getBoundingClientRect(); };
  const spread = (all) => { all.sort((a, b) => a - b); return [all[all.length >> 1], all.at(-1)]; };
  const places = [...Array(40).keys()].map((n) => [1 + n % 5, n % 13]);
  told.hovers = spread(places.map(([n, row]) => timed(settled(hover(n, row)))));
  told.clicks = spread(places.map(([n, row]) => timed(settled(() => cell(n, row).click()))));
  press('Escape');
  hover(2, 3)();
  told.hover = panel.textContent;
  cell(2, 3).click();
  cell(3, 0).dispatchEvent(new PointerEvent('pointerover', { bubbles: true }));
  told.pinned = panel.textContent;
  press('ArrowRight'); press('ArrowUp');
  told.moved = panel.textContent;
  press('Escape');
  cell(1, 12).dispatchEvent(new PointerEvent('pointerover', { bubbles: true }));
  told.released = panel.textContent;
  const before = getComputedStyle(cell(2, 3)).backgroundColor;
  press('m'); press('n');
  told.measure = view.measure; told.text = cell(2, 3).textContent;
  told.recoloured = before !== getComputedStyle(cell(2, 3)).backgroundColor;
  document.querySelectorAll('.band').forEach(build);
  told.all = document.querySelectorAll('[data-n]').length;
  paint();
  told.rows = document.querySelectorAll('#below [data-at]').length;
  const pair = (one, other) => document.querySelector(`.matrix [data-one='${one}'][data-other='${other}']`);
  told.same = [...document.querySelectorAll('.matrix tbody tr')].map((row) => [...row.querySelectorAll('td')].map((td) => td.textContent));
  told.pair = pair(0, 12).title;
  press('Home'); press('Escape');
  pair(0, 12).click();
  told.differ = view.kept.n;
  pair(0, 12).click();
  told.next = view.kept.n;
  told.lines = panel.querySelectorAll('polyline').length;
  told.asked = performance.getEntriesByType('resource').length;
  told.milliseconds = performance.now() - began;
  const out = document.createElement('pre');
  out.id = 'out'; out.textContent = 'TOLD' + btoa(unescape(encodeURIComponent(JSON.stringify(told)))) + 'END';
  document.body.append(out);
});</script>";

#[test]
fn in_a_browser_it_draws_and_answers() {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    let has = |name: &&&str| Command::new(**name).arg("--version").output().is_ok_and(|output| output.status.success());
    let Some(browser) = names.iter().find(has) else {
        println!("no Chromium here: the page was not opened");
        return;
    };
    let traced = made_up::traced(1000);
    let folder = tempfile::TempDir::new().expect("a folder");
    let file = folder.path().join("page.html");
    fs::write(&file, page(&traced).replace("<script>start();</script>", &format!("<script>start();</script>{SCRIPT}")))
        .expect("a file");
    let began = Instant::now();
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", "--window-size=1400,900"])
        .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
        .arg(format!("file://{}", file.display()))
        .output()
        .expect("the browser starts");
    println!("{browser}: {:.1} s in all", began.elapsed().as_secs_f32());
    let page = String::from_utf8_lossy(&output.stdout);
    // The last one: the script that writes it stands before it.
    let (_, rest) = page.rsplit_once("TOLD").unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let told = STANDARD.decode(rest.split_once("END").expect("an end").0).expect("base64");
    let told: Value = serde_json::from_slice(&told).expect("JSON");
    println!("1,000 tokens, 13 exits: everything drawn and asked in {} ms", told["milliseconds"]);
    println!(
        "milliseconds: first paint {}, loaded {}; a hover {} and a click {} with layout (median, slowest of 40)",
        told["rendered"], told["ready"], told["hovers"], told["clicks"]
    );
    let says = |name: &str| told[name].as_str().expect(name).to_owned();
    let exit = |row: usize| traced.card.exits[row].to_string();
    assert!(told["cells"].as_u64().is_some_and(|n| n > 13 && n < 13 * 1001), "some lines: {told}");
    assert_eq!(told["all"], 13 * 1001);
    let top = &traced.tokens[2].trace.as_ref().expect("a trace").exits[3].top[0];
    let shown = format!("{:.1} %", 100.0 * top.ln_p.exp());
    assert!(says("hover").contains(&format!("position 2, of the prompt · exit {}", exit(3))), "{told}");
    assert!(says("hover").contains(&shown), "{shown}: {told}");
    assert!(says("pinned").contains("position 2,") && says("pinned").contains("pinned"));
    assert!(says("moved").contains(&format!("position 3, of the prompt · exit {}", exit(2))), "{told}");
    assert!(says("released").contains(&format!("position 1, of the prompt · exit {}", exit(12))), "{told}");
    assert_eq!((says("measure"), told["recoloured"].as_bool()), ("entropy".to_owned(), Some(true)));
    let entropy = traced.tokens[2].trace.as_ref().expect("a trace").exits[3].entropy;
    assert!((says("text").parse::<f32>().expect("a number") - entropy).abs() <= 0.051, "one decimal: {told}");
    let changed = traced.traces().filter(|trace| trace.contrast.as_ref().is_some_and(ContrastTrace::changed)).count();
    assert_eq!(told["rows"], changed);
    let top = |trace: &StepTrace, row: usize| trace.exits[row].top[0].id;
    let traces: Vec<&StepTrace> = traced.traces().map(|trace| &**trace).collect();
    let same = |one, other| traces.iter().filter(|t| top(t, one) == top(t, other)).count();
    for one in 0..13 {
        for other in 0..13 {
            let (same, n) = (same(one, other), traces.len());
            let percent = if same == n { 100 } else { ((200 * same + n) / (2 * n)).min(99) };
            assert_eq!(told["same"][one][other], percent.to_string(), "exits {one} and {other}");
        }
    }
    let title = format!("original and {}: {} of {}", exit(12), same(0, 12), traces.len());
    assert_eq!(says("pair"), title);
    let differ: Vec<usize> = traces.iter().filter(|t| top(t, 0) != top(t, 12)).map(|t| t.position).collect();
    assert_eq!((told["differ"].as_u64(), told["next"].as_u64()), (Some(differ[0] as u64), Some(differ[1] as u64)));
    assert_eq!(told["lines"], 8);
    assert_eq!(told["asked"], 0, "nothing is fetched");
}
