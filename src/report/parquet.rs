//! A table as a Parquet file: one row group, the dictionary and Snappy, as every reader has them.

use std::sync::Arc;

use parquet::{
    basic::{Compression, LogicalType, Repetition, Type as Physical},
    data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, FloatType, Int64Type},
    errors::ParquetError,
    file::{metadata::KeyValue, properties::WriterProperties, writer::SerializedFileWriter},
    schema::types::Type,
};

use super::table::{Column, Table};

/// The bytes of the file. What the table is of stands in the file's key-value metadata.
///
/// # Errors
/// If a column's name or values cannot be written: two columns of one name, say.
pub fn bytes(table: &Table) -> Result<Vec<u8>, ParquetError> {
    let fields = table.columns.iter().map(|(name, column)| Ok(Arc::new(field(name, column)?)));
    let fields = fields.collect::<Result<_, ParquetError>>()?;
    let schema = Arc::new(Type::group_type_builder("mexit").with_fields(fields).build()?);
    let about = table.about.iter().map(|(name, says)| KeyValue::new(name.clone(), says.clone()));
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_key_value_metadata(Some(about.collect()))
        .set_created_by(concat!("mexit-tui ", env!("CARGO_PKG_VERSION")).to_owned())
        .build();
    let mut bytes = Vec::new();
    let mut file = SerializedFileWriter::new(&mut bytes, schema, Arc::new(properties))?;
    let mut group = file.next_row_group()?;
    for (_, column) in &table.columns {
        let Some(mut out) = group.next_column()? else { break };
        match column {
            Column::Count(values) => {
                // Ids and ranks are far below 2^63; what is not is as good as missing.
                let values: Vec<Option<i64>> = values.iter().map(|n| n.and_then(|n| i64::try_from(n).ok())).collect();
                let (present, levels) = present(values);
                out.typed::<Int64Type>().write_batch(&present, Some(&levels), None)?;
            }
            Column::Number(values) => {
                out.typed::<FloatType>().write_batch(values, None, None)?;
            }
            Column::Real(values) => {
                let (present, levels) = present(values.iter().copied());
                out.typed::<DoubleType>().write_batch(&present, Some(&levels), None)?;
            }
            Column::Text(values) => {
                let texts = values.iter().map(|text| text.as_deref().map(ByteArray::from));
                let (present, levels) = present(texts);
                out.typed::<ByteArrayType>().write_batch(&present, Some(&levels), None)?;
            }
            Column::Flag(values) => {
                out.typed::<BoolType>().write_batch(values, None, None)?;
            }
        }
        out.close()?;
    }
    group.close()?;
    file.close()?;
    Ok(bytes)
}

fn field(name: &str, column: &Column) -> Result<Type, ParquetError> {
    let (physical, logical, repetition) = match column {
        Column::Count(_) => (Physical::INT64, None, Repetition::OPTIONAL),
        Column::Number(_) => (Physical::FLOAT, None, Repetition::REQUIRED),
        Column::Real(_) => (Physical::DOUBLE, None, Repetition::OPTIONAL),
        Column::Text(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String), Repetition::OPTIONAL),
        Column::Flag(_) => (Physical::BOOLEAN, None, Repetition::REQUIRED),
    };
    Type::primitive_type_builder(name, physical).with_logical_type(logical).with_repetition(repetition).build()
}

/// The values that are there, and for each row whether it has one.
fn present<T>(values: impl IntoIterator<Item = Option<T>>) -> (Vec<T>, Vec<i16>) {
    let (mut present, mut levels) = (Vec::new(), Vec::new());
    for value in values {
        levels.push(i16::from(value.is_some()));
        present.extend(value);
    }
    (present, levels)
}
