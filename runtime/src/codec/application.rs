//! The struct of an application exception, `{1: string message, 2: i32 type}`.

use crate::codec::{DecodeStruct, EncodeStruct, Struct, StructReader, StructWriter};
use crate::error::Result;
use crate::protocol::{FieldHeader, Input, Output};

/// `TApplicationException` on the wire. Users meet it as
/// [`ErrorKind::Application`](crate::ErrorKind::Application).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApplicationException {
    /// The text for the client.
    pub message: String,
    /// See [`ApplicationCode`](crate::ApplicationCode).
    pub code: i32,
}

impl Struct for ApplicationException {
    const NAME: &'static str = "TApplicationException";
    const FIELDS: &'static [(i16, &'static str)] = &[(1, "message"), (2, "type")];
}

impl EncodeStruct for ApplicationException {
    fn encode<'v, O: Output<'v>>(&'v self, fields: &mut StructWriter<'_, O>) {
        fields.field(1, &self.message);
        fields.field(2, &self.code);
    }
}

impl<'de> DecodeStruct<'de> for ApplicationException {
    fn decode<I: Input<'de>>(&mut self, fields: &mut StructReader<'_, 'de, I>) -> Result<()> {
        fields.expect(1, &mut self.message)?;
        fields.expect(2, &mut self.code)
    }

    fn decode_field<I: Input<'de>>(
        &mut self,
        field: FieldHeader,
        fields: &mut StructReader<'_, 'de, I>,
    ) -> Result<()> {
        match field.id {
            1 => fields.read(field, &mut self.message),
            2 => fields.read(field, &mut self.code),
            _ => fields.skip(field),
        }
    }
}
