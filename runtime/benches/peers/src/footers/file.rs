//! Writes a Parquet file with the crate `parquet`, and takes its footer.

use std::sync::Arc;

use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::{ParquetError, Result};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

const ROW_GROUPS: i64 = 10;
const ROWS: i64 = 20;
/// Columns of these types follow each other, as in a table of orders.
const TYPES: [&str; 6] = [
    "required int64",
    "optional double",
    "optional binary {name} (UTF8)",
    "required int32",
    "optional boolean",
    "required int64 {name} (TIMESTAMP_MICROS)",
];

/// The footer of a file with so many columns, in ten groups of rows.
pub fn footer(columns: usize) -> Result<Vec<u8>> {
    let fields = (0..columns).map(|column| {
        let ty = TYPES[column % TYPES.len()];
        let name = format!("column_{column}");
        if ty.contains("{name}") {
            ty.replace("{name}", &name) + ";\n"
        } else {
            format!("{ty} {name};\n")
        }
    });
    let schema = format!("message orders {{\n{}}}", fields.collect::<String>());
    let schema = Arc::new(parse_message_type(&schema)?);
    let mut file = SerializedFileWriter::new(Vec::new(), schema, Arc::default())?;
    for group in 0..ROW_GROUPS {
        let mut row_group = file.next_row_group()?;
        let mut number = 0;
        while let Some(mut column) = row_group.next_column()? {
            write(column.untyped(), group * 1000 + number)?;
            column.close()?;
            number += 1;
        }
        row_group.close()?;
    }
    let file = file.into_inner()?;
    cut(&file).ok_or_else(|| ParquetError::General(String::from("the file has no footer")))
}

/// Some values, every third of them absent where that is possible.
#[allow(clippy::cast_precision_loss, reason = "any double will do")]
fn write(column: &mut ColumnWriter<'_>, seed: i64) -> Result<()> {
    let values = (0..ROWS).map(|row| seed * 7919 + row * 104_729);
    let defined: Vec<i16> = (0..ROWS).map(|row| i16::from(row % 3 != 0)).collect();
    let present = values
        .clone()
        .take(defined.iter().filter(|&&level| level == 1).count());
    match column {
        ColumnWriter::Int64ColumnWriter(column) => {
            column.write_batch(&values.collect::<Vec<_>>(), None, None)
        }
        ColumnWriter::Int32ColumnWriter(column) => {
            let values = values.map(|value| i32::try_from(value % 1_000_000).unwrap_or_default());
            column.write_batch(&values.collect::<Vec<_>>(), None, None)
        }
        ColumnWriter::DoubleColumnWriter(column) => {
            let values: Vec<_> = present.map(|value| value as f64 / 128.0).collect();
            column.write_batch(&values, Some(&defined), None)
        }
        ColumnWriter::BoolColumnWriter(column) => {
            let values: Vec<_> = present.map(|value| value % 2 == 0).collect();
            column.write_batch(&values, Some(&defined), None)
        }
        ColumnWriter::ByteArrayColumnWriter(column) => {
            let text = |value: i64| ByteArray::from(format!("order {value}").into_bytes());
            let values: Vec<_> = present.map(text).collect();
            column.write_batch(&values, Some(&defined), None)
        }
        _ => Ok(0),
    }
    .map(|_| ())
}

/// `… [footer] [its length, little-endian] PAR1`
fn cut(file: &[u8]) -> Option<Vec<u8>> {
    let (rest, len) = file.strip_suffix(b"PAR1")?.split_last_chunk::<4>()?;
    let start = rest
        .len()
        .checked_sub(usize::try_from(u32::from_le_bytes(*len)).ok()?)?;
    Some(rest[start..].to_vec())
}
