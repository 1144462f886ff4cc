//! Where the rows of a tensor come from: a part of a mapped file, in any type, perhaps turned around.

use std::ops::Range;

use mexit_ggml::{DType, Mapping, dequantize_into, first_not_finite, first_not_finite_of};

use crate::Error;

/// Rows of numbers in a mapped file.
pub(super) struct Rows<'m> {
    /// What the file calls them.
    pub(super) name: &'m str,
    pub(super) file: &'m Mapping,
    pub(super) data: Range<usize>,
    pub(super) dtype: DType,
    /// Numbers in a row, and how many rows, as they shall be.
    pub(super) size: (usize, usize),
    /// Stored as [numbers, rows]: to be turned around. Only of plain types.
    pub(super) transposed: bool,
}

/// What a thread reads into, again and again.
#[derive(Default)]
pub(super) struct Scratch {
    values: Vec<f32>,
    strip: Vec<f32>,
}

/// Rows of the stored order that are turned around at a time, and columns: the square's lines stay in the cache.
const TILE: usize = 16;

impl<'m> Rows<'m> {
    /// The bytes of some rows as they are, checked.
    pub(super) fn bytes(&self, rows: Range<usize>) -> Result<&'m [u8], Error> {
        let row = self.data.len() / self.size.1;
        let data = &self.file[self.data.start + rows.start * row..self.data.start + rows.end * row];
        match first_not_finite_of(self.dtype, data) {
            None => Ok(data),
            Some(at) => Err(self.broken(rows.start * self.size.0 + at)),
        }
    }

    /// Some rows as f32, checked: in place if they are that already, and in `scratch` otherwise.
    pub(super) fn numbers<'s>(&self, rows: Range<usize>, scratch: &'s mut Scratch) -> Result<&'s [f32], Error>
    where
        'm: 's,
    {
        let (first, count) = (rows.start, rows.len());
        if self.transposed {
            self.turn(rows, scratch)?;
            let found = first_not_finite(&scratch.values);
            // Number n of the turned rows is of row n / width, and stands in the stored order elsewhere.
            let at = |n: usize| n % self.size.0 * self.size.1 + first + n / self.size.0;
            return found.map_or(Ok(&scratch.values), |n| Err(self.broken(at(n))));
        }
        let data = self.bytes(rows)?;
        if let (DType::F32, Ok(values)) = (self.dtype, bytemuck::try_cast_slice(data)) {
            return Ok(values);
        }
        scratch.values.resize(self.size.0 * count, 0.0);
        dequantize_into(self.dtype, data, self.size.0, &mut scratch.values)?;
        // Plain types were checked as they were; blocks show a broken scale only now.
        match first_not_finite(&scratch.values) {
            None => Ok(&scratch.values),
            Some(at) => Err(self.broken(first * self.size.0 + at)),
        }
    }

    /// Columns of the stored order become rows, `TILE` stored rows at a time.
    fn turn(&self, rows: Range<usize>, scratch: &mut Scratch) -> Result<(), Error> {
        let ((width, all), Scratch { values, strip }) = (self.size, scratch);
        let (first, count) = (rows.start, rows.len());
        let element = self.data.len() / (width * all);
        values.resize(width * count, 0.0);
        strip.resize(TILE * count, 0.0);
        for start in (0..width).step_by(TILE) {
            let wide = TILE.min(width - start);
            for (i, line) in strip.chunks_exact_mut(count).take(wide).enumerate() {
                let at = self.data.start + ((start + i) * all + first) * element;
                dequantize_into(self.dtype, &self.file[at..at + count * element], count, line)?;
            }
            for (n, row) in values.chunks_exact_mut(width).enumerate() {
                for (i, value) in row[start..start + wide].iter_mut().enumerate() {
                    *value = strip[i * count + n];
                }
            }
        }
        Ok(())
    }

    fn broken(&self, at: usize) -> Error {
        let found = match self.dtype {
            dtype if dtype.block_len() == 1 => self.value(at).to_string(),
            _ => "another".into(),
        };
        Error::model(format!("tensor {}", self.name), "finite numbers", format!("{found} at number {at}"))
    }

    /// Number `at` of the stored order, of a plain type.
    fn value(&self, at: usize) -> f32 {
        let element = self.data.len() / (self.size.0 * self.size.1);
        let start = self.data.start + at * element;
        let value = mexit_ggml::dequantize(self.dtype, &self.file[start..start + element], 1);
        value.ok().and_then(|value| value.first().copied()).unwrap_or(f32::NAN)
    }
}
