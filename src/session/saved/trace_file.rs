//! A text with its traces as lines of JSON, and back: `src/report/TRACE.md` describes them. What a line says of a model,
//! a decoding and a position is what a session's lines say.

use std::{
    collections::BTreeSet,
    io::{self, BufRead, Read, Write},
    sync::Arc,
};

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use serde::{Deserialize, Serialize};

use super::{
    Refusal, TRACE_VERSION,
    bounds::{Bad, Bounds, Checked, bad, clipped, require},
    lines::{DecodingLine, ModelLine, PairLine},
    read::{LONGEST_LINE, MOST_BYTES, MOST_NODES},
    trace_lines::TraceLine,
    write::in_trace,
};
use crate::session::{
    protocol::ModelCard,
    trace::TokenId,
    traced::{Traced, TracedToken},
};

/// The first line.
#[derive(Serialize, Deserialize)]
struct First<H> {
    mexit: H,
}

/// Of the first line what tells whether the rest can be read.
#[derive(Deserialize)]
struct Version {
    trace: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    trace: u32,
    program: String,
    model: ModelLine,
    decoding: DecodingLine,
    pair: Option<PairLine>,
    pins: Vec<u32>,
    /// The tokens that the text began with.
    prompt: Vec<u32>,
    /// The bytes of tokens that the head names.
    tokens: Vec<Named>,
}

/// One position.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PositionLine {
    position: usize,
    /// None at the open slot.
    token: Option<u32>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    forced: bool,
    /// Tokens that no line before has named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tokens: Vec<Named>,
    trace: Option<Box<TraceLine>>,
}

/// A token's bytes: as text if they are one.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    id: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    special: bool,
}

/// The last line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    end: usize,
}

/// Writes a trace.
///
/// # Errors
/// If the system refuses.
pub fn write(traced: &Traced, out: &mut dyn Write) -> io::Result<()> {
    let mut named = BTreeSet::new();
    let mut name = |ids: BTreeSet<TokenId>| -> Vec<Named> {
        let known = |id: &TokenId| id.index() < traced.card.vocabulary;
        ids.into_iter().filter(known).filter(|id| named.insert(*id)).map(|id| Named::of(id, &traced.card)).collect()
    };
    let prompt = &traced.tokens[..traced.prompt.min(traced.tokens.len())];
    let mexit = Head {
        trace: TRACE_VERSION,
        program: concat!("mexit-tui ", env!("CARGO_PKG_VERSION")).to_owned(),
        model: ModelLine::of(traced.place.as_deref(), &traced.card),
        decoding: DecodingLine::of(&traced.decoding),
        pair: traced.pair.as_ref().map(PairLine::of),
        pins: traced.pins.iter().map(|id| id.0).collect(),
        prompt: prompt.iter().map(|token| token.id.0).collect(),
        tokens: name(traced.pins.iter().copied().chain(traced.card.end_of_text).collect()),
    };
    put(out, &First { mexit })?;
    let tokens = traced.tokens.iter().map(|token| (Some(token.id), token.forced, &token.trace));
    let slot = traced.slot.iter().map(|_| (None, false, &traced.slot));
    let mut end = 0;
    for (position, (id, forced, trace)) in tokens.chain(slot).enumerate() {
        let mut ids: BTreeSet<TokenId> = id.into_iter().collect();
        if let Some(trace) = trace {
            in_trace(trace, &mut ids);
        }
        let trace = trace.as_ref().map(|trace| Box::new(TraceLine::of(trace)));
        put(out, &PositionLine { position, token: id.map(|id| id.0), forced, tokens: name(ids), trace })?;
        end = position + 1;
    }
    put(out, &End { end })
}

fn put(out: &mut dyn Write, line: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

/// Reads a trace.
///
/// # Errors
/// If the bytes are no trace, or one that cannot be.
pub fn parse(bytes: impl BufRead) -> Result<Traced, Refusal> {
    let mut bytes = bytes.take(MOST_BYTES);
    let mut line = Vec::new();
    let mut number = 1;
    if !next(&mut bytes, &mut line).map_err(|bad| bad.at(1))? {
        return Err(Refusal::ForeignTrace { found: "nothing".into() });
    }
    let mut reading = head(&line)?;
    loop {
        number += 1;
        if !next(&mut bytes, &mut line).map_err(|bad| bad.at(number))? {
            break;
        }
        reading.take(&line).map_err(|bad| bad.at(number))?;
    }
    reading.finish().map_err(|bad| bad.at(number))
}

/// The next line, whole; `false` at the end.
fn next(bytes: &mut io::Take<impl BufRead>, line: &mut Vec<u8>) -> Checked<bool> {
    line.clear();
    match bytes.by_ref().take(LONGEST_LINE).read_until(b'\n', line) {
        Err(error) => bad("the file", "more of it", error),
        Ok(0) => Ok(false),
        Ok(_) if line.last() != Some(&b'\n') => bad("the line", "an end", "none: was the file cut?"),
        Ok(_) => Ok(true),
    }
}

fn head(line: &[u8]) -> Result<Reading, Refusal> {
    match serde_json::from_slice::<First<Version>>(line) {
        Ok(first) if first.mexit.trace == TRACE_VERSION => {}
        Ok(first) => return Err(Refusal::OtherTrace { found: first.mexit.trace }),
        Err(_) => return Err(Refusal::ForeignTrace { found: "another first line".into() }),
    }
    let parse = || -> Checked<Reading> {
        let Head { model, decoding, pair, pins, prompt, tokens, .. } = from_line::<First<Head>>(line)?.mexit;
        let (place, mut card, bounds) = model.check()?;
        tokens.into_iter().try_for_each(|named| named.check(&mut card, &bounds))?;
        let traced = Traced {
            place,
            card: Arc::new(card),
            decoding: decoding.check(&bounds)?,
            pair: pair.map(|pair| pair.check(&bounds)).transpose()?,
            pins: bounds.tokens(&pins, "a pin")?,
            prompt: prompt.len(),
            tokens: Vec::new(),
            slot: None,
        };
        Ok(Reading { traced, prompt: bounds.tokens(&prompt, "a prompt's token")?, bounds, end: None })
    };
    parse().map_err(|bad| bad.at(1))
}

fn from_line<'l, T: Deserialize<'l>>(line: &'l [u8]) -> Checked<T> {
    serde_json::from_slice(line).or_else(|error| bad("the line", "what the format has", clipped(&error.to_string())))
}

/// What has been read so far.
struct Reading {
    traced: Traced,
    prompt: Vec<TokenId>,
    bounds: Bounds,
    end: Option<usize>,
}

impl Reading {
    fn take(&mut self, line: &[u8]) -> Checked<()> {
        require(self.end.is_none(), "a line", "none after the end", "one")?;
        // Tried first, so that an error says what is wrong with a position.
        if let Ok(End { end }) = serde_json::from_slice(line) {
            self.end = Some(end);
            return Ok(());
        }
        let line: PositionLine = from_line(line)?;
        let position = self.traced.tokens.len();
        require(self.traced.slot.is_none(), "a position", "none after the open slot", line.position)?;
        require(line.position == position, "a position", position, line.position)?;
        require(position < MOST_NODES, "positions", format_args!("{MOST_NODES} at most"), "more")?;
        let card = Arc::make_mut(&mut self.traced.card);
        line.tokens.into_iter().try_for_each(|named| named.check(card, &self.bounds))?;
        let id = line.token.map(|id| self.bounds.token(id, "a token")).transpose()?;
        if let Some(expected) = self.prompt.get(position) {
            require(id == Some(*expected), "the prompt's token", expected.0, line.token.unwrap_or_default())?;
        }
        let trace = line.trace.map(|trace| trace.check(position, id, &self.bounds)).transpose()?.map(Arc::new);
        match id {
            Some(id) => self.traced.tokens.push(TracedToken { id, forced: line.forced, trace }),
            None => self.traced.slot = trace,
        }
        Ok(())
    }

    fn finish(self) -> Checked<Traced> {
        let found = self.traced.tokens.len() + usize::from(self.traced.slot.is_some());
        let Some(end) = self.end else { return bad("the file", "an end", "none: it was cut") };
        require(end == found, "positions", end, found)?;
        require(self.traced.tokens.len() >= self.prompt.len(), "the prompt", self.prompt.len(), found)?;
        require(found > 0, "positions", "one at least", 0)?;
        Ok(self.traced)
    }
}

impl Named {
    fn of(id: TokenId, card: &ModelCard) -> Self {
        let bytes = card.bytes_of(id);
        let text = std::str::from_utf8(bytes).ok().map(ToOwned::to_owned);
        let base64 = text.is_none().then(|| BASE64.encode(bytes));
        Self { id: id.0, text, base64, special: card.is_special(id) }
    }

    fn check(self, card: &mut ModelCard, bounds: &Bounds) -> Checked<()> {
        let bytes = match (self.text, self.base64) {
            (Some(text), None) => text.into_bytes(),
            (None, Some(base64)) => match BASE64.decode(&base64) {
                Ok(bytes) => bytes,
                Err(_) => return bad("a token's bytes", "base64", clipped(&base64)),
            },
            _ => return bad("a token's bytes", "a text or base64", "neither or both"),
        };
        super::lines::put_token(self.id, bytes, self.special, card, bounds)
    }
}

impl Bad {
    fn at(self, line: usize) -> Refusal {
        let Self { what, expected, found } = self;
        Refusal::Damaged { line, what, expected, found }
    }
}
