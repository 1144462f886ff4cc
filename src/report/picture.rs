//! The heatmap exits × tokens as an SVG that can stand in a paper: dark on white, text as text, a letter in each cell so
//! that nothing is told by colour alone.

use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

use super::{
    about,
    format::Look,
    positions::{Position, positions, shown},
};
use crate::session::traced::Traced;

const FONT: &str = "'DejaVu Sans Mono',Menlo,Consolas,monospace";
/// Pixels: a letter's width at the size of the tokens, a row, the column of the exits' names, the room around all.
const LETTER: f32 = 6.63;
const ROW: f32 = 18.0;
const NAMES: f32 = 64.0;
const MARGIN: f32 = 16.0;
/// Height of the tokens' line, of the room between bands, and of the legend.
const HEAD: f32 = 20.0;
const GAP: f32 = 18.0;
const LEGEND: f32 = 44.0;
/// Longest token that is written out, in letters.
const LONGEST: usize = 16;

/// Draws it.
pub(super) fn svg(traced: &Traced, look: &Look) -> String {
    let positions = positions(traced);
    let from = look.positions.as_ref().map_or(0, |range| range.start);
    let to = look.positions.as_ref().map_or(usize::MAX, |range| range.end);
    let drawn: Vec<&Position<'_>> =
        positions.iter().filter(|at| (from..to).contains(&at.position) && at.known.is_some()).collect();
    let most = look.measure.most(&positions);
    let width = look.width.max(300.0);
    let bands = bands(traced, &drawn, width - 2.0 * MARGIN - NAMES);
    let band = HEAD + ROW * traced.card.exits.len() as f32 + GAP;
    let height = 2.0 * MARGIN + bands.len() as f32 * band + LEGEND;
    let mut out = String::new();
    let mut put = |element: std::fmt::Arguments<'_>| {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{element}");
    };
    put(format_args!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" font-family=\"{FONT}\" font-size=\"11\">"
    ));
    put(format_args!("<title>{}</title>", escape(&format!("exits by tokens: {}", look.measure.says()))));
    put(format_args!("<rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>"));
    let mut top = MARGIN;
    for places in &bands {
        for (row, exit) in traced.card.exits.iter().enumerate() {
            let y = top + HEAD + row as f32 * ROW + 0.69 * ROW;
            let x = MARGIN + NAMES - 8.0;
            put(format_args!("<text x=\"{x}\" y=\"{y:.1}\" text-anchor=\"end\" fill=\"#555\">{exit}</text>"));
        }
        for (at, x, wide) in places {
            column(at, (MARGIN + NAMES + x, top, *wide), traced, look, most, &mut put);
        }
        top += band;
    }
    legend(traced, look, most, top - GAP / 2.0, &mut put);
    out + "</svg>\n"
}

/// Positions with their places and widths, in bands of a width.
fn bands<'p>(traced: &Traced, drawn: &[&'p Position<'p>], width: f32) -> Vec<Vec<(&'p Position<'p>, f32, f32)>> {
    let mut bands = vec![Vec::new()];
    let mut x = 0.0;
    for at in drawn {
        let wide = (clipped(&shown(&traced.card, at.id)).width() as f32 * LETTER + 6.0).max(ROW + 2.0);
        if x + wide > width && x > 0.0 {
            bands.push(Vec::new());
            x = 0.0;
        }
        if let Some(band) = bands.last_mut() {
            band.push((*at, x, wide));
        }
        x += wide;
    }
    bands
}

fn column(
    at: &Position<'_>,
    (x, top, wide): (f32, f32, f32),
    traced: &Traced,
    look: &Look,
    most: f32,
    put: &mut dyn FnMut(std::fmt::Arguments<'_>),
) {
    let Some((trace, reading)) = &at.known else { return };
    let token = clipped(&shown(&traced.card, at.id));
    let (middle, base) = (x + wide / 2.0, top + HEAD - 7.0);
    let weight = if at.is_changed() { " font-weight=\"bold\"" } else { "" };
    let colour = if at.is_prompt || at.is_open { "#777" } else { "#000" };
    put(format_args!(
        "<text x=\"{middle:.1}\" y=\"{base:.1}\" text-anchor=\"middle\" xml:space=\"preserve\" \
         fill=\"{colour}\"{weight}>{}</text>",
        escape(token.trim())
    ));
    for (place, row) in trace.exits.iter().enumerate() {
        let y = top + HEAD + place as f32 * ROW;
        let value = look.measure.value(row, place, at);
        let part = (value / most).clamp(0.0, 1.0);
        let (fill, ink) = if value.is_nan() { ("none".to_owned(), "#999") } else { colours(part) };
        put(format_args!(
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{}\" fill=\"{fill}\" stroke=\"#ddd\" \
             stroke-width=\"0.4\"><title>exit {}: {}</title></rect>",
            x + 0.5,
            y + 0.5,
            wide - 1.0,
            ROW - 1.0,
            row.exit,
            if value.is_nan() { "no number".to_owned() } else { value.to_string() },
        ));
        let letter = row.top.first().and_then(|top| reading.letter(top.id)).unwrap_or('–');
        let decides = row.exit == reading.decided;
        let weight = if decides { " font-weight=\"bold\" text-decoration=\"underline\"" } else { "" };
        put(format_args!(
            "<text x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"{ink}\"{weight}>{letter}</text>",
            y + 0.69 * ROW
        ));
    }
}

fn legend(traced: &Traced, look: &Look, most: f32, top: f32, put: &mut dyn FnMut(std::fmt::Arguments<'_>)) {
    const STEPS: u8 = 24;
    let (left, step) = (MARGIN + NAMES, 5.0);
    for n in 0..STEPS {
        let (fill, _) = colours(f32::from(n) / f32::from(STEPS - 1));
        let x = left + f32::from(n) * step;
        put(format_args!("<rect x=\"{x}\" y=\"{top:.1}\" width=\"{step}\" height=\"9\" fill=\"{fill}\"/>"));
    }
    let right = left + f32::from(STEPS) * step + 6.0;
    let (says, most) = (look.measure.says(), format!("{most:.2}"));
    let text = |x: f32, y: f32, anchor: &str, says: &str| {
        format!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"#333\" font-size=\"10\">{says}</text>")
    };
    let says = escape(&format!("{most}  {says}"));
    put(format_args!("{}", text(left - 6.0, top + 8.5, "end", "0")));
    put(format_args!("{}", text(right, top + 8.5, "start", &says)));
    let about = format!("{}; {}", traced.card.name, about::decoding(&traced.decoding));
    put(format_args!("{}", text(left, top + 24.0, "start", &escape(&about))));
    let letters = "letters: the exit's top token, a is original's; underlined where it is decided";
    put(format_args!("{}", text(left, top + 38.0, "start", letters)));
}

/// From white over blue to nearly black, and the ink that is read on it. Lightness falls all the way, so that it prints
/// in grey and is read without hues.
fn colours(part: f32) -> (String, &'static str) {
    const STOPS: [[f32; 3]; 4] = [[250., 251., 252.], [158., 202., 225.], [49., 110., 178.], [8., 35., 84.]];
    let scaled = part * 3.0;
    let stop = [0usize, 1, 2].into_iter().rev().find(|stop| scaled >= *stop as f32).unwrap_or(0);
    let rest = scaled - stop as f32;
    let mix = |channel: usize| {
        let (a, b) = (STOPS[stop][channel], STOPS[stop + 1][channel]);
        a + (b - a) * rest
    };
    let fill = format!("#{}", (0..3).map(|channel| hex(mix(channel))).collect::<String>());
    (fill, if part > 0.5 { "#fff" } else { "#222" })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a colour's channel is 0 to 255")]
fn hex(channel: f32) -> String {
    format!("{:02x}", channel.round().clamp(0.0, 255.0) as u8)
}

fn clipped(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST - 1).chain(['…']).collect()
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
