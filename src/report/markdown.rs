//! A trace as a short text with tables.

use std::io::{self, Write};

use super::{
    about::about,
    positions::{Position, positions, shown},
    summary::summary,
};
use crate::session::{agreement::Agreement, trace::TokenId, traced::Traced};

/// Writes the report.
pub(super) fn write(traced: &Traced, out: &mut dyn Write) -> io::Result<()> {
    let positions = positions(traced);
    writeln!(out, "# What every exit said\n")?;
    for (name, says) in about(traced) {
        writeln!(out, "- {name}: {}", escape(&says))?;
    }
    text(traced, out)?;
    let known = positions.iter().filter(|at| at.known.is_some()).count();
    writeln!(
        out,
        "\n## Exit by exit\n\nOver {known} positions. An exit decides a token if it is the lowest from which"
    )?;
    writeln!(out, "the top token stays original's; the perplexity is that of the text's own tokens.\n")?;
    writeln!(out, "| exit | decided | top token is original's | entropy | KL | JS | perplexity |")?;
    writeln!(out, "| --- | ---: | ---: | ---: | ---: | ---: | ---: |")?;
    for exit in summary(&positions, &traced.card.exits) {
        let share = |n: usize| format!("{n} ({:.1} %)", 100.0 * n as f64 / known.max(1) as f64);
        let (decided, agree) = (share(exit.decided), share(exit.agree));
        writeln!(
            out,
            "| {} | {decided} | {agree} | {:.3} | {:.3} | {:.3} | {:.2} |",
            exit.exit, exit.entropy, exit.kl, exit.js, exit.perplexity
        )?;
    }
    agreement(traced, out)?;
    changes(traced, &positions, out)
}

/// How often exits have the same top token.
fn agreement(traced: &Traced, out: &mut dyn Write) -> io::Result<()> {
    let found = Agreement::of(&traced.card.exits, traced.traces().map(|trace| &**trace));
    let n = found.exits.len();
    if n < 2 {
        return Ok(());
    }
    writeln!(out, "\n## Exits with the same top token\n\n% of {} positions.\n", found.positions)?;
    let names: Vec<String> = found.exits.iter().map(ToString::to_string).collect();
    writeln!(out, "| | {} |\n| --- |{}", names.join(" | "), " ---: |".repeat(n))?;
    for (row, name) in names.iter().enumerate() {
        let cells = (0..n).map(|column| format!(" {:.1} |", 100.0 * found.share(row, column)));
        writeln!(out, "| {name} |{}", cells.collect::<String>())?;
    }
    Ok(())
}

/// The text, as a quotation.
fn text(traced: &Traced, out: &mut dyn Write) -> io::Result<()> {
    let bytes = |from: usize, to: usize| {
        let all = traced.tokens[from..to].iter().flat_map(|token| traced.card.bytes_of(token.id).iter().copied());
        String::from_utf8_lossy(&all.collect::<Vec<u8>>()).into_owned()
    };
    let whole = bytes(0, traced.tokens.len());
    writeln!(out, "\n## The text\n")?;
    for line in whole.lines() {
        writeln!(out, "> {}  ", escape(line))?;
    }
    Ok(())
}

fn changes(traced: &Traced, positions: &[Position<'_>], out: &mut dyn Write) -> io::Result<()> {
    let contrasts = positions.iter().filter(|at| at.known.as_ref().is_some_and(|(t, _)| t.weighed().is_some())).count();
    if contrasts == 0 {
        return Ok(());
    }
    let changed: Vec<&Position<'_>> = positions.iter().filter(|at| at.is_changed()).collect();
    writeln!(out, "\n## What the contrast changed\n\nThe first token at {} of {contrasts} positions.", changed.len())?;
    if changed.is_empty() {
        return Ok(());
    }
    writeln!(out, "The numbers are about the contrast's token.\n")?;
    writeln!(
        out,
        "| position | after | expert alone | contrast | ln p expert | ln p amateur | ln ratio | ln p result |"
    )?;
    writeln!(out, "| ---: | --- | --- | --- | ---: | ---: | ---: | ---: |")?;
    let quoted = |id: TokenId| format!("\"{}\"", escape(&shown(&traced.card, id)));
    for at in changed {
        let Some(contrast) = at.known.as_ref().and_then(|(trace, _)| trace.weighed()) else { continue };
        let Some(best) = contrast.plausible.first() else { continue };
        let before = &traced.tokens[at.index.saturating_sub(4)..at.index.min(traced.tokens.len())];
        let before: String = before.iter().map(|token| shown(&traced.card, token.id)).collect();
        writeln!(
            out,
            "| {} | {} | {} | {} | {:.3} | {:.3} | {:+.3} | {:.3} |",
            at.index,
            escape(before.trim()),
            quoted(contrast.expert_alone.id),
            quoted(best.id),
            best.expert,
            best.amateur,
            best.expert - best.amateur,
            best.result
        )?;
    }
    Ok(())
}

/// Text that shall not be read as marks.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '|' | '[' | ']' | '<' | '>' | '#' | '&' | '~') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}
