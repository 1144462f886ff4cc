//! The lens beside the heads: its numbers against their definitions in f64 over the engine's rows, and where there is
//! nothing to compare.

#[path = "support/cases.rs"]
mod cases;
#[path = "support/demo_engine.rs"]
mod demo_engine;

use std::path::Path;

use mexit_models::{DType, ExitId, TokenId};
use mexit_tui::session::{
    protocol::Query,
    reader::Reader,
    trace::{Decoding, Method, Sampling},
};

/// ln p of a row of logits.
fn ln_p(logits: &[f32]) -> Vec<f64> {
    let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|x| (f64::from(*x) - f64::from(max)).exp()).sum();
    logits.iter().map(|x| f64::from(*x) - f64::from(max) - sum.ln()).collect()
}

fn kl(p: &[f64], q: &[f64]) -> f64 {
    p.iter().zip(q).map(|(p, q)| p.exp() * (p - q)).sum()
}

fn query(text: &[TokenId], position: usize, lens: bool) -> Query {
    let decoding = Decoding { method: Method::Exit(ExitId::Original), sampling: Sampling::default() };
    Query { position, lens, ..Query::after(text, decoding) }
}

#[test]
fn its_numbers_are_those_of_the_definitions() {
    let mut engine = demo_engine::demo_engine(DType::F32, DType::F32);
    let text = engine.model().tokenizer.encode("In the beginning God created the heaven").expect("ids");
    let exits: Vec<ExitId> = engine.model().spec.exit_ids();
    engine.read(&text, 64, &mut |_| true).expect("read");
    let rows: Vec<usize> = (0..text.len()).collect();
    let lens = engine.lens_at(&rows, &exits[1..]).expect("the lens");
    let heads = engine.logits_at(&rows, &exits).expect("the heads");
    let mut reader = Reader::new(engine);
    for position in 1..=text.len() {
        let query = query(&text, position, true);
        let trace = reader.answer(&query, &mut |_| true).expect("an answer");
        let found = reader.lens(&query, trace.subject).expect("an answer").expect("a lens");
        assert_eq!((found.subject, &found.before[..]), (trace.subject, &text[..position]));
        assert_eq!(found.rows.iter().map(|row| row.exit).collect::<Vec<_>>(), exits[1..]);
        let head = |exit| ln_p(heads.row(exit, position - 1).expect("a row"));
        for row in &found.rows {
            let read = ln_p(lens.row(row.exit, position - 1).expect("a row"));
            let best = read.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            assert_eq!(read[row.top.id.index()], best, "exit {}", row.exit);
            let wants =
                [best, read[trace.subject.index()], kl(&head(ExitId::Original), &read), kl(&head(row.exit), &read)];
            for (got, want) in [row.top.ln_p, row.ln_p, row.kl, row.from_head].into_iter().zip(wants) {
                // Rows read one at a time and all at once differ by up to 1.1e-5 a logit (tests/steps.rs), ln p by twice that; a
                // divergence, whose terms are weighted by probabilities, by no more; f32 adds 1e-6 at numbers up to 16.
                assert!((f64::from(got) - want).abs() < 5e-5, "position {position}, exit {}: {got}, {want}", row.exit);
            }
        }
        // The last block's layer through the model's own head is original.
        let last = found.rows.first().filter(|row| row.exit == ExitId::Block(reader.model().spec.blocks));
        assert!(last.is_none_or(|row| row.kl.abs() < 1e-5), "{last:?}");
    }
    assert!(reader.lens(&query(&text, 3, false), text[3]).expect("an answer").is_none(), "nobody asked");
}

#[test]
fn exits_that_are_lenses_have_no_other() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/e2_gpt2_direct/model");
    let mut reader = Reader::new(cases::engine(&folder, DType::F32, |_| {}));
    let text = [TokenId(5), TokenId(6), TokenId(7)];
    assert!(reader.lens(&query(&text, 2, true), text[2]).expect("an answer").is_none());
}
