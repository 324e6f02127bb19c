//! Arguments: a struct on the wire, a tuple in Rust.
//!
//! Why can't we just emit a struct for the arguments of each function? Because nobody would ever
//! name it: the client has parameters and the handler has parameters, and thirty lines for each
//! function would stand between.

use crate::codec::{Decode, Encode, StructReader, StructWriter, write_struct};
use crate::error::Result;
use crate::protocol::{FieldHeader, Input, Output};

/// Ids and names of fields in ascending order of ids.
pub type FieldNames = &'static [(i16, &'static str)];

/// A tuple that can be written as arguments. Its members are references.
pub trait EncodeArguments {
    /// Writes each member as the field with the id at its place.
    fn encode<O: Output>(&self, ids: &[(i16, &'static str)], fields: &mut StructWriter<'_, O>);
}

/// A tuple that can be read from arguments. An absent argument keeps the value that it has.
pub trait DecodeArguments<'de> {
    /// Reads the arguments that come in the expected order.
    fn expect<I: Input<'de>>(
        &mut self,
        first: u32,
        ids: &[(i16, &'static str)],
        fields: &mut StructReader<'_, 'de, I>,
    ) -> Result<()>;

    /// Reads one argument, whichever it is. `false` when it is none of these.
    fn read<I: Input<'de>>(
        &mut self,
        first: u32,
        ids: &[(i16, &'static str)],
        field: FieldHeader,
        fields: &mut StructReader<'_, 'de, I>,
    ) -> Result<bool>;
}

/// Two tuples, for functions with more than twelve arguments.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Chain<A, B>(pub A, pub B);

macro_rules! tuples {
    ($(($($member:ident $place:tt),*))*) => {$(
        impl<$($member: Encode + ?Sized),*> EncodeArguments for ($(&$member,)*) {
            #[inline(always)]
            #[allow(unused_variables, reason = "a function without arguments")]
            fn encode<Out: Output>(
                &self,
                ids: &[(i16, &'static str)],
                fields: &mut StructWriter<'_, Out>,
            ) {
                $(fields.argument(ids[$place], self.$place);)*
            }
        }

        impl<'de, $($member: Decode<'de>),*> DecodeArguments<'de> for ($($member,)*) {
            #[inline(always)]
            #[allow(unused_variables, reason = "a function without arguments")]
            fn expect<In: Input<'de>>(
                &mut self,
                first: u32,
                ids: &[(i16, &'static str)],
                fields: &mut StructReader<'_, 'de, In>,
            ) -> Result<()> {
                $(fields.require(first + $place, ids[$place].0, &mut self.$place)?;)*
                Ok(())
            }

            #[allow(unused_variables, reason = "a function without arguments")]
            fn read<In: Input<'de>>(
                &mut self,
                first: u32,
                ids: &[(i16, &'static str)],
                field: FieldHeader,
                fields: &mut StructReader<'_, 'de, In>,
            ) -> Result<bool> {
                $(
                    if field.id == ids[$place].0 {
                        fields.read_required(first + $place, field, &mut self.$place)?;
                        return Ok(true);
                    }
                )*
                Ok(false)
            }
        }
    )*};
}

tuples! {
    ()
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11)
}

/// How many arguments come before the second half of a [`Chain`].
const CHAIN: usize = 12;

impl<A: EncodeArguments, B: EncodeArguments> EncodeArguments for Chain<A, B> {
    fn encode<O: Output>(&self, ids: &[(i16, &'static str)], fields: &mut StructWriter<'_, O>) {
        self.0.encode(&ids[..CHAIN], fields);
        self.1.encode(&ids[CHAIN..], fields);
    }
}

impl<'de, A: DecodeArguments<'de>, B: DecodeArguments<'de>> DecodeArguments<'de> for Chain<A, B> {
    fn expect<I: Input<'de>>(
        &mut self,
        first: u32,
        ids: &[(i16, &'static str)],
        fields: &mut StructReader<'_, 'de, I>,
    ) -> Result<()> {
        self.0.expect(first, &ids[..CHAIN], fields)?;
        self.1.expect(first + 12, &ids[CHAIN..], fields)
    }

    fn read<I: Input<'de>>(
        &mut self,
        first: u32,
        ids: &[(i16, &'static str)],
        field: FieldHeader,
        fields: &mut StructReader<'_, 'de, I>,
    ) -> Result<bool> {
        Ok(self.0.read(first, &ids[..CHAIN], field, fields)?
            || self.1.read(first + 12, &ids[CHAIN..], field, fields)?)
    }
}

/// Reads the arguments of a call over their defaults. `required` are ids that must be there.
pub(super) fn read_arguments<'de, A: DecodeArguments<'de>, I: Input<'de>>(
    mut arguments: A,
    ids: FieldNames,
    required: &[i16],
    input: &mut I,
) -> Result<A> {
    let mut fields = StructReader::new(input);
    let result = (|| {
        fields.struct_begin()?;
        arguments.expect(0, ids, &mut fields)?;
        while let Some(field) = fields.next_field()? {
            if !arguments.read(0, ids, field, &mut fields)? {
                fields.skip(field)?;
            }
        }
        fields.check_each(required, ids)?;
        fields.struct_end()
    })();
    match result {
        Ok(()) => Ok(arguments),
        Err(error) => Err(fields.blame(error, "arguments", ids)),
    }
}

/// Writes the arguments of a call.
pub(crate) fn write_arguments<A: EncodeArguments, O: Output>(
    arguments: &A,
    ids: FieldNames,
    out: &mut O,
) {
    write_struct("arguments", ids, out, |fields| {
        arguments.encode(ids, fields)
    });
}
