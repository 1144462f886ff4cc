//! A drawing as a picture of pixels. Its font is part of the program, so that pictures are the same everywhere; signs that
//! it lacks (Chinese, say) become boxes: SVG has them as text.

use std::io::{self, Write};

use ab_glyph::{Font, FontRef, Glyph, PxScale, ScaleFont, point};

use super::drawing::{Anchor, Drawing, Ink, Rect, SIZE, Shape, Text};

const FONT: &[u8] = include_bytes!("font/mono.ttf");
/// Most pixels: a 300 MB buffer.
const MOST: f32 = 1e8;

/// Pixels in rows, three bytes each.
struct Canvas {
    width: usize,
    height: usize,
    bytes: Vec<u8>,
}

/// Writes the file, `scale` pixels for each of the drawing's.
pub(super) fn write(drawing: &Drawing, scale: f32, out: &mut dyn Write) -> io::Result<()> {
    let (wide, high) = ((drawing.width * scale).ceil(), (drawing.height * scale).ceil());
    if wide * high > MOST {
        let remedy = "take fewer --positions, or a lower --scale";
        return Err(io::Error::other(format!("a picture of {wide} by {high} pixels is too large: {remedy}")));
    }
    let (width, height) = (pixel(wide), pixel(high));
    let mut canvas = Canvas { width, height, bytes: vec![255; width * height * 3] };
    let font = FontRef::try_from_slice(FONT).map_err(io::Error::other)?;
    for shape in &drawing.shapes {
        match shape {
            Shape::Rect(rect) => canvas.rect(rect, scale),
            Shape::Text(text) => canvas.text(text, scale, &font),
        }
    }
    let size = |n: usize| u32::try_from(n).map_err(io::Error::other);
    let mut encoder = png::Encoder::new(out, size(width)?, size(height)?);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&canvas.bytes)?;
    writer.finish()?;
    Ok(())
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1e8: `as` takes what is less as 0")]
fn pixel(x: f32) -> usize {
    x.round() as usize
}

impl Canvas {
    /// Whole pixels: edges between them would be pale.
    fn rect(&mut self, rect: &Rect, scale: f32) {
        let (left, top) = (pixel(rect.place.0 * scale), pixel(rect.place.1 * scale));
        let right = pixel((rect.place.0 + rect.size.0) * scale).min(self.width);
        let bottom = pixel((rect.place.1 + rect.size.1) * scale).min(self.height);
        for y in top..bottom {
            for x in left..right {
                self.blend(x, y, rect.fill, 1.0);
            }
        }
    }

    fn text(&mut self, text: &Text, scale: f32, font: &FontRef<'_>) {
        // A font's own units: its em is the size that CSS means.
        let em = font.units_per_em().unwrap_or(2048.0);
        let scale_px = PxScale::from(SIZE * scale * font.height_unscaled() / em);
        let scaled = font.as_scaled(scale_px);
        let advance = |c: char| scaled.h_advance(font.glyph_id(c));
        let wide: f32 = text.says.chars().map(advance).sum();
        let before = match text.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => wide / 2.0,
            Anchor::End => wide,
        };
        let (mut x, y) = (text.place.0 * scale - before, text.place.1 * scale);
        for c in text.says.chars() {
            let glyph = |x: f32| Glyph { id: font.glyph_id(c), scale: scale_px, position: point(x, y) };
            self.glyph(glyph(x), text.ink, font);
            if text.is_strong {
                // The subset has one weight: a second stroke beside the first.
                self.glyph(glyph(x + 0.06 * SIZE * scale), text.ink, font);
            }
            x += advance(c);
        }
    }

    fn glyph(&mut self, glyph: Glyph, ink: Ink, font: &FontRef<'_>) {
        let Some(outline) = font.outline_glyph(glyph) else { return };
        let bounds = outline.px_bounds();
        outline.draw(|x, y, cover| {
            let (x, y) = (bounds.min.x + x as f32, bounds.min.y + y as f32);
            if x >= 0.0 && y >= 0.0 && pixel(x) < self.width && pixel(y) < self.height {
                self.blend(pixel(x), pixel(y), ink, cover.min(1.0));
            }
        });
    }

    fn blend(&mut self, x: usize, y: usize, ink: Ink, cover: f32) {
        let at = (y * self.width + x) * 3;
        for (channel, ink) in self.bytes[at..at + 3].iter_mut().zip(ink) {
            let mixed = f32::from(*channel) + (f32::from(ink) - f32::from(*channel)) * cover;
            *channel = u8::try_from(pixel(mixed)).unwrap_or(u8::MAX);
        }
    }
}
