//! The binary protocol: fixed-width big-endian numbers.
//!
//! | value | bytes |
//! | --- | --- |
//! | `bool` | 1: `01` or `00`; any other than `00` is read as true |
//! | `i8 i16 i32 i64`, enum | 1, 2, 4, 8, big-endian |
//! | `double` | 8, IEEE 754, big-endian |
//! | `string`, `binary` | `i32` length, then the bytes |
//! | `uuid` | 16, network order |
//! | struct | fields (type byte, `i16` id, value), then `00` |
//! | list, set | type byte, `i32` count, elements |
//! | map | key type, value type, `i32` count, pairs |
//!
//! A message starts with `80 01 00 kind`, name, `i32` sequence id ([`MessageForm::Strict`]), or with
//! name, kind byte, sequence id ([`MessageForm::Old`]).
//!
//! [`MessageForm::Strict`]: super::MessageForm::Strict
//! [`MessageForm::Old`]: super::MessageForm::Old

mod input;
mod output;
mod scanner;
mod skip;

pub use input::BinaryInput;
pub use output::BinaryOutput;

use super::{Protocol, Scanner};
use crate::limits::Limits;
use crate::wire::WireType;

/// The binary protocol (`TBinaryProtocol`).
#[derive(Clone, Copy, Debug, Default)]
pub struct Binary;

impl Protocol for Binary {
    const NAME: &'static str = "binary";
    const RAW_VALUES: bool = true;
    type Input<'de> = BinaryInput<'de>;
    type Output<'v> = BinaryOutput<'v>;

    #[inline]
    fn input<'de>(message: &'de [u8], offset: usize, limits: &Limits) -> BinaryInput<'de> {
        BinaryInput::new(message, offset, limits)
    }

    #[inline]
    fn output<'v>(buffer: Vec<u8>, limits: &Limits) -> BinaryOutput<'v> {
        BinaryOutput::new(buffer, limits)
    }

    fn scanner(limits: &Limits) -> Box<dyn Scanner> {
        Box::new(scanner::BinaryScanner::new(limits))
    }
}

const VERSION_MASK: u32 = 0xffff_0000;
const VERSION_1: u32 = 0x8001_0000;
const STOP: u8 = 0;

/// The fewest bytes that a value of a type takes.
const fn bytes_min(ty: WireType) -> usize {
    match ty {
        WireType::Bool | WireType::I8 | WireType::Struct => 1,
        WireType::I16 => 2,
        WireType::I32 | WireType::String => 4,
        WireType::I64 | WireType::Double => 8,
        WireType::List | WireType::Set => 5,
        WireType::Map => 6,
        WireType::Uuid => 16,
    }
}

/// Whether all values of a type have as many bytes as the smallest.
const fn is_fixed(ty: WireType) -> bool {
    !matches!(
        ty,
        WireType::String | WireType::Struct | WireType::Map | WireType::Set | WireType::List
    )
}
