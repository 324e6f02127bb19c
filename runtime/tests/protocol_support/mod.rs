//! Values whose types are known only at run time, so that tests need no emitted code.
#![allow(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "each test uses a part of this"
)]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

pub(crate) mod strategies;

use std::borrow::Cow;

use seapink::codec::{
    Decode, DecodeStruct, Encode, EncodeStruct, Struct, StructReader, StructWriter,
};
use seapink::protocol::{FieldHeader, Input, MessageForm, MessageHead, Output, Protocol};
use seapink::{Error, ErrorKind, Limits, MessageKind, Result, Uuid, WireType};

/// A value of any type. A double equals another with the same bits.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Bool(bool),
    I8(i8),
    I16(i16),
    I32(i32),
    I64(i64),
    Double(f64),
    Text(String),
    Binary(Vec<u8>),
    Uuid(Uuid),
    Struct(Vec<(i16, Value)>),
    List(WireType, Vec<Value>),
    Set(WireType, Vec<Value>),
    Map(WireType, WireType, Vec<(Value, Value)>),
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::I8(a), Self::I8(b)) => a == b,
            (Self::I16(a), Self::I16(b)) => a == b,
            (Self::I32(a), Self::I32(b)) => a == b,
            (Self::I64(a), Self::I64(b)) => a == b,
            (Self::Double(a), Self::Double(b)) => a.to_bits() == b.to_bits(),
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::Binary(a), Self::Binary(b)) => a == b,
            (Self::Uuid(a), Self::Uuid(b)) => a == b,
            (Self::Struct(a), Self::Struct(b)) => a == b,
            // The types of an empty container mean nothing.
            (Self::List(s, a), Self::List(t, b)) | (Self::Set(s, a), Self::Set(t, b)) => {
                a == b && (s == t || a.is_empty())
            }
            (Self::Map(key, value, a), Self::Map(other_key, other_value, b)) => {
                a == b && ((key, value) == (other_key, other_value) || a.is_empty())
            }
            _ => false,
        }
    }
}

impl Value {
    pub(crate) fn ty(&self) -> WireType {
        match self {
            Self::Bool(_) => WireType::Bool,
            Self::I8(_) => WireType::I8,
            Self::I16(_) => WireType::I16,
            Self::I32(_) => WireType::I32,
            Self::I64(_) => WireType::I64,
            Self::Double(_) => WireType::Double,
            Self::Text(_) | Self::Binary(_) => WireType::String,
            Self::Uuid(_) => WireType::Uuid,
            Self::Struct(_) => WireType::Struct,
            Self::List(..) => WireType::List,
            Self::Set(..) => WireType::Set,
            Self::Map(..) => WireType::Map,
        }
    }

    pub(crate) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    /// A list of values that are all of one type.
    pub(crate) fn list(values: Vec<Self>) -> Self {
        Self::List(values[0].ty(), values)
    }

    /// A set of values that are all of one type.
    pub(crate) fn set(values: Vec<Self>) -> Self {
        Self::Set(values[0].ty(), values)
    }

    /// A map whose keys are all of one type, and its values too.
    pub(crate) fn map(pairs: Vec<(Self, Self)>) -> Self {
        Self::Map(pairs[0].0.ty(), pairs[0].1.ty(), pairs)
    }

    /// A small value of a type.
    pub(crate) fn sample(ty: WireType) -> Self {
        match ty {
            WireType::Bool => Self::Bool(true),
            WireType::I8 => Self::I8(-8),
            WireType::I16 => Self::I16(-1600),
            WireType::I32 => Self::I32(-320_000),
            WireType::I64 => Self::I64(-64_000_000_000),
            WireType::Double => Self::Double(0.5),
            WireType::String => Self::text("text"),
            WireType::Struct => Self::Struct(vec![(1, Self::I32(1))]),
            WireType::List => Self::list(vec![Self::I32(1)]),
            WireType::Set => Self::set(vec![Self::I32(1)]),
            WireType::Map => Self::map(vec![(Self::I32(1), Self::I32(2))]),
            WireType::Uuid => Self::Uuid(Uuid::from_u128(0x0011_2233)),
        }
    }

    fn write<'v, O: Output<'v>>(&'v self, out: &mut O) {
        match self {
            Self::Bool(value) => out.bool(*value),
            Self::I8(value) => out.i8(*value),
            Self::I16(value) => out.i16(*value),
            Self::I32(value) => out.i32(*value),
            Self::I64(value) => out.i64(*value),
            Self::Double(value) => out.double(*value),
            Self::Text(value) => out.string(value),
            Self::Binary(value) => out.binary(value),
            Self::Uuid(value) => out.uuid(*value),
            Self::Struct(fields) => write_fields(fields, out),
            Self::List(ty, values) => {
                if out.list_begin(*ty, values.len()) {
                    write_values(values, out);
                }
            }
            Self::Set(ty, values) => {
                if out.set_begin(*ty, values.len()) {
                    write_values(values, out);
                }
            }
            Self::Map(key, value, pairs) => {
                if out.map_begin(*key, *value, pairs.len()) {
                    for (index, (key, value)) in pairs.iter().enumerate() {
                        out.key(index);
                        key.write(out);
                        out.value();
                        value.write(out);
                    }
                    out.map_end();
                }
            }
        }
    }
}

fn write_fields<'v, O: Output<'v>>(fields: &'v [(i16, Value)], out: &mut O) {
    if !out.struct_begin("") {
        return;
    }
    let mut last = 0;
    for (id, value) in fields {
        if let Value::Bool(value) = value {
            out.bool_field(last, *id, "", *value);
        } else {
            out.field(last, *id, value.ty(), "");
            value.write(out);
            out.field_end();
        }
        last = *id;
    }
    out.struct_end();
}

fn write_values<'v, O: Output<'v>>(values: &'v [Value], out: &mut O) {
    for (index, value) in values.iter().enumerate() {
        out.element(index);
        value.write(out);
    }
    out.list_end();
}

/// How a [`Dynamic`] is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Way {
    /// Every field through [`Input::field`].
    #[default]
    General,
    /// Fields through [`Input::try_field`] where they are the expected ones.
    Expected,
    /// All fields skipped.
    Skip,
}

/// A struct of any fields. Reading replaces them; those that it had tell what is expected, and
/// which strings are binaries.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Dynamic {
    pub(crate) fields: Vec<(i16, Value)>,
    pub(crate) way: Way,
}

impl Dynamic {
    pub(crate) fn new(fields: Vec<(i16, Value)>) -> Self {
        Self {
            fields,
            way: Way::General,
        }
    }
}

impl Encode for Dynamic {
    const TYPE: WireType = WireType::Struct;

    fn encode<'v, O: Output<'v>>(&'v self, out: &mut O) {
        write_fields(&self.fields, out);
    }
}

impl<'de> Decode<'de> for Dynamic {
    const TYPE: WireType = WireType::Struct;

    fn decode_into<I: Input<'de>>(&mut self, input: &mut I) -> Result<()> {
        self.fields = read_fields(self.way, &self.fields, input)?;
        Ok(())
    }

    fn reset(&mut self) {
        self.fields.clear();
    }
}

fn read_fields<'de, I: Input<'de>>(
    way: Way,
    like: &[(i16, Value)],
    input: &mut I,
) -> Result<Vec<(i16, Value)>> {
    input.struct_begin()?;
    let mut fields: Vec<(i16, Value)> = Vec::new();
    let mut last = 0;
    loop {
        let like_this = like.get(fields.len());
        if way == Way::Expected {
            if input.try_stop(last) {
                break;
            }
            if let Some((id, like)) = like_this {
                let value = if like.ty() == WireType::Bool {
                    input.try_bool_field(last, *id).map(Value::Bool)
                } else if input.try_field(last, *id, like.ty()) {
                    Some(read_value(way, like.ty(), Some(like), input)?)
                } else {
                    None
                };
                if let Some(value) = value {
                    input.field_end()?;
                    last = *id;
                    fields.push((*id, value));
                    continue;
                }
            }
        }
        let Some(field) = input.field(last)? else {
            break;
        };
        last = field.id;
        let like = like_this.and_then(|(id, like)| (*id == last).then_some(like));
        let value = match (field.bool_value, way) {
            (Some(value), _) => Value::Bool(value),
            (None, Way::Skip) => {
                input.skip(field.ty)?;
                Value::Bool(false)
            }
            (None, _) => read_value(way, field.ty, like, input)?,
        };
        input.field_end()?;
        fields.push((field.id, value));
    }
    input.struct_end()?;
    Ok(fields)
}

fn read_value<'de, I: Input<'de>>(
    way: Way,
    ty: WireType,
    like: Option<&Value>,
    input: &mut I,
) -> Result<Value> {
    Ok(match ty {
        WireType::Bool => Value::Bool(input.bool()?),
        WireType::I8 => Value::I8(input.i8()?),
        WireType::I16 => Value::I16(input.i16()?),
        WireType::I32 => Value::I32(input.i32()?),
        WireType::I64 => Value::I64(input.i64()?),
        WireType::Double => Value::Double(input.double()?),
        WireType::Uuid => Value::Uuid(input.uuid()?),
        WireType::String => match like {
            Some(Value::Binary(_)) => Value::Binary(input.binary()?.into_owned()),
            _ => Value::Text(input.string()?.into_owned()),
        },
        WireType::Struct => {
            let like = match like {
                Some(Value::Struct(fields)) => fields.as_slice(),
                _ => &[],
            };
            Value::Struct(read_fields(way, like, input)?)
        }
        WireType::List | WireType::Set => {
            let header = input.list_begin()?;
            let like = match like {
                Some(Value::List(_, values) | Value::Set(_, values)) => values.as_slice(),
                _ => &[],
            };
            let mut values = Vec::new();
            for index in 0..header.len {
                input.element(index)?;
                values.push(read_value(way, header.element, like.get(index), input)?);
            }
            input.list_end()?;
            match ty {
                WireType::List => Value::List(header.element, values),
                _ => Value::Set(header.element, values),
            }
        }
        WireType::Map => {
            let header = input.map_begin()?;
            let like = match like {
                Some(Value::Map(_, _, pairs)) => pairs.as_slice(),
                _ => &[],
            };
            let mut pairs = Vec::new();
            for index in 0..header.len {
                let like = like.get(index);
                input.key(index)?;
                let key = read_value(way, header.key, like.map(|pair| &pair.0), input)?;
                input.value()?;
                let value = read_value(way, header.value, like.map(|pair| &pair.1), input)?;
                pairs.push((key, value));
            }
            input.map_end()?;
            Value::Map(header.key, header.value, pairs)
        }
    })
}

/// A whole message.
pub(crate) fn message<P: Protocol>(head: &MessageHead<'_>, fields: &[(i16, Value)]) -> Vec<u8> {
    let mut out = P::output(Vec::new(), &unlimited());
    out.message_begin(head);
    write_fields(fields, &mut out);
    out.message_end();
    out.finish().into_bytes().unwrap()
}

/// Reads a whole message.
pub(crate) fn read_message<'m, P: Protocol>(
    bytes: &'m [u8],
    like: &mut Dynamic,
    limits: &Limits,
) -> Result<MessageHead<'m>> {
    let mut input = P::input(bytes, 0, limits);
    let head = input.message_begin()?;
    like.decode_into(&mut input)?;
    input.message_end()?;
    Ok(head)
}

pub(crate) fn unlimited() -> Limits {
    Limits::default()
        .message_bytes_max(usize::MAX)
        .container_elements_max(usize::MAX)
        .depth_max(u32::MAX)
}

/// How bytes are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Path {
    Decode,
    Skip,
    Scan,
}

pub(crate) const PATHS: [Path; 3] = [Path::Decode, Path::Skip, Path::Scan];

pub(crate) const CALL: MessageHead<'static> = MessageHead {
    name: Cow::Borrowed("f"),
    kind: MessageKind::Call,
    sequence_id: 1,
    form: MessageForm::Strict,
};

impl Path {
    /// Reads a message this way. A scanner that wants more bytes has found them cut off.
    pub(crate) fn read<P: Protocol>(
        self,
        bytes: &[u8],
        like: &[(i16, Value)],
        limits: &Limits,
    ) -> Result<()> {
        let way = match self {
            Self::Scan => {
                return match P::scanner(limits).scan(bytes)? {
                    Some(length) => {
                        assert_eq!(length, bytes.len());
                        Ok(())
                    }
                    None => Err(Error::new(ErrorKind::Truncated, "more bytes are needed")),
                };
            }
            Self::Decode => Way::General,
            Self::Skip => Way::Skip,
        };
        let mut read = Dynamic {
            fields: like.to_vec(),
            way,
        };
        read_message::<P>(bytes, &mut read, limits).map(drop)
    }
}

/// Calls a function with every protocol as its type.
macro_rules! each_protocol {
    ($function:ident($($argument:expr),*)) => {
        $function::<Binary>($($argument),*);
        $function::<Compact>($($argument),*);
        $function::<Json>($($argument),*);
    };
}
pub(crate) use each_protocol;

/// A recursive type as it would be emitted.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Tree {
    pub(crate) children: Vec<Self>,
}

impl Struct for Tree {
    const NAME: &'static str = "Tree";
    const FIELDS: &'static [(i16, &'static str)] = &[(1, "children")];
}

impl EncodeStruct for Tree {
    fn encode<'v, O: Output<'v>>(&'v self, fields: &mut StructWriter<'_, O>) {
        fields.field(1, &self.children);
    }
}

impl<'de> DecodeStruct<'de> for Tree {
    fn decode<I: Input<'de>>(&mut self, fields: &mut StructReader<'_, 'de, I>) -> Result<()> {
        fields.expect(1, &mut self.children)
    }

    fn decode_field<I: Input<'de>>(
        &mut self,
        field: FieldHeader,
        fields: &mut StructReader<'_, 'de, I>,
    ) -> Result<()> {
        match field.id {
            1 => fields.read(field, &mut self.children),
            _ => fields.skip(field),
        }
    }
}

/// A number as the compact protocol writes an unsigned one.
pub(crate) fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = value.to_le_bytes()[0] & 0x7f;
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}
