//! A GGUF file that is no file: the same bytes, in memory.

use std::io;

use super::{ALIGNMENT, Planned, Value, WriteError, write::header};
use crate::{Error, Mapping, available_memory};

/// Left to the system and to other programs when memory is asked for.
const SPARE: u64 = 256 << 20;

/// Why there are no such bytes.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    /// More than there is: an allocation that the system only promises would end in a killed process.
    #[error(
        "the weights take {needed} MiB of memory, {available} MiB are available: take a smaller shape or type, or close programs"
    )]
    Short {
        /// Their size.
        needed: u64,
        /// What could be given to them.
        available: u64,
    },
    /// The system refused.
    #[error("no memory for the weights: {0}")]
    System(#[from] io::Error),
    /// A shape that its type does not take.
    #[error(transparent)]
    Plan(#[from] WriteError),
    /// The tensors could not be made.
    #[error(transparent)]
    Fill(#[from] Error),
}

/// Makes a file's bytes: `fill` writes the zeros of each tensor, by its index.
///
/// # Errors
/// If memory is short, a type does not take a shape, or `fill` fails.
pub fn in_memory(
    values: &[(String, Value)],
    tensors: &[Planned],
    mut fill: impl FnMut(usize, &mut [u8]) -> Result<(), Error>,
) -> Result<Mapping, MemoryError> {
    let (header, plan) = header(values, tensors)?;
    let needed = plan.iter().fold(header.len() as u64, |sum, place| sum + place.size.next_multiple_of(ALIGNMENT));
    require(needed, available_memory())?;
    let len = usize::try_from(needed).map_err(|_| MemoryError::System(io::ErrorKind::OutOfMemory.into()))?;
    Mapping::filled(len, |bytes| {
        let (start, mut rest) = bytes.split_at_mut(header.len());
        start.copy_from_slice(&header);
        for (index, size) in plan.iter().map(|place| place.size).enumerate() {
            let fits = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
            let (tensor, after) = rest.split_at_mut(fits(size.next_multiple_of(ALIGNMENT)));
            fill(index, &mut tensor[..fits(size)])?;
            rest = after;
        }
        Ok(())
    })
}

fn require(needed: u64, available: Option<u64>) -> Result<(), MemoryError> {
    const MIB: u64 = 1 << 20;
    match available {
        Some(available) if needed.saturating_add(SPARE) > available => {
            Err(MemoryError::Short { needed: needed.div_ceil(MIB), available: available.saturating_sub(SPARE) / MIB })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DType, gguf::Gguf};

    #[test]
    fn what_is_made_in_memory_reads_like_a_file() {
        let values = [("general.architecture".to_owned(), Value::Text("none".into()))];
        let plan = [("a".to_owned(), DType::F32, vec![3]), ("b".to_owned(), DType::Q8_0, vec![32, 2])];
        let bytes = in_memory(&values, &plan, |index, bytes| {
            bytes.fill(u8::try_from(index + 1).unwrap_or(0));
            Ok(())
        })
        .expect("a small file");
        assert!(bytes.as_ptr().addr().is_multiple_of(64));
        let file = Gguf::parse(&bytes).expect("our own header");
        assert_eq!(file.get("general.architecture").and_then(Value::as_text), Some("none"));
        assert_eq!(file.tensors.iter().map(|t| t.data.len()).collect::<Vec<_>>(), [12, 68]);
        for (tensor, byte) in file.tensors.iter().zip([1, 2]) {
            assert!(bytes[tensor.data.clone()].iter().all(|b| *b == byte), "{}", tensor.name);
        }
    }

    #[test]
    fn short_memory_is_refused_in_one_sentence() {
        assert!(require(1 << 30, None).is_ok());
        assert!(require(1 << 30, Some(2 << 30)).is_ok());
        let error = require(3 << 30, Some(1 << 30)).expect_err("too much").to_string();
        assert!(error.contains("3072 MiB") && error.contains("768 MiB") && !error.contains('\n'), "{error}");
    }

    #[test]
    fn no_machine_has_memory_for_a_petabyte() {
        let plan = [("a".to_owned(), DType::F32, vec![1 << 20, 1 << 28])];
        assert!(
            available_memory().is_none()
                || matches!(in_memory(&[], &plan, |_, _| Ok(())), Err(MemoryError::Short { .. }))
        );
    }
}
