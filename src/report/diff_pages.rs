//! The comparison of two traces as Markdown and as a page.

use std::io::{self, Write};

use super::{
    diff::{Change, Diff, Row, Side},
    markdown,
    svg::escape,
};

const COLUMNS: [&str; 9] =
    ["position", "A", "B", "decided A", "decided B", "ln p A", "ln p B", "Δ ln p", "largest Δ KL"];

/// How it begins.
fn opening(diff: &Diff) -> String {
    match diff.first_divergence {
        None => "The texts are the same.".to_owned(),
        Some(0) => "The texts differ from the first token on; their numbers cannot be compared.".to_owned(),
        Some(n) => format!("The texts are the same for {n} tokens; after that numbers answer other questions."),
    }
}

/// A position's cells. Texts are escaped by `text`.
fn cells(diff: &Diff, row: &Row, text: fn(&str) -> String) -> [String; 9] {
    let of = |side: &Option<Side>, get: &dyn Fn(&Side) -> Option<String>| {
        side.as_ref().and_then(get).unwrap_or_else(|| "–".to_owned())
    };
    let token = |side: &Side| Some(format!("\"{}\"", text(&side.text)));
    let decided = |side: &Side| side.decided.clone();
    let ln_p = |side: &Side| side.ln_p.map(|x| format!("{x:.3}"));
    let original = row.change.first().and_then(|change| change.ln_p);
    let kl = |(change, exit): (&Change, &String)| Some((change.kl?, exit.clone()));
    let all = row.change.iter().zip(&diff.exits).filter_map(kl);
    let largest = all.reduce(|a, b| if b.0.abs() > a.0.abs() { b } else { a });
    [
        row.position.to_string(),
        of(&row.a, &token),
        of(&row.b, &token),
        of(&row.a, &decided),
        of(&row.b, &decided),
        of(&row.a, &ln_p),
        of(&row.b, &ln_p),
        original.map_or_else(|| "–".to_owned(), |x| format!("{x:+.3}")),
        largest.map_or_else(|| "–".to_owned(), |(x, exit)| format!("{x:+.3} (exit {exit})")),
    ]
}

/// As Markdown.
pub(super) fn markdown(diff: &Diff, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "# Two traces compared\n\n{}\n", opening(diff))?;
    for setting in &diff.settings {
        let (a, b) = (markdown::escape(&setting.a), markdown::escape(&setting.b));
        writeln!(out, "- {}: A {a}; B {b}", setting.name)?;
    }
    writeln!(out, "\nDifferences are B − A, in nats; ln p is original's, KL that from original to the exit.\n")?;
    writeln!(out, "| {} |\n| ---: | --- | --- | --- | --- | ---: | ---: | ---: | ---: |", COLUMNS.join(" | "))?;
    for row in &diff.rows {
        writeln!(out, "| {} |", cells(diff, row, markdown::escape).join(" | "))?;
    }
    Ok(())
}

/// As a page.
pub(super) fn html(diff: &Diff, out: &mut dyn Write) -> io::Result<()> {
    write!(
        out,
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>two traces compared</title>\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <meta name=\"viewport\" content=\"width=device-width\"><style>{}</style>\
         <header><h1>Two traces compared</h1><p>{}</p></header><main class=\"plain\">",
        include_str!("html/style.css"),
        opening(diff)
    )?;
    if !diff.settings.is_empty() {
        write!(out, "<table class=\"list\"><tr><th></th><th>A</th><th>B</th></tr>")?;
        for setting in &diff.settings {
            let (a, b) = (escape(&setting.a), escape(&setting.b));
            write!(out, "<tr><th>{}</th><td>{a}</td><td>{b}</td></tr>", setting.name)?;
        }
        write!(out, "</table>")?;
    }
    write!(out, "<p>Differences are B − A, in nats; ln p is original's, KL that from original to the exit.</p>")?;
    write!(out, "<table class=\"list\"><thead><tr>{}</tr></thead>", COLUMNS.map(|c| format!("<th>{c}</th>")).concat())?;
    for row in &diff.rows {
        let class = if diff.first_divergence == Some(row.position) { " class=\"first\"" } else { "" };
        let class = if row.comparable { class } else { " class=\"apart\"" };
        write!(out, "<tr{class}>{}</tr>", cells(diff, row, escape).map(|c| format!("<td>{c}</td>")).concat())?;
    }
    writeln!(out, "</table></main></html>")
}
