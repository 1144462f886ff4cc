//! What the screen may ask of the engine, over the demo model: nothing runs again that need not, answers come in parts
//! and in batches, and a broken weight or a dead worker is not the end.

#[path = "support/cases.rs"]
mod cases;
#[path = "support/program.rs"]
mod program;

use std::{
    sync::{Arc, mpsc},
    time::Duration,
};

use mexit_models::{
    DType, Engine, EngineOptions, Gelu, Model, Placement, TokenId, WeightTypes,
    convert::{ConvertOptions, requantize_bytes},
    demo,
};
use mexit_tui::{
    session::{
        check,
        protocol::{Event, Query},
        reader::{ReadError, Reader},
        trace::{Decoding, ExitId, Method, Pair, Sampling, StepTrace},
        worker::{Opening, Worker},
    },
    tui::Headless,
};
use ratatui::crossterm::event::{self, KeyCode, KeyEvent, KeyModifiers};

/// For a machine that is busy with everything else, too.
const PATIENCE: Duration = Duration::from_mins(1);

fn engine(model: Model) -> Engine {
    let options = EngineOptions { threads: 1, context: usize::MAX, kv_type: DType::F32, gelu: Gelu::Exact };
    Engine::new(model, options).expect("an engine")
}

fn reader() -> Reader {
    let placement = Placement::cpu().expect("a processor");
    Reader::new(engine(Model::of(Arc::new(demo::mapping()), placement).expect("the demo")))
}

fn ids(reader: &Reader, tokens: usize) -> Arc<[TokenId]> {
    let mut ids = reader.model().tokenizer.encode(demo::HELD_OUT).expect("ids");
    ids.truncate(tokens);
    ids.into()
}

fn query(reader: &Reader, text: &Arc<[TokenId]>, position: usize) -> Query {
    let blocks = reader.model().spec.blocks;
    // As the screen begins.
    let (expert, amateur) = (ExitId::Block(blocks), ExitId::Block(blocks / 2));
    let pair = Pair { expert, amateur, alpha: 0.1, min_candidates: 1 };
    let decoding = Decoding { method: Method::Contrast(pair), sampling: Sampling::default() };
    Query { ticket: 1, position, shown_pair: Some(pair), ..Query::after(Arc::clone(text), decoding) }
}

/// Equal but for the order in which kernels sum.
fn close(a: &StepTrace, b: &StepTrace) {
    assert_eq!((a.position, a.subject, a.choice.id), (b.position, b.subject, b.choice.id));
    for (a, b) in a.exits.iter().zip(b.exits.iter()) {
        assert_eq!((a.exit, a.top[0].id, a.rank), (b.exit, b.top[0].id, b.rank));
        assert!((a.entropy - b.entropy).abs() < 1e-3 && (a.ln_p - b.ln_p).abs() < 1e-3 && (a.kl - b.kl).abs() < 1e-3);
    }
}

/// Answers everything that the screen asks, as the worker does.
fn answer_all(screen: &mut Headless, reader: &mut Reader) -> usize {
    let mut asked = 0;
    while let Some(query) = screen.next_query() {
        asked += 1;
        reader.turn_to(query.lane, &query.text).expect("a lane");
        let all: Vec<usize> = [query.position].into_iter().chain(query.rest.iter().copied()).collect();
        let mut traces = if query.rest.is_empty() {
            let ticket = query.ticket;
            let mut part = |trace| {
                screen.hear(Event::Part { ticket, trace: Arc::new(trace) });
                true
            };
            vec![reader.answer_in_parts(&query, &mut |_| true, &mut part).expect("an answer")]
        } else {
            reader.fill(&query, &all, &mut |_| true).expect("answers")
        };
        let last = traces.pop().expect("one at least");
        let traces = traces.into_iter().map(Arc::new).collect();
        screen.hear(Event::Filled { ticket: query.ticket, traces });
        let vocabulary = reader.vocabulary(&query).expect("a vocabulary").map(Arc::new);
        screen.hear(Event::Step { ticket: query.ticket, trace: Arc::new(last), millis: None, vocabulary });
    }
    asked
}

fn press(screen: &mut Headless, keys: &str) {
    for c in keys.chars() {
        let code = if c == '\r' { KeyCode::Enter } else { KeyCode::Char(c) };
        screen.press(event::Event::Key(KeyEvent::new(code, KeyModifiers::NONE)));
    }
}

fn opened(reader: &Reader, tokens: usize) -> Headless {
    let mut screen = Headless::new((120, 40), false);
    screen.hear(Event::Opened(Arc::new(reader.card("demo"))));
    screen.hear(Event::Prompt(ids(reader, tokens)));
    screen
}

#[test]
fn settings_views_and_moves_never_run_the_trunk_again() {
    let mut reader = reader();
    let mut screen = opened(&reader, 40);
    answer_all(&mut screen, &mut reader);
    assert_eq!(reader.engine().computed(), 40, "each token once, the prompt filled in from what is stored");
    // Far from the eight positions whose logits are kept, too.
    for keys in ["-", "=", ",", ".", "jE", "jA", "c", "c", "O", "m", "0lll=", "4", "jl", "2m", "1\r", "jj"] {
        press(&mut screen, keys);
        answer_all(&mut screen, &mut reader);
        assert_eq!(reader.engine().computed(), 40, "after {keys:?}");
    }
}

#[test]
fn a_step_runs_the_trunk_over_one_token() {
    let mut reader = reader();
    let mut screen = opened(&reader, 10);
    answer_all(&mut screen, &mut reader);
    press(&mut screen, " ");
    answer_all(&mut screen, &mut reader);
    assert_eq!(reader.engine().computed(), 11);
    press(&mut screen, "uU(");
    answer_all(&mut screen, &mut reader);
    assert_eq!(reader.engine().computed(), 11, "there and back is known");
}

#[test]
fn a_few_queries_fill_a_long_prompt_in() {
    let mut reader = reader();
    let mut screen = opened(&reader, 200);
    let asked = answer_all(&mut screen, &mut reader);
    assert!(asked <= 5, "{asked}: one for the open slot, then 64 positions each");
    assert_eq!(answer_all(&mut screen, &mut reader), 0, "all is known");
}

#[test]
fn a_part_comes_first_and_says_what_the_whole_says() {
    let mut reader = reader();
    let text = ids(&reader, 20);
    let asked = query(&reader, &text, 7);
    let mut parts = Vec::new();
    let mut keep = |part| {
        parts.push(part);
        true
    };
    reader.answer(&query(&reader, &text, 20), &mut |_| true).expect("read");
    let whole = reader.answer_in_parts(&asked, &mut |_| true, &mut keep).expect("an answer");
    let [part] = parts.as_slice() else { panic!("{} parts", parts.len()) };
    assert!(part.is_partial() && !whole.is_partial());
    let known: Vec<ExitId> = part.exits.iter().filter(|row| !row.is_absent()).map(|row| row.exit).collect();
    assert_eq!(known.len(), 3, "original, expert and amateur: {known:?}");
    for row in part.exits.iter().filter(|row| !row.is_absent()) {
        let same = whole.exits.iter().find(|other| other.exit == row.exit).expect("the same exit");
        assert_eq!((&row.top, row.entropy, row.kl, row.rank), (&same.top, same.entropy, same.kl, same.rank));
    }
    let plausible = |trace: &StepTrace| trace.contrast.as_ref().map(|c| (c.plausible_len, c.mass, c.pair));
    assert_eq!((plausible(part), part.choice), (plausible(&whole), whole.choice));
    // Who listens may stop after the part; what it has is not computed again.
    let asked = query(&reader, &text, 9);
    let stopped = reader.answer_in_parts(&asked, &mut |_| true, &mut |_| false);
    assert!(matches!(stopped, Err(ReadError::Interrupted)));
    close(&reader.answer(&asked, &mut |_| true).expect("the rest"), &{
        let mut fresh = self::reader();
        fresh.answer(&asked, &mut |_| true).expect("an answer")
    });
}

#[test]
fn filling_in_equals_asking_and_stops_between_heads() {
    let mut reader = reader();
    let text = ids(&reader, 30);
    let asked = query(&reader, &text, 30);
    reader.answer(&asked, &mut |_| true).expect("an answer");
    let positions = [12, 3, 30, 29, 4, 7];
    let filled = reader.fill(&asked, &positions, &mut |_| true).expect("answers");
    for (trace, position) in filled.iter().zip(positions) {
        close(trace, &reader.answer(&query(&reader, &text, position), &mut |_| true).expect("an answer"));
    }
    let mut calls = 0;
    let stopped = reader.fill(&asked, &[5, 6, 8], &mut |_| {
        calls += 1;
        calls < 2
    });
    assert!(matches!(stopped, Err(ReadError::Interrupted)));
    assert_eq!(calls, 2, "asked between one head and the next");
    assert!(reader.fill(&asked, &[0], &mut |_| true).is_err(), "nothing is known of the first token");
    assert!(reader.fill(&asked, &[31], &mut |_| true).is_err());
}

/// The demo with one head, or one row of the embeddings, full of NaN.
fn broken(tensor: &str) -> Reader {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("broken.gguf");
    let options = ConvertOptions { types: DType::F32.into(), ..ConvertOptions::default() };
    requantize_bytes(&demo::mapping(), &path, &options, &mut |_, _| {}).expect("the demo in f32");
    let mut bytes = std::fs::read(&path).expect("the file");
    let range = {
        let model = Model::open(&path, Placement::cpu().expect("a processor")).expect("a model");
        model.file.tensor(tensor).expect("the tensor").data.clone()
    };
    bytes[range].as_chunks_mut::<4>().0.iter_mut().for_each(|v| *v = f32::NAN.to_le_bytes());
    std::fs::write(&path, bytes).expect("the file");
    Reader::new(engine(Model::open(&path, Placement::cpu().expect("a processor")).expect("a model")))
}

#[test]
fn a_broken_head_is_named_and_the_others_are_shown() {
    let middle = reader().model().spec.blocks / 2;
    let mut reader = broken(&format!("exit.{middle}.head.weight"));
    let mut screen = opened(&reader, 6);
    answer_all(&mut screen, &mut reader);
    let text = ids(&reader, 6);
    let trace = reader.answer(&query(&reader, &text, 6), &mut |_| true).expect("the rows that there are");
    assert_eq!(trace.broken().collect::<Vec<_>>(), [ExitId::Block(middle)]);
    assert!(trace.choice.ln_p.is_nan(), "the amateur is the broken exit: nothing is decided");
    assert!(trace.exits.iter().filter(|row| row.exit != ExitId::Block(middle)).all(|row| row.entropy.is_finite()));
    let lines = lines(&screen);
    assert!(lines.contains("nan"), "{lines}");
    assert!(lines.contains(&format!("exit {middle}: not finite")), "{lines}");
    press(&mut screen, " ");
    answer_all(&mut screen, &mut reader);
    assert!(self::lines(&screen).contains("prompt 6 + 0 generated"), "nothing was taken");
    // By the model's own output it goes on.
    press(&mut screen, "gO ");
    answer_all(&mut screen, &mut reader);
    assert!(self::lines(&screen).contains("prompt 6 + 1 generated"), "{}", self::lines(&screen));
    for view in ["2", "3", "4", "5", "1\r"] {
        press(&mut screen, view);
        answer_all(&mut screen, &mut reader);
        assert!(!self::lines(&screen).is_empty());
    }
    let failed: Vec<_> = check::check(&mut reader).into_iter().filter(|check| !check.passed).collect();
    assert!(failed.iter().any(|check| check.found.contains(&format!("exit {middle}"))), "{failed:?}");
}

#[test]
fn a_model_of_nan_alone_is_still_a_screen() {
    let mut reader = broken("token_embd.weight");
    let mut screen = opened(&reader, 4);
    for keys in ["", "2", "3", "4", "5", "1\r"] {
        press(&mut screen, keys);
        assert!(answer_all(&mut screen, &mut reader) < 20, "it is not asked for ever");
        assert!(!lines(&screen).is_empty());
    }
}

fn lines(screen: &Headless) -> String {
    let buf = screen.draw();
    let line = |y: u16| (0..buf.area.width).map(|x| buf[(x, y)].symbol()).collect::<String>();
    (0..buf.area.height).map(|y| line(y).trim_end().to_owned() + "\n").collect()
}

#[test]
fn the_self_check_passes_in_every_type() {
    let plain = [DType::F32, DType::F16, DType::BF16, DType::Q8_0, DType::Q4_0].map(WeightTypes::from);
    for types in plain.into_iter().chain([cases::MIXED]) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("demo.gguf");
        let options = ConvertOptions { types, ..ConvertOptions::default() };
        requantize_bytes(&demo::mapping(), &path, &options, &mut |_, _| {}).expect("the demo in another type");
        let model = Model::open(&path, Placement::cpu().expect("a processor")).expect("a model");
        let mut reader = Reader::new(engine(model));
        let text = ids(&reader, 90);
        reader.answer(&query(&reader, &text, 90), &mut |_| true).expect("read");
        for check in check::check(&mut reader) {
            println!("{types} {}: {}", check.what, check.found);
            assert!(check.passed, "{types} {}: {}", check.what, check.found);
        }
        assert_eq!(reader.engine().ids(), &*text, "what was read is there still");
    }
}

fn worker(opens: &mpsc::Sender<()>, events: &mpsc::Sender<Event>, before: Option<Worker>) -> Worker {
    let opens = opens.clone();
    let opening: Opening = Arc::new(move || {
        opens.send(()).map_err(|error| error.to_string())?;
        Ok((reader(), "demo".into(), "In the beginning".into()))
    });
    let events = events.clone();
    Worker::start(opening, before, move |event| events.send(event).is_ok()).expect("a thread")
}

fn until<T>(events: &mpsc::Receiver<Event>, mut wanted: impl FnMut(Event) -> Option<T>) -> T {
    loop {
        let event = events.recv_timeout(PATIENCE).expect("an event");
        if let Some(found) = wanted(event) {
            return found;
        }
    }
}

#[test]
fn a_worker_answers_in_parts_in_batches_and_the_newest_first() {
    let (opens, _opened) = mpsc::channel();
    let (events, heard) = mpsc::channel();
    let worker = worker(&opens, &events, None);
    let known = reader();
    let text = ids(&known, 300);
    // The first is given up for the second as soon as it is heard of; both end in one answer to the newest.
    worker.ask(Query { ticket: 1, ..query(&known, &text, 300) });
    worker.ask(Query { ticket: 2, ..query(&known, &text, 299) });
    let ticket = until(&heard, |event| match event {
        Event::Step { ticket: 2, trace, .. } => Some(trace.position),
        Event::Refused { reason, .. } | Event::Stopped(reason) => panic!("{reason}"),
        _ => None,
    });
    assert_eq!(ticket, 299);
    let rest: Vec<usize> = (1..40).rev().collect();
    worker.ask(Query { ticket: 3, rest: rest.clone().into(), ..query(&known, &text, 40) });
    let mut filled = Vec::new();
    until(&heard, |event| match event {
        Event::Filled { ticket: 3, traces } => {
            filled.extend(traces.iter().map(|trace| trace.position));
            None
        }
        Event::Step { ticket: 3, trace, .. } => {
            filled.push(trace.position);
            Some(())
        }
        _ => None,
    });
    assert_eq!(filled, (1..=40).rev().collect::<Vec<usize>>(), "in the order in which they were wanted, each once");
}

#[test]
fn reading_can_be_stopped_and_what_was_read_stays() {
    let (opens, _opened) = mpsc::channel();
    let (events, heard) = mpsc::channel();
    let worker = worker(&opens, &events, None);
    let known = reader();
    let text = ids(&known, 400);
    worker.ask(Query { ticket: 1, ..query(&known, &text, 400) });
    let done = until(&heard, |event| match event {
        Event::Reading { done, total, seconds_left } => {
            assert!(total == 400 && seconds_left.is_finite());
            Some(done)
        }
        _ => None,
    });
    worker.stop();
    worker.ask(Query { ticket: 2, ..query(&known, &text, done) });
    let millis = until(&heard, |event| match event {
        Event::Step { ticket: 2, millis, .. } => Some(millis),
        _ => None,
    });
    assert_eq!(millis, None, "the trunk did not run for what had been read");
}

#[test]
fn another_worker_opens_the_model_again_when_the_first_has_ended() {
    let (opens, opened) = mpsc::channel();
    let (events, heard) = mpsc::channel();
    let first = worker(&opens, &events, None);
    let second = worker(&opens, &events, Some(first));
    for _ in 0..2 {
        opened.recv_timeout(PATIENCE).expect("the model is opened");
        until(&heard, |event| matches!(event, Event::Opened(_)).then_some(()));
    }
    let known = reader();
    second.ask(query(&known, &ids(&known, 5), 5));
    until(&heard, |event| matches!(event, Event::Step { .. }).then_some(()));
}

/// What a step leaves behind: its row after every distinct block (4 · n_embd bytes each, in the engine), its trace once
/// as the open slot's and once as the token's, and a node of the tree with its part of the text and of undo (under 1 KiB).
/// Keys and values have their place from the start. The grid (20 KB with 49 exits) is asked for at the cursor alone, and
/// counted once; a token taken as proposed keeps one trace for both.
#[test]
fn a_step_takes_less_than_64_kib_beside_its_rows() {
    for mut reader in [reader(), Reader::new(engine(many_blocks()))] {
        let text: Arc<[TokenId]> = (0..60u32).map(|n| TokenId(n * 7 % 50)).collect();
        // As much as can be asked for: a wide V, pins of one's own, the grid.
        let pair = Pair { alpha: 0.001, ..query(&reader, &text, 60).shown_pair.expect("a pair") };
        let decoding = Decoding { method: Method::Contrast(pair), sampling: Sampling::default() };
        let pins = (1..9).map(TokenId).collect();
        let most = Query { decoding, shown_pair: Some(pair), pins, grid: Some(pair), ..query(&reader, &text, 60) };
        let positions: Vec<usize> = (1..=60).collect();
        let traces = reader.fill(&most, &positions, &mut |_| true).expect("answers");
        let grid = |trace: &StepTrace| trace.grid.as_ref().expect("asked for").bytes();
        let step = traces.iter().map(|trace| 2 * trace.bytes() - grid(trace)).max().expect("some") + 1024;
        println!("{} exits: {step} bytes a step", traces[0].exits.len());
        assert!(step <= 64 << 10, "{step}");
    }
}

/// A stock file of 48 blocks: an exit after each of them.
fn many_blocks() -> Model {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let shape = ["--blocks=48", "--width=32", "--attention-heads=2", "--context=64", "--vocabulary=300"];
    let checkpoint = path("random");
    for args in [
        [&["make-random", &checkpoint][..], &shape].concat(),
        vec!["convert", &checkpoint, "-o", &path("heads.gguf"), "--type", "f32"],
        vec!["strip", &path("heads.gguf"), "-o", &path("stock.gguf")],
    ] {
        let output = program::run(&args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Model::open(path("stock.gguf").as_ref(), Placement::cpu().expect("a processor")).expect("a model")
}

/// Through every view, at the first sizes that people have, down to the smallest.
fn every_view(reader: &mut Reader) {
    let text: Arc<[TokenId]> = (0..12u32).map(|n| TokenId(n * 7 % 50)).collect();
    for size in [(60, 16), (80, 24), (120, 40), (200, 60)] {
        let mut screen = Headless::new(size, size.0 == 60);
        screen.hear(Event::Opened(Arc::new(reader.card("a model"))));
        screen.hear(Event::Prompt(Arc::clone(&text)));
        answer_all(&mut screen, reader);
        let lowest = reader.model().spec.exits[0].to_string();
        for keys in
            ["G", "g", " ", "hh", "2", "jjjj", "\"", "3", "m", "4", "jjll", "\r", "5", "1", "D", "EjA", "=", "cO"]
        {
            press(&mut screen, keys);
            answer_all(&mut screen, reader);
            let lines = lines(&screen);
            assert!(lines.lines().last().is_some_and(|line| !line.trim().is_empty()), "{size:?} {keys}\n{lines}");
            if keys == "G" {
                let label = lines.lines().find(|line| line.starts_with('>')).unwrap_or_default();
                assert!(label.contains(&lowest), "{size:?}: the lowest exit is under the cursor\n{lines}");
                assert!(label.contains('.'), "{size:?}: with its numbers\n{lines}");
            }
        }
    }
    for check in check::check(reader) {
        assert!(check.passed, "{}: {}", check.what, check.found);
    }
}

#[test]
fn stock_files_with_many_blocks_open_as_lenses() {
    let mut reader = Reader::new(engine(many_blocks()));
    assert_eq!(reader.card("stock").exits.len(), 49, "original and one a block");
    assert!(reader.card("stock").lens);
    every_view(&mut reader);
    let checks = check::check(&mut reader);
    assert!(checks.iter().any(|check| check.what.contains("original") && check.found == "identical"), "{checks:?}");
}

#[test]
fn the_embeddings_are_an_exit_too() {
    let case = cases::all().into_iter().find(|case| case.heads.contains(&"0".to_owned())).expect("a case with exit 0");
    let mut reader = Reader::new(cases::engine(&case.models()[0], DType::F32, |_| {}));
    assert_eq!(reader.card("direct").exits.last(), Some(&ExitId::Block(0)));
    every_view(&mut reader);
}
