//! A table as comma-separated values.

use std::io::{self, Write};

use super::table::Table;

/// Writes a header and every row. Numbers are exact: read as f32 they are the same bits, but for NaN's.
///
/// # Errors
/// If the system refuses.
pub fn write(table: &Table, out: impl Write) -> io::Result<()> {
    let mut out = csv::Writer::from_writer(out);
    out.write_record(table.columns.iter().map(|(name, _)| name.as_bytes()))?;
    for row in 0..table.rows() {
        out.write_record(table.columns.iter().map(|(_, column)| column.text(row)))?;
    }
    out.flush()
}
