//! A trace as a table: a row a position and exit.

use super::{
    about::about,
    positions::{Position, positions},
    table::{Column, Table},
};
use crate::session::{
    trace::{ExitId, ExitRow, StepTrace},
    traced::Traced,
};

/// One row, where its numbers come from.
struct Row<'t> {
    at: &'t Position<'t>,
    trace: &'t StepTrace,
    exit: &'t ExitRow,
    /// Its place from original downwards, and that of the decision.
    place: usize,
    decided: usize,
}

/// Every position that has a trace, at every exit.
#[must_use]
pub fn exits_table(traced: &Traced) -> Table {
    let positions = positions(traced);
    let mut rows: Vec<Row<'_>> = Vec::new();
    for at in &positions {
        let Some((trace, reading)) = &at.known else { continue };
        let decided = trace.exits.iter().position(|row| row.exit == reading.decided).unwrap_or(0);
        rows.extend(trace.exits.iter().enumerate().map(|(place, exit)| Row { at, trace, exit, place, decided }));
    }
    let count = |of: &dyn Fn(&Row<'_>) -> Option<u64>| Column::Count(rows.iter().map(of).collect());
    let number = |of: &dyn Fn(&Row<'_>) -> f32| Column::Number(rows.iter().map(of).collect());
    let text = |of: &dyn Fn(&Row<'_>) -> Option<String>| Column::Text(rows.iter().map(of).collect());
    let flag = |of: &dyn Fn(&Row<'_>) -> bool| Column::Flag(rows.iter().map(of).collect());
    let spelled = |id| Some(String::from_utf8_lossy(traced.card.bytes_of(id)).into_owned());
    let top = |row: &Row<'_>| row.exit.top.first().copied();
    let choice = |row: &Row<'_>| row.trace.choice;
    let columns = vec![
        ("position", count(&|row| Some(row.at.index as u64))),
        ("token_id", count(&|row| Some(row.at.id.0.into()))),
        ("token", text(&|row| spelled(row.at.id))),
        // The open slot after the text: its token is what would be taken.
        ("open", flag(&|row| row.at.is_open)),
        ("prompt", flag(&|row| row.at.is_prompt)),
        ("exit", text(&|row| Some(row.exit.exit.to_string()))),
        ("block", count(&|row| if let ExitId::Block(k) = row.exit.exit { Some(k.into()) } else { None })),
        ("entropy", number(&|row| row.exit.entropy)),
        ("kl", number(&|row| row.exit.kl)),
        ("js", number(&|row| row.exit.js)),
        ("rank", count(&|row| Some(row.exit.rank.into()).filter(|_| row.exit.rank != u32::MAX))),
        ("ln_p", number(&|row| row.exit.ln_p)),
        ("top_id", count(&|row| Some(top(row)?.id.0.into()))),
        ("top", text(&|row| spelled(top(row)?.id))),
        ("top_ln_p", number(&|row| top(row).map_or(f32::NAN, |top| top.ln_p))),
        // Whether the decision has been made here: from this exit up every top token is original's.
        ("decided", flag(&|row| row.place <= row.decided)),
        ("choice_id", count(&|row| Some(choice(row).id.0.into()).filter(|_| !choice(row).ln_p.is_nan()))),
        ("choice", text(&|row| spelled(choice(row).id))),
        ("choice_ln_p", number(&|row| choice(row).ln_p)),
        ("contrast_changed", flag(&|row| row.at.is_changed())),
        ("contrast_kl", number(&|row| row.trace.weighed().map_or(f32::NAN, |c| c.effect))),
    ];
    let about = about(traced).into_iter().map(|(name, says)| (name.to_owned(), says)).collect();
    let columns = columns.into_iter().map(|(name, column)| (name.into(), column)).collect();
    Table { columns, about }
}
