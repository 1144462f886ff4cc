//! A drawing as a picture. Letters are drawn with the system's fonts.

use std::sync::Arc;

use resvg::{
    tiny_skia::{Pixmap, Transform},
    usvg::{Options, Tree, fontdb::Database},
};

/// Most pixels of a picture: 400 MB while it is made.
const MOST: f32 = 1e8;

/// The bytes of a PNG file, `scale` pixels for each of the drawing's.
pub(super) fn png(svg: &str, scale: f32) -> Result<Vec<u8>, String> {
    let mut fonts = Database::new();
    fonts.load_system_fonts();
    let monospace = ["DejaVu Sans Mono", "Menlo", "Consolas", "Liberation Mono", "Noto Sans Mono", "Courier New"];
    let has = |name: &str| fonts.faces().any(|face| face.families.iter().any(|(family, _)| family == name));
    let found = monospace.into_iter().find(|name| has(name)).map(ToOwned::to_owned);
    let any = || Some(fonts.faces().next()?.families.first()?.0.clone());
    let Some(found) = found.or_else(any) else {
        return Err(
            "no font on this system to write the picture's letters with: install one, or take --format svg".into()
        );
    };
    fonts.set_monospace_family(found);
    let options = Options { fontdb: Arc::new(fonts), ..Options::default() };
    let tree = Tree::from_str(svg, &options).map_err(|error| error.to_string())?;
    let (width, height) = (tree.size().width() * scale, tree.size().height() * scale);
    if width * height > MOST {
        return Err(format!(
            "a picture of {width} by {height} pixels is too large: take fewer --positions or a lower --scale"
        ));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 1e8, at least 0")]
    let pixmap = Pixmap::new(width.ceil() as u32, height.ceil() as u32);
    let mut pixmap = pixmap.ok_or("an empty picture")?;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixmap.as_mut());
    pixmap.encode_png().map_err(|error| error.to_string())
}
