//! Values of GGUF's key-value pairs, and their encoding.

/// One value.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names are the types")]
pub enum Value {
    U8(u8),
    I8(i8),
    U16(u16),
    I16(i16),
    U32(u32),
    I32(i32),
    U64(u64),
    I64(i64),
    F32(f32),
    F64(f64),
    Bool(bool),
    Text(String),
    Array(Array),
}

/// An array of one type. Types that no language model's file uses in bulk share a variant.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names are the types")]
pub enum Array {
    U32(Vec<u32>),
    I32(Vec<i32>),
    F32(Vec<f32>),
    Text(Vec<String>),
    /// Any other type but an array of arrays, which no known file has.
    Other(Vec<Value>),
}

/// The format's numbers for types.
pub(crate) mod code {
    pub(crate) const U32: u32 = 4;
    pub(crate) const I32: u32 = 5;
    pub(crate) const F32: u32 = 6;
    pub(crate) const TEXT: u32 = 8;
    pub(crate) const ARRAY: u32 = 9;
}

impl Value {
    /// The format's number of this type.
    pub(crate) fn code(&self) -> u32 {
        match self {
            Self::U8(_) => 0,
            Self::I8(_) => 1,
            Self::U16(_) => 2,
            Self::I16(_) => 3,
            Self::U32(_) => code::U32,
            Self::I32(_) => code::I32,
            Self::F32(_) => code::F32,
            Self::Bool(_) => 7,
            Self::Text(_) => code::TEXT,
            Self::Array(_) => code::ARRAY,
            Self::U64(_) => 10,
            Self::I64(_) => 11,
            Self::F64(_) => 12,
        }
    }

    /// Appends the value without its type.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::U8(v) => out.push(*v),
            Self::I8(v) => out.extend(v.to_le_bytes()),
            Self::U16(v) => out.extend(v.to_le_bytes()),
            Self::I16(v) => out.extend(v.to_le_bytes()),
            Self::U32(v) => out.extend(v.to_le_bytes()),
            Self::I32(v) => out.extend(v.to_le_bytes()),
            Self::U64(v) => out.extend(v.to_le_bytes()),
            Self::I64(v) => out.extend(v.to_le_bytes()),
            Self::F32(v) => out.extend(v.to_le_bytes()),
            Self::F64(v) => out.extend(v.to_le_bytes()),
            Self::Bool(v) => out.push(u8::from(*v)),
            Self::Text(v) => encode_text(v, out),
            Self::Array(array) => array.encode(out),
        }
    }

    /// The value as an unsigned number, if it is an integer that is not negative.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Self::U8(v) => Some(u64::from(*v)),
            Self::U16(v) => Some(u64::from(*v)),
            Self::U32(v) => Some(u64::from(*v)),
            Self::U64(v) => Some(*v),
            Self::I8(v) => u64::try_from(*v).ok(),
            Self::I16(v) => u64::try_from(*v).ok(),
            Self::I32(v) => u64::try_from(*v).ok(),
            Self::I64(v) => u64::try_from(*v).ok(),
            _ => None,
        }
    }

    /// The value as text.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl Array {
    fn encode(&self, out: &mut Vec<u8>) {
        let (kind, len) = match self {
            Self::U32(v) => (code::U32, v.len()),
            Self::I32(v) => (code::I32, v.len()),
            Self::F32(v) => (code::F32, v.len()),
            Self::Text(v) => (code::TEXT, v.len()),
            Self::Other(v) => (v.first().map_or(0, Value::code), v.len()),
        };
        out.extend(kind.to_le_bytes());
        out.extend((len as u64).to_le_bytes());
        match self {
            Self::U32(v) => v.iter().for_each(|v| out.extend(v.to_le_bytes())),
            Self::I32(v) => v.iter().for_each(|v| out.extend(v.to_le_bytes())),
            Self::F32(v) => v.iter().for_each(|v| out.extend(v.to_le_bytes())),
            Self::Text(v) => v.iter().for_each(|v| encode_text(v, out)),
            Self::Other(v) => v.iter().for_each(|v| v.encode(out)),
        }
    }
}

pub(crate) fn encode_text(text: &str, out: &mut Vec<u8>) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}
