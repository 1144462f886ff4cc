//! What eyes make of the palettes, as tests: contrast against the ground (WCAG 2.2, "relative luminance" and "contrast
//! ratio"), and the distance between hues for those who see all of them and for the two common kinds of colour-blind.

use super::{
    ThemeName,
    palette::{Hue, Palette},
};

type Rgb = [f64; 3];
type Matrix = [[f64; 3]; 3];

/// Machado, Oliveira and Fernandes 2009, severity 1.0, for linear RGB.
const DEUTERANOPIA: Matrix =
    [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]];
const PROTANOPIA: Matrix =
    [[0.152_286, 1.052_583, -0.204_868], [0.114_503, 0.786_281, 0.099_216], [-0.003_882, -0.048_116, 1.051_998]];
const ALL_CONES: Matrix = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

/// Hundredths of Oklab's unit: in true colour, and in 256, of which few are dark enough for a light ground. Two hues
/// beside each other differ clearly from about 5 on; letters are thin.
const APART: [f64; 2] = [9.0, 7.0];

fn linear(rgb: u32) -> Rgb {
    [16, 8, 0].map(|shift| {
        let c = f64::from(rgb >> shift & 0xFF) / 255.0;
        if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    })
}

fn times(matrix: &Matrix, rgb: Rgb) -> Rgb {
    matrix.map(|row| row.iter().zip(rgb).map(|(m, c)| m * c).sum())
}

fn luminance(rgb: u32) -> f64 {
    let [r, g, b] = linear(rgb);
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

fn contrast(one: u32, other: u32) -> f64 {
    let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
    one.max(other) / one.min(other)
}

/// Björn Ottosson 2020.
fn oklab(rgb: Rgb) -> Rgb {
    const TO_CONES: Matrix = [
        [0.412_221_470_8, 0.536_332_536_3, 0.051_445_992_9],
        [0.211_903_498_2, 0.680_699_545_1, 0.107_396_956_6],
        [0.088_302_461_9, 0.281_718_837_6, 0.629_978_700_5],
    ];
    const TO_LAB: Matrix = [
        [0.210_454_255_3, 0.793_617_785_0, -0.004_072_046_8],
        [1.977_998_495_1, -2.428_592_205_0, 0.450_593_709_9],
        [0.025_904_037_1, 0.782_771_766_2, -0.808_675_766_0],
    ];
    times(&TO_LAB, times(&TO_CONES, rgb.map(|c| c.clamp(0.0, 1.0))).map(f64::cbrt))
}

/// The distance between two colours for an eye.
fn distance(eye: &Matrix, one: u32, other: u32) -> f64 {
    let seen = |rgb| oklab(times(eye, linear(rgb)));
    100.0 * seen(one).iter().zip(seen(other)).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

/// What xterm shows for one of its 256 colours; the first sixteen are the user's own.
fn xterm(index: u8) -> u32 {
    let rgb = |[r, g, b]: [u32; 3]| r << 16 | g << 8 | b;
    match index {
        ..16 => panic!("{index} may be any colour"),
        16..232 => {
            let n = u32::from(index - 16);
            rgb([n / 36, n / 6 % 6, n % 6].map(|c| if c == 0 { 0 } else { 55 + 40 * c }))
        }
        232.. => rgb([8 + 10 * u32::from(index - 232); 3]),
    }
}

/// What is seen of a hue in true colour, and in 256.
fn both((rgb, index): Hue) -> [u32; 2] {
    [rgb, xterm(index)]
}

fn palettes() -> impl Iterator<Item = (&'static str, &'static Palette)> {
    ThemeName::ALL.into_iter().map(|(name, theme)| (name, theme.palette()))
}

#[test]
fn text_and_signs_stand_out_from_the_ground() {
    for (name, palette) in palettes() {
        let (grounds, text, signs) = palette.held;
        let texts = palette.groups.into_iter().chain(palette.faint).chain(palette.own.map(|(text, _)| text));
        let needed = texts.map(|hue| (hue, text)).chain(palette.scale.map(|hue| (hue, signs)));
        for (hue, needed) in needed {
            for (ground, colour) in grounds.iter().flat_map(|ground| both(hue).map(|colour| (*ground, colour))) {
                let found = contrast(colour, ground);
                assert!(found >= needed, "{name}: #{colour:06X} on #{ground:06X}: {found:.2} of {needed}");
            }
        }
    }
}

#[test]
fn text_on_a_level_can_be_read() {
    for (name, palette) in palettes() {
        for level in 0..8 {
            let (ground, dark) = palette.ground_of(level);
            for ground in both(ground) {
                let found = contrast(if dark { 0x00FF_FFFF } else { 0 }, ground);
                assert!(found >= 4.5, "{name}: level {level}, #{ground:06X}: {found:.2}");
            }
        }
    }
}

#[test]
fn hues_stay_apart_for_every_eye() {
    for (name, palette) in palettes() {
        for (eye, matrix) in [("all", ALL_CONES), ("deuteranopia", DEUTERANOPIA), ("protanopia", PROTANOPIA)] {
            for (depth, apart) in APART.into_iter().enumerate() {
                let seen = palette.groups.map(|hue| both(hue)[depth]);
                for (n, one) in seen.iter().enumerate() {
                    for other in &seen[n + 1..] {
                        let found = distance(&matrix, *one, *other);
                        assert!(found >= apart, "{name}, {eye}: #{one:06X} and #{other:06X}: {found:.1}");
                    }
                }
            }
        }
    }
}

/// Levels are read by their lightness too, so that grey and every kind of eye sees them in order.
#[test]
fn levels_go_one_way() {
    let goes = |colours: Vec<u32>, up: bool| {
        let light: Vec<f64> = colours.into_iter().map(luminance).collect();
        light.windows(2).all(|pair| if up { pair[0] < pair[1] } else { pair[0] > pair[1] })
    };
    for (name, palette) in palettes() {
        let up = name != "light";
        for depth in 0..2 {
            assert!(goes(palette.scale.iter().map(|hue| both(*hue)[depth]).collect(), up), "{name}: scale {depth}");
            let grounds = (0..8).map(|level| both(palette.ground_of(level).0)[depth]).collect();
            assert!(goes(grounds, up), "{name}: levels {depth}");
        }
    }
}

/// Published values, so that the arithmetic above is known to be right.
#[test]
fn the_measures_are_what_they_are_said_to_be() {
    assert!((contrast(0x0000_0000, 0x00FF_FFFF) - 21.0).abs() < 1e-9);
    // WebAIM's example of the least grey that passes on white.
    assert!((contrast(0x0076_7676, 0x00FF_FFFF) - 4.54).abs() < 0.005);
    // Red and green are far apart, and for the deuteranope near.
    let (red, green) = (0x00C0_4000, 0x0080_8000);
    assert!(distance(&ALL_CONES, red, green) > 2.0 * distance(&DEUTERANOPIA, red, green));
    assert_eq!((xterm(16), xterm(196), xterm(231), xterm(244)), (0, 0x00FF_0000, 0x00FF_FFFF, 0x0080_8080));
}
