//! Members of a union that its IDL does not know.

use crate::codec::transcode;
use crate::error::Result;
use crate::limits::Limits;
use crate::protocol::{Binary, FieldHeader, Input, Output, Protocol};
use crate::wire::WireType;

/// What a union holds when it holds nothing that its IDL knows: a member that a newer peer sent, or
/// no member at all (the default).
///
/// The value is kept in the binary protocol's form, whichever protocol it came by, so that it can
/// be written again by any.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct UnknownField {
    id: i16,
    /// Number of the wire type and binary form, or empty where there is no member.
    value: Vec<u8>,
}

impl UnknownField {
    /// The member's id, or `None` where there is no member.
    pub fn id(&self) -> Option<i16> {
        self.wire_type().map(|_| self.id)
    }

    /// The member's wire type, or `None` where there is no member.
    pub fn wire_type(&self) -> Option<WireType> {
        self.value.first().copied().and_then(WireType::from_byte)
    }

    /// The member's value in the binary protocol.
    pub fn binary(&self) -> &[u8] {
        self.value.get(1..).unwrap_or_default()
    }

    /// Reads the value after its field header.
    pub(crate) fn read<'de, I: Input<'de>>(field: FieldHeader, input: &mut I) -> Result<Self> {
        let mut value = vec![field.ty.byte()];
        if let Some(bool_value) = field.bool_value {
            value.push(u8::from(bool_value));
        } else {
            let mut out = Binary::output(value, &unlimited());
            transcode(field.ty, input, &mut out)?;
            let written = out.finish();
            written.result?;
            value = written.bytes;
        }
        Ok(Self {
            id: field.id,
            value,
        })
    }

    /// Writes the whole field.
    pub(crate) fn write<'v, O: Output<'v>>(&self, out: &mut O) {
        let Some(ty) = self.wire_type() else { return };
        let mut input = Binary::input(self.binary(), 0, &unlimited());
        if ty == WireType::Bool {
            out.bool_field(0, self.id, "", self.binary() == [1]);
            return;
        }
        out.field(0, self.id, ty, "");
        // The bytes were written by `read`, so that they can be read.
        let copied = transcode(ty, &mut input, out);
        debug_assert!(copied.is_ok(), "{copied:?}");
        out.field_end();
    }
}

/// Bytes that come from elsewhere are checked as a message is, under the default limits.
#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for UnknownField {
    fn deserialize<D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> std::result::Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(rename = "UnknownField")]
        struct Unchecked {
            id: i16,
            value: Vec<u8>,
        }

        let Unchecked { id, value } = Unchecked::deserialize(deserializer)?;
        let field = Self { id, value };
        field.check().map_err(serde::de::Error::custom)?;
        Ok(field)
    }
}

#[cfg(feature = "serde")]
impl UnknownField {
    fn check(&self) -> Result<()> {
        use crate::error::ErrorKind;

        if self.value.is_empty() {
            return Ok(());
        }
        let mut input = Binary::input(self.binary(), 0, &Limits::default());
        let Some(ty) = self.wire_type() else {
            return Err(input.fail(ErrorKind::Malformed, "there is no such wire type"));
        };
        input.skip(ty)?;
        match input.remaining() {
            0 => Ok(()),
            _ => Err(input.fail(ErrorKind::Malformed, "more bytes follow the value")),
        }
    }
}

/// Whoever read the member from a peer has checked it against the limits in force there, which the
/// defaults know nothing of.
pub(super) fn unlimited() -> Limits {
    Limits::default()
        .message_bytes_max(usize::MAX)
        .container_elements_max(usize::MAX)
        .depth_max(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Compact, Json};

    fn read<P: Protocol>(bytes: &[u8], limits: &Limits) -> UnknownField {
        let mut input = P::input(bytes, 0, limits);
        input.struct_begin().unwrap();
        let field = input.field(0).unwrap().unwrap();
        UnknownField::read(field, &mut input).unwrap()
    }

    fn written<P: Protocol>(field: &UnknownField) -> Vec<u8> {
        let mut out = P::output(Vec::new(), &Limits::default());
        assert!(out.struct_begin(""));
        field.write(&mut out);
        out.struct_end();
        let written = out.finish();
        written.result.unwrap();
        written.bytes
    }

    #[test]
    fn goes_from_any_protocol_to_any_other() {
        let json = br#"{"-3":{"map":["str","lst",1,{"k\"":["tf",2,1,0]}]}}"#;
        let field = read::<Json>(json, &Limits::default());
        assert_eq!(field.id(), Some(-3));
        assert_eq!(field.wire_type(), Some(WireType::Map));
        let compact = written::<Compact>(&field);
        assert_eq!(compact, b"\x0b\x05\x01\x89\x02k\"\x21\x01\x02\x00");
        assert_eq!(read::<Compact>(&compact, &Limits::default()), field);
        assert_eq!(written::<Json>(&field), json);

        let truth = read::<Compact>(&[0x11, 0], &Limits::default());
        assert_eq!(written::<Json>(&truth), br#"{"1":{"tf":1}}"#);
    }

    #[test]
    fn is_written_whole_when_it_was_read_under_higher_limits() {
        let count = 1_000_001;
        let limits = Limits::default().container_elements_max(count);
        // Field 1, a list of so many bytes.
        let bytes = [&[0x19, 0xf3, 0xc1, 0x84, 0x3d][..], &vec![7; count], &[0]].concat();
        let field = read::<Compact>(&bytes, &limits);
        assert_eq!(written::<Compact>(&field), bytes);
    }
}
