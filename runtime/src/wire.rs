//! The vocabulary that every Thrift protocol shares: wire types and message kinds.
//!
//! The numbers are those of the binary protocol; the other protocols translate.

use std::fmt;

/// The type of a value on the wire (`TType` in Apache's libraries).
///
/// `string` and `binary` are both [`String`](WireType::String), an enum is an
/// [`I32`](WireType::I32), and structs, unions and exceptions are all
/// [`Struct`](WireType::Struct).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum WireType {
    /// `bool`.
    Bool = 2,
    /// `i8` or `byte`.
    I8 = 3,
    /// `double`.
    Double = 4,
    /// `i16`.
    I16 = 6,
    /// `i32` or an enum.
    I32 = 8,
    /// `i64`.
    I64 = 10,
    /// `string` or `binary`.
    String = 11,
    /// A struct, union or exception.
    Struct = 12,
    /// `map`.
    Map = 13,
    /// `set`.
    Set = 14,
    /// `list`.
    List = 15,
    /// `uuid`.
    Uuid = 16,
}

impl WireType {
    /// Every wire type, in the order of its number.
    pub const ALL: [Self; 12] = [
        Self::Bool,
        Self::I8,
        Self::Double,
        Self::I16,
        Self::I32,
        Self::I64,
        Self::String,
        Self::Struct,
        Self::Map,
        Self::Set,
        Self::List,
        Self::Uuid,
    ];

    /// The type with this number in the binary protocol; `None` for STOP (0), VOID (1) and numbers
    /// that no type has.
    #[inline]
    pub const fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            2 => Self::Bool,
            3 => Self::I8,
            4 => Self::Double,
            6 => Self::I16,
            8 => Self::I32,
            10 => Self::I64,
            11 => Self::String,
            12 => Self::Struct,
            13 => Self::Map,
            14 => Self::Set,
            15 => Self::List,
            16 => Self::Uuid,
            _ => return None,
        })
    }

    /// The number in the binary protocol.
    #[inline]
    pub const fn byte(self) -> u8 {
        self as u8
    }

    /// The name in the IDL, as error messages use it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::I8 => "i8",
            Self::Double => "double",
            Self::I16 => "i16",
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::String => "string",
            Self::Struct => "struct",
            Self::Map => "map",
            Self::Set => "set",
            Self::List => "list",
            Self::Uuid => "uuid",
        }
    }
}

impl fmt::Display for WireType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a message is (`TMessageType` in Apache's libraries).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum MessageKind {
    /// A call that wants a reply.
    Call = 1,
    /// The result of a call, or an exception that its function declares.
    Reply = 2,
    /// An application exception: the call failed in a way that its function does not declare.
    Exception = 3,
    /// A call that is never answered.
    Oneway = 4,
}

impl MessageKind {
    /// The kind with this number.
    #[inline]
    pub const fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            1 => Self::Call,
            2 => Self::Reply,
            3 => Self::Exception,
            4 => Self::Oneway,
            _ => return None,
        })
    }

    /// The number on the wire.
    #[inline]
    pub const fn byte(self) -> u8 {
        self as u8
    }
}
