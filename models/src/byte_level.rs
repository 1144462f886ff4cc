//! GPT-2's spelling of bytes as characters, inverted: tokens back to the bytes they stand for.
//!
//! Printable bytes stand for themselves; the 68 others follow from U+0100 on, in order (openai/gpt-2, encoder.py).

/// The byte that a character of a token's spelling stands for.
fn byte_of(spelled: char) -> Option<u8> {
    let code = u32::from(spelled);
    match spelled {
        '!'..='~' | '¡'..='¬' | '®'..='ÿ' => u8::try_from(code).ok(),
        _ => (0..=255u8).filter(|b| !is_printable(*b)).nth(usize::try_from(code.checked_sub(256)?).ok()?),
    }
}

/// How the 256 bytes are spelled, in the order of GPT-2's own vocabulary.
pub(crate) fn spellings() -> impl Iterator<Item = String> {
    let printable = (0..=255u8).filter(|b| is_printable(*b)).map(char::from);
    printable.chain((256u32..).map_while(char::from_u32).take_while(|c| byte_of(*c).is_some())).map(String::from)
}

fn is_printable(byte: u8) -> bool {
    matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF)
}

/// The bytes of a token; one that is not spelled this way (a special token) stands for its own UTF-8.
#[must_use]
pub(crate) fn bytes_of(token: &str) -> Vec<u8> {
    let bytes: Option<Vec<u8>> = token.chars().map(byte_of).collect();
    bytes.unwrap_or_else(|| token.as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::bytes_of;

    #[test]
    fn spellings() {
        assert_eq!(bytes_of("Ġthe"), b" the");
        assert_eq!(bytes_of("Ċ"), b"\n");
        assert_eq!(bytes_of("Ã©"), "é".as_bytes());
        assert_eq!(bytes_of("<|endoftext|>"), b"<|endoftext|>");
    }

    #[test]
    fn all_256_bytes_have_one_spelling() {
        let spelled: Vec<char> =
            (0..=0x143u32).filter_map(char::from_u32).filter(|c| super::byte_of(*c).is_some()).collect();
        let mut bytes: Vec<u8> = spelled.iter().filter_map(|c| super::byte_of(*c)).collect();
        bytes.sort_unstable();
        assert_eq!(bytes, (0..=255).collect::<Vec<u8>>());
    }
}
