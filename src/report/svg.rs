//! A drawing as SVG, text as text.

use std::io::{self, Write};

use super::drawing::{Anchor, Drawing, Ink, Rect, SIZE, Shape, Text};

const FONT: &str = "'DejaVu Sans Mono',Menlo,Consolas,monospace";

/// Writes the file.
pub(super) fn write(drawing: &Drawing, out: &mut dyn Write) -> io::Result<()> {
    let Drawing { width, height, title, shapes } = drawing;
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" font-family=\"{FONT}\" font-size=\"{SIZE}\">\n<title>{}</title>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>",
        escape(title)
    )?;
    for shape in shapes {
        match shape {
            Shape::Rect(Rect { place, size, fill, title }) => {
                let title = title.as_ref().map(|says| format!("<title>{}</title>", escape(says))).unwrap_or_default();
                writeln!(
                    out,
                    "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{}\">{title}</rect>",
                    place.0,
                    place.1,
                    size.0,
                    size.1,
                    hex(*fill)
                )?;
            }
            Shape::Text(Text { says, place, anchor, ink, is_strong }) => {
                let anchor = match anchor {
                    Anchor::Start => "start",
                    Anchor::Middle => "middle",
                    Anchor::End => "end",
                };
                let strong = if *is_strong { " font-weight=\"bold\"" } else { "" };
                writeln!(
                    out,
                    "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\" fill=\"{}\"{strong} \
                     xml:space=\"preserve\">{}</text>",
                    place.0,
                    place.1,
                    hex(*ink),
                    escape(says)
                )?;
            }
        }
    }
    writeln!(out, "</svg>")
}

fn hex([r, g, b]: Ink) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// Text for XML; what XML cannot hold as U+FFFD.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            c if c.is_control() && c != '\n' || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}
