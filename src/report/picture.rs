//! The heatmap exits × tokens as a drawing that can stand in a paper: dark on white, a letter in each cell so that nothing
//! is told by colour alone.

use unicode_width::UnicodeWidthStr;

use super::{
    about,
    drawing::{Anchor, Drawing, Ink, Rect, Text},
    format::Look,
    positions::{Position, positions, shown},
};
use crate::session::traced::Traced;

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
pub(super) fn picture(traced: &Traced, look: &Look) -> Drawing {
    let positions = positions(traced);
    let range = look.positions.clone().unwrap_or(0..usize::MAX);
    let drawn: Vec<&Position<'_>> =
        positions.iter().filter(|at| range.contains(&at.index) && at.known.is_some()).collect();
    let most = look.measure.most(&positions);
    let width = look.width.max(300.0);
    let bands = bands(traced, &drawn, width - 2.0 * MARGIN - NAMES);
    let band = HEAD + ROW * traced.card.exits.len() as f32 + GAP;
    let height = 2.0 * MARGIN + bands.len() as f32 * band + LEGEND;
    let title = format!("exits by tokens: {}", look.measure.says());
    let mut drawing = Drawing { width, height, title, ..Drawing::default() };
    let mut top = MARGIN;
    for places in &bands {
        for (row, exit) in traced.card.exits.iter().enumerate() {
            let y = top + HEAD + row as f32 * ROW + 0.69 * ROW;
            drawing.put(Text::new(exit.to_string(), (MARGIN + NAMES - 8.0, y), Anchor::End, GREY));
        }
        for (at, x, wide) in places {
            column(at, (MARGIN + NAMES + x, top, *wide), traced, look, most, &mut drawing);
        }
        top += band;
    }
    legend(traced, look, most, top - GAP / 2.0, &mut drawing);
    drawing
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
    drawing: &mut Drawing,
) {
    let Some((trace, reading)) = &at.known else { return };
    let token = clipped(&shown(&traced.card, at.id)).trim().to_owned();
    let middle = x + wide / 2.0;
    let ink = if at.is_prompt || at.is_open { PALE } else { BLACK };
    let is_strong = at.is_changed();
    drawing.put(Text { is_strong, ..Text::new(token, (middle, top + HEAD - 7.0), Anchor::Middle, ink) });
    for (place, row) in trace.exits.iter().enumerate() {
        let y = top + HEAD + place as f32 * ROW;
        let value = look.measure.value(row, place, at);
        let (fill, ink) = if value.is_nan() { (WHITE, PALE) } else { colours((value / most).clamp(0.0, 1.0)) };
        let says = if value.is_nan() { "no number".to_owned() } else { value.to_string() };
        let title = Some(format!("exit {}: {says}", row.exit));
        drawing.put_rect(Rect { place: (x + 0.5, y + 0.5), size: (wide - 1.0, ROW - 1.0), fill, title });
        let letter = row.top.first().and_then(|top| reading.letter(top.id)).unwrap_or('–');
        let is_strong = row.exit == reading.decided;
        drawing.put(Text { is_strong, ..Text::new(letter.into(), (middle, y + 0.69 * ROW), Anchor::Middle, ink) });
    }
}

fn legend(traced: &Traced, look: &Look, most: f32, top: f32, drawing: &mut Drawing) {
    const STEPS: u8 = 24;
    let (left, step) = (MARGIN + NAMES, 5.0);
    for n in 0..STEPS {
        let (fill, _) = colours(f32::from(n) / f32::from(STEPS - 1));
        let place = (left + f32::from(n) * step, top);
        drawing.put_rect(Rect { place, size: (step, 9.0), fill, title: None });
    }
    let right = left + f32::from(STEPS) * step + 6.0;
    let about = format!("{}; {}", traced.card.name, about::decoding(&traced.decoding));
    let letters = "letters: the exit's top token, a is original's; bold where it is decided";
    let lines = [
        ("0".to_owned(), left - 6.0, 8.5, Anchor::End),
        (format!("{most:.2}  {}", look.measure.says()), right, 8.5, Anchor::Start),
        (about, left, 24.0, Anchor::Start),
        (letters.to_owned(), left, 38.0, Anchor::Start),
    ];
    for (says, x, below, anchor) in lines {
        drawing.put(Text::new(says, (x, top + below), anchor, DARK));
    }
}

const BLACK: Ink = [0, 0, 0];
const DARK: Ink = [51, 51, 51];
const GREY: Ink = [85, 85, 85];
const PALE: Ink = [119, 119, 119];
const WHITE: Ink = [255, 255, 255];

/// From white over blue to nearly black, and the ink that is read on it. Lightness falls all the way, so that it prints
/// in grey and is read without hues.
fn colours(part: f32) -> (Ink, Ink) {
    const STOPS: [[f32; 3]; 4] = [[250., 251., 252.], [158., 202., 225.], [49., 110., 178.], [8., 35., 84.]];
    let scaled = part * 3.0;
    let stop = [0usize, 1, 2].into_iter().rev().find(|stop| scaled >= *stop as f32).unwrap_or(0);
    let rest = scaled - stop as f32;
    let mix = |channel: usize| {
        let (a, b) = (STOPS[stop][channel], STOPS[stop + 1][channel]);
        byte(a + (b - a) * rest)
    };
    ([mix(0), mix(1), mix(2)], if part > 0.5 { WHITE } else { DARK })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a colour's channel is 0 to 255")]
fn byte(channel: f32) -> u8 {
    channel.round().clamp(0.0, 255.0) as u8
}

fn clipped(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST - 1).chain(['…']).collect()
}
