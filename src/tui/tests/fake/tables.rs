//! The exits' tables that the design draws in full. Numbers that it shows in two or three digits have more here, chosen
//! so that all that is drawn follows: the contrast from the probabilities, bars and levels from p.

use super::heat::PROMPT;

/// One exit: its first tokens, entropy, KL from original.
type Exit = (&'static [(&'static str, f32)], f32, f32);

/// Position 7, " a" in the text.
const SEVEN: [Exit; 13] = [
    (&[(" the", 0.39), (" a", 0.196), (" his", 0.07)], 3.17, 0.0),
    (&V_24, 3.28, 0.003),
    (&[(" the", 0.38), (" a", 0.204), (" his", 0.07)], 3.24, 0.003),
    (&[(" the", 0.40), (" a", 0.181), (" his", 0.07)], 3.32, 0.006),
    (&[(" the", 0.38), (" a", 0.178), (" his", 0.06)], 3.61, 0.016),
    (&[(" the", 0.41), (" a", 0.158), (" his", 0.07)], 3.46, 0.021),
    (&[(" the", 0.44), (" a", 0.146), (" his", 0.06)], 3.30, 0.033),
    (&V_12, 3.04, 0.064),
    (&[(" the", 0.37), (" a", 0.098), (" his", 0.04)], 4.41, 0.14),
    (&[(" the", 0.38), (" a", 0.086), (" it", 0.03)], 4.47, 0.21),
    (&[(" the", 0.33), (" a", 0.080), (",", 0.03)], 4.91, 0.30),
    (&[(" the", 0.29), (" a", 0.060), (",", 0.05)], 5.22, 0.43),
    (&[(" the", 0.24), (",", 0.08), (".", 0.07), (" a", 0.0522)], 5.22, 0.58),
];

/// Every token that 24 finds plausible at the least α of What-if.
const V_24: [(&str, f32); 16] = [
    (" the", 0.3707),
    (" a", 0.2090),
    (" his", 0.0755),
    (" top", 0.0458),
    (" my", 0.0302),
    (" it", 0.0190),
    (" one", 0.0150),
    (" her", 0.0130),
    (" their", 0.0110),
    (" this", 0.0095),
    (" its", 0.0080),
    (" our", 0.0066),
    (" that", 0.0055),
    (" an", 0.0043),
    (" stage", 0.0028),
    (" some", 0.0022),
];

/// The same tokens at 12: ␣stage gains most on the way up, but counts only where α is small.
const V_12: [(&str, f32); 16] = [
    (" the", 0.5004),
    (" a", 0.1182),
    (" his", 0.0554),
    (" top", 0.0320),
    (" my", 0.0260),
    (" it", 0.0175),
    (" one", 0.0140),
    (" her", 0.0121),
    (" their", 0.0105),
    (" this", 0.0092),
    (" its", 0.0078),
    (" our", 0.0065),
    (" that", 0.0056),
    (" an", 0.0041),
    (" some", 0.0025),
    (" stage", 0.0012),
];

/// Position 8, " wall" in the text.
const EIGHT: [Exit; 13] = [
    (
        &[
            (" wall", 0.322_703),
            (" chair", 0.075_400),
            (" bench", 0.050_485),
            (" log", 0.034_547),
            (" table", 0.023_195),
            (" stool", 0.021_972),
            (" horse", 0.012_144),
            (" small", 0.011_025),
            (" large", 0.009_704),
            (" tree", 0.009_544),
            (" single", 0.003_174),
            (" new", 0.000_979),
            (" lot", 0.000_08),
        ],
        5.08,
        0.0,
    ),
    (
        &[
            (" wall", 0.358_070),
            (" chair", 0.069_355),
            (" bench", 0.048_193),
            (" log", 0.036_694),
            (" stool", 0.021_824),
            (" table", 0.020_723),
            (" horse", 0.012_263),
            (" small", 0.011_151),
            (" large", 0.010_227),
            (" tree", 0.008_704),
            (" single", 0.002_929),
            (" new", 0.000_961),
            (" lot", 0.000_08),
        ],
        4.85,
        0.003,
    ),
    (
        &[
            (" wall", 0.284),
            (" chair", 0.072),
            (" bench", 0.0552),
            (" table", 0.027),
            (" small", 0.014),
            (" lot", 2e-4),
        ],
        5.32,
        0.005,
    ),
    (
        &[(" wall", 0.224), (" chair", 0.088), (" bench", 0.070), (" table", 0.032), (" small", 0.018), (" lot", 3e-4)],
        5.49,
        0.032,
    ),
    (
        &[(" wall", 0.139), (" chair", 0.083), (" bench", 0.071), (" table", 0.042), (" small", 0.020), (" lot", 7e-4)],
        6.10,
        0.12,
    ),
    (
        &[
            (" chair", 0.082),
            (" bench", 0.074),
            (" wall", 0.0564),
            (" table", 0.054),
            (" small", 0.024),
            (" large", 0.022),
            (" lot", 0.001),
        ],
        6.57,
        0.37,
    ),
    (
        &[
            (" chair", 0.051),
            (" table", 0.043),
            (" bench", 0.041),
            (" small", 0.026),
            (" large", 0.0225),
            (" horse", 0.016),
            (" tree", 0.015),
            (" new", 0.014),
            (" wall", 0.013),
            (" lot", 0.003),
        ],
        7.27,
        0.88,
    ),
    (
        &[
            (" table", 0.034),
            (" small", 0.033),
            (" chair", 0.027_293),
            (" bench", 0.021_417),
            (" large", 0.021),
            (" horse", 0.012),
            (" log", 0.007_850),
            (" tree", 0.007),
            (" lot", 0.006),
            (" single", 0.004),
            (" new", 0.003),
            (" stool", 0.002),
        ],
        7.54,
        1.79,
    ),
    (
        &[
            (" small", 0.030),
            (" large", 0.0215),
            (" table", 0.021),
            (" lot", 0.018),
            (" chair", 0.015),
            (" few", 0.010),
            (" bench", 0.006),
        ],
        7.68,
        2.54,
    ),
    (
        &[
            (" lot", 0.031),
            (" small", 0.026),
            (" single", 0.0255),
            (" few", 0.020),
            (" table", 0.011),
            (" chair", 0.006),
            (" bench", 0.002),
        ],
        7.66,
        3.28,
    ),
    (
        &[
            (" lot", 0.0442),
            (" few", 0.036),
            (" new", 0.021),
            (" small", 0.019),
            (" table", 0.007),
            (" chair", 0.003),
            (" bench", 9e-4),
        ],
        7.65,
        3.60,
    ),
    (
        &[
            (" lot", 0.0438),
            (" few", 0.039),
            (" new", 0.028),
            (" small", 0.015),
            (" table", 0.004),
            (" chair", 0.002),
            (" bench", 4e-4),
        ],
        7.67,
        3.87,
    ),
    (
        &[
            (" lot", 0.0522),
            (" few", 0.043),
            (" new", 0.027),
            (" small", 0.013),
            (" table", 0.002),
            (" chair", 0.001),
            (" bench", 2e-4),
        ],
        7.57,
        4.14,
    ),
];

/// " wall" where it is far down: by exit's row, p and rank.
const FAR_WALL: [(usize, f32, u32); 6] =
    [(7, 0.000_996, 92), (8, 2e-4, 521), (9, 3e-5, 2_480), (10, 2e-5, 3_960), (11, 1e-5, 6_440), (12, 9e-6, 8_900)];

/// Exit 16 at position 17, where " great" stands. The inspector of the design lists it sixth and calls its rank 7: here
/// it is 6.
const SEVENTEEN_16: Exit = (
    &[
        (" lot", 0.0522),
        (" few", 0.0453),
        (" good", 0.0451),
        (" little", 0.034),
        (" big", 0.023),
        (" great", 0.014),
        (".", 0.0092),
        (" to", 0.0083),
        (" in", 0.0081),
        (" I", 0.0077),
    ],
    7.20,
    1.84,
);

/// What a table says of an exit (by row) at a position of the text.
pub(super) fn exit(position: usize, row: usize) -> Option<Exit> {
    match position {
        PROMPT => SEVEN.get(row).copied(),
        8 => EIGHT.get(row).copied(),
        17 if row == 5 => Some(SEVENTEEN_16),
        17 if row == 0 => Some((&[(" great", 0.571)], 4.02, 0.0)),
        17 if row == 1 => Some((&[(" great", 0.602)], 3.84, 0.002)),
        _ => None,
    }
}

/// Tokens that are far down: text, p, rank.
pub(super) fn far(position: usize, row: usize) -> Option<(&'static str, f32, u32)> {
    match position {
        8 => FAR_WALL.iter().find(|(at, ..)| *at == row).map(|(_, p, rank)| (" wall", *p, *rank)),
        17 if row == 6 => Some((" great", 0.004, 22)),
        _ => None,
    }
}

/// What-if at position 7: the choice of every pair, by expert downwards, amateurs to the right. `.` is the expert's own,
/// t ␣top, a ␣a, h ␣his. The design letters them b, c, d; but ␣a has the letter b in Explore, since contrast chooses it
/// there, and a letter stays with its token.
pub(super) const PAIRS: [&str; 12] = [
    "ttttttathhhh",
    "tahaaaahhhh",
    "ahaaaahhhh",
    "httaahhhh",
    "aaaahhhh",
    "aaahhhh",
    "aahhhh",
    ".hhhh",
    "hhhh",
    ".aa",
    "aa",
    ".",
];
