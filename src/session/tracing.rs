//! A text, and what a decoding makes of it, with a trace of every position.

use std::sync::Arc;

use mexit_models::{Engine, Error};

use super::{
    protocol::Query,
    reader::{ReadError, Reader},
    run::Run,
    trace::{Decoding, StepTrace, TokenId},
    traced::{Traced, TracedToken},
};

/// What to trace.
pub struct Asked {
    /// The text to begin with.
    pub prompt: Vec<TokenId>,
    /// How it goes on.
    pub decoding: Decoding,
    /// For so many tokens at most.
    pub most: usize,
    /// Candidates of each exit.
    pub candidates: usize,
    /// Tokens to follow over the exits beside the exits' own top tokens.
    pub pins: Vec<TokenId>,
    /// Whether to tell what every pair would choose.
    pub grid: bool,
}

/// Generates, then traces every position from the first on in batches.
///
/// # Errors
/// If the prompt is empty or longer than the context, or computing fails, also by numbers that are not finite: without a
/// screen there is nobody to look at the rest.
pub fn trace(engine: Engine, place: Option<String>, name: &str, asked: Asked) -> Result<(Traced, Reader), ReadError> {
    let prompt = asked.prompt.len();
    // The heads that do not decide wait for the batches.
    let mut reader = Reader::for_choices(engine, &asked.decoding);
    let mut run = Run::new(&mut reader, asked.prompt, asked.decoding.clone(), asked.most)?;
    while run.step()?.is_some() {}
    let (text, ended): (Arc<[TokenId]>, bool) = (run.text().into(), run.ended());
    let mut reader = Reader::new(reader.into_engine());
    let pair = Traced::pair_of(&asked.decoding);
    let query = Query {
        candidates: asked.candidates,
        pins: asked.pins.into(),
        grid: pair.filter(|_| asked.grid),
        ..Query::after(Arc::clone(&text), asked.decoding)
    };
    // After a full context, or the end of the text, there is no open slot.
    let is_open = !ended && text.len() <= reader.engine().context();
    let positions: Vec<usize> = (1..text.len() + usize::from(is_open)).collect();
    let mut traces: Vec<Arc<StepTrace>> = Vec::with_capacity(positions.len());
    for some in positions.chunks(reader.fill_rows()) {
        for trace in reader.fill(&query, some, &mut |_| true)? {
            if let Some(exit) = trace.broken().next() {
                return Err(Error::NotFinite { exit, position: trace.position - 1 }.into());
            }
            traces.push(Arc::new(trace));
        }
    }
    let slot = if is_open { traces.pop() } else { None };
    let mut traces = std::iter::once(None).chain(traces.into_iter().map(Some));
    let token = |id: &TokenId| TracedToken { id: *id, forced: false, trace: traces.next().flatten() };
    let traced = Traced {
        tokens: text.iter().map(token).collect(),
        place,
        card: Arc::new(reader.card(name)),
        decoding: query.decoding,
        pair,
        pins: query.pins.to_vec(),
        prompt,
        slot,
    };
    Ok((traced, reader))
}
