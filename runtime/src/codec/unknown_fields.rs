//! Fields that a struct's IDL does not know, kept to be written again.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use crate::codec::recycling::trim;
use crate::codec::transcode;
use crate::codec::unknown::unlimited;
#[cfg(feature = "serde")]
use crate::error::ErrorKind;
use crate::error::Result;
use crate::protocol::{Binary, FieldHeader, Input, Output, Protocol};
use crate::wire::WireType;

/// The fields of a struct that its IDL does not know, as a newer peer has written them.
///
/// Emitted structs have such a member where the IDL asks for it with `rust.unknown_fields = "keep"`.
/// It is filled when the struct is read, and written behind the known fields when the struct is
/// written, so that a program which passes structs on loses nothing.
///
/// Values are kept as the bytes that they were read from, where the protocol allows it. They are
/// translated only when they are written in another protocol.
#[derive(Clone, Default)]
pub struct UnknownFields {
    fields: Vec<Span>,
    bytes: Vec<u8>,
    /// Where the bytes come from; `None` for the binary protocol.
    origin: Option<Origin>,
}

/// One field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    id: i16,
    ty: WireType,
    /// Where its value ends in the bytes; it starts where the one before ends.
    end: usize,
}

/// A protocol whose bytes are kept.
#[derive(Clone, Copy, Debug)]
struct Origin {
    protocol: &'static str,
    to_binary: fn(WireType, &[u8]) -> Result<Vec<u8>>,
}

impl UnknownFields {
    /// None yet.
    pub const fn new() -> Self {
        Self {
            fields: Vec::new(),
            bytes: Vec::new(),
            origin: None,
        }
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Forgets them, so that they are not written again.
    pub fn clear(&mut self) {
        // What the last contents took may stay, so that the next ones need not make it again.
        let (fields, bytes) = (self.fields.len(), self.bytes.len());
        self.fields.clear();
        self.bytes.clear();
        trim(&mut self.fields, fields);
        trim(&mut self.bytes, bytes);
        self.origin = None;
    }

    /// Ids and wire types, in the order in which they were read.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (i16, WireType)> + '_ {
        self.fields.iter().map(|span| (span.id, span.ty))
    }

    /// Keeps a field whose header was read.
    pub(crate) fn keep<'de, I: Input<'de>>(
        &mut self,
        field: FieldHeader,
        input: &mut I,
    ) -> Result<()> {
        let start = self.bytes.len();
        let kept = self.keep_value(field, input);
        if kept.is_err() {
            self.bytes.truncate(start);
            return kept;
        }
        self.fields.push(Span {
            id: field.id,
            ty: field.ty,
            end: self.bytes.len(),
        });
        Ok(())
    }

    fn keep_value<'de, I: Input<'de>>(&mut self, field: FieldHeader, input: &mut I) -> Result<()> {
        if let Some(value) = field.bool_value {
            // A byte of our own, whatever the protocol.
            self.bytes.push(value.into());
        } else if input.has_raw_values() {
            self.bytes.extend_from_slice(input.skip(field.ty)?);
            let translated = I::Protocol::NAME != Binary::NAME;
            self.origin = translated.then_some(Origin {
                protocol: I::Protocol::NAME,
                to_binary: to_binary::<I::Protocol>,
            });
        } else {
            let bytes = std::mem::take(&mut self.bytes);
            let mut out = Binary::output(bytes, &unlimited());
            let copied = transcode(field.ty, input, &mut out);
            let written = out.finish();
            self.bytes = written.bytes;
            return copied.and(written.result);
        }
        Ok(())
    }

    /// Writes the fields, and says which id came last.
    pub(crate) fn write<'v, O: Output<'v>>(&self, mut last: i16, out: &mut O) -> i16 {
        let mut start = 0;
        for span in &self.fields {
            let bytes = &self.bytes[start..span.end];
            start = span.end;
            if span.ty == WireType::Bool {
                out.bool_field(last, span.id, "", bytes != [0]);
            } else {
                out.field(last, span.id, span.ty, "");
                self.write_value(span.ty, bytes, out);
                out.field_end();
            }
            last = span.id;
        }
        last
    }

    fn write_value<'v, O: Output<'v>>(&self, ty: WireType, bytes: &[u8], out: &mut O) {
        let protocol = self.origin.map_or(Binary::NAME, |origin| origin.protocol);
        if out.raw_value(protocol, ty, bytes) {
            return;
        }
        let translated = match self.origin {
            Some(origin) => (origin.to_binary)(ty, bytes).map(Cow::Owned),
            None => Ok(Cow::Borrowed(bytes)),
        };
        // Skipping accepts nothing that reading refuses, so what was kept can be read.
        let copied = translated.and_then(|bytes| {
            let mut input = Binary::input(&bytes, 0, &unlimited());
            transcode(ty, &mut input, out)
        });
        debug_assert!(copied.is_ok(), "{copied:?}");
    }
}

fn to_binary<P: Protocol>(ty: WireType, bytes: &[u8]) -> Result<Vec<u8>> {
    let mut input = P::input(bytes, 0, &unlimited());
    let mut out = Binary::output(Vec::new(), &unlimited());
    transcode(ty, &mut input, &mut out)?;
    out.finish().into_bytes()
}

/// Ids and wire types.
impl fmt::Debug for UnknownFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

// Comparing is by meaning: the same fields may have come by different protocols.

impl UnknownFields {
    fn in_binary(&self) -> Vec<u8> {
        let mut out = Binary::output(Vec::new(), &unlimited());
        self.write(0, &mut out);
        out.finish().bytes
    }
}

#[cfg(feature = "serde")]
impl UnknownFields {
    fn from_binary(bytes: &[u8]) -> Result<Self> {
        let mut input = Binary::input(bytes, 0, &crate::limits::Limits::default());
        let mut fields = Self::default();
        while input.remaining() > 0 {
            let Some(field) = input.field(0)? else {
                let text = "fields, and not their struct, are what is kept";
                return Err(input.fail(ErrorKind::Malformed, text));
            };
            fields.keep(field, &mut input)?;
        }
        Ok(fields)
    }
}

impl PartialEq for UnknownFields {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for UnknownFields {}

impl PartialOrd for UnknownFields {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for UnknownFields {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.is_empty() && other.is_empty() {
            return Ordering::Equal;
        }
        self.in_binary().cmp(&other.in_binary())
    }
}

impl Hash for UnknownFields {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for (id, ty) in self.iter() {
            (id, ty).hash(state);
        }
    }
}

/// As the bytes of the fields in the binary protocol.
#[cfg(feature = "serde")]
impl serde::Serialize for UnknownFields {
    fn serialize<S: serde::Serializer>(
        &self,
        serializer: S,
    ) -> std::result::Result<S::Ok, S::Error> {
        self.in_binary().serialize(serializer)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for UnknownFields {
    fn deserialize<D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> std::result::Result<Self, D::Error> {
        let bytes = Vec::<u8>::deserialize(deserializer)?;
        Self::from_binary(&bytes).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::protocol::{Compact, Json};

    /// Everything in a struct.
    fn kept<P: Protocol>(bytes: &[u8]) -> UnknownFields {
        let limits = Limits::default();
        let mut input = P::input(bytes, 0, &limits);
        let mut fields = UnknownFields::default();
        input.struct_begin().unwrap();
        let mut last = 0;
        while let Some(field) = input.field(last).unwrap() {
            last = field.id;
            fields.keep(field, &mut input).unwrap();
            input.field_end().unwrap();
        }
        fields
    }

    fn written<P: Protocol>(fields: &UnknownFields) -> Vec<u8> {
        let mut out = P::output(Vec::new(), &Limits::default());
        assert!(out.struct_begin(""));
        fields.write(0, &mut out);
        out.struct_end();
        out.finish().into_bytes().unwrap()
    }

    const JSON: &[u8] =
        br#"{"1":{"tf":1},"2":{"i64":-7},"4":{"str":"a\"b"},"9":{"map":["str","lst",1,{"k":["tf",2,1,0]}]},"40":{"rec":{"1":{"dbl":1.5}}}}"#;

    #[test]
    fn come_back_byte_for_byte_and_go_to_any_other_protocol() {
        let json = kept::<Json>(JSON);
        assert_eq!(written::<Json>(&json), JSON);
        let compact = kept::<Compact>(&written::<Compact>(&json));
        let binary = kept::<Binary>(&written::<Binary>(&json));
        assert_eq!(written::<Compact>(&compact), written::<Compact>(&json));
        for fields in [&json, &compact, &binary] {
            assert_eq!(written::<Json>(fields), JSON);
            assert_eq!(written::<Binary>(fields), written::<Binary>(&json));
            assert_eq!(fields, &json);
            assert_eq!(fields.len(), 5);
        }
        assert_ne!(json, UnknownFields::default());
    }

    #[test]
    fn forgotten_ones_are_not_written() {
        let mut fields = kept::<Compact>(&[0x11, 0x12, 0]);
        let ids: Vec<_> = fields.iter().collect();
        assert_eq!(ids, [(1, WireType::Bool), (2, WireType::Bool)]);
        fields.clear();
        assert!(fields.is_empty());
        assert_eq!(written::<Compact>(&fields), [0]);
    }

    #[test]
    fn every_prefix_is_refused() {
        let bytes = written::<Compact>(&kept::<Json>(JSON));
        for end in 0..bytes.len() {
            let mut input = Compact::input(&bytes[..end], 0, &Limits::default());
            let mut fields = UnknownFields::default();
            input.struct_begin().unwrap();
            let mut last = 0;
            let ended = loop {
                match input.field(last) {
                    Ok(Some(field)) => {
                        last = field.id;
                        if let Err(error) = fields.keep(field, &mut input) {
                            break Err(error);
                        }
                    }
                    Ok(None) => break Ok(()),
                    Err(error) => break Err(error),
                }
            };
            assert!(ended.is_err(), "{end}");
        }
    }
}
