//! Reports: every format has the trace's own numbers.

#[path = "support/made_up.rs"]
mod made_up;

use std::{fs, process::Command};

use ::parquet::{
    file::reader::{FileReader, SerializedFileReader},
    record::Field,
};
use mexit_tui::{
    report::{self, Format, Look, Measure, diff::Diff, exits_table, parquet},
    session::{saved, traced::Traced},
};

const LOOK: Look = Look { measure: Measure::Probability, positions: None, width: 900.0, scale: 1.0 };

fn written(traced: &Traced, format: Format) -> Vec<u8> {
    let mut bytes = Vec::new();
    report::write(traced, format, &LOOK, &mut bytes).expect("a report");
    bytes
}

fn text(traced: &Traced, format: Format) -> String {
    String::from_utf8(written(traced, format)).expect("a text")
}

/// Debug output has every number; f32's is exact.
fn all(traced: &Traced) -> String {
    let traces: Vec<_> = traced.traces().collect();
    let tokens: Vec<_> = traced.tokens.iter().map(|token| (token.id, token.forced)).collect();
    format!("{:?} {:?} {:?} {} {tokens:?} {traces:?}", traced.decoding, traced.pair, traced.pins, traced.prompt)
}

fn lines(traced: &Traced) -> Vec<u8> {
    let mut bytes = Vec::new();
    saved::write_trace(traced, &mut bytes).expect("lines");
    bytes
}

#[test]
fn a_trace_comes_back_as_it_was_also_through_a_session() {
    for traced in [made_up::traced(40), made_up::broken(made_up::traced(12), 3, 2)] {
        let again = saved::parse_trace(&*lines(&traced)).expect("a trace");
        assert_eq!(all(&traced), all(&again));
        assert_eq!(lines(&traced), lines(&again));
        let session = traced.session().expect("a session");
        assert_eq!(all(&traced), all(&Traced::of(&session)));
        let packed = saved::bytes(&session).expect("bytes");
        assert_eq!(all(&traced), all(&Traced::of(&saved::parse(&*packed).expect("a session"))));
        for (trace, token) in again.traces().zip(&again.tokens[1..]) {
            assert_eq!(again.card.bytes_of(token.id), traced.card.bytes_of(token.id));
            assert_eq!(trace.subject, token.id);
        }
    }
}

#[test]
fn what_is_no_whole_trace_is_refused() {
    let whole = lines(&made_up::traced(5));
    let refused = |bytes: &[u8]| saved::parse_trace(bytes).expect_err("no trace").to_string();
    assert!(refused(b"").contains("not a trace"));
    assert!(refused(b"{\"a\":1}\n").contains("not a trace"));
    let text = String::from_utf8(whole.clone()).expect("a text");
    let other = refused(text.replacen("\"trace\":1", "\"trace\":7", 1).as_bytes());
    assert!(other.contains("format 7") && other.contains("format 1"), "{other}");
    // Cut anywhere, also between two lines: never taken for a whole one.
    for cut in (1..whole.len()).step_by(97).chain(text.match_indices('\n').map(|(at, _)| at + 1)) {
        if cut < whole.len() {
            refused(&whole[..cut]);
        }
    }
    let cut = refused(&whole[..whole.len() / 2]);
    assert!(cut.contains("line") && cut.contains("was the file cut"), "{cut}");
    for (right, wrong) in
        [("\"position\":2", "\"position\":3"), ("\"rank\":", "\"rank\":-"), ("\"end\":6", "\"end\":7")]
    {
        let damaged = refused(text.replacen(right, wrong, 1).as_bytes());
        assert!(damaged.contains("damaged"), "{right}: {damaged}");
    }
}

#[test]
fn tables_have_every_number_and_parquet_those_of_csv() {
    let traced = made_up::broken(made_up::traced(30), 7, 4);
    let table = exits_table(&traced);
    assert_eq!(table.rows(), 30 * 13, "29 tokens with something before them, and the open slot");
    let text = written(&traced, Format::Csv);
    let csv: Vec<_> = ::csv::Reader::from_reader(&*text).into_records().map(|row| row.expect("a row")).collect();
    let place = |name: &str| table.columns.iter().position(|(other, _)| *other == name).expect("a column");
    let mut rows = csv.iter();
    for trace in traced.traces() {
        for exit in trace.exits.iter() {
            let row = rows.next().expect("a row");
            let number = |name: &str| row[place(name)].parse::<f32>().expect("a number");
            for (name, x) in [("entropy", exit.entropy), ("kl", exit.kl), ("js", exit.js), ("ln_p", exit.ln_p)] {
                assert!(number(name).to_bits() == x.to_bits() || x.is_nan() && number(name).is_nan(), "{name}");
            }
            assert_eq!(row[place("position")], trace.position.to_string());
            assert_eq!(row[place("exit")], exit.exit.to_string());
            let top = exit.top.first().map(|top| top.id.0.to_string()).unwrap_or_default();
            assert_eq!(row[place("top_id")], top);
        }
    }
    let bytes = parquet::bytes(&table).expect("parquet");
    let file = SerializedFileReader::new(bytes::Bytes::from(bytes.clone())).expect("a parquet file");
    let read: Vec<_> = file.get_row_iter(None).expect("rows").map(|row| row.expect("a row")).collect();
    assert_eq!(read.len(), csv.len());
    for (row, texts) in read.iter().zip(&csv) {
        for ((name, field), expected) in row.get_column_iter().zip(texts) {
            let found = match field {
                Field::Null => String::new(),
                Field::Float(x) => x.to_string(),
                Field::Long(n) => n.to_string(),
                Field::Str(text) => text.clone(),
                Field::Bool(flag) => flag.to_string(),
                other => panic!("{name}: {other}"),
            };
            assert_eq!(found, *expected, "{name}");
        }
    }
    let folder = tempfile::TempDir::new().expect("a folder");
    let (table_file, text_file) = (folder.path().join("t.parquet"), folder.path().join("t.csv"));
    fs::write(&table_file, bytes).expect("a file");
    fs::write(&text_file, text).expect("a file");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/read_parquet.py");
    match Command::new("python3").args([script.as_ref(), table_file.as_path(), text_file.as_path()]).output() {
        Ok(output) if output.status.code() == Some(77) => println!("no DuckDB or pyarrow here: not read with them"),
        Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => println!("no Python here: {error}"),
    }
}

#[test]
fn the_document_has_the_steps_of_generate() {
    let traced = made_up::broken(made_up::traced(10), 3, 1);
    let document: serde_json::Value = serde_json::from_slice(&written(&traced, Format::Json)).expect("a document");
    let positions = document["positions"].as_array().expect("positions");
    assert_eq!(positions.len(), 11);
    assert!(positions[0]["step"].is_null() && positions[10]["open"] == true);
    for (trace, at) in traced.traces().zip(&positions[1..]) {
        // Over text, as the document: f32 as a value has more digits.
        let step = serde_json::to_string(&report::json::step(trace, &traced.card)).expect("a step");
        let expected: serde_json::Value = serde_json::from_str(&step).expect("a step");
        assert_eq!(at["step"], expected);
        assert_eq!(at["token"]["id"], trace.subject.0);
    }
    assert!(positions[3]["step"]["exits"][1]["entropy"].is_null(), "what is no number is null");
}

#[test]
fn the_drawing_is_well_formed_and_has_the_numbers() {
    let traced = made_up::broken(made_up::traced(60), 5, 3);
    let svg = text(&traced, Format::Svg);
    let document = roxmltree::Document::parse(&svg).expect("well-formed");
    let titles: Vec<&str> = document
        .descendants()
        .filter(|node| node.has_tag_name("rect"))
        .filter_map(|node| node.children().find(|child| child.has_tag_name("title"))?.text())
        .collect();
    let value = |exit: &mexit_tui::session::trace::ExitRow| {
        if exit.ln_p.is_nan() { "no number".to_owned() } else { exit.ln_p.exp().to_string() }
    };
    let expected: Vec<String> = traced
        .traces()
        .flat_map(|trace| trace.exits.iter().map(|exit| format!("exit {}: {}", exit.exit, value(exit))))
        .collect();
    assert_eq!(titles, expected);
    let few = Look { positions: Some(10..20), measure: Measure::Entropy, ..LOOK };
    let mut bytes = Vec::new();
    report::write(&traced, Format::Svg, &few, &mut bytes).expect("a drawing");
    assert_eq!(String::from_utf8(bytes).expect("text").matches("<title>exit ").count(), 10 * 13);
}

#[test]
fn the_picture_is_the_drawing_in_pixels() {
    let bytes = written(&made_up::traced(20), Format::Png);
    let mut picture = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().expect("a picture");
    let mut pixels = vec![0; picture.output_buffer_size().expect("a size")];
    let info = picture.next_frame(&mut pixels).expect("a frame");
    assert_eq!(info.width, 900);
    let blue = pixels.chunks(3).filter(|p| p[2] > p[0].saturating_add(40)).count();
    let dark = pixels.chunks(3).filter(|p| p.iter().all(|c| *c < 90)).count();
    assert!(blue > 2000 && dark > 500, "cells and letters: {blue}, {dark}");
    let mut none = Vec::new();
    let look = Look { width: 20_000.0, scale: 8.0, ..LOOK };
    let refusal = report::write(&made_up::traced(900), Format::Png, &look, &mut none).expect_err("too large");
    assert!(refusal.to_string().contains("--scale"), "{refusal}");
}

#[test]
fn the_text_has_the_changes_of_the_contrast() {
    let traced = made_up::traced(30);
    let text = text(&traced, Format::Markdown);
    let changes: Vec<_> = traced.traces().filter_map(|t| Some((t.position, t.contrast.as_ref()?))).collect();
    let changed: Vec<_> = changes.iter().filter(|(_, contrast)| contrast.changed()).collect();
    assert!(!changed.is_empty() && changed.len() < changes.len());
    assert!(text.contains(&format!("The first token at {} of {} positions.", changed.len(), changes.len())));
    for (position, contrast) in changed {
        let best = &contrast.plausible[0];
        let numbers = format!(
            "| {:.3} | {:.3} | {:+.3} | {:.3} |",
            best.expert,
            best.amateur,
            best.expert - best.amateur,
            best.result
        );
        // From the end: the table before has exits' numbers in its first column.
        let line = text.lines().rev().find(|line| line.starts_with(&format!("| {position} |"))).expect("a line");
        assert!(line.ends_with(&numbers), "{line}: expected {numbers}");
    }
    // Every row of a table has as many cells as its head, whatever the tokens are.
    let cells = |line: &str| line.replace("\\|", "").matches('|').count();
    let lines: Vec<&str> = text.lines().collect();
    let tables: Vec<&[&str]> = lines.chunk_by(|a, b| a.starts_with('|') == b.starts_with('|')).collect();
    let tables: Vec<&[&str]> = tables.into_iter().filter(|lines| lines[0].starts_with('|')).collect();
    assert_eq!(tables.len(), 3);
    for table in tables {
        assert!(table.iter().all(|line| cells(line) == cells(table[0])), "{table:?}");
    }
}

#[test]
fn the_text_counts_exits_with_the_same_top_token() {
    let traced = made_up::traced(30);
    let text = text(&traced, Format::Markdown);
    let (_, rest) = text.split_once("## Exits with the same top token").expect("a table");
    let traces: Vec<_> = traced.traces().collect();
    for (one, exit) in traced.card.exits.iter().enumerate() {
        let line = rest.lines().find(|line| line.starts_with(&format!("| {exit} |"))).expect("a line");
        let same = |other: usize| traces.iter().filter(|t| t.exits[one].top[0].id == t.exits[other].top[0].id).count();
        let cells = (0..traced.card.exits.len()).map(|other| 100.0 * same(other) as f64 / traces.len() as f64);
        let want: String = cells.map(|share| format!(" {share:.1} |")).collect();
        assert_eq!(line, format!("| {exit} |{want}"));
    }
}

#[test]
fn two_traces_are_compared_up_to_where_they_part() {
    let a = made_up::traced(20);
    let same = Diff::of(&a, &a);
    assert_eq!(same.first_divergence, None);
    assert!(same.rows.iter().flat_map(|row| &row.change).all(|change| change.ln_p.is_none_or(|x| x == 0.0)));
    let mut b = made_up::broken(made_up::traced(18), 4, 2);
    // A part of a character, which the first text has not there.
    b.tokens[12].id = mexit_tui::session::trace::TokenId(41);
    assert_ne!(a.card.bytes_of(a.tokens[12].id), b.card.bytes_of(b.tokens[12].id));
    let diff = Diff::of(&a, &b);
    assert_eq!(diff.first_divergence, Some(12));
    assert_eq!(diff.rows.len(), 21);
    assert!(diff.rows[12].comparable && !diff.rows[13].comparable);
    assert_eq!(diff.rows[12].change[0].ln_p, None, "other tokens");
    assert_eq!(diff.rows[4].change[2].kl, None, "no number");
    for format in [Format::Markdown, Format::Json, Format::Html] {
        let mut bytes = Vec::new();
        report::write_diff(&diff, format, &mut bytes).expect("a comparison");
        assert!(bytes.len() > 500);
    }
    let refusal = report::write_diff(&diff, Format::Csv, &mut Vec::new()).expect_err("no such form");
    assert!(refusal.to_string().contains("expected md, json or html"));
}
