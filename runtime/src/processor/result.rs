//! Results: a struct with one field, `success` (0) or a declared exception.

use crate::codec::{Decode, Encode, StructReader, StructWriter, write_struct};
use crate::error::{ApplicationCode, Error, Result};
use crate::processor::MethodError;
use crate::protocol::{FieldHeader, Input, Output};

const SUCCESS: i16 = 0;

/// What a function may return: any value, or `()` for `void`.
pub trait EncodeResult {
    /// Writes the field `success`, unless the function is `void`.
    fn encode_result<'v, O: Output<'v>>(&'v self, fields: &mut StructWriter<'_, O>);
}

impl EncodeResult for () {
    fn encode_result<'v, O: Output<'v>>(&'v self, _: &mut StructWriter<'_, O>) {}
}

impl<T: Encode> EncodeResult for T {
    #[inline]
    fn encode_result<'v, O: Output<'v>>(&'v self, fields: &mut StructWriter<'_, O>) {
        fields.argument((SUCCESS, "success"), self);
    }
}

/// What a function may return, seen from the client.
pub trait DecodeResult<'de>: Default {
    /// Whether a reply without a result is a success: for `void` only.
    const VOID: bool;

    /// Reads the field `success` if it comes next. `true` when it was there.
    fn expect<I: Input<'de>>(&mut self, fields: &mut StructReader<'_, 'de, I>) -> Result<bool>;

    /// Reads the field `success`. `false` when it has another type, and was skipped.
    fn read<I: Input<'de>>(
        &mut self,
        field: FieldHeader,
        fields: &mut StructReader<'_, 'de, I>,
    ) -> Result<bool>;
}

impl<'de> DecodeResult<'de> for () {
    const VOID: bool = true;

    fn expect<I: Input<'de>>(&mut self, _: &mut StructReader<'_, 'de, I>) -> Result<bool> {
        Ok(false)
    }

    fn read<I: Input<'de>>(
        &mut self,
        field: FieldHeader,
        fields: &mut StructReader<'_, 'de, I>,
    ) -> Result<bool> {
        fields.skip(field).map(|()| false)
    }
}

impl<'de, T: Decode<'de>> DecodeResult<'de> for T {
    const VOID: bool = false;

    #[inline]
    fn expect<I: Input<'de>>(&mut self, fields: &mut StructReader<'_, 'de, I>) -> Result<bool> {
        fields.try_expect(SUCCESS, self)
    }

    fn read<I: Input<'de>>(
        &mut self,
        field: FieldHeader,
        fields: &mut StructReader<'_, 'de, I>,
    ) -> Result<bool> {
        fields.try_read(field, self)
    }
}

/// Reads the result of a call.
///
/// # Errors
/// The outer error is a reply that cannot be read, the inner one that of the function.
pub(crate) fn read_result<'de, T, E, I>(input: &mut I) -> Result<Result<T, E>>
where
    T: DecodeResult<'de>,
    E: MethodError,
    I: Input<'de>,
{
    let mut value = T::default();
    let mut fields = StructReader::new(input);
    match read_fields(&mut value, &mut fields) {
        Err(error) => Err(fields.blame(error, "result", E::FIELDS)),
        Ok((_, Some(exception))) => Ok(Err(exception)),
        Ok((found, None)) if found || T::VOID => Ok(Ok(value)),
        Ok((_, None)) => {
            let text = "the reply has no result";
            Ok(Err(Error::application(
                ApplicationCode::MISSING_RESULT,
                text,
            )
            .into()))
        }
    }
}

fn read_fields<'de, T, E, I>(
    value: &mut T,
    fields: &mut StructReader<'_, 'de, I>,
) -> Result<(bool, Option<E>)>
where
    T: DecodeResult<'de>,
    E: MethodError,
    I: Input<'de>,
{
    fields.struct_begin()?;
    let mut found = value.expect(fields)?;
    let mut exception = None;
    while let Some(field) = fields.next_field()? {
        if field.id == SUCCESS {
            found |= value.read(field, fields)?;
        } else if let Some(declared) = E::decode(field, fields)? {
            exception = Some(declared);
        }
    }
    fields.struct_end()?;
    Ok((found, exception))
}

/// Writes a result. The error must be one that the function declares.
pub(super) fn write_result<'v, T: EncodeResult, E: MethodError, O: Output<'v>>(
    result: &'v Result<T, E>,
    out: &mut O,
) {
    write_struct("result", E::FIELDS, out, |fields| match result {
        Ok(value) => value.encode_result(fields),
        Err(error) => error.encode(fields),
    });
}
