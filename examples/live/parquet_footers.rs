//! Reads the structs of Parquet files with code emitted from `parquet.thrift`, and writes them again.
//!
//! Built by the live test `parquet` in a crate of its own, because the IDL is fetched. For each file
//! it prints a line that says what the file holds, in the words of `parquet_files.py`, and one with
//! the fields that its IDL does not know.

mod idl {
    include!("parquet.rs");
}

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::Path;
use std::{env, fs};

use idl::parquet::{ColumnIndex, FileMetaData, OffsetIndex, PageHeader, SchemaElement};
use seapink::codec::{Decode, Encode, transcode};
use seapink::protocol::{Input, Output};
use seapink::{Compact, Limits, Protocol, WireType, from_slice, to_vec};

const MAGIC: &[u8] = b"PAR1";

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    for path in env::args().skip(1) {
        let file = fs::read(&path)?;
        let name = Path::new(&path).file_name().unwrap_or_default();
        let name = name.to_string_lossy();
        let lines = check(&file).map_err(|error| format!("{name}: {error}"))?;
        println!("{name}: {lines}");
    }
    Ok(())
}

/// The footer, and the structs that it points to: heads of pages, and indexes.
fn check(file: &[u8]) -> Result<String> {
    let mut found = Found::default();
    let metadata: FileMetaData = found.round_trip("footer", footer(file)?)?;
    for column in metadata.row_groups.iter().flat_map(|group| &group.columns) {
        let columns = column.meta_data.as_ref();
        let columns = columns.filter(|column| column.num_values > 0);
        for at in columns.into_iter().flat_map(|column| {
            let dictionary = column.dictionary_page_offset.filter(|&at| at > 0);
            [Some(column.data_page_offset), dictionary]
        }) {
            let Some(at) = at else { continue };
            let rest = file.get(usize::try_from(at)?..).ok_or("no such page")?;
            let len = len_of_struct(rest)?;
            found.round_trip::<PageHeader>("page", &rest[..len])?;
        }
        let index = (column.column_index_offset, column.column_index_length);
        if let Some(bytes) = part(file, index)? {
            found.round_trip::<ColumnIndex>("column index", bytes)?;
        }
        let index = (column.offset_index_offset, column.offset_index_length);
        if let Some(bytes) = part(file, index)? {
            found.round_trip::<OffsetIndex>("offset index", bytes)?;
        }
    }
    let summary = summary(&metadata);
    let Found {
        structs,
        unknown,
        untyped,
    } = found;
    Ok(format!(
        "{summary}\nstructs {structs:?}, unknown {unknown:?}, untyped empty lists {untyped}"
    ))
}

/// `… [footer] [its length, little-endian] PAR1`
fn footer(file: &[u8]) -> Result<&[u8]> {
    let rest = file.strip_suffix(MAGIC).ok_or("not a Parquet file")?;
    let (rest, len) = rest.split_last_chunk::<4>().ok_or("no length")?;
    let len = usize::try_from(u32::from_le_bytes(*len))?;
    let start = rest.len().checked_sub(len).ok_or("too long a footer")?;
    Ok(&rest[start..])
}

/// Where an index lies, if there is one.
fn part(file: &[u8], (at, len): (Option<i64>, Option<i32>)) -> Result<Option<&[u8]>> {
    let (Some(at), Some(len)) = (at, len) else {
        return Ok(None);
    };
    let at = usize::try_from(at)?;
    let bytes = file.get(at..at + usize::try_from(len)?);
    Ok(Some(bytes.ok_or("an index lies outside of the file")?))
}

/// The head of a page does not say how long it is.
fn len_of_struct(bytes: &[u8]) -> Result<usize> {
    let mut input = Compact::input(bytes, 0, &Limits::default());
    input.skip(WireType::Struct)?;
    Ok(input.offset())
}

/// What was found in a file.
#[derive(Default)]
struct Found {
    /// How many of each kind were read and written.
    structs: BTreeMap<&'static str, usize>,
    /// Fields that the IDL does not know: a kind and ids.
    unknown: BTreeSet<String>,
    untyped: usize,
}

impl Found {
    /// Reads a struct, writes it, and compares the bytes.
    fn round_trip<T>(&mut self, kind: &'static str, bytes: &[u8]) -> Result<T>
    where
        T: Encode + for<'de> Decode<'de>,
    {
        let value: T = from_slice::<Compact, _>(bytes)?;
        let written = to_vec::<Compact>(&value)?;
        let (theirs, ours) = (fields(bytes)?, fields(&written)?);
        let unknown: Paths = theirs.difference(&ours).cloned().collect();
        if let Some(path) = ours.difference(&theirs).next() {
            return Err(format!("{kind}: field {path} was not there").into());
        }
        // What is lost is these fields and nothing else, down to the last byte.
        let expected = if unknown.is_empty() {
            bytes.to_vec()
        } else {
            copy(bytes, &unknown)?
        };
        self.untyped += untyped_empty_lists(&written, &expected)?;
        let named = unknown.into_iter().map(|path| format!("{kind} {path}"));
        self.unknown.extend(named);
        *self.structs.entry(kind).or_default() += 1;
        Ok(value)
    }
}

/// How often the bytes differ, which they may in one way: `fastparquet` writes an empty list as a
/// byte 0, without the type that its elements would have.
fn untyped_empty_lists(ours: &[u8], theirs: &[u8]) -> Result<usize> {
    let mut count = 0;
    for (at, (our, their)) in ours.iter().zip(theirs).enumerate() {
        match (our, their) {
            _ if our == their => {}
            (1..=0x0f, 0) => count += 1,
            _ => return Err(format!("byte {at} is {our:#04x} for {their:#04x}").into()),
        }
    }
    if ours.len() != theirs.len() {
        return Err(format!("{} bytes for {}", ours.len(), theirs.len()).into());
    }
    Ok(count)
}

fn summary(metadata: &FileMetaData) -> String {
    let columns = metadata.row_groups.iter().flat_map(|group| &group.columns);
    let (mut values, mut bytes, mut nulls) = (0, 0, 0);
    for column in columns.filter_map(|column| column.meta_data.as_ref()) {
        values += column.num_values;
        bytes += column.total_compressed_size;
        let statistics = column.statistics.as_ref();
        nulls += statistics.and_then(|found| found.null_count).unwrap_or(0);
    }
    let is_leaf = |element: &&SchemaElement| element.num_children.is_none();
    format!(
        "rows {}, groups {}, leaves {}, notes {}, values {values}, bytes {bytes}, nulls {nulls}, by {}",
        metadata.num_rows,
        metadata.row_groups.len(),
        metadata.schema.iter().filter(is_leaf).count(),
        metadata.key_value_metadata.as_ref().map_or(0, Vec::len),
        metadata.created_by.as_deref().unwrap_or_default(),
    )
}

/// Ids of fields from the outermost struct inwards: `4.1.3` is field 3 of what is in field 1 of what
/// is in field 4, whatever lists lie between.
type Paths = BTreeSet<String>;

/// The fields of a struct in the compact protocol, without its IDL.
fn fields(bytes: &[u8]) -> Result<Paths> {
    let mut seen = Paths::new();
    walk(bytes, &Paths::new(), &mut seen, &mut Vec::new())?;
    Ok(seen)
}

/// A struct in the compact protocol without some fields.
fn copy(bytes: &[u8], omitted: &Paths) -> Result<Vec<u8>> {
    let mut copied = Vec::new();
    walk(bytes, omitted, &mut Paths::new(), &mut copied)?;
    Ok(copied)
}

fn walk(bytes: &[u8], omitted: &Paths, seen: &mut Paths, copied: &mut Vec<u8>) -> Result<()> {
    let limits = Limits::default();
    let mut input = Compact::input(bytes, 0, &limits);
    let mut out = Compact::output(std::mem::take(copied), &limits);
    let mut walk = Walk { omitted, seen };
    walk.value("", WireType::Struct, &mut input, &mut out)?;
    if input.remaining() != 0 {
        return Err("bytes follow the struct".into());
    }
    *copied = out.finish().into_bytes()?;
    Ok(())
}

struct Walk<'a> {
    omitted: &'a Paths,
    seen: &'a mut Paths,
}

impl Walk<'_> {
    fn value<'de, 'v, I: Input<'de>, O: Output<'v>>(
        &mut self,
        path: &str,
        ty: WireType,
        input: &mut I,
        out: &mut O,
    ) -> seapink::Result<()> {
        match ty {
            WireType::Struct => self.fields(path, input, out),
            WireType::List => {
                let list = input.list_begin()?;
                out.list_begin(list.element, list.len);
                for _ in 0..list.len {
                    self.value(path, list.element, input, out)?;
                }
                input.list_end()?;
                out.list_end();
                Ok(())
            }
            _ => transcode(ty, input, out),
        }
    }

    fn fields<'de, 'v, I: Input<'de>, O: Output<'v>>(
        &mut self,
        path: &str,
        input: &mut I,
        out: &mut O,
    ) -> seapink::Result<()> {
        input.struct_begin()?;
        out.struct_begin("");
        let (mut read, mut written) = (0, 0);
        while let Some(field) = input.field(read)? {
            read = field.id;
            let dot = if path.is_empty() { "" } else { "." };
            let path = format!("{path}{dot}{}", field.id);
            if self.omitted.contains(&path) {
                if field.bool_value.is_none() {
                    input.skip(field.ty)?;
                }
                continue;
            }
            if let Some(value) = field.bool_value {
                out.bool_field(written, field.id, "", value);
            } else {
                out.field(written, field.id, field.ty, "");
                self.value(&path, field.ty, input, out)?;
            }
            written = field.id;
            self.seen.insert(path);
        }
        input.struct_end()?;
        out.struct_end();
        Ok(())
    }
}
