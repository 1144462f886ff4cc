//! Tells two model files apart in an instant, however large they are.

use mexit_ggml::gguf::Gguf;
use sha2::{Digest, Sha256};

/// Bytes at each end of a tensor that count.
const SAMPLE: usize = 4096;

/// SHA-256, in hexadecimal, over the header and the first and last 4 KiB of every tensor: no proof against a forger, but
/// no two models that were trained, converted or quantised differently have the same.
pub(crate) fn fingerprint(file: &Gguf, bytes: &[u8]) -> String {
    let header = file.tensors.iter().map(|tensor| tensor.data.start).min().unwrap_or(bytes.len());
    let mut hash = Sha256::new();
    hash.update(&bytes[..header]);
    for tensor in &file.tensors {
        let data = &bytes[tensor.data.clone()];
        hash.update(&data[..data.len().min(SAMPLE)]);
        hash.update(&data[data.len().saturating_sub(SAMPLE)..]);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use mexit_ggml::gguf::Gguf;

    use super::fingerprint;
    use crate::demo;

    #[test]
    fn a_changed_weight_or_key_is_another_model() {
        let mut bytes = demo::mapping().to_vec();
        let file = Gguf::parse(&bytes).expect("the demo model");
        let before = fingerprint(&file, &bytes);
        assert_eq!(before.len(), 64);
        assert_eq!(before, fingerprint(&file, &bytes));
        let last = file.tensors.iter().map(|tensor| tensor.data.end).max().expect("a tensor") - 1;
        for at in [last, 8] {
            bytes[at] ^= 1;
            assert_ne!(before, fingerprint(&file, &bytes), "byte {at}");
            bytes[at] ^= 1;
        }
    }
}
