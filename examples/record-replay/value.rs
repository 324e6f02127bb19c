//! Values of any type, read without an IDL.

use std::fmt;

use seapink::protocol::Input;
use seapink::{Result, Uuid, WireType};

/// A value as it is on the wire. Two are equal when a program could not tell one from the other: sets,
/// maps and the fields of structs have no order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    Bool(bool),
    /// Of every size.
    Int(i64),
    /// By its bits, so that a NaN is equal to itself.
    Double(u64),
    /// A `string` or a `binary`.
    Bytes(Vec<u8>),
    Uuid(Uuid),
    List(Vec<Value>),
    /// Sorted.
    Set(Vec<Value>),
    /// Sorted.
    Map(Vec<(Value, Value)>),
    /// Sorted, each with its id.
    Struct(Vec<(i16, Value)>),
}

impl Value {
    /// Reads a value of a type. How deep it may be, and how much it may take, the reader knows.
    pub fn read<'de, I: Input<'de>>(ty: WireType, input: &mut I) -> Result<Self> {
        Ok(match ty {
            WireType::Bool => Self::Bool(input.bool()?),
            WireType::I8 => Self::Int(input.i8()?.into()),
            WireType::I16 => Self::Int(input.i16()?.into()),
            WireType::I32 => Self::Int(input.i32()?.into()),
            WireType::I64 => Self::Int(input.i64()?),
            WireType::Double => Self::Double(input.double()?.to_bits()),
            WireType::Uuid => Self::Uuid(input.uuid()?),
            WireType::String => Self::Bytes(input.text_or_binary()?.into_owned()),
            WireType::List => Self::List(elements(input)?),
            WireType::Set => {
                let mut elements = elements(input)?;
                elements.sort();
                Self::Set(elements)
            }
            WireType::Map => {
                let mut pairs = pairs(input)?;
                pairs.sort();
                Self::Map(pairs)
            }
            WireType::Struct => {
                let mut fields = fields(input)?;
                fields.sort();
                Self::Struct(fields)
            }
        })
    }
}

fn elements<'de, I: Input<'de>>(input: &mut I) -> Result<Vec<Value>> {
    let header = input.list_begin()?;
    let mut values = Vec::with_capacity(input.room::<Value>(header.len));
    for index in 0..header.len {
        input.element(index)?;
        values.push(Value::read(header.element, input)?);
    }
    input.list_end()?;
    Ok(values)
}

fn pairs<'de, I: Input<'de>>(input: &mut I) -> Result<Vec<(Value, Value)>> {
    let header = input.map_begin()?;
    let mut pairs = Vec::with_capacity(input.room::<(Value, Value)>(header.len));
    for index in 0..header.len {
        input.key(index)?;
        let key = Value::read(header.key, input)?;
        input.value()?;
        pairs.push((key, Value::read(header.value, input)?));
    }
    input.map_end()?;
    Ok(pairs)
}

fn fields<'de, I: Input<'de>>(input: &mut I) -> Result<Vec<(i16, Value)>> {
    input.struct_begin()?;
    let (mut fields, mut last) = (Vec::new(), 0);
    while let Some(field) = input.field(last)? {
        last = field.id;
        let value = match field.bool_value {
            Some(value) => Value::Bool(value),
            None => Value::read(field.ty, input)?,
        };
        fields.push((field.id, value));
        input.field_end()?;
    }
    input.struct_end()?;
    Ok(fields)
}

/// In one line: `(1: 5, 2: ["a"])` is a struct.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Double(bits) => write!(f, "{:?}", f64::from_bits(*bits)),
            Self::Uuid(value) => write!(f, "{value}"),
            Self::Bytes(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => write!(f, "{text:?}"),
                Err(_) => write!(f, "b\"{}\"", bytes.escape_ascii()),
            },
            Self::List(values) => between(f, '[', values, ']', |f, value| write!(f, "{value}")),
            Self::Set(values) => between(f, '{', values, '}', |f, value| write!(f, "{value}")),
            Self::Map(pairs) => between(f, '{', pairs, '}', |f, (key, value)| {
                write!(f, "{key}: {value}")
            }),
            Self::Struct(fields) => between(f, '(', fields, ')', |f, (id, value)| {
                write!(f, "{id}: {value}")
            }),
        }
    }
}

fn between<T>(
    f: &mut fmt::Formatter<'_>,
    open: char,
    values: &[T],
    close: char,
    one: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    write!(f, "{open}")?;
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            f.write_str(", ")?;
        }
        one(f, value)?;
    }
    write!(f, "{close}")
}
