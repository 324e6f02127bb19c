//! Lists, sets and maps.
//!
//! A container whose element types differ from the declared ones is skipped whole and left empty,
//! the same rule that skips a field of another type.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, Hash};

use crate::codec::recycling::{is_too_much, trim};
use crate::codec::{Decode, Encode};
use crate::error::{Error, Result, Step};
use crate::protocol::{Input, Output};
use crate::wire::WireType;

pub(super) fn decode_elements<'de, T: Decode<'de>, I: Input<'de>>(
    values: &mut Vec<T>,
    len: usize,
    input: &mut I,
) -> Result<()> {
    values.truncate(len);
    trim(values, len);
    let room = input.room::<T>(len);
    if len > values.capacity() {
        values.reserve_exact(room.saturating_sub(values.len()));
    }
    for index in 0..len {
        input.element(index)?;
        if index == values.len() {
            values.push(T::default());
        }
        // In its place, so that nothing is moved after it was read.
        values[index]
            .decode_into(input)
            .map_err(|error| at(error, Step::Index(index)))?;
    }
    Ok(())
}

impl<T: Encode> Encode for [T] {
    const TYPE: WireType = WireType::List;

    #[inline]
    fn encode<'v, O: Output<'v>>(&'v self, out: &mut O) {
        if out.list_begin(T::TYPE, self.len()) {
            T::encode_all(self, out);
            out.list_end();
        }
    }
}

impl<T: Encode> Encode for Vec<T> {
    const TYPE: WireType = WireType::List;

    #[inline]
    fn encode<'v, O: Output<'v>>(&'v self, out: &mut O) {
        self.as_slice().encode(out);
    }
}

impl<'de, T: Decode<'de>> Decode<'de> for Vec<T> {
    const TYPE: WireType = WireType::List;

    fn decode_into<I: Input<'de>>(&mut self, input: &mut I) -> Result<()> {
        let header = input.list_begin()?;
        if header.element == T::TYPE || header.len == 0 {
            T::decode_all(self, header.len, input)?;
        } else {
            self.reset();
            input.skip_elements(header)?;
        }
        input.list_end()
    }

    #[inline]
    fn reset(&mut self) {
        self.clear();
        trim(self, 0);
    }
}

/// What a set or map can do, whichever way it is ordered.
trait Collection<T>: Default {
    fn reserve(&mut self, room: usize);
    fn add(&mut self, item: T);
}

fn read_set<'de, T: Decode<'de>, I: Input<'de>>(
    set: &mut impl Collection<T>,
    input: &mut I,
) -> Result<()> {
    let header = input.list_begin()?;
    if header.element == T::TYPE || header.len == 0 {
        set.reserve(input.room::<T>(header.len));
        for index in 0..header.len {
            input.element(index)?;
            let mut value = T::default();
            value
                .decode_into(input)
                .map_err(|error| at(error, Step::Index(index)))?;
            set.add(value);
        }
    } else {
        set.reserve(0);
        input.skip_elements(header)?;
    }
    input.list_end()
}

fn read_map<'de, K: Decode<'de>, V: Decode<'de>, I: Input<'de>>(
    map: &mut impl Collection<(K, V)>,
    input: &mut I,
) -> Result<()> {
    let header = input.map_begin()?;
    if header.len == 0 || (header.key == K::TYPE && header.value == V::TYPE) {
        map.reserve(input.room::<(K, V)>(header.len));
        for index in 0..header.len {
            input.key(index)?;
            let mut key = K::default();
            input
                .whole(|input| key.decode_into(input))
                .map_err(|error| at(error, Step::Key(index)))?;
            input.value()?;
            let mut value = V::default();
            value
                .decode_into(input)
                .map_err(|error| at(error, Step::Value(index)))?;
            map.add((key, value));
        }
    } else {
        map.reserve(0);
        input.skip_pairs(header)?;
    }
    input.map_end()
}

#[cold]
fn at(error: Error, step: Step) -> Error {
    error.within(step)
}

fn write_set<'v, T: Encode + 'v, O: Output<'v>>(
    len: usize,
    values: impl Iterator<Item = &'v T>,
    out: &mut O,
) {
    if out.set_begin(T::TYPE, len) {
        for (index, value) in values.enumerate() {
            out.element(index);
            value.encode(out);
        }
        out.list_end();
    }
}

fn write_map<'v, K: Encode + 'v, V: Encode + 'v, O: Output<'v>>(
    len: usize,
    pairs: impl Iterator<Item = (&'v K, &'v V)>,
    out: &mut O,
) {
    if out.map_begin(K::TYPE, V::TYPE, len) {
        for (index, (key, value)) in pairs.enumerate() {
            out.key(index);
            key.encode(out);
            out.value();
            value.encode(out);
        }
        out.map_end();
    }
}

macro_rules! collections {
    ($($set:ident, $map:ident, [$($element:path),+] $(, $hasher:ident, $reserve:ident)?;)*) => {$(
        impl<T: $($element +)+ $(, $hasher: BuildHasher + Default)?> Collection<T>
            for $set<T $(, $hasher)?>
        {
            fn reserve(&mut self, room: usize) {
                let _ = room;
                $(
                    if is_too_much::<T>(self.capacity(), room) {
                        self.shrink_to(room);
                    }
                    self.$reserve(room);
                )?
            }

            fn add(&mut self, item: T) {
                self.insert(item);
            }
        }

        impl<K: $($element +)+, V $(, $hasher: BuildHasher + Default)?> Collection<(K, V)>
            for $map<K, V $(, $hasher)?>
        {
            fn reserve(&mut self, room: usize) {
                let _ = room;
                $(
                    if is_too_much::<(K, V)>(self.capacity(), room) {
                        self.shrink_to(room);
                    }
                    self.$reserve(room);
                )?
            }

            fn add(&mut self, (key, value): (K, V)) {
                self.insert(key, value);
            }
        }

        impl<T: Encode $(, $hasher)?> Encode for $set<T $(, $hasher)?> {
            const TYPE: WireType = WireType::Set;

            fn encode<'v, O: Output<'v>>(&'v self, out: &mut O) {
                write_set(self.len(), self.iter(), out);
            }
        }

        impl<'de, T: Decode<'de> $(+ $element)+ $(, $hasher: BuildHasher + Default)?> Decode<'de>
            for $set<T $(, $hasher)?>
        {
            const TYPE: WireType = WireType::Set;

            fn decode_into<I: Input<'de>>(&mut self, input: &mut I) -> Result<()> {
                self.clear();
                read_set(self, input)
            }

            fn reset(&mut self) {
                *self = Self::default();
            }
        }

        impl<K: Encode, V: Encode $(, $hasher)?> Encode for $map<K, V $(, $hasher)?> {
            const TYPE: WireType = WireType::Map;

            fn encode<'v, O: Output<'v>>(&'v self, out: &mut O) {
                write_map(self.len(), self.iter(), out);
            }
        }

        impl<'de, K: Decode<'de> $(+ $element)+, V: Decode<'de>
            $(, $hasher: BuildHasher + Default)?> Decode<'de> for $map<K, V $(, $hasher)?>
        {
            const TYPE: WireType = WireType::Map;

            fn decode_into<I: Input<'de>>(&mut self, input: &mut I) -> Result<()> {
                self.clear();
                read_map(self, input)
            }

            fn reset(&mut self) {
                *self = Self::default();
            }
        }
    )*};
}

collections! {
    BTreeSet, BTreeMap, [Ord];
    HashSet, HashMap, [Eq, Hash], S, reserve;
}
