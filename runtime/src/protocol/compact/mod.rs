//! The compact protocol: variable-width integers, and field headers of mostly one byte.
//!
//! | value | bytes |
//! | --- | --- |
//! | `bool` as a field | none: the header says `1` for true and `2` for false |
//! | `bool` in a container | 1: `01` is true, `02` is false; `00` is read as false |
//! | `i8` | 1 |
//! | `i16 i32 i64`, enum | zigzag varint of at most 3, 5, 10 bytes |
//! | `double` | 8, IEEE 754, *little*-endian; big-endian in version 2 |
//! | `string`, `binary` | varint length, then the bytes |
//! | `uuid` | 16, network order |
//! | struct | fields, then `00` |
//! | field header | `dt` (`d` = id minus the id before, 1 to 15), else `0t` and the id as an `i16` |
//! | list, set | `nt` (`n` up to 14), else `Ft` and a varint count; then elements |
//! | map | `00` if empty, else varint count, `kv`, pairs |
//!
//! `t`, `k` and `v` are type codes of this protocol's own. A message starts with `82`, kind and
//! version (`kkk00001`), the sequence id as an unsigned varint, and the name. Version 2 is fbthrift's
//! ([`MessageForm::Compact2`]). A struct without a message around it is of version 1.
//!
//! [`MessageForm::Compact2`]: super::MessageForm::Compact2

mod input;
mod output;
mod scanner;
mod skip;
mod turn;
pub(super) mod varint;

pub use input::CompactInput;
pub use output::CompactOutput;

use super::{MessageForm, Protocol, Scanner};
use crate::limits::Limits;
use crate::wire::WireType;

/// The compact protocol (`TCompactProtocol`).
#[derive(Clone, Copy, Debug, Default)]
pub struct Compact;

impl Protocol for Compact {
    const NAME: &'static str = "compact";
    const RAW_VALUES: bool = true;
    type Input<'de> = CompactInput<'de>;
    type Output<'v> = CompactOutput<'v>;

    #[inline]
    fn input<'de>(message: &'de [u8], offset: usize, limits: &Limits) -> CompactInput<'de> {
        CompactInput::new(message, offset, limits)
    }

    #[inline]
    fn output<'v>(buffer: Vec<u8>, limits: &Limits) -> CompactOutput<'v> {
        CompactOutput::new(buffer, limits)
    }

    fn scanner(limits: &Limits) -> Box<dyn Scanner> {
        Box::new(scanner::CompactScanner::new(limits))
    }
}

const PROTOCOL_ID: u8 = 0x82;
const VERSION_1: u8 = 1;
const VERSION_2: u8 = 2;
const VERSION_MASK: u8 = 0x1f;
const KIND_SHIFT: u32 = 5;
const STOP: u8 = 0;
const TRUE: u8 = 1;
const FALSE: u8 = 2;
/// Counts from here on do not fit into the header of a list or set.
const LONG_LIST: usize = 15;

/// The form of a message whose second byte is this one.
const fn form(version: u8) -> Option<MessageForm> {
    match version & VERSION_MASK {
        VERSION_1 => Some(MessageForm::Strict),
        VERSION_2 => Some(MessageForm::Compact2),
        _ => None,
    }
}

const OTHER_VERSION: &str = "a message is of another version of the compact protocol than 1 and 2";

/// The code of a type. That of `bool` in a container is written as 1, as every library does, though
/// the specification once said 2.
#[inline(always)]
const fn code(ty: WireType) -> u8 {
    match ty {
        WireType::Bool => TRUE,
        WireType::I8 => 3,
        WireType::I16 => 4,
        WireType::I32 => 5,
        WireType::I64 => 6,
        WireType::Double => 7,
        WireType::String => 8,
        WireType::List => 9,
        WireType::Set => 10,
        WireType::Map => 11,
        WireType::Struct => 12,
        WireType::Uuid => 13,
    }
}

/// The type that a code stands for.
#[inline]
const fn wire_type(code: u8) -> Option<WireType> {
    Some(match code {
        TRUE | FALSE => WireType::Bool,
        3 => WireType::I8,
        4 => WireType::I16,
        5 => WireType::I32,
        6 => WireType::I64,
        7 => WireType::Double,
        8 => WireType::String,
        9 => WireType::List,
        10 => WireType::Set,
        11 => WireType::Map,
        12 => WireType::Struct,
        13 => WireType::Uuid,
        _ => return None,
    })
}

/// A field header of one byte, if the id is 1 to 15 more than the one before.
#[inline(always)]
fn short_header(last: i16, id: i16, code: u8) -> Option<u8> {
    // In 32 bits, because the difference of two `i16` may overflow one.
    match u8::try_from(i32::from(id) - i32::from(last)) {
        Ok(delta @ 1..=15) => Some(delta << 4 | code),
        _ => None,
    }
}

/// The fewest bytes that a value of a type takes in a container.
const fn bytes_min(ty: WireType) -> usize {
    match ty {
        WireType::Double => 8,
        WireType::Uuid => 16,
        _ => 1,
    }
}

/// Whether all values of a type have as many bytes as the smallest.
const fn is_fixed(ty: WireType) -> bool {
    matches!(ty, WireType::Bool) || is_any_bytes(ty)
}

/// Whether any bytes of that number are a value of the type.
const fn is_any_bytes(ty: WireType) -> bool {
    matches!(ty, WireType::I8 | WireType::Double | WireType::Uuid)
}
