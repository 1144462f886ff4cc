//! An evaluation as a table of named columns, a row for every exit, lens and contrast.

mod policies;

use std::borrow::Cow;

use super::{
    evaluation::Evaluation,
    settings::Readout,
    summary::{ReadoutSummary, Summary},
};
use crate::{
    report::table::{Column, Table},
    session::trace::{LogRatio, Method},
};

/// What FORMAT.md lists.
#[must_use]
pub fn columns(evaluation: &Evaluation) -> Table {
    let summary = Summary::of(&evaluation.settings, &evaluation.tally);
    let rows = &summary.readouts;
    let text = |of: &dyn Fn(&ReadoutSummary) -> Option<String>| Column::Text(rows.iter().map(of).collect());
    let count = |of: &dyn Fn(&ReadoutSummary) -> Option<u64>| Column::Count(rows.iter().map(of).collect());
    // What nothing was measured for is NaN in the summary, and missing here: databases order NaN above all numbers.
    let some = |number: f64| Some(number).filter(|number| !number.is_nan());
    let real = |of: &dyn Fn(&ReadoutSummary) -> f64| Column::Real(rows.iter().map(|r| some(of(r))).collect());
    let pair = |r: &ReadoutSummary| match &r.readout {
        Readout::Contrast(pair) | Readout::Scored(Method::LogRatio(LogRatio { pair, .. })) => Some(*pair),
        Readout::Scored(Method::Expression(custom)) => Some(custom.pair),
        _ => None,
    };
    let alpha = |r: &ReadoutSummary| match &r.readout {
        Readout::Scored(Method::Dola(dola)) => Some(dola.alpha),
        _ => Some(pair(r)?.alpha),
    };
    let exit = |r: &ReadoutSummary| match &r.readout {
        Readout::Exit(exit) | Readout::Lens(exit) => Some(exit.to_string()),
        Readout::Contrast(_) | Readout::Scored(_) => None,
    };
    let kind = |r: &ReadoutSummary| match r.readout {
        Readout::Exit(_) => "exit",
        Readout::Lens(_) => "lens",
        Readout::Contrast(_) => "contrast",
        Readout::Scored(Method::LogRatio(_)) => "log-ratio",
        Readout::Scored(Method::Dola(_)) => "dola",
        Readout::Scored(_) => "expression",
    };
    let decided = |r: &ReadoutSummary| match r.readout {
        Readout::Exit(exit) => summary.decision_layers.iter().find(|d| d.exit == exit.to_string()).map(|d| d.positions),
        _ => None,
    };
    let made = |of: &dyn Fn(&super::summary::Repetition) -> f64| {
        Column::Real(rows.iter().map(|r| some(r.continuations.as_ref().map_or(f64::NAN, of))).collect())
    };
    let mut columns = vec![
        ("name", text(&|r| Some(r.name.clone()))),
        ("kind", text(&|r| Some(kind(r).into()))),
        ("exit", text(&exit)),
        ("expert", text(&|r| Some(pair(r)?.expert.to_string()))),
        ("amateur", text(&|r| Some(pair(r)?.amateur.to_string()))),
        ("alpha", real(&|r| alpha(r).map_or(f64::NAN, shortest))),
        ("min_candidates", count(&|r| Some(pair(r)?.min_candidates as u64))),
        ("tokens", count(&|_| Some(summary.tokens))),
        ("bytes", count(&|_| Some(summary.bytes))),
        ("nats_per_token", real(&|r| r.nats_per_token)),
        ("perplexity", real(&|r| r.perplexity)),
        ("perplexity_per_byte", real(&|r| r.perplexity_per_byte)),
        ("bits_per_byte", real(&|r| r.bits_per_byte)),
        ("accuracy", real(&|r| r.accuracy)),
        ("words", count(&|_| Some(summary.words))),
        ("last_word_accuracy", real(&|r| r.last_word_accuracy)),
        ("last_word_perplexity", real(&|r| r.last_word_perplexity)),
        ("last_word_perplexity_per_word", real(&|r| r.last_word_perplexity_per_word)),
        ("agreement_with_original", real(&|r| r.agreement_with_original)),
        ("kl", real(&|r| r.kl)),
        ("js", real(&|r| r.js)),
        ("calibration_error", real(&|r| r.calibration_error)),
        ("decided", count(&decided)),
        ("diversity", made(&|made| made.diversity)),
    ];
    columns.extend(["rep_1", "rep_2", "rep_3", "rep_4"].into_iter().zip(0..).map(|(n, i)| (n, made(&|m| m.rep[i]))));
    let distinct = ["distinct_1", "distinct_2", "distinct_3", "distinct_4"].into_iter().zip(0..);
    columns.extend(distinct.map(|(n, i)| (n, made(&|m| m.distinct[i]))));
    let mut columns: Vec<(Cow<'static, str>, Column)> =
        columns.into_iter().map(|(name, column)| (name.into(), column)).collect();
    for (place, other) in summary.decision_layers.iter().enumerate() {
        // Exits come first among the rows.
        let values = (0..rows.len()).map(|row| Some(*evaluation.tally.same_top.get(row)?.get(place)?)).collect();
        columns.push((format!("same_top_{}", other.exit).into(), Column::Count(values)));
    }
    policies::add(&mut columns, &summary);
    Table { columns, about: about(evaluation) }
}

/// An α as it was written: 0.1, not the f32 nearest to it.
fn shortest(alpha: f32) -> f64 {
    alpha.to_string().parse().unwrap_or(f64::NAN)
}

fn about(evaluation: &Evaluation) -> Vec<(String, String)> {
    let Evaluation { format, version, model, settings, files, .. } = evaluation;
    let say = |value: serde_json::Result<String>| value.unwrap_or_default();
    vec![
        ("format".into(), format!("{format} {version}")),
        ("model".into(), say(serde_json::to_string(model))),
        ("settings".into(), say(serde_json::to_string(settings))),
        ("files".into(), say(serde_json::to_string(files))),
    ]
}
