//! A session to bytes and to a file.

use std::{
    collections::BTreeSet,
    io::{self, BufWriter, Write},
    path::Path,
};

use flate2::{Compression, write::GzEncoder};

use super::{
    Saved, VERSION,
    lines::{EndLine, HeadLine, Line, ModelLine, NodeLine, SettingsLine, TokenLine},
    trace_lines::TraceLine,
};
use crate::session::{
    grid::Grid,
    trace::{StepTrace, TokenId},
};

/// Writes a session's file.
pub(super) fn write(saved: &Saved, path: &Path) -> io::Result<()> {
    whole(path, true, |out| pack(saved, out))
}

/// Writes beside `path` and puts that in its place when it is complete and on the disk. Without `replace`, a file that is
/// there by then is left as it is, and that is an error. What fails leaves nothing behind.
///
/// # Errors
/// If the system refuses, or `write` does.
pub fn whole(path: &Path, replace: bool, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    let mut out = BufWriter::new(&mut file);
    write(&mut out)?;
    out.flush()?;
    drop(out);
    file.as_file().sync_all()?;
    if replace { file.persist(path) } else { file.persist_noclobber(path) }.map_err(|error| error.error)?;
    Ok(())
}

/// The bytes of a session's file.
///
/// # Errors
/// If there is no memory for them.
pub fn bytes(saved: &Saved) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    pack(saved, &mut bytes)?;
    Ok(bytes)
}

fn pack(saved: &Saved, out: impl Write) -> io::Result<()> {
    // A second for a long session at most, also while a signal waits.
    let mut out = BufWriter::new(GzEncoder::new(out, Compression::fast()));
    lines(saved, &mut out)?;
    out.into_inner().map_err(io::IntoInnerError::into_error)?.finish()?.flush()
}

fn lines(saved: &Saved, out: &mut impl Write) -> io::Result<()> {
    let mut put = |line: Line| -> io::Result<()> {
        serde_json::to_writer(&mut *out, &line)?;
        out.write_all(b"\n")
    };
    let program = concat!("mexit-tui ", env!("CARGO_PKG_VERSION")).to_owned();
    put(Line::Mexit(HeadLine { session: VERSION, program }))?;
    put(Line::Model(ModelLine::of(saved.place.as_deref(), &saved.card)))?;
    for id in occurring(saved) {
        put(Line::Token(TokenLine::of(id, &saved.card)))?;
    }
    put(Line::Settings(SettingsLine::of(&saved.settings)))?;
    for node in &saved.nodes {
        put(Line::Node(NodeLine::of(node)))?;
        if let Some(trace) = &node.trace {
            put(Line::Trace(Box::new(TraceLine::of(trace))))?;
        }
        if let Some(slot) = &node.slot {
            put(Line::Slot(Box::new(TraceLine::of(slot))))?;
        }
    }
    put(Line::End(EndLine::of(saved)))
}

/// Tokens that occur anywhere.
fn occurring(saved: &Saved) -> BTreeSet<TokenId> {
    let mut found: BTreeSet<TokenId> = saved.settings.pins.iter().copied().chain(saved.card.end_of_text).collect();
    for node in &saved.nodes {
        found.insert(node.token);
        node.trace.iter().chain(&node.slot).for_each(|trace| in_trace(trace, &mut found));
    }
    found.retain(|id| id.index() < saved.card.vocabulary);
    found
}

pub(super) fn in_trace(trace: &StepTrace, found: &mut BTreeSet<TokenId>) {
    found.extend([trace.subject, trace.choice.id]);
    found.extend(trace.exits.iter().flat_map(|row| &row.top).map(|c| c.id));
    found.extend(trace.pins.iter().map(|pin| pin.id));
    if let Some(scores) = &trace.scores {
        found.insert(scores.expert_alone.id);
        found.extend(scores.first.iter().map(|c| c.id));
    }
    if let Some(contrast) = &trace.contrast {
        found.insert(contrast.expert_alone.id);
        found.extend(contrast.plausible.iter().chain(&contrast.below).map(|c| c.id));
        found.extend(&contrast.over_alpha);
    }
    let cells = |grid: &Grid| {
        let all = grid.pairs.iter().flatten().chain(&grid.alphas).chain(&grid.minima);
        all.map(|cell| cell.id).collect::<Vec<TokenId>>()
    };
    found.extend(trace.grid.as_deref().map(cells).unwrap_or_default());
}
