//! Projection: reading some fields of a struct, and passing over the rest.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::marker::PhantomData;

use uuid::Uuid;

use crate::codec::{Decode, Struct, decode_with};
use crate::error::Result;
use crate::limits::Limits;
use crate::protocol::{
    FieldHeader, Input, ListHeader, MapHeader, MessageForm, MessageHead, Number, Numbers, Place,
    Protocol,
};
use crate::wire::WireType;

/// The fields of a `T` that somebody wants to read. Made by [`mask!`](crate::mask).
pub struct Mask<T> {
    wanted: Wanted,
    of: PhantomData<fn() -> T>,
}

impl<T> Clone for Mask<T> {
    fn clone(&self) -> Self {
        Self {
            wanted: self.wanted.clone(),
            of: PhantomData,
        }
    }
}

impl<T: Struct> fmt::Debug for Mask<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", T::NAME, self.wanted)
    }
}

/// Ids of wanted fields, and what is wanted of each.
#[derive(Clone)]
enum Wanted {
    Everything,
    Fields {
        /// One bit for each of the ids 0 to 63, which nearly all ids are.
        low: u64,
        each: Vec<(i16, Wanted)>,
    },
}

static EVERYTHING: Wanted = Wanted::Everything;

impl Wanted {
    #[inline(always)]
    fn contains(&self, id: i16) -> bool {
        match self {
            Self::Everything => true,
            Self::Fields { low, each } => match u32::try_from(id) {
                Ok(id @ 0..64) => low >> id & 1 == 1,
                _ => each.iter().any(|field| field.0 == id),
            },
        }
    }

    /// Wants what the other one wants, too.
    fn add(&mut self, other: Self) {
        let (
            Self::Fields { low, each },
            Self::Fields {
                low: more_low,
                each: more,
            },
        ) = (&mut *self, other)
        else {
            *self = Self::Everything;
            return;
        };
        *low |= more_low;
        for (id, wanted) in more {
            Self::want(each, id, wanted);
        }
    }

    /// Wants this of a field, besides what is wanted of it already.
    fn want(each: &mut Vec<(i16, Self)>, id: i16, wanted: Self) {
        match each.iter_mut().find(|field| field.0 == id) {
            Some((_, before)) => before.add(wanted),
            None => each.push((id, wanted)),
        }
    }

    #[inline]
    fn of(&self, id: i16) -> &Self {
        match self {
            Self::Everything => &EVERYTHING,
            Self::Fields { each, .. } => each
                .iter()
                .find(|field| field.0 == id)
                .map_or(&EVERYTHING, |field| &field.1),
        }
    }
}

impl fmt::Debug for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => f.write_str(".."),
            Self::Fields { each, .. } => {
                let each = each.iter().map(|(id, wanted)| (id, wanted));
                f.debug_map().entries(each).finish()
            }
        }
    }
}

/// Reads the fields that the mask names, under the default limits. The others keep their defaults;
/// that one of them is required is no error.
///
/// What is passed over is checked as unknown fields are: for its structure, not for UTF-8.
pub fn project<'de, P: Protocol, T: Struct + Decode<'de>>(
    bytes: &'de [u8],
    mask: &Mask<T>,
) -> Result<T> {
    let mut value = T::default();
    project_into::<P, T>(&mut value, bytes, mask, &Limits::default())?;
    Ok(value)
}

/// Reads the fields that the mask names into a value whose memory is used again.
pub fn project_into<'de, P: Protocol, T: Struct + Decode<'de>>(
    value: &mut T,
    bytes: &'de [u8],
    mask: &Mask<T>,
    limits: &Limits,
) -> Result<()> {
    let input = Projected {
        input: P::input(bytes, 0, limits),
        wanted: &mask.wanted,
    };
    decode_with(value, input)
}

/// Makes a [`Mask`], checked by the compiler: every name must be that of a field of its struct.
///
/// ```text
/// let mask = seapink::mask!(Book { title, authors { name } });
/// ```
///
/// A field without braces is wanted whole. Braces look through `Option`, `Box` and lists, and in maps
/// into the values. Keys and sets are read whole, since elements that are read in part might become
/// equal. Unions are wanted whole or not at all. A field that is named twice is wanted for both.
#[macro_export]
macro_rules! mask {
    ($ty:ty { $($fields:tt)* }) => {{
        #[allow(unused_mut, reason = "nothing may be wanted")]
        let mut mask = $crate::codegen::MaskBuilder::<$ty>::new();
        $crate::mask!(@fields mask, $($fields)*);
        mask.finish()
    }};
    (@fields $mask:ident, $field:ident { $($inner:tt)* } $(, $($rest:tt)*)?) => {
        {
            $crate::mask!(@name $field);
            #[allow(unused_mut, reason = "nothing may be wanted")]
            let mut inner = $mask.inside(|value| &value.$field);
            $crate::mask!(@fields inner, $($inner)*);
            $mask.part(Name, inner);
        }
        $crate::mask!(@fields $mask, $($($rest)*)?);
    };
    (@fields $mask:ident, $field:ident $(, $($rest:tt)*)?) => {
        {
            $crate::mask!(@name $field);
            $mask.whole(Name, |value| &value.$field);
        }
        $crate::mask!(@fields $mask, $($($rest)*)?);
    };
    (@fields $mask:ident, ) => {};
    (@name $field:ident) => {
        struct Name;
        impl $crate::codegen::FieldName for Name {
            const NAME: &'static str = stringify!($field);
        }
    };
}

/// The name of a field, as a type.
#[doc(hidden)]
pub trait FieldName {
    /// As Rust spells it.
    const NAME: &'static str;
}

/// What [`mask!`](crate::mask) expands to.
#[doc(hidden)]
pub struct MaskBuilder<T> {
    low: u64,
    each: Vec<(i16, Wanted)>,
    of: PhantomData<fn() -> T>,
}

impl<T: Struct> MaskBuilder<T> {
    #[allow(clippy::new_without_default, reason = "for the macro alone")]
    pub fn new() -> Self {
        Self {
            low: 0,
            each: Vec::new(),
            of: PhantomData,
        }
    }

    /// The field is wanted. The function is never called: that it compiles shows that there is a
    /// field of this name.
    pub fn whole<F, N: FieldName>(&mut self, _: N, _: fn(&T) -> &F) {
        self.add::<N>(Wanted::Everything);
    }

    /// What is in the field.
    pub fn inside<F: Within>(&self, _: fn(&T) -> &F) -> MaskBuilder<F::Struct> {
        MaskBuilder::new()
    }

    /// Part of the field is wanted.
    pub fn part<N: FieldName, S: Struct>(&mut self, _: N, part: MaskBuilder<S>) {
        self.add::<N>(part.finish().wanted);
    }

    fn add<N: FieldName>(&mut self, wanted: Wanted) {
        let id = const { id_of(T::FIELDS, T::MEMBERS, N::NAME) };
        if let Ok(bit @ 0..64) = u32::try_from(id) {
            self.low |= 1 << bit;
        }
        Wanted::want(&mut self.each, id, wanted);
    }

    pub fn finish(self) -> Mask<T> {
        Mask {
            wanted: Wanted::Fields {
                low: self.low,
                each: self.each,
            },
            of: PhantomData,
        }
    }
}

/// The id of the field that emitted Rust calls so. Emitted names differ from those of the IDL in case
/// and underscores (`numRows`, `num_rows`) and may be `r#raw`; where that leaves a doubt, `members`
/// has them.
const fn id_of(fields: &[(i16, &str)], members: &[&str], name: &str) -> i16 {
    let name = match name.as_bytes() {
        [b'r', b'#', rest @ ..] => rest,
        name => name,
    };
    let mut index = 0;
    while index < fields.len() {
        let (id, field) = fields[index];
        let found = if members.is_empty() {
            is_spelled(field.as_bytes(), name)
        } else {
            is_same(members[index].as_bytes(), name)
        };
        if found {
            return id;
        }
        index += 1;
    }
    panic!("the IDL has no field of this name")
}

const fn is_same(mut left: &[u8], mut right: &[u8]) -> bool {
    while let ([a, rest_left @ ..], [b, rest_right @ ..]) = (left, right) {
        if *a != *b {
            return false;
        }
        (left, right) = (rest_left, rest_right);
    }
    left.is_empty() && right.is_empty()
}

/// Whether two names are the same but for case and underscores.
const fn is_spelled(mut left: &[u8], mut right: &[u8]) -> bool {
    loop {
        match (left, right) {
            ([b'_', rest @ ..], _) => left = rest,
            (_, [b'_', rest @ ..]) => right = rest,
            ([], []) => return true,
            ([a, rest_left @ ..], [b, rest_right @ ..]) if a.eq_ignore_ascii_case(b) => {
                (left, right) = (rest_left, rest_right);
            }
            _ => return false,
        }
    }
}

/// Where a mask finds a struct in a field.
#[doc(hidden)]
#[diagnostic::on_unimplemented(message = "there is no struct in this field to take fields of")]
pub trait Within {
    /// The struct.
    type Struct: Struct;
}

impl<T: Struct> Within for T {
    type Struct = T;
}

macro_rules! within {
    ($($ty:ident<$($parameter:ident),+> => $inner:ident;)*) => {$(
        impl<$($parameter),+> Within for $ty<$($parameter),+>
        where
            $inner: Within,
        {
            type Struct = $inner::Struct;
        }
    )*};
}

within! {
    Option<T> => T;
    Vec<T> => T;
    BTreeMap<K, V> => V;
    HashMap<K, V, S> => V;
}

/// A reader that tells which fields are wanted.
#[derive(Clone)]
struct Projected<'m, I> {
    input: I,
    wanted: &'m Wanted,
}

impl<'m, I> Projected<'m, I> {
    #[inline]
    fn wanting<R>(&mut self, wanted: &'m Wanted, read: impl FnOnce(&mut Self) -> R) -> R {
        let outer = std::mem::replace(&mut self.wanted, wanted);
        let result = read(self);
        self.wanted = outer;
        result
    }
}

/// Everything else is the reader's own.
macro_rules! same {
    ($(fn $name:ident($($argument:ident: $ty:ty),*) $(-> $result:ty)?;)*) => {$(
        #[inline(always)]
        fn $name(&mut self $(, $argument: $ty)*) $(-> $result)? {
            self.input.$name($($argument),*)
        }
    )*};
}

impl<'de, I: Input<'de>> Input<'de> for Projected<'_, I> {
    type Protocol = I::Protocol;

    fn at(place: &Place<'de>) -> Self {
        Self {
            input: I::at(place),
            wanted: &EVERYTHING,
        }
    }

    fn place(&self) -> Place<'de> {
        self.input.place()
    }

    fn set_form(&mut self, form: MessageForm) {
        self.input.set_form(form);
    }

    fn has_raw_values(&self) -> bool {
        self.input.has_raw_values()
    }

    #[inline(always)]
    fn wants(&self, id: i16) -> bool {
        self.wanted.contains(id)
    }

    #[inline]
    fn within<R>(&mut self, id: i16, read: impl FnOnce(&mut Self) -> R) -> R {
        self.wanting(self.wanted.of(id), read)
    }

    #[inline]
    fn whole<R>(&mut self, read: impl FnOnce(&mut Self) -> R) -> R {
        self.wanting(&EVERYTHING, read)
    }

    fn offset(&self) -> usize {
        self.input.offset()
    }

    fn remaining(&self) -> usize {
        self.input.remaining()
    }

    fn room<T>(&mut self, len: usize) -> usize {
        self.input.room::<T>(len)
    }

    fn had_room(&self) -> bool {
        self.input.had_room()
    }

    fn numbers<T: Number>(&mut self, values: &mut Vec<T>, len: usize) -> Result<()> {
        self.input.numbers(values, len)
    }

    fn numbers_in_place<T: Number>(&mut self, len: usize) -> Result<Numbers<'de, T>> {
        self.input.numbers_in_place(len)
    }

    same! {
        fn message_begin() -> Result<MessageHead<'de>>;
        fn message_end() -> Result<()>;
        fn struct_begin() -> Result<()>;
        fn struct_end() -> Result<()>;
        fn try_field(last: i16, id: i16, ty: WireType) -> bool;
        fn try_bool_field(last: i16, id: i16) -> Option<bool>;
        fn try_stop(last: i16) -> bool;
        fn field(last: i16) -> Result<Option<FieldHeader>>;
        fn field_end() -> Result<()>;
        fn bool() -> Result<bool>;
        fn i8() -> Result<i8>;
        fn i16() -> Result<i16>;
        fn i32() -> Result<i32>;
        fn i64() -> Result<i64>;
        fn double() -> Result<f64>;
        fn uuid() -> Result<Uuid>;
        fn string() -> Result<Cow<'de, str>>;
        fn binary() -> Result<Cow<'de, [u8]>>;
        fn text_or_binary() -> Result<Cow<'de, [u8]>>;
        fn list_begin() -> Result<ListHeader>;
        fn element(index: usize) -> Result<()>;
        fn skip_elements(header: ListHeader) -> Result<()>;
        fn list_end() -> Result<()>;
        fn map_begin() -> Result<MapHeader>;
        fn key(index: usize) -> Result<()>;
        fn value() -> Result<()>;
        fn skip_pairs(header: MapHeader) -> Result<()>;
        fn map_end() -> Result<()>;
        fn skip(ty: WireType) -> Result<&'de [u8]>;
    }
}
