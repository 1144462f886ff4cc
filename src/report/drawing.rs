//! Rectangles and lines of text: what a picture is made of, whatever writes it.

/// Red, green, blue.
pub(super) type Ink = [u8; 3];

/// Pixels of a letter's height.
pub(super) const SIZE: f32 = 11.0;

/// A drawing on white.
#[derive(Default)]
pub(super) struct Drawing {
    pub(super) width: f32,
    pub(super) height: f32,
    /// What it shows.
    pub(super) title: String,
    /// Later ones lie on earlier ones.
    pub(super) shapes: Vec<Shape>,
}

pub(super) enum Shape {
    Rect(Rect),
    Text(Text),
}

pub(super) struct Rect {
    pub(super) place: (f32, f32),
    pub(super) size: (f32, f32),
    pub(super) fill: Ink,
    /// What one may want to know of it.
    pub(super) title: Option<String>,
}

/// A line of text on its base line.
pub(super) struct Text {
    pub(super) says: String,
    pub(super) place: (f32, f32),
    pub(super) anchor: Anchor,
    pub(super) ink: Ink,
    pub(super) is_strong: bool,
}

/// Which part of a text is at its place.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Text {
    pub(super) fn new(says: String, place: (f32, f32), anchor: Anchor, ink: Ink) -> Self {
        Self { says, place, anchor, ink, is_strong: false }
    }
}

impl Drawing {
    pub(super) fn put(&mut self, text: Text) {
        self.shapes.push(Shape::Text(text));
    }

    pub(super) fn put_rect(&mut self, rect: Rect) {
        self.shapes.push(Shape::Rect(rect));
    }
}
