//! Reading a GGUF file's header. Nothing is trusted: every length is capped by the bytes that are left, every tensor
//! must lie inside the file, and each refusal says what was found where.

use std::{collections::HashSet, ops::Range};

use super::{
    ALIGNMENT, ALIGNMENT_KEY, MAGIC,
    value::{Array, Value, code},
};
use crate::DType;

/// Most dimensions of a tensor in ggml.
const MOST_DIMENSIONS: u32 = 4;
/// Longest name that ggml keeps (`GGML_MAX_NAME` less its zero).
const LONGEST_NAME: usize = 63;

/// Why a file was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a GGUF file that can be used: {what}: expected {expected}, found {found} (at byte {at})")]
pub struct GgufError {
    /// The part of the file.
    pub what: String,
    /// What should be there.
    pub expected: String,
    /// What is.
    pub found: String,
    /// Offset in the file.
    pub at: usize,
}

/// The header of a file: keys, and where the tensors are.
#[derive(Debug)]
pub struct Gguf {
    /// Key-value pairs, in the file's order.
    pub values: Vec<(String, Value)>,
    /// Tensors, in the file's order.
    pub tensors: Vec<TensorInfo>,
}

/// Where a tensor lies and how its numbers are stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    /// Its name.
    pub name: String,
    /// Its element type.
    pub dtype: DType,
    /// Its sizes in ggml's order (row length first).
    pub shape: Vec<usize>,
    /// Its bytes in the file.
    pub data: Range<usize>,
}

impl Gguf {
    /// Reads the header of `file`, which is the whole file.
    ///
    /// # Errors
    /// On anything that is not as the format wants it, or that lies outside the file.
    pub fn parse(file: &[u8]) -> Result<Self, GgufError> {
        let mut cursor = Cursor { file, at: 0 };
        let magic = cursor.take(4, "the first 4 bytes")?;
        if magic != MAGIC {
            return Err(cursor.refuse("the first 4 bytes", "GGUF", magic.escape_ascii()));
        }
        let version = cursor.u32("the version")?;
        if !(2..=3).contains(&version) {
            return Err(cursor.refuse("the version", "2 or 3, little endian", version));
        }
        // A tensor's description takes at least 32 bytes, a pair at least 13.
        let tensors = cursor.count("the number of tensors", 32)?;
        let pairs = cursor.count("the number of keys", 13)?;
        let mut values: Vec<(String, Value)> = Vec::with_capacity(pairs);
        let mut seen = HashSet::new();
        for index in 0..pairs {
            let key = cursor.text(&format!("key {index}"))?;
            let kind = cursor.u32(&format!("the type of {key}"))?;
            let value = cursor.value(kind, &key)?;
            if !seen.insert(key.clone()) {
                return Err(cursor.refuse("the keys", "each key once", format!("{key} twice")));
            }
            values.push((key, value));
        }
        let alignment = match values.iter().find(|(key, _)| key == ALIGNMENT_KEY) {
            None => ALIGNMENT,
            Some((_, Value::U32(n))) if *n > 0 && u64::from(*n).is_multiple_of(ALIGNMENT) => u64::from(*n),
            Some((_, other)) => return Err(cursor.refuse(ALIGNMENT_KEY, "a u32 multiple of 32", format!("{other:?}"))),
        };
        let mut infos = Vec::with_capacity(tensors);
        for index in 0..tensors {
            infos.push(cursor.tensor(index)?);
        }
        let start = (cursor.at as u64).next_multiple_of(alignment);
        place(&mut infos, start, alignment, file.len() as u64)?;
        Ok(Self { values, tensors: infos })
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.values.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The tensor called `name`.
    #[must_use]
    pub fn tensor(&self, name: &str) -> Option<&TensorInfo> {
        self.tensors.iter().find(|info| info.name == name)
    }
}

/// Turns offsets within the data section, kept in `data.start` so far, into ranges of the file.
fn place(infos: &mut [TensorInfo], start: u64, alignment: u64, len: u64) -> Result<(), GgufError> {
    let mut names = HashSet::new();
    let mut ends: Vec<(u64, u64, String)> = Vec::with_capacity(infos.len());
    for info in infos.iter_mut() {
        let refuse = |expected: String, found: String| GgufError {
            what: format!("tensor {}", info.name),
            expected,
            found,
            at: usize::try_from(start).unwrap_or(usize::MAX),
        };
        let offset = info.data.start as u64;
        let bytes = bytes_of(info).ok_or_else(|| refuse("a size below 2^63".into(), format!("{:?}", info.shape)))?;
        let begin = start.checked_add(offset);
        let end = begin.and_then(|b| b.checked_add(bytes)).filter(|end| *end <= len);
        let (Some(begin), Some(end)) = (begin, end) else {
            let missing = format!("a file of {len} bytes: it was cut short, or its header lies");
            return Err(refuse(format!("{bytes} bytes from {start} + {offset} on"), missing));
        };
        if !offset.is_multiple_of(alignment) {
            return Err(refuse(format!("an offset that is a multiple of {alignment}"), offset.to_string()));
        }
        if !names.insert(info.name.clone()) {
            return Err(refuse("each name once".into(), "it twice".into()));
        }
        ends.push((begin, end, info.name.clone()));
        // Both fit: they are at most the length of a slice.
        info.data = usize::try_from(begin).unwrap_or(0)..usize::try_from(end).unwrap_or(0);
    }
    ends.sort_unstable();
    match ends.windows(2).find(|pair| pair[0].1 > pair[1].0) {
        None => Ok(()),
        Some(pair) => Err(GgufError {
            what: format!("tensor {}", pair[1].2),
            expected: "bytes of its own".into(),
            found: format!("bytes that belong to {}", pair[0].2),
            at: usize::try_from(pair[1].0).unwrap_or(usize::MAX),
        }),
    }
}

fn bytes_of(info: &TensorInfo) -> Option<u64> {
    let row = info.dtype.row_bytes(*info.shape.first()? as u64)?;
    info.shape[1..].iter().try_fold(row, |bytes, n| bytes.checked_mul(*n as u64)).filter(|b| i64::try_from(*b).is_ok())
}

struct Cursor<'f> {
    file: &'f [u8],
    at: usize,
}

impl<'f> Cursor<'f> {
    fn refuse(&self, what: impl ToString, expected: impl ToString, found: impl ToString) -> GgufError {
        GgufError { what: what.to_string(), expected: expected.to_string(), found: found.to_string(), at: self.at }
    }

    fn take(&mut self, bytes: usize, what: &str) -> Result<&'f [u8], GgufError> {
        let left = self.file.len() - self.at;
        let part = self.file[self.at..].get(..bytes).ok_or_else(|| {
            self.refuse(what, format!("{bytes} more bytes"), format!("{left} before the end of the file"))
        })?;
        self.at += bytes;
        Ok(part)
    }

    fn array<const N: usize>(&mut self, what: &str) -> Result<[u8; N], GgufError> {
        let bytes = self.take(N, what)?;
        Ok(bytes.try_into().unwrap_or([0; N]))
    }

    fn u32(&mut self, what: &str) -> Result<u32, GgufError> {
        Ok(u32::from_le_bytes(self.array(what)?))
    }

    fn u64(&mut self, what: &str) -> Result<u64, GgufError> {
        Ok(u64::from_le_bytes(self.array(what)?))
    }

    /// A number of things of at least `least` bytes each, which must fit into what is left.
    fn count(&mut self, what: &str, least: usize) -> Result<usize, GgufError> {
        let count = self.u64(what)?;
        let most = (self.file.len() - self.at) / least;
        usize::try_from(count)
            .ok()
            .filter(|n| *n <= most)
            .ok_or_else(|| self.refuse(what, format!("at most {most}, for which there are bytes"), count))
    }

    fn text(&mut self, what: &str) -> Result<String, GgufError> {
        let len = self.count(&format!("the length of {what}"), 1)?;
        let bytes = self.take(len, what)?;
        let text = std::str::from_utf8(bytes);
        text.map(str::to_owned).map_err(|_| self.refuse(what, "UTF-8", bytes[..bytes.len().min(32)].escape_ascii()))
    }

    fn value(&mut self, kind: u32, key: &str) -> Result<Value, GgufError> {
        Ok(match kind {
            0 => Value::U8(u8::from_le_bytes(self.array(key)?)),
            1 => Value::I8(i8::from_le_bytes(self.array(key)?)),
            2 => Value::U16(u16::from_le_bytes(self.array(key)?)),
            3 => Value::I16(i16::from_le_bytes(self.array(key)?)),
            code::U32 => Value::U32(self.u32(key)?),
            code::I32 => Value::I32(i32::from_le_bytes(self.array(key)?)),
            code::F32 => Value::F32(f32::from_le_bytes(self.array(key)?)),
            7 => match self.array::<1>(key)? {
                [0] => Value::Bool(false),
                [1] => Value::Bool(true),
                [other] => return Err(self.refuse(key, "0 or 1", other)),
            },
            code::TEXT => Value::Text(self.text(key)?),
            code::ARRAY => Value::Array(self.values(key)?),
            10 => Value::U64(self.u64(key)?),
            11 => Value::I64(i64::from_le_bytes(self.array(key)?)),
            12 => Value::F64(f64::from_le_bytes(self.array(key)?)),
            other => return Err(self.refuse(format!("the type of {key}"), "0 to 12", other)),
        })
    }

    fn values(&mut self, key: &str) -> Result<Array, GgufError> {
        let kind = self.u32(&format!("the type of {key}"))?;
        let least = match kind {
            0 | 1 | 7 => 1,
            2 | 3 => 2,
            code::U32 | code::I32 | code::F32 => 4,
            code::TEXT | 10 | 11 | 12 => 8,
            other => return Err(self.refuse(format!("the type of {key}"), "an array of plain values", other)),
        };
        let count = self.count(&format!("the length of {key}"), least)?;
        Ok(match kind {
            code::U32 => Array::U32((0..count).map(|_| self.u32(key)).collect::<Result<_, _>>()?),
            code::I32 => {
                Array::I32((0..count).map(|_| Ok(i32::from_le_bytes(self.array(key)?))).collect::<Result<_, _>>()?)
            }
            code::F32 => {
                Array::F32((0..count).map(|_| Ok(f32::from_le_bytes(self.array(key)?))).collect::<Result<_, _>>()?)
            }
            code::TEXT => Array::Text((0..count).map(|_| self.text(key)).collect::<Result<_, _>>()?),
            _ => Array::Other((0..count).map(|_| self.value(kind, key)).collect::<Result<_, _>>()?),
        })
    }

    fn tensor(&mut self, index: usize) -> Result<TensorInfo, GgufError> {
        let name = self.text(&format!("the name of tensor {index}"))?;
        if name.is_empty() || name.len() > LONGEST_NAME {
            return Err(self.refuse(format!("the name of tensor {index}"), "1 to 63 bytes", name.len()));
        }
        let what = format!("tensor {name}");
        let dims = self.u32(&what)?;
        if !(1..=MOST_DIMENSIONS).contains(&dims) {
            return Err(self.refuse(what, "1 to 4 dimensions", dims));
        }
        let mut shape = Vec::new();
        for _ in 0..dims {
            let n = self.u64(&what)?;
            let size = usize::try_from(n).ok().filter(|n| *n > 0 && i64::try_from(*n).is_ok());
            shape.push(size.ok_or_else(|| self.refuse(&what, "sizes from 1 to 2^63", n))?);
        }
        let kind = self.u32(&what)?;
        let known = || DType::ALL.map(DType::name).join(", ");
        let dtype = DType::from_code(kind)
            .ok_or_else(|| self.refuse(&what, format!("one of the types {}", known()), format!("type {kind}")))?;
        if dtype.row_bytes(shape[0] as u64).is_none() {
            return Err(self.refuse(&what, format!("rows of whole {dtype} blocks"), format!("rows of {}", shape[0])));
        }
        let offset = self.u64(&what)?;
        let start = usize::try_from(offset).map_err(|_| self.refuse(&what, "an offset inside the file", offset))?;
        Ok(TensorInfo { name, dtype, shape, data: start..start })
    }
}
