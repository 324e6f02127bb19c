//! Prints what the footer of a Parquet file says, and how long reading it takes.
//!
//! ```console
//! cargo run --release --bin parquet-footer -- FILE [--columns]
//! ```
//!
//! A Parquet file ends with a struct in Thrift's compact protocol, the length of the struct, and
//! `PAR1`. In files with many columns it is large, and readers often want little of it. The example
//! reads it in four ways: whole, whole into the value before, as a view, and only the schema and the
//! rows of each row group.

#![allow(clippy::print_stdout, reason = "a program")]

use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

use seapink::{Compact, Limits, decode_from, from_slice_with, mask, project_into};

mod idl {
    include!(concat!(env!("OUT_DIR"), "/parquet.rs"));
}

use idl::parquet::{FileMetaData, FileMetaDataView, SchemaElement};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const USAGE: &str = "which file? parquet-footer FILE [--columns]";

/// The length and `PAR1`.
const TAIL: usize = 8;

fn main() -> Result<()> {
    let mut path = None;
    let mut columns = false;
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--columns" => columns = true,
            option if option.starts_with('-') => return Err(USAGE.into()),
            _ => path = Some(argument),
        }
    }
    let path = path.ok_or(USAGE)?;
    let file = std::fs::read(&path).map_err(|error| format!("{path}: {error}"))?;
    let footer = footer(&file).map_err(|why| format!("{path}: {why}"))?;

    // The file is ours, so that it may have as many columns as its bytes allow.
    let limits = Limits::default().message_bytes_max(usize::MAX);
    let limits = limits.container_elements_max(usize::MAX);
    let whole: FileMetaData = from_slice_with::<Compact, _>(footer, &limits)?;
    print_schema(&whole.schema);
    print_row_groups(&whole, columns);
    println!();
    print_times(footer, whole, &limits)
}

/// The bytes of the footer.
fn footer(file: &[u8]) -> std::result::Result<&[u8], &'static str> {
    let (rest, tail) = file
        .split_last_chunk::<TAIL>()
        .ok_or("too short for a Parquet file")?;
    let [a, b, c, d, magic @ ..] = *tail;
    match &magic {
        b"PAR1" => {}
        b"PARE" => return Err("the footer is encrypted"),
        _ => return Err("not a Parquet file: it does not end with PAR1"),
    }
    let length = usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap_or(usize::MAX);
    let start = rest
        .len()
        .checked_sub(length)
        .ok_or("the footer is longer than the file")?;
    Ok(&rest[start..])
}

/// The tree, a line for each node.
fn print_schema(schema: &[SchemaElement]) {
    println!("schema");
    // How many children each open node still has.
    let mut open: Vec<i32> = Vec::new();
    for node in schema {
        let indent = "  ".repeat(open.len() + 1);
        let repetition = match node.repetition {
            Some(repetition) => format!("{repetition} ").to_lowercase(),
            None => String::new(),
        };
        let ty = match node.r#type {
            Some(ty) => format!(" {ty}"),
            None => String::new(),
        };
        println!("{indent}{repetition}{}{ty}", node.name);
        if let Some(left) = open.last_mut() {
            *left -= 1;
        }
        match node.num_children {
            Some(children) if children > 0 => open.push(children),
            _ => while open.pop_if(|left| *left <= 0).is_some() {},
        }
    }
}

fn print_row_groups(file: &FileMetaData, columns: bool) {
    println!(
        "{} rows in {} row groups, written by {}",
        file.num_rows,
        file.row_groups.len(),
        file.created_by.as_deref().unwrap_or("somebody")
    );
    for (number, group) in file.row_groups.iter().enumerate() {
        println!(
            "  row group {number}: {} rows, {} columns, {} bytes",
            group.num_rows,
            group.columns.len(),
            group.total_byte_size
        );
        let chunks = group
            .columns
            .iter()
            .filter_map(|chunk| chunk.meta_data.as_ref());
        for column in chunks.take(if columns { usize::MAX } else { 0 }) {
            println!(
                "    {}: {} {}, {} values in {} bytes",
                column.path_in_schema.join("."),
                column.r#type,
                column.codec,
                column.num_values,
                column.total_compressed_size
            );
        }
    }
}

fn print_times(footer: &[u8], mut value: FileMetaData, limits: &Limits) -> Result<()> {
    let wanted = mask!(FileMetaData { schema, num_rows, row_groups { num_rows } });
    println!("reading {} bytes, median of some rounds:", footer.len());
    time("everything", || {
        from_slice_with::<Compact, FileMetaData>(footer, limits).map(drop)
    })?;
    time("everything, into the value before", || {
        decode_from::<Compact, _>(&mut value, footer, limits)
    })?;
    time("a view", || {
        let view = from_slice_with::<Compact, FileMetaDataView<'_>>(footer, limits);
        view.map(|view| drop(black_box(view)))
    })?;
    let mut summary = FileMetaData::default();
    time("the schema and numbers of rows", || {
        project_into::<Compact, FileMetaData>(&mut summary, footer, &wanted, limits)
    })
}

/// Prints the median time of a function.
fn time(what: &str, mut read: impl FnMut() -> seapink::Result<()>) -> Result<()> {
    const ROUNDS: usize = 31;
    let mut times = [Duration::ZERO; ROUNDS];
    for time in &mut times {
        let start = Instant::now();
        read()?;
        *time = start.elapsed();
    }
    times.sort_unstable();
    println!("  {:>12?}  {what}", times[ROUNDS / 2]);
    Ok(())
}
