//! In which form a report is written.

use std::{
    fmt,
    io::{self, Write},
    ops::Range,
    path::Path,
    str::FromStr,
};

use super::{
    csv, diff::Diff, diff_pages, document, exits_table, html, markdown, measure::Measure, parquet, picture, png, svg,
};
use crate::session::traced::Traced;

/// A form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One interactive page.
    Html,
    /// The heatmap, as a drawing.
    Svg,
    /// The heatmap, as a picture.
    Png,
    /// A row a position and exit, as text.
    Csv,
    /// The same, for programs.
    Parquet,
    /// Everything, texts beside ids.
    Json,
    /// A short text with tables.
    Markdown,
}

/// How the heatmap is drawn.
#[derive(Clone, Debug)]
pub struct Look {
    /// What the colours show.
    pub measure: Measure,
    /// Only these positions.
    pub positions: Option<Range<usize>>,
    /// Width in pixels.
    pub width: f32,
    /// Pixels of a PNG for each of those.
    pub scale: f32,
}

impl Format {
    /// All, with their names, which are their files' endings.
    pub const ALL: [(&'static str, Self); 7] = [
        ("html", Self::Html),
        ("svg", Self::Svg),
        ("png", Self::Png),
        ("csv", Self::Csv),
        ("parquet", Self::Parquet),
        ("json", Self::Json),
        ("md", Self::Markdown),
    ];

    /// The form that a file's ending names.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        path.extension()?.to_str()?.to_ascii_lowercase().parse().ok()
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|(other, _)| *other == name).map(|(_, format)| *format);
        let names = || Self::ALL.map(|(name, _)| name).join(", ");
        found.ok_or_else(|| format!("expected one of {}", names()))
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::ALL.iter().find(|(_, format)| format == self).map_or("", |(name, _)| name);
        f.write_str(name)
    }
}

/// Writes the report of a trace.
///
/// # Errors
/// If the system refuses, or a picture is too large to be made.
pub fn write(traced: &Traced, format: Format, look: &Look, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Html => html::write(traced, out),
        Format::Svg => svg::write(&picture::picture(traced, look), out),
        Format::Png => png::write(&picture::picture(traced, look), look.scale, out),
        Format::Csv => csv::write(&exits_table(traced), out),
        Format::Parquet => out.write_all(&parquet::bytes(&exits_table(traced)).map_err(io::Error::other)?),
        Format::Json => {
            serde_json::to_writer(&mut *out, &document::document(traced))?;
            out.write_all(b"\n")
        }
        Format::Markdown => markdown::write(traced, out),
    }
}

/// Writes the comparison of two traces.
///
/// # Errors
/// If the system refuses, or there is no such form for it.
pub fn write_diff(diff: &Diff, format: Format, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Html => diff_pages::html(diff, out),
        Format::Markdown => diff_pages::markdown(diff, out),
        Format::Json => {
            serde_json::to_writer(&mut *out, diff)?;
            out.write_all(b"\n")
        }
        other => Err(io::Error::other(format!("{other} cannot compare two traces: expected md, json or html"))),
    }
}
