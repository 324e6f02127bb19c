//! The JSON protocol: JSON as `TJSONProtocol` writes it, which spells out types and field ids.
//!
//! | value | text |
//! | --- | --- |
//! | `bool` | `1` or `0` |
//! | `i8 i16 i32 i64`, enum | `-42` |
//! | `double` | 17 significant digits, `0.10000000000000001`; `"NaN"`, `"Infinity"`, `"-Infinity"` |
//! | `string` | `"text"` |
//! | `binary` | base64, `"AQID"`; written without padding, read with or without |
//! | `uuid` | `"550e8400-e29b-41d4-a716-446655440000"` |
//! | struct | `{"1":{"i32":42},"2":{"str":"text"}}` |
//! | list, set | `["i32",3,1,2,3]` |
//! | map | `["i32","str",1,{"1":"text"}]`; numbers that are keys are quoted |
//!
//! A message is `[1,"name",kind,sequence id,struct]`. There is no white space, neither written nor
//! read. The types are `tf i8 i16 i32 i64 dbl str rec map lst set uid`.
//!
//! Why can't we just use a JSON library? Because a map is written as an object even where its keys
//! are structs, which is no JSON, and because field types must be known before values are read.
//!
//! No stack remembers which punctuation comes next. A comma stands before every field but the first,
//! which follows `{`; commas and colons of containers come with the calls between their elements.

mod input;
mod number;
mod output;
mod scanner;
mod simple;
mod text;

pub use input::JsonInput;
pub use output::JsonOutput;
pub use simple::SimpleJsonOutput;

use super::{Protocol, Scanner};
use crate::limits::Limits;
use crate::wire::WireType;

/// The JSON protocol (`TJSONProtocol`).
#[derive(Clone, Copy, Debug, Default)]
pub struct Json;

impl Protocol for Json {
    const NAME: &'static str = "json";
    type Input<'de> = JsonInput<'de>;
    type Output<'v> = JsonOutput;

    #[inline]
    fn input<'de>(message: &'de [u8], offset: usize, limits: &Limits) -> JsonInput<'de> {
        JsonInput::new(message, offset, limits)
    }

    #[inline]
    fn output<'v>(buffer: Vec<u8>, limits: &Limits) -> Self::Output<'v> {
        JsonOutput::new(buffer, limits)
    }

    fn scanner(limits: &Limits) -> Box<dyn Scanner> {
        Box::new(scanner::JsonScanner::new(limits))
    }
}

const VERSION: i64 = 1;

/// The name of a type.
const fn name(ty: WireType) -> &'static str {
    match ty {
        WireType::Bool => "tf",
        WireType::I8 => "i8",
        WireType::Double => "dbl",
        WireType::I16 => "i16",
        WireType::I32 => "i32",
        WireType::I64 => "i64",
        WireType::String => "str",
        WireType::Struct => "rec",
        WireType::Map => "map",
        WireType::Set => "set",
        WireType::List => "lst",
        WireType::Uuid => "uid",
    }
}

/// The type of a name.
const fn wire_type(name: &[u8]) -> Option<WireType> {
    Some(match name {
        b"tf" => WireType::Bool,
        b"i8" => WireType::I8,
        b"dbl" => WireType::Double,
        b"i16" => WireType::I16,
        b"i32" => WireType::I32,
        b"i64" => WireType::I64,
        b"str" => WireType::String,
        b"rec" => WireType::Struct,
        b"map" => WireType::Map,
        b"set" => WireType::Set,
        b"lst" => WireType::List,
        b"uid" => WireType::Uuid,
        _ => return None,
    })
}

/// The fewest bytes that a value of a type takes, quotes of a key not counted.
const fn bytes_min(ty: WireType) -> usize {
    match ty {
        WireType::Bool
        | WireType::I8
        | WireType::I16
        | WireType::I32
        | WireType::I64
        | WireType::Double => 1,
        // `""`, `{}`
        WireType::String | WireType::Struct => 2,
        // `["tf",0]`
        WireType::List | WireType::Set => 8,
        // `["tf","tf",0,{}]`
        WireType::Map => 16,
        WireType::Uuid => UUID_CHARS + 2,
    }
}

/// How many bytes of text a string may have when nothing is known of it but that it decodes to at
/// most `string_bytes_max` bytes: each of them may be written as `\u0001`. Names and numbers in
/// quotes have room in any case.
const fn text_bytes_max(limit: usize) -> usize {
    let most = limit.saturating_mul(6);
    if most < NUMBER_BYTES_MAX {
        NUMBER_BYTES_MAX
    } else {
        most
    }
}

/// How many characters a number may have. The longest that libraries write has 24.
const NUMBER_BYTES_MAX: usize = 64;
const UUID_CHARS: usize = 36;
