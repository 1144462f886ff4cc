//! Draws the README's pictures: the real screens over the embedded demo model, as SVG.
//!
//! `cargo build --release --workspace --example pictures`, then `target/release/examples/pictures docs`

use std::{fmt::Write, fs, path::Path, sync::Arc, sync::mpsc};

use mexit_models::{DType, Engine, EngineOptions, Gelu, Model, Placement, demo};
use mexit_tui::{
    session::{reader::Reader, worker::Worker},
    tui::Headless,
};
use ratatui::{
    buffer::{Buffer, Cell},
    crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers},
    style::{Color, Modifier},
};

/// File, window, and the keys before the picture is taken.
const PICTURES: [(&str, (u16, u16), &str); 6] = [
    ("explore", (120, 40), "                        TTTT"),
    ("heatmap", (120, 40), "                        2TTTTjj"),
    ("journeys", (120, 40), "                        TTTT3"),
    ("what-if", (120, 34), "                        TTTT4"),
    ("lanes", (120, 40), "7a\na\n                    (("),
    ("wide", (200, 60), "                        TTTT"),
];
const PROMPT: &str = "In the beginning God created";

/// Pixels of a cell, and of the frame around all.
const CELL: (f32, f32) = (8.0, 17.0);
const MARGIN: f32 = 8.0;
const GROUND: u32 = 0x0014_161B;
const TEXT: u32 = 0x00D8_DCE2;

fn main() {
    let folder = std::env::args().nth(1).expect("a folder for the pictures");
    for (name, size, keys) in PICTURES {
        let path = Path::new(&folder).join(format!("{name}.svg"));
        fs::write(&path, svg(&screen(size, keys))).expect("the picture");
        println!("{}", path.display());
    }
}

/// The screen after these keys, each pressed when everything before it has been answered.
fn screen(size: (u16, u16), keys: &str) -> Buffer {
    let (sender, events) = mpsc::channel();
    let open = move || {
        let placement = Placement::cpu().map_err(|e| e.to_string())?;
        let model = Model::of(Arc::new(demo::mapping()), placement).map_err(|e| e.to_string())?;
        let options = EngineOptions { threads: 1, context: usize::MAX, kv_type: DType::F32, gelu: Gelu::Exact };
        let engine = Engine::new(model, options).map_err(|e| e.to_string())?;
        Ok((Reader::new(engine), "demo".to_owned(), PROMPT.to_owned()))
    };
    let worker = Worker::start(Arc::new(open), None, move |event| sender.send(event).is_ok()).expect("a thread");
    let mut screen = Headless::new(size, false);
    for _ in 0..2 {
        screen.hear(events.recv().expect("the model opens"));
    }
    let settle = |screen: &mut Headless| {
        while let Some(query) = screen.next_query() {
            worker.ask(query);
            while !screen.is_idle() {
                screen.hear(events.recv().expect("an answer"));
            }
        }
    };
    settle(&mut screen);
    for key in keys.chars() {
        let code = if key == '\n' { KeyCode::Enter } else { KeyCode::Char(key) };
        screen.press(Event::Key(KeyEvent::new(code, KeyModifiers::NONE)));
        settle(&mut screen);
    }
    screen.draw()
}

fn svg(buf: &Buffer) -> String {
    let (columns, rows) = (f32::from(buf.area.width), f32::from(buf.area.height));
    let (width, height) = (columns * CELL.0 + 2.0 * MARGIN, rows * CELL.1 + 2.0 * MARGIN);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"ui-monospace,Menlo,'DejaVu Sans Mono',monospace\" font-size=\"13.3\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"#{GROUND:06x}\"/>\n"
    );
    for y in 0..buf.area.height {
        let mut x = 0;
        while x < buf.area.width {
            let cell = &buf[(x, y)];
            let first = x;
            // One element for a run of letters in one style; a drawn sign stands alone.
            let mut text = cell.symbol().to_owned();
            x += 1;
            while x < buf.area.width && shape(&text).is_none() && continues(cell, &buf[(x, y)]) {
                text += buf[(x, y)].symbol();
                x += 1;
            }
            put(&mut out, cell, &text, (first, y), x - first);
        }
    }
    out + "</svg>\n"
}

fn continues(first: &Cell, next: &Cell) -> bool {
    let same = (next.fg, next.bg, next.modifier) == (first.fg, first.bg, first.modifier);
    same && shape(next.symbol()).is_none() && dots(next.symbol()).is_none() && dots(first.symbol()).is_none()
}

/// The dots of a braille sign: bits from the left column downwards, the fourth row last (Unicode, block 2800).
fn dots(symbol: &str) -> Option<u32> {
    symbol.chars().next().map(u32::from).filter(|sign| (0x2801..0x2900).contains(sign)).map(|sign| sign - 0x2800)
}

/// Dots in a cell that begins at a place, as one path.
fn path(bits: u32, (left, top): (f32, f32)) -> String {
    const PLACES: [(f32, f32); 8] = [(0., 0.), (0., 1.), (0., 2.), (1., 0.), (1., 1.), (1., 2.), (0., 3.), (1., 3.)];
    let mut path = String::new();
    for (_, (column, row)) in PLACES.iter().enumerate().filter(|(n, _)| bits >> n & 1 == 1) {
        let (x, y) = (left + (0.16 + 0.5 * column) * CELL.0, top + (0.06 + 0.25 * row) * CELL.1);
        write!(path, "M{x:.1} {y:.1}h1.9v1.9h-1.9z").expect("a string");
    }
    path
}

/// Blocks and lines as rectangles (x, y, width, height in parts of a cell, opacity): no two fonts join them alike.
fn shape(symbol: &str) -> Option<(f32, f32, f32, f32, f32)> {
    let sign = symbol.chars().next()?;
    let part = |from: u32| (u32::from(sign) - from + 1) as f32 / 8.0;
    match sign {
        '▁'..='█' => Some((0.0, 1.0 - part(0x2581), 1.0, part(0x2581), 1.0)),
        '▉'..='▏' => Some((0.0, 0.12, 1.0 - part(0x2589), 0.76, 1.0)),
        '░' => Some((0.0, 0.12, 1.0, 0.76, 0.3)),
        '─' => Some((0.0, 0.47, 1.0, 0.06, 1.0)),
        '│' => Some((0.44, 0.0, 0.12, 1.0, 1.0)),
        '┃' => Some((0.36, 0.0, 0.28, 1.0, 1.0)),
        _ => None,
    }
}

fn put(out: &mut String, cell: &Cell, text: &str, (x, y): (u16, u16), cells: u16) {
    let (mut fore, mut back) = (rgb(cell.fg, TEXT), rgb(cell.bg, GROUND));
    if cell.modifier.contains(Modifier::REVERSED) {
        (fore, back) = (back, fore);
    }
    let (left, top) = (MARGIN + f32::from(x) * CELL.0, MARGIN + f32::from(y) * CELL.1);
    let width = f32::from(cells) * CELL.0;
    if back != GROUND {
        let height = CELL.1;
        writeln!(out, "<rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" fill=\"#{back:06x}\"/>")
            .expect("a string");
    }
    let dim = if cell.modifier.contains(Modifier::DIM) { 0.6 } else { 1.0 };
    if let Some((dx, dy, w, h, opacity)) = shape(text) {
        let (rx, ry) = (left + dx * CELL.0, top + dy * CELL.1);
        let (rw, rh, o) = (w * CELL.0, h * CELL.1, opacity * dim);
        writeln!(
            out,
            "<rect x=\"{rx:.1}\" y=\"{ry:.1}\" width=\"{rw:.1}\" height=\"{rh:.1}\" fill=\"#{fore:06x}\" opacity=\"{o:.2}\"/>"
        )
        .expect("a string");
    } else if let Some(bits) = dots(text) {
        let path = path(bits, (left, top));
        writeln!(out, "<path d=\"{path}\" fill=\"#{fore:06x}\" opacity=\"{dim}\"/>").expect("a string");
    } else if !text.trim().is_empty() {
        let bold = if cell.modifier.contains(Modifier::BOLD) { " font-weight=\"bold\"" } else { "" };
        let line = if cell.modifier.contains(Modifier::UNDERLINED) { " text-decoration=\"underline\"" } else { "" };
        let dim = if dim < 1.0 { " opacity=\"0.6\"" } else { "" };
        let base = top + 0.76 * CELL.1;
        let escaped = text.replace('&', "&amp;").replace('<', "&lt;");
        writeln!(
            out,
            "<text x=\"{left}\" y=\"{base:.1}\" textLength=\"{width}\" lengthAdjust=\"spacingAndGlyphs\" \
             xml:space=\"preserve\" fill=\"#{fore:06x}\"{bold}{line}{dim}>{escaped}</text>"
        )
        .expect("a string");
    }
}

/// What true colour says; the terminal's own where nothing is said.
fn rgb(color: Color, own: u32) -> u32 {
    match color {
        Color::Rgb(r, g, b) => u32::from_be_bytes([0, r, g, b]),
        _ => own,
    }
}
