//! Reads the pickle inside a torch checkpoint without running anything: a small machine for the opcodes that a plain
//! dictionary of tensors needs, which knows five functions by name and calls none.
//!
//! All values live in flat tables, so that neither depth nor cycles can exhaust the stack, and every opcode adds a
//! bounded amount: memory is linear in the pickle's length. Opcodes: Lib/pickletools.py of Python, protocols 2 to 4.

use std::collections::HashMap;

use mexit_ggml::DType;

/// A tensor that the pickle describes.
#[derive(Debug)]
pub(super) struct Described {
    pub(super) name: String,
    /// Type, if it is one of real numbers that we take, and bytes of an element.
    pub(super) element: (Option<DType>, u64),
    /// Key of the storage, an entry `data/KEY` of the archive.
    pub(super) storage: String,
    /// Elements of the storage before the first of the tensor.
    pub(super) offset: usize,
    /// Sizes, slowest first; the elements lie without gaps.
    pub(super) shape: Vec<usize>,
}

/// What the machine refuses.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) expected: String,
    pub(super) found: String,
}

fn refuse<T>(expected: impl Into<String>, found: impl ToString) -> Result<T, Refused> {
    Err(Refused { expected: expected.into(), found: found.to_string() })
}

/// Names that a state dictionary refers to, and what they mean to us.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Name {
    OrderedDict,
    RebuildTensor,
    RebuildParameter,
    Storage(Option<DType>, u64),
}

fn name_of(module: &str, name: &str) -> Option<Name> {
    Some(match (module, name) {
        ("collections", "OrderedDict") => Name::OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2") => Name::RebuildTensor,
        ("torch._utils", "_rebuild_parameter") => Name::RebuildParameter,
        ("torch", "FloatStorage") => Name::Storage(Some(DType::F32), 4),
        ("torch", "HalfStorage") => Name::Storage(Some(DType::F16), 2),
        ("torch", "BFloat16Storage") => Name::Storage(Some(DType::BF16), 2),
        ("torch", "ByteStorage" | "BoolStorage") => Name::Storage(None, 1),
        ("torch", "LongStorage" | "DoubleStorage") => Name::Storage(None, 8),
        _ => return None,
    })
}

/// A value; containers by index into the machine's tables.
#[derive(Clone, Copy, Debug)]
enum Value {
    Nothing,
    Int(i64),
    Text(usize),
    Tuple(usize),
    Dict(usize),
    Name(Name),
    Storage(usize),
    Tensor(usize),
    Mark,
}

#[derive(Default)]
struct Machine {
    stack: Vec<Value>,
    memo: HashMap<u32, Value>,
    texts: Vec<String>,
    tuples: Vec<Vec<Value>>,
    dicts: Vec<Vec<(Value, Value)>>,
    storages: Vec<(Name, usize)>,
    tensors: Vec<Described>,
}

/// The tensors of a state dictionary.
pub(super) fn tensors(bytes: &[u8]) -> Result<Vec<Described>, Refused> {
    let mut machine = Machine::default();
    let Value::Dict(root) = machine.run(&mut Bytes { bytes, at: 0 })? else {
        return refuse("a dictionary of tensors", "something else");
    };
    let mut found = Vec::new();
    for (key, value) in std::mem::take(&mut machine.dicts[root]) {
        let Value::Text(key) = key else { return refuse("names as keys", format!("{key:?}")) };
        let name = machine.texts[key].clone();
        let Value::Tensor(tensor) = value else { return refuse(format!("a tensor as {name}"), format!("{value:?}")) };
        let Described { element, storage, offset, shape, .. } = &machine.tensors[tensor];
        found.push(Described {
            name,
            element: *element,
            storage: storage.clone(),
            offset: *offset,
            shape: shape.clone(),
        });
    }
    Ok(found)
}

impl Machine {
    fn run(&mut self, bytes: &mut Bytes<'_>) -> Result<Value, Refused> {
        loop {
            match bytes.u8()? {
                0x80 => drop(bytes.u8()?),    // PROTO
                0x95 => drop(bytes.take(8)?), // FRAME
                b'.' => return self.pop(),    // STOP
                b'(' => self.stack.push(Value::Mark),
                b'N' => self.stack.push(Value::Nothing),
                0x88 => self.stack.push(Value::Int(1)), // NEWTRUE
                0x89 => self.stack.push(Value::Int(0)), // NEWFALSE
                b'K' => self.int(i64::from(bytes.u8()?)),
                b'M' => self.int(i64::from(u16::from_le_bytes(bytes.array()?))),
                b'J' => self.int(i64::from(i32::from_le_bytes(bytes.array()?))),
                0x8A => self.long(bytes)?, // LONG1
                b'X' => {
                    let length = u32::from_le_bytes(bytes.array()?) as usize;
                    self.text(bytes.take(length)?)?;
                }
                0x8C => {
                    let length = usize::from(bytes.u8()?); // SHORT_BINUNICODE
                    self.text(bytes.take(length)?)?;
                }
                b'q' => self.put(u32::from(bytes.u8()?))?,
                b'r' => self.put(u32::from_le_bytes(bytes.array()?))?,
                0x94 => self.put(u32::try_from(self.memo.len()).unwrap_or(u32::MAX))?, // MEMOIZE
                b'h' => self.get(u32::from(bytes.u8()?))?,
                b'j' => self.get(u32::from_le_bytes(bytes.array()?))?,
                b'}' => {
                    self.dicts.push(Vec::new());
                    self.stack.push(Value::Dict(self.dicts.len() - 1));
                }
                b')' => self.tuple(Vec::new()),
                b't' => {
                    let items = self.since_mark()?;
                    self.tuple(items);
                }
                0x85..=0x87 => self.short_tuple(usize::from(bytes.at(-1) - 0x84))?,
                b'c' => {
                    let (module, name) = (bytes.line()?, bytes.line()?);
                    self.global(&module, &name)?;
                }
                0x93 => {
                    let (name, module) = (self.pop_text()?, self.pop_text()?); // STACK_GLOBAL
                    self.global(&module, &name)?;
                }
                b'Q' => self.persistent()?,
                b'R' => self.reduce()?,
                b's' => {
                    let (value, key) = (self.pop()?, self.pop()?);
                    self.set(vec![key, value])?;
                }
                b'u' => {
                    let items = self.since_mark()?;
                    self.set(items)?;
                }
                // BUILD gives an ordered dictionary its attributes (_metadata): of no use here.
                b'b' => drop(self.pop()?),
                other => return refuse("the opcodes of a plain state dictionary", format!("opcode 0x{other:02x}")),
            }
        }
    }

    fn pop(&mut self) -> Result<Value, Refused> {
        self.stack.pop().map_or_else(|| refuse("a value on the stack", "an empty stack"), Ok)
    }

    fn pop_text(&mut self) -> Result<String, Refused> {
        match self.pop()? {
            Value::Text(text) => Ok(self.texts[text].clone()),
            other => refuse("text", format!("{other:?}")),
        }
    }

    fn since_mark(&mut self) -> Result<Vec<Value>, Refused> {
        match self.stack.iter().rposition(|value| matches!(value, Value::Mark)) {
            Some(mark) => {
                let items = self.stack.split_off(mark + 1);
                self.stack.pop();
                Ok(items)
            }
            None => refuse("a mark on the stack", "none"),
        }
    }

    fn int(&mut self, value: i64) {
        self.stack.push(Value::Int(value));
    }

    fn long(&mut self, bytes: &mut Bytes<'_>) -> Result<(), Refused> {
        let length = usize::from(bytes.u8()?);
        let digits = bytes.take(length)?;
        if length > 8 {
            return refuse("an integer of 8 bytes at most", length);
        }
        let negative = digits.last().is_some_and(|last| last & 0x80 != 0);
        let mut whole = [if negative { 0xFF } else { 0 }; 8];
        whole[..length].copy_from_slice(digits);
        self.int(i64::from_le_bytes(whole));
        Ok(())
    }

    fn text(&mut self, bytes: &[u8]) -> Result<(), Refused> {
        const LONGEST: usize = 4096;
        let Some(text) = std::str::from_utf8(bytes).ok().filter(|text| text.len() <= LONGEST) else {
            return refuse(format!("a name in UTF-8 of {LONGEST} bytes at most"), format!("{} bytes", bytes.len()));
        };
        self.texts.push(text.to_owned());
        self.stack.push(Value::Text(self.texts.len() - 1));
        Ok(())
    }

    fn put(&mut self, slot: u32) -> Result<(), Refused> {
        let Some(top) = self.stack.last() else { return refuse("a value to remember", "an empty stack") };
        self.memo.insert(slot, *top);
        Ok(())
    }

    fn get(&mut self, slot: u32) -> Result<(), Refused> {
        let Some(value) = self.memo.get(&slot) else { return refuse("a remembered value", format!("slot {slot}")) };
        self.stack.push(*value);
        Ok(())
    }

    fn tuple(&mut self, items: Vec<Value>) {
        self.tuples.push(items);
        self.stack.push(Value::Tuple(self.tuples.len() - 1));
    }

    fn short_tuple(&mut self, length: usize) -> Result<(), Refused> {
        match self.stack.len().checked_sub(length) {
            Some(start) => {
                let items = self.stack.split_off(start);
                self.tuple(items);
                Ok(())
            }
            None => refuse("values for a tuple", "too few"),
        }
    }

    fn global(&mut self, module: &str, name: &str) -> Result<(), Refused> {
        match name_of(module, name) {
            Some(name) => {
                self.stack.push(Value::Name(name));
                Ok(())
            }
            None => {
                refuse("only tensors and dictionaries (nothing in a pickle is ever run)", format!("{module}.{name}"))
            }
        }
    }

    /// A storage: ('storage', type, key, location, number of elements).
    fn persistent(&mut self) -> Result<(), Refused> {
        let Value::Tuple(index) = self.pop()? else { return refuse("a storage", "something else") };
        match *self.tuples[index].as_slice() {
            [Value::Text(_), Value::Name(kind @ Name::Storage(..)), Value::Text(key), _, Value::Int(_)] => {
                self.storages.push((kind, key));
                self.stack.push(Value::Storage(self.storages.len() - 1));
                Ok(())
            }
            _ => refuse("('storage', type, key, location, size)", "something else"),
        }
    }

    fn reduce(&mut self) -> Result<(), Refused> {
        let (arguments, function) = (self.pop()?, self.pop()?);
        let (Value::Tuple(arguments), Value::Name(function)) = (arguments, function) else {
            return refuse("a known function with its arguments", format!("{function:?}"));
        };
        // Seven at most in any known version; a long tuple taken again and again would cost time without end.
        let arguments: Vec<Value> = self.tuples[arguments].iter().take(8).copied().collect();
        let result = match (function, arguments.as_slice()) {
            (Name::OrderedDict, []) => {
                self.dicts.push(Vec::new());
                Value::Dict(self.dicts.len() - 1)
            }
            (Name::RebuildParameter, [tensor @ Value::Tensor(_), ..]) => *tensor,
            (
                Name::RebuildTensor,
                [Value::Storage(s), Value::Int(offset), Value::Tuple(size), Value::Tuple(stride), ..],
            ) => self.rebuild(*s, *offset, *size, *stride)?,
            _ => return refuse("arguments of a tensor or a dictionary", format!("{function:?} of others")),
        };
        self.stack.push(result);
        Ok(())
    }

    fn rebuild(&mut self, storage: usize, offset: i64, size: usize, stride: usize) -> Result<Value, Refused> {
        let numbers = |tuple: usize| -> Option<Vec<usize>> {
            let int = |value: &Value| match value {
                Value::Int(n) => usize::try_from(*n).ok(),
                _ => None,
            };
            self.tuples[tuple].iter().map(int).collect()
        };
        let (Some(shape), Some(strides), Ok(offset)) = (numbers(size), numbers(stride), usize::try_from(offset)) else {
            return refuse("sizes, strides and an offset that are not negative", "others");
        };
        let mut step = 1usize;
        let mut whole = shape.len() == strides.len() && shape.len() <= 4;
        for (n, stride) in shape.iter().zip(&strides).rev() {
            whole &= *n == 1 || *stride == step;
            let Some(next) = step.checked_mul(*n) else { return refuse("a size below 2^64", format!("{shape:?}")) };
            step = next;
        }
        if !whole {
            return refuse("tensors stored row by row without gaps", format!("{shape:?} with strides {strides:?}"));
        }
        let (Name::Storage(dtype, bytes), key) = self.storages[storage] else {
            return refuse("a storage", "something else");
        };
        let storage = self.texts[key].clone();
        self.tensors.push(Described { name: String::new(), element: (dtype, bytes), storage, offset, shape });
        Ok(Value::Tensor(self.tensors.len() - 1))
    }

    fn set(&mut self, items: Vec<Value>) -> Result<(), Refused> {
        let Some(Value::Dict(dict)) = self.stack.last() else {
            return refuse("a dictionary to fill", "something else");
        };
        if !items.len().is_multiple_of(2) {
            return refuse("keys with values", "an odd number");
        }
        self.dicts[*dict].extend(items.chunks_exact(2).map(|pair| (pair[0], pair[1])));
        Ok(())
    }
}

struct Bytes<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Bytes<'b> {
    fn take(&mut self, length: usize) -> Result<&'b [u8], Refused> {
        match self.bytes[self.at..].get(..length) {
            Some(part) => {
                self.at += length;
                Ok(part)
            }
            None => refuse(format!("{length} more bytes"), "the end of the pickle"),
        }
    }

    fn u8(&mut self) -> Result<u8, Refused> {
        Ok(self.take(1)?[0])
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Refused> {
        Ok(self.take(N)?.try_into().unwrap_or([0; N]))
    }

    /// The byte at an offset from here.
    fn at(&self, offset: isize) -> u8 {
        self.at.checked_add_signed(offset).and_then(|at| self.bytes.get(at)).copied().unwrap_or(0)
    }

    fn line(&mut self) -> Result<String, Refused> {
        let rest = &self.bytes[self.at..];
        match rest.iter().take(256).position(|byte| *byte == b'\n') {
            Some(end) => {
                self.at += end + 1;
                Ok(String::from_utf8_lossy(&rest[..end]).into_owned())
            }
            None => refuse("a line", "no end of it"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::tensors;

    #[test]
    fn a_call_is_refused_by_name() {
        let evil = b"\x80\x02cposix\nsystem\nX\x02\x00\x00\x00ls\x85R.";
        let refused = tensors(evil).expect_err("nothing is run");
        assert_eq!(refused.found, "posix.system");
    }

    #[test]
    fn cuts_and_noise_are_refused() {
        let good = b"\x80\x02ccollections\nOrderedDict\n)R.";
        assert!(tensors(good).expect("an empty dictionary").is_empty());
        for end in 0..good.len() {
            assert!(tensors(&good[..end]).is_err());
        }
        for opcode in 0..=255u8 {
            let _ = tensors(&[opcode, opcode, opcode, opcode]);
        }
    }
}
