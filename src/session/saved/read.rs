//! Bytes to a session. Nothing in them is trusted.

use std::{
    collections::HashSet,
    io::{BufRead, BufReader, Read},
    sync::Arc,
};

use flate2::read::GzDecoder;

use super::{
    Node, Refusal, Saved, Settings, VERSION,
    bounds::{Bad, Bounds, Checked, bad, clipped, require},
    lines::{EndLine, Line},
};
use crate::session::{protocol::ModelCard, trace::TokenId};

/// Longest line, and most bytes in all: a few bytes of gzip can stand for any number of them.
pub(super) const LONGEST_LINE: u64 = 16 << 20;
pub(super) const MOST_BYTES: u64 = 4 << 30;
/// Most tokens in all texts together.
pub(super) const MOST_NODES: usize = 1 << 20;

/// Reads a session.
///
/// # Errors
/// If the bytes are no session, or one that cannot be.
pub fn parse(bytes: impl Read) -> Result<Saved, Refusal> {
    let mut lines = BufReader::new(GzDecoder::new(bytes).take(MOST_BYTES));
    let mut reading = Reading::default();
    let mut line = Vec::new();
    let mut number = 0;
    loop {
        number += 1;
        line.clear();
        let damaged = |Bad { what, expected, found }| Refusal::Damaged { line: number, what, expected, found };
        let read = lines.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line);
        match read {
            Err(error) if number == 1 => return Err(Refusal::Foreign { found: error.to_string() }),
            Err(error) => return Err(damaged(Bad::of("the file", "more of it", error))),
            Ok(0) => break,
            Ok(_) if line.last() != Some(&b'\n') => {
                return Err(damaged(Bad::of("the line", "an end", "none")));
            }
            Ok(_) => {}
        }
        if number == 1 {
            head(&line)?;
            continue;
        }
        let parsed = serde_json::from_slice(&line)
            .map_err(|error| damaged(Bad::of("the line", "what the format has", clipped(&error.to_string()))))?;
        reading.take(parsed).map_err(damaged)?;
    }
    let damaged = |Bad { what, expected, found }| Refusal::Damaged { line: number, what, expected, found };
    reading.finish().map_err(damaged)
}

impl Bad {
    fn of(what: &str, expected: &str, found: impl ToString) -> Self {
        Self { what: what.into(), expected: expected.into(), found: found.to_string() }
    }
}

/// The first line: whose file it is, and which version.
fn head(line: &[u8]) -> Result<(), Refusal> {
    match serde_json::from_slice(line) {
        Ok(Line::Mexit(head)) if head.session == VERSION => Ok(()),
        Ok(Line::Mexit(head)) => Err(Refusal::Newer { found: head.session }),
        _ => Err(Refusal::Foreign { found: "another first line".into() }),
    }
}

/// What has been read so far.
#[derive(Default)]
struct Reading {
    model: Option<(Option<String>, ModelCard, Bounds)>,
    settings: Option<Settings>,
    nodes: Vec<Node>,
    /// Position of each node.
    depths: Vec<usize>,
    /// A token follows another once.
    followers: HashSet<(Option<usize>, TokenId)>,
    end: Option<EndLine>,
}

impl Reading {
    fn take(&mut self, line: Line) -> Checked<()> {
        require(self.end.is_none(), "a line", "none after the end", "one")?;
        match line {
            Line::Model(model) => {
                require(self.model.is_none(), "the model", "one", "a second")?;
                self.model = Some(model.check()?);
            }
            Line::Mexit(_) => return bad("a line", "one first line", "a second"),
            line => {
                let Some((_, card, bounds)) = &mut self.model else {
                    return bad("a line", "the model first", "another");
                };
                match line {
                    Line::Token(token) => token.check(card, bounds)?,
                    Line::Settings(settings) => self.settings = Some(settings.check(bounds)?),
                    Line::Node(node) => {
                        let index = self.nodes.len();
                        require(index < MOST_NODES, "nodes", format_args!("{MOST_NODES} at most"), "more")?;
                        let node = node.check(index, bounds)?;
                        let depth = node.parent.map_or(0, |parent| self.depths[parent] + 1);
                        let is_new = self.followers.insert((node.parent, node.token));
                        require(is_new, "a node", "another token than its neighbours", node.token.0)?;
                        self.nodes.push(node);
                        self.depths.push(depth);
                    }
                    Line::Trace(trace) => {
                        let Some((node, depth)) = self.nodes.last_mut().zip(self.depths.last()) else {
                            return bad("a trace", "a node before it", "none");
                        };
                        node.trace = Some(Arc::new(trace.check(*depth, Some(node.token), bounds)?));
                    }
                    Line::Slot(trace) => {
                        let Some((node, depth)) = self.nodes.last_mut().zip(self.depths.last()) else {
                            return bad("a trace", "a node before it", "none");
                        };
                        node.slot = Some(Arc::new(trace.check(depth + 1, None, bounds)?));
                    }
                    Line::End(end) => self.end = Some(end),
                    Line::Model(_) | Line::Mexit(_) => {}
                }
            }
        }
        Ok(())
    }

    fn finish(self) -> Checked<Saved> {
        let (Some((place, card, bounds)), Some(settings), Some(end)) = (self.model, self.settings, self.end) else {
            return bad("the file", "model, settings and an end", "a part of them");
        };
        require(end.nodes == self.nodes.len(), "nodes", end.nodes, self.nodes.len())?;
        require(end.text < self.nodes.len(), "the text's end", "a node", end.text)?;
        for (index, node) in self.nodes.iter().enumerate() {
            let is_child = |last: usize| self.nodes.get(last).is_some_and(|child| child.parent == Some(index));
            require(node.last.is_none_or(is_child), "a node's child", "one of its own", index)?;
        }
        let open_slot = self.depths[end.text] + 1;
        require(
            settings.position <= open_slot,
            "the position",
            format_args!("{open_slot} at most"),
            settings.position,
        )?;
        let (text, lanes) = (end.text, end.check(&bounds)?);
        Ok(Saved { place, card: Arc::new(card), settings, nodes: self.nodes, end: text, lanes })
    }
}
