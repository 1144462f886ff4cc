//! `mexit-tui bench`: every field is there and belongs to the others. No time is asserted.

#[path = "support/program.rs"]
mod program;

use program::{refused, run};
use serde_json::Value;

fn number(report: &Value, path: &str) -> f64 {
    let found = report.pointer(path).and_then(Value::as_f64);
    found.unwrap_or_else(|| panic!("{path} is no number in {report}"))
}

/// A positive figure whose quartiles surround its median.
fn spread(report: &Value, path: &str) {
    let of = |part: &str| number(report, &format!("{path}/{part}"));
    let [low, median, high, best] = ["low", "median", "high", "best"].map(of);
    assert!(0.0 < low && low <= median && median <= high && high.is_finite(), "{path}: {low} {median} {high}");
    assert!(best <= low || best >= high, "{path}: {best} is no best of {low} to {high}");
    assert!(of("samples") >= 1.0, "{path}");
}

/// Equal but for the rounding of a number that was printed.
fn same(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
}

#[test]
fn the_report_of_the_demo_holds_together() {
    let output = run(&["bench", "--json", "--repeats", "1", "--threads", "1"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    let model = &report["model"];
    assert_eq!((&model["name"], &model["origin"]), (&"demo".into(), &"demo".into()));
    assert_eq!(
        (&model["exits"], &model["trunk_type"], &model["heads_type"]),
        (&7.into(), &"f32".into(), &"f32".into())
    );
    assert_eq!((&report["machine"]["threads"], &report["rounds"]), (&1.into(), &1.into()));
    assert!(number(&report, "/seconds") > 0.0);
    let others = &report["others"];
    assert_eq!(others["share"].is_null(), others["busy"].is_null());
    assert!(others["share"].as_f64().is_none_or(|share| (0.0..=1.0).contains(&share)));

    // The demo's context of 512 holds two of the three prompts.
    let prompts: Vec<f64> = (0..2).map(|i| number(&report, &format!("/first_token/{i}/prompt"))).collect();
    assert_eq!((prompts, report["first_token"].as_array().map(Vec::len)), (vec![32.0, 256.0], Some(2)));
    for path in ["/first_token/0/ms", "/first_token/1/ms", "/fill/ms"] {
        spread(&report, path);
    }
    for name in ["all", "trunk", "heads", "shown", "analysis", "late"] {
        spread(&report, &format!("/step/{name}"));
    }
    for name in ["stepping", "shown", "alone", "contrast", "filled"] {
        spread(&report, &format!("/speed/{name}"));
    }
    assert_eq!([number(&report, "/step/position"), number(&report, "/step/late_position")], [64.0, 504.0]);
    assert_eq!((&report["speed"]["expert"], &report["speed"]["amateur"]), (&"original".into(), &"6".into()));
    let median = |path: &str| number(&report, &format!("{path}/median"));
    assert!(same(number(&report, "/step/late_ratio"), median("/step/late") / median("/step/all")));
    assert!(same(number(&report, "/speed/contrast_ratio"), median("/speed/contrast") / median("/speed/stepping")));
    assert!(same(number(&report, "/speed/filled_ratio"), median("/speed/filled") / median("/speed/shown")));
    assert!(median("/speed/filled") < median("/speed/contrast"), "filling in takes time");
    assert!(number(&report, "/fill/positions") >= 1.0 && number(&report, "/fill/prompt") == 512.0);

    // 12 blocks of 12 d² numbers, 7 heads of d · V.
    assert_eq!(number(&report, "/weights/step_products"), f64::from(12 * 12 * 128 * 128 + 7 * 128 * 4096));
    let bytes = ["trunk_bytes", "heads_bytes", "step_bytes"].map(|name| number(&report, &format!("/weights/{name}")));
    assert_eq!(bytes[0] + bytes[1], bytes[2]);
    assert!(number(&report, "/limits/bandwidth") > 0.0);
    let rates = report["limits"]["rates"].as_array().expect("rates");
    assert_eq!(rates.len(), 4, "two lengths of rows, alone and in batches");
    assert!(rates.iter().all(|rate| rate["type"] == "f32" && number(rate, "/products_a_second") > 0.0));
    for name in ["step", "trunk", "heads", "alone", "contrast", "fill"] {
        let (bound, reached) =
            (number(&report, &format!("/bound_ms/{name}")), number(&report, &format!("/reached/{name}")));
        assert!(bound > 0.0 && reached > 0.0, "{name}");
    }
    let bound = |name: &str| number(&report, &format!("/bound_ms/{name}"));
    assert!(same(bound("step"), bound("trunk") + bound("heads")) || bound("step") < bound("trunk") + bound("heads"));
    assert!(bound("trunk") < bound("alone") && bound("alone") < bound("contrast") && bound("contrast") < bound("step"));
    assert!(same(number(&report, "/reached/step"), bound("step") / median("/step/all")));
    let memory = &report["memory"];
    assert!(memory["peak"].as_u64().is_none_or(|peak| peak >= memory["weights"].as_u64().unwrap_or(0)));
}

#[test]
fn the_table_fits_eighty_columns() {
    let output = run(&["bench", "--type", "f16", "--head-type", "q8_0", "--repeats", "1", "--threads", "1"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let table = String::from_utf8(output.stdout).expect("text");
    for line in table.lines().filter(|line| !line.contains("threads on")) {
        assert!(line.chars().count() <= 80, "{line}");
    }
    for words in [
        "demo",
        "f16, heads q8_0",
        "prompt of 256 tokens",
        "all 7 exits",
        "at position 504",
        "by contrast of original and 6",
        "filling in a prompt of 512 tokens",
        "reading the weights",
        "q8_0, rows of 128, by 16",
        "a step takes at least",
    ] {
        assert!(table.contains(words), "`{words}` is missing in:\n{table}");
    }
    assert!(output.stderr.is_empty(), "no progress where nobody looks");
}

#[test]
fn what_it_refuses() {
    refused(
        "an unknown shape",
        &run(&["bench", "--shape", "gpt9"]),
        &["--shape gpt9", "gpt2-medium, gpt2, gpt-neo-125m", "demo"],
    );
    refused("a file and a shape", &run(&["bench", "--model", "a.gguf", "--shape", "gpt2"]), &["--shape"]);
    refused("a file in another type", &run(&["bench", "--model", "a.gguf", "--type", "f16"]), &["--type"]);
    refused("no such file", &run(&["bench", "--model", "/no/such.gguf"]), &["/no/such.gguf"]);
    refused("no rounds", &run(&["bench", "--repeats", "0"]), &["--repeats"]);
}
