//! One page that holds everything and fetches nothing: the data as JSON, and the few scripts that draw it.

mod data;

use std::io::{self, Write};

use super::{about::about, svg::escape};
use crate::session::traced::Traced;

/// Scripts in the order in which they need each other.
const SCRIPTS: [&str; 6] = [
    include_str!("html/data.js"),
    include_str!("html/heat.js"),
    include_str!("html/inspector.js"),
    include_str!("html/agreement.js"),
    include_str!("html/below.js"),
    include_str!("html/keys.js"),
];

/// Writes the page.
pub(super) fn write(traced: &Traced, out: &mut dyn Write) -> io::Result<()> {
    let mut lines = String::new();
    for (name, says) in about(traced) {
        lines += &format!("<dt>{name}</dt><dd>{}</dd>", escape(&says));
    }
    // "<" could end the script that holds the data.
    let data = serde_json::to_string(&data::data(traced))?.replace('<', "\\u003c");
    let page = include_str!("html/page.html");
    let parts = [
        ("{{style}}", include_str!("html/style.css").to_owned()),
        ("{{model}}", escape(&traced.card.name)),
        ("{{decoding}}", escape(&super::about::decoding(&traced.decoding))),
        ("{{about}}", lines),
        ("{{script}}", SCRIPTS.concat()),
        ("{{data}}", data),
    ];
    // From the front, so that nothing that was put in is looked at again.
    let mut rest = page;
    for (mark, text) in parts {
        let (before, after) = rest.split_once(mark).ok_or_else(|| io::Error::other(mark))?;
        out.write_all(before.as_bytes())?;
        out.write_all(text.as_bytes())?;
        rest = after;
    }
    out.write_all(rest.as_bytes())
}
