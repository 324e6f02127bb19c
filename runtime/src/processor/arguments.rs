//! Arguments: a struct on the wire, a tuple in Rust.
//!
//! Why can't we just emit a struct for the arguments of each function? Because nobody would ever
//! name it: the client has parameters and the handler has parameters, and thirty lines for each
//! function would stand between.

use crate::codec::{Decode, Encode, StructReader, StructWriter, write_struct};
use crate::error::Result;
use crate::processor::{CallContext, Lend, recycled};
use crate::protocol::{FieldHeader, Input, Output};

/// Ids and names of fields.
pub type FieldNames = &'static [(i16, &'static str)];

/// A tuple that can be written as arguments. Its members are references, in ascending order of ids.
pub trait EncodeArguments<'v> {
    /// Writes each member as the field with the id at its place.
    fn encode<O: Output<'v>>(&self, ids: FieldNames, fields: &mut StructWriter<'_, O>);
}

/// A tuple that can be read from arguments, in the order in which they are declared.
pub trait DecodeArguments<'de> {
    /// What absent arguments are when the IDL gives no defaults.
    fn defaults() -> Self;

    /// Reads the arguments that come in the expected order. An absent one keeps its value: that of
    /// [`defaults`](Self::defaults), or an empty one for arguments that are read into earlier ones.
    fn expect<I: Input<'de>>(
        &mut self,
        ids: FieldNames,
        fields: &mut StructReader<'_, 'de, I>,
    ) -> Result<()>;

    /// Makes those empty that were not read.
    fn reset_absent<I: Input<'de>>(&mut self, fields: &StructReader<'_, 'de, I>);

    /// Reads one argument, whichever it is, or skips the field when it is none of these.
    fn read<I: Input<'de>>(
        &mut self,
        ids: FieldNames,
        field: FieldHeader,
        fields: &mut StructReader<'_, 'de, I>,
    ) -> Result<()>;
}

/// A tuple of owned arguments, whose memory later calls use.
pub trait RecycleArguments: Sized {
    /// Empty arguments with the memory of earlier ones.
    fn recycled() -> Self;

    /// Leaves them to a later call.
    fn recycle(self);
}

/// A handler's function, as emitted dispatch tables name it: `H::add`.
pub trait HandlerFn<H, Arguments, T, E> {
    /// Calls it.
    fn call(self, handler: &H, cx: &CallContext, arguments: Arguments) -> Result<T, E>;
}

/// The same for a function that borrows its arguments.
pub trait BorrowingFn<H, Arguments, T, E> {
    /// Calls it.
    fn call(self, handler: &H, cx: &CallContext, arguments: &Arguments) -> Result<T, E>;
}

macro_rules! tuples {
    ($(($($member:ident $place:tt),*))*) => {$(
        #[allow(unused_variables, reason = "a function without arguments uses few of these")]
        impl<'v, $($member: Encode + ?Sized),*> EncodeArguments<'v> for ($(&'v $member,)*) {
            #[inline(always)]
            fn encode<Out: Output<'v>>(&self, ids: FieldNames, fields: &mut StructWriter<'_, Out>) {
                $(fields.argument(ids[$place], self.$place);)*
            }
        }

        #[allow(unused_variables, reason = "a function without arguments uses few of these")]
        #[allow(clippy::unused_unit, reason = "a function without arguments")]
        impl<'de, $($member: Decode<'de>),*> DecodeArguments<'de> for ($($member,)*) {
            #[inline(always)]
            fn defaults() -> Self {
                ($($member::default(),)*)
            }

            #[inline(always)]
            fn expect<In: Input<'de>>(
                &mut self,
                ids: FieldNames,
                fields: &mut StructReader<'_, 'de, In>,
            ) -> Result<()> {
                $(fields.require($place, ids[$place].0, &mut self.$place)?;)*
                Ok(())
            }

            #[inline(always)]
            fn reset_absent<In: Input<'de>>(&mut self, fields: &StructReader<'_, 'de, In>) {
                $(
                    if !fields.has($place) {
                        self.$place.reset();
                    }
                )*
            }

            fn read<In: Input<'de>>(
                &mut self,
                ids: FieldNames,
                field: FieldHeader,
                fields: &mut StructReader<'_, 'de, In>,
            ) -> Result<()> {
                $(
                    if field.id == ids[$place].0 {
                        return fields.read_required($place, field, &mut self.$place);
                    }
                )*
                fields.skip(field)
            }
        }

        #[allow(clippy::unused_unit, reason = "a function without arguments")]
        impl<$($member: Default + 'static),*> RecycleArguments for ($($member,)*) {
            #[inline(always)]
            fn recycled() -> Self {
                ($(recycled::take::<$member>(),)*)
            }

            #[inline(always)]
            fn recycle(self) {
                $(recycled::keep(self.$place);)*
            }
        }

        #[allow(non_snake_case, reason = "each value is named after its type")]
        impl<Function, Handler, $($member,)* Value, Failure>
            HandlerFn<Handler, ($($member,)*), Value, Failure> for Function
        where
            Function: Fn(&Handler, &CallContext, $($member),*) -> Result<Value, Failure>,
        {
            #[inline(always)]
            fn call(
                self,
                handler: &Handler,
                cx: &CallContext,
                ($($member,)*): ($($member,)*),
            ) -> Result<Value, Failure> {
                self(handler, cx, $($member),*)
            }
        }

        impl<Function, Handler, $($member: Lend,)* Value, Failure>
            BorrowingFn<Handler, ($($member,)*), Value, Failure> for Function
        where
            Function: for<'lent> Fn(&Handler, &CallContext, $($member::Lent<'lent>),*)
                -> Result<Value, Failure>,
        {
            #[inline(always)]
            fn call(
                self,
                handler: &Handler,
                cx: &CallContext,
                arguments: &($($member,)*),
            ) -> Result<Value, Failure> {
                let _ = arguments;
                self(handler, cx, $(arguments.$place.lend()),*)
            }
        }
    )*};
}

// 32 is the IDL compiler's bound on the arguments of a function.
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
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14, P 15)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14, P 15, Q 16)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14, P 15, Q 16, R 17)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14, P 15, Q 16, R 17, S 18)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14, P 15, Q 16, R 17, S 18, T 19)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14, P 15, Q 16, R 17, S 18, T 19, U 20)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14, P 15, Q 16, R 17, S 18, T 19, U 20, V 21)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14, P 15, Q 16, R 17, S 18, T 19, U 20, V 21, W 22)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14, P 15, Q 16, R 17, S 18, T 19, U 20, V 21, W 22, X 23)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14, P 15, Q 16, R 17, S 18, T 19, U 20, V 21, W 22, X 23, Y 24)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14, P 15, Q 16, R 17, S 18, T 19, U 20, V 21, W 22, X 23, Y 24, Z 25)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14, P 15, Q 16, R 17, S 18, T 19, U 20, V 21, W 22, X 23, Y 24, Z 25, AA 26)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14, P 15, Q 16, R 17, S 18, T 19, U 20, V 21, W 22, X 23, Y 24, Z 25, AA 26, AB 27)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14, P 15, Q 16, R 17, S 18, T 19, U 20, V 21, W 22, X 23, Y 24, Z 25, AA 26, AB 27, AC 28)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14, P 15, Q 16, R 17, S 18, T 19, U 20, V 21, W 22, X 23, Y 24, Z 25, AA 26, AB 27, AC 28, AD 29)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14, P 15, Q 16, R 17, S 18, T 19, U 20, V 21, W 22, X 23, Y 24, Z 25, AA 26, AB 27, AC 28, AD 29, AE 30)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14, P 15, Q 16, R 17, S 18, T 19, U 20, V 21, W 22, X 23, Y 24, Z 25, AA 26, AB 27, AC 28, AD 29, AE 30, AF 31)
}

/// Reads the arguments of a call over their defaults. `required` are ids that must be there.
pub(super) fn read_arguments<'de, A: DecodeArguments<'de>, I: Input<'de>>(
    arguments: &mut A,
    ids: FieldNames,
    required: &[i16],
    input: &mut I,
) -> Result<()> {
    read(arguments, ids, input, |_, fields| {
        fields.check_each(required, ids)
    })
}

/// Reads the arguments of a call over those of an earlier one.
pub(super) fn read_into_arguments<'de, A: DecodeArguments<'de>, I: Input<'de>>(
    arguments: &mut A,
    ids: FieldNames,
    input: &mut I,
) -> Result<()> {
    read(arguments, ids, input, |arguments, fields| {
        arguments.reset_absent(fields);
        Ok(())
    })
}

#[inline(always)]
fn read<'de, A: DecodeArguments<'de>, I: Input<'de>>(
    arguments: &mut A,
    ids: FieldNames,
    input: &mut I,
    check: impl FnOnce(&mut A, &StructReader<'_, 'de, I>) -> Result<()>,
) -> Result<()> {
    let mut fields = StructReader::new(input);
    let read = read_fields(arguments, ids, &mut fields);
    match read.and_then(|()| check(arguments, &fields)) {
        Ok(()) => fields.struct_end(),
        Err(error) => Err(fields.blame(error, "arguments", ids)),
    }
}

fn read_fields<'de, A: DecodeArguments<'de>, I: Input<'de>>(
    arguments: &mut A,
    ids: FieldNames,
    fields: &mut StructReader<'_, 'de, I>,
) -> Result<()> {
    fields.struct_begin()?;
    arguments.expect(ids, fields)?;
    while let Some(field) = fields.next_field()? {
        arguments.read(ids, field, fields)?;
    }
    Ok(())
}

/// Writes the arguments of a call.
pub(crate) fn write_arguments<'v, A: EncodeArguments<'v>, O: Output<'v>>(
    arguments: &A,
    ids: FieldNames,
    out: &mut O,
) {
    write_struct("arguments", ids, out, |fields| {
        arguments.encode(ids, fields);
    });
}
