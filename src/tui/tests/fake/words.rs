//! Tokens with the ids that GPT-2 has for them.

use crate::session::trace::TokenId;

/// Ids 0 to 93 are the printable ASCII characters from `!` on; these are the others that are spoken here.
const WORDS: [(u32, &str); 98] = [
    (198, "\n"),
    (257, " a"),
    (262, " the"),
    (272, "an"),
    (281, " an"),
    (284, " to"),
    (286, " of"),
    (287, " in"),
    (288, " d"),
    (290, " and"),
    (314, " I"),
    (318, " is"),
    (319, " on"),
    (324, "ad"),
    (326, " that"),
    (329, " for"),
    (338, "'s"),
    (339, " he"),
    (340, " it"),
    (351, " with"),
    (355, " as"),
    (366, " \""),
    (373, " was"),
    (379, " at"),
    (388, "um"),
    (416, " by"),
    (428, " this"),
    (464, "The"),
    (465, " his"),
    (477, " all"),
    (502, " me"),
    (511, " their"),
    (530, " one"),
    (531, " said"),
    (534, " your"),
    (547, " were"),
    (550, " had"),
    (553, ",\""),
    (587, " been"),
    (607, " her"),
    (616, " my"),
    (617, " some"),
    (625, " over"),
    (644, " what"),
    (649, " new"),
    (661, " people"),
    (663, " its"),
    (674, " our"),
    (714, " could"),
    (898, " own"),
    (922, " good"),
    (976, " same"),
    (1049, " great"),
    (1101, "'m"),
    (1178, " few"),
    (1256, " lot"),
    (1263, " big"),
    (1310, " little"),
    (1311, " hum"),
    (1353, " top"),
    (1402, " small"),
    (1422, " didn"),
    (1450, " men"),
    (1588, " large"),
    (1611, " kind"),
    (1730, " deal"),
    (1735, " side"),
    (2060, " single"),
    (2121, " fall"),
    (2323, " ground"),
    (2604, " log"),
    (3084, " table"),
    (3114, " looked"),
    (3237, "All"),
    (3332, " sat"),
    (3355, " wall"),
    (3800, " stage"),
    (3996, " bed"),
    (4314, " floor"),
    (4898, " wood"),
    (5017, " covered"),
    (5101, " arms"),
    (5118, " chair"),
    (5509, " tree"),
    (5743, " edge"),
    (5822, " king"),
    (5835, "pty"),
    (6546, " thick"),
    (7405, " legs"),
    (7624, " bench"),
    (7679, " layer"),
    (7926, " sorry"),
    (8223, " horse"),
    (14260, " horses"),
    (14475, " knees"),
    (17047, "hum"),
    (24650, " folded"),
    (38753, " stool"),
];

/// A word outside of the table above.
const DANGLING: (u32, &str) = (47_270, " dangling");
pub(super) const END: TokenId = TokenId(50_256);
pub(super) const COUNT: usize = 50_257;

/// The id of a word; a word that is not here is a mistake in a table.
pub(in crate::tui) fn id(word: &str) -> TokenId {
    let mut bytes = word.bytes();
    if let (Some(byte @ 33..=126), None) = (bytes.next(), bytes.next()) {
        return TokenId(u32::from(byte) - 33);
    }
    let found = WORDS.iter().chain([&DANGLING]).find(|(_, text)| *text == word);
    TokenId(found.unwrap_or_else(|| panic!("no id for {word:?}")).0)
}

/// The bytes of every token, by id; most have none here.
pub(super) fn bytes() -> Vec<Box<[u8]>> {
    let mut bytes: Vec<Box<[u8]>> = vec![Box::default(); COUNT];
    for (id, byte) in (33u8..=126).enumerate() {
        bytes[id] = Box::new([byte]);
    }
    for (id, word) in WORDS.into_iter().chain([DANGLING]) {
        bytes[id as usize] = word.as_bytes().into();
    }
    bytes[END.index()] = b"<|endoftext|>".as_slice().into();
    bytes
}
