//! ggml's RPC protocol, as far as a go-between has to know it: which requests are answered, with how many bytes, and what
//! an answer must be like for ggml's client to live with it.
//!
//! From ggml-rpc.cpp of the llama.cpp that this crate is built with: a request is a command (1 byte), a length (8 bytes) and so
//! many bytes; an answer is a length and so many bytes. Numbers are little-endian, structures without gaps.

/// The version that this ggml speaks: the first number must be the server's, the second at least the server's.
pub(super) const VERSION: [u8; 3] = [7, 0, 0];

pub(super) const ALLOC_BUFFER: u8 = 0;
pub(super) const GET_ALIGNMENT: u8 = 1;
pub(super) const GET_MAX_SIZE: u8 = 2;
pub(super) const BUFFER_GET_BASE: u8 = 3;
#[cfg(test)]
pub(super) const FREE_BUFFER: u8 = 4;
#[cfg(test)]
pub(super) const SET_TENSOR: u8 = 6;
pub(super) const SET_TENSOR_HASH: u8 = 7;
pub(super) const GET_TENSOR: u8 = 8;
pub(super) const COPY_TENSOR: u8 = 9;
pub(super) const GET_DEVICE_MEMORY: u8 = 11;
pub(super) const GET_ALLOC_SIZE: u8 = 13;
pub(super) const HELLO: u8 = 14;
pub(super) const DEVICE_COUNT: u8 = 15;

/// What the two sides can do beside TCP: nothing, so that no faster way around us is agreed upon.
pub(super) const NO_CAPABILITIES: [u8; 24] = [0; 24];

/// Most devices of one server that are believed.
const MOST_DEVICES: u32 = 64;
/// Beyond any machine's memory, and far from where sums of sizes and addresses overflow.
const MOST_BYTES: u64 = 1 << 48;

/// What begins a request.
pub(super) fn head(command: u8, bytes: u64) -> [u8; 9] {
    let mut head = [command; 9];
    head[1..].copy_from_slice(&bytes.to_le_bytes());
    head
}

/// A whole request.
pub(super) fn request(command: u8, data: &[u8]) -> Vec<u8> {
    [&head(command, data.len() as u64)[..], data].concat()
}

/// Bytes of the answer to a request; `None` where there is none.
pub(super) fn answer_bytes(command: u8, request: &[u8]) -> Option<u64> {
    match command {
        HELLO => Some(28),
        ALLOC_BUFFER | GET_DEVICE_MEMORY => Some(16),
        GET_ALIGNMENT | GET_MAX_SIZE | BUFFER_GET_BASE | GET_ALLOC_SIZE => Some(8),
        DEVICE_COUNT => Some(4),
        SET_TENSOR_HASH | COPY_TENSOR => Some(1),
        GET_TENSOR => Some(last_number(request)),
        _ => None,
    }
}

/// Whether a request is answered at all.
pub(super) fn is_answered(command: u8) -> bool {
    answer_bytes(command, &[]).is_some()
}

/// Whether ggml's client can live with an answer: it asserts, divides and adds without a look.
pub(super) fn is_sound(command: u8, request: &[u8], answer: &[u8]) -> bool {
    match command {
        DEVICE_COUNT => (1..=MOST_DEVICES).contains(&u32::try_from(number(answer)).unwrap_or(0)),
        GET_ALIGNMENT => number(answer).is_power_of_two() && number(answer) <= 1 << 20,
        GET_ALLOC_SIZE => number(answer) <= MOST_BYTES,
        // A place, and as much as was asked for; or no place.
        ALLOC_BUFFER => number(answer) == 0 || (last_number(request)..=MOST_BYTES).contains(&last_number(answer)),
        BUFFER_GET_BASE => number(answer) != 0 && number(answer) <= u64::MAX - MOST_BYTES,
        _ => true,
    }
}

/// An answer on behalf of a server that is gone: one that lets ggml finish and free what it has. `None` are zeros.
pub(super) fn made_up(command: u8) -> Option<Vec<u8>> {
    match command {
        HELLO => Some([&VERSION[..], &[0], &NO_CAPABILITIES].concat()),
        GET_ALIGNMENT => Some(128u64.to_le_bytes().into()),
        GET_MAX_SIZE => Some(u64::MAX.to_le_bytes().into()),
        BUFFER_GET_BASE => Some(4096u64.to_le_bytes().into()),
        // It has the bytes, it has copied them.
        SET_TENSOR_HASH | COPY_TENSOR => Some(vec![1]),
        // No memory, no devices, numbers that nobody will believe.
        _ => None,
    }
}

/// The first eight bytes, or all if there are fewer, as a number.
pub(super) fn number(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// The last eight bytes as a number.
fn last_number(bytes: &[u8]) -> u64 {
    number(&bytes[bytes.len().saturating_sub(8)..])
}
