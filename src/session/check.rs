//! The self-check: whether this machine computes this model as it must be computed. It looks at the text that is being
//! read, so that nothing has to be read anew but its last token.

use mexit_models::{Engine, Error, ExitId, Model, Projection, TokenId};

use super::reader::Reader;

/// What was checked, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What was checked.
    pub what: &'static str,
    /// Whether all was as it must be.
    pub passed: bool,
    /// What was found.
    pub found: String,
}

/// A step and a batch may differ by so much in a logit, with weights of real numbers and with quantized ones: kernels
/// sum in other orders, f16 ones round the rows that they multiply. The demo's differ by 8e-6 in f32 and by 1e-3 in f16;
/// a wrong head or norm moves logits by several.
const BOUNDS: (f32, f32) = (0.05, 0.5);
/// Spellings of the vocabulary that are tried.
const SAMPLE: usize = 2000;
/// Texts that tokenizers stumble over.
const TEXTS: [&str; 6] =
    ["The end.", "  two  blanks\n\n\tand a tab ", "don't, we'll", "naïve café – 日本語", "🙂 e\u{301}", "x = 3.14;"];

/// Checks everything; a check that cannot be made has failed.
#[must_use]
pub fn check(reader: &mut Reader) -> Vec<Check> {
    let exits = reader.model().spec.exit_ids();
    let mut checks = vec![tokenizer(reader.model())];
    let anchors = prepared(reader.engine_mut()).and_then(|text| anchors(reader.engine_mut(), &text, &exits));
    match anchors {
        Ok(found) => checks.extend(found),
        Err(error) => checks.push(Check { what: "exit anchors", passed: false, found: error.to_string() }),
    }
    checks
}

/// The tokens to check with: those that have been read, or a few.
fn prepared(engine: &mut Engine) -> Result<Vec<TokenId>, Error> {
    if engine.ids().is_empty() {
        let ids = engine.model().tokenizer.encode(TEXTS[0])?;
        engine.read(&ids, ids.len(), &mut |_| true)?;
    }
    Ok(engine.ids().to_vec())
}

fn anchors(engine: &mut Engine, text: &[TokenId], exits: &[ExitId]) -> Result<Vec<Check>, Error> {
    let row = text.len() - 1;
    let first = row.saturating_sub(7);
    let alone = engine.logits(row..row + 1, exits)?;
    let batch = engine.logits(first..row + 1, exits)?;
    let (id, last) = (text[row], row - first);
    engine.truncate(row);
    let step = engine.step(id, exits)?;
    let blocks = engine.model().spec.blocks;

    let broken: Vec<String> =
        exits.iter().filter(|exit| alone.is_broken(**exit, 0)).map(|exit| format!("exit {exit}")).collect();
    let finite = match broken.as_slice() {
        [] => format!("every number of {} exits", exits.len()),
        names => format!("not in {}: the file holds a broken weight", names.join(", ")),
    };
    let mut checks = vec![Check { what: "finite", passed: broken.is_empty(), found: finite }];

    let worst = |other: &dyn Fn(ExitId) -> Option<Vec<f32>>| {
        let of = |exit: &ExitId| Some((difference(alone.row(*exit, 0)?, &other(*exit)?), *exit));
        exits.iter().filter_map(of).fold((0.0, ExitId::Original), |a, b| if b.0 > a.0 { b } else { a })
    };
    let bound = if engine.model().types().are_plain() { BOUNDS.0 } else { BOUNDS.1 };
    let compared = |what, (worst, exit): (f32, ExitId)| Check {
        what,
        passed: worst <= bound,
        found: format!("logits differ by {worst:.1e} at most (exit {exit}), {bound:.0e} allowed"),
    };
    checks.push(compared("heads: one row, or a batch", worst(&|exit| Some(batch.row(exit, last)?.to_vec()))));
    checks.push(compared("trunk: a step, or a batch", worst(&|exit| Some(step.row(exit, 0)?.to_vec()))));

    // Cast and direct exits after the last block are the model's own head over the same row.
    let highest = ExitId::Block(blocks);
    if engine.model().spec.projection != Projection::Heads && exits.contains(&highest) {
        let equal = alone.row(highest, 0) == alone.row(ExitId::Original, 0);
        let found = if equal { "identical" } else { "they differ" }.to_owned();
        checks.push(Check { what: "the last block's exit is original", passed: equal, found });
    }
    Ok(checks)
}

fn difference(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// Encoding and decoding again gives the same bytes, for texts and for a sample of the vocabulary.
fn tokenizer(model: &Model) -> Check {
    let (tokenizer, size) = (&model.tokenizer, model.spec.vocabulary);
    let spelled = |n: usize| {
        let id = TokenId(u32::try_from(n).unwrap_or(u32::MAX));
        if tokenizer.is_special(id) { None } else { String::from_utf8(tokenizer.bytes(id)).ok() }
    };
    let sample = (0..size).step_by((size / SAMPLE).max(1)).filter_map(spelled).filter(|text| !text.is_empty());
    let texts: Vec<String> = TEXTS.iter().map(ToString::to_string).chain(sample).collect();
    let same = |text: &&String| tokenizer.encode(text).is_ok_and(|ids| tokenizer.decode(&ids) == text.as_bytes());
    let failed = texts.iter().find(|text| !same(text));
    let found = match failed {
        None => format!("{} texts come back as they were", texts.len()),
        Some(text) => format!("{text:?} does not come back as it was"),
    };
    Check { what: "tokenizer: there and back", passed: failed.is_none(), found }
}
