//! Maps whose pairs are read when they are iterated.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::{BuildHasher, Hash};

use crate::codec::Decode;
use crate::codec::views::View;
use crate::error::{Error, Result, Step};
use crate::protocol::{Input, Place};
use crate::wire::WireType;

/// A map whose pairs are read from the message when they are iterated, as the elements of a
/// [`ListView`](super::ListView) are. Pairs come in the order of the message, which may hold a key
/// twice; as in the owned map, the last counts.
pub struct MapView<'de, K, V> {
    source: Source<'de, K, V>,
}

enum Source<'de, K, V> {
    Empty,
    Message {
        first: Place<'de>,
        len: usize,
        read: Read<'de, K, V>,
    },
    Memory(&'de dyn Pairs<'de, K, V>),
}

/// Reads the pair of this index, which starts at this place, and moves the place behind it.
type Read<'de, K, V> = fn(&mut Place<'de>, usize) -> Result<(K, V)>;

fn read<'de, K: Decode<'de>, V: Decode<'de>, I: Input<'de>>(
    place: &mut Place<'de>,
    index: usize,
) -> Result<(K, V)> {
    let mut input = I::at(place);
    input.key(index)?;
    let mut key = K::default();
    key.decode_into(&mut input)
        .map_err(|error| at(error, Step::Key(index)).late())?;
    input.value()?;
    let mut value = V::default();
    value
        .decode_into(&mut input)
        .map_err(|error| at(error, Step::Value(index)).late())?;
    place.offset = input.offset();
    Ok((key, value))
}

#[cold]
fn at(error: Error, step: Step) -> Error {
    error.within(step)
}

/// A map in memory, seen as pairs of views.
trait Pairs<'de, K, V>: Sync {
    fn len(&self) -> usize;
    fn each(&'de self) -> Box<dyn Iterator<Item = (K, V)> + 'de>;
}

macro_rules! pairs {
    ($($map:ident, [$($key:path),+] $(, $hasher:ident)?;)*) => {$(
        impl<'de, KV, VV, K, V $(, $hasher: Sync)?> Pairs<'de, KV, VV>
            for $map<K, V $(, $hasher)?>
        where
            KV: View<'de, K> + 'de,
            VV: View<'de, V> + 'de,
            K: Sync,
            V: Sync,
        {
            fn len(&self) -> usize {
                self.len()
            }

            fn each(&'de self) -> Box<dyn Iterator<Item = (KV, VV)> + 'de> {
                Box::new(self.iter().map(|(key, value)| (KV::of(key), VV::of(value))))
            }
        }

        impl<'de, KV, VV, K, V $(, $hasher)?> View<'de, $map<K, V $(, $hasher)?>>
            for MapView<'de, KV, VV>
        where
            KV: View<'de, K> + 'de,
            VV: View<'de, V> + 'de,
            K: Sync $(+ $key)+,
            V: Sync,
            $($hasher: BuildHasher + Default + Sync,)?
        {
            fn of(owned: &'de $map<K, V $(, $hasher)?>) -> Self {
                Self {
                    source: Source::Memory(owned),
                }
            }

            fn into_owned(self) -> Result<$map<K, V $(, $hasher)?>> {
                let owned = |(key, value)| Ok((KV::into_owned(key)?, VV::into_owned(value)?));
                self.iter().map(|pair| pair.and_then(owned)).collect()
            }
        }
    )*};
}

pairs! {
    BTreeMap, [Ord];
    HashMap, [Eq, Hash], S;
}

impl<'de, K, V> MapView<'de, K, V> {
    /// How many pairs there are.
    pub fn len(&self) -> usize {
        match &self.source {
            Source::Empty => 0,
            Source::Message { len, .. } => *len,
            Source::Memory(pairs) => pairs.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads one pair after the other, and stops after one that cannot be read.
    pub fn iter(&self) -> MapIter<'de, K, V> {
        MapIter {
            source: match self.source {
                Source::Empty => IterSource::Empty,
                Source::Message { first, len, read } => IterSource::Message {
                    next: first,
                    index: 0,
                    len,
                    read,
                },
                Source::Memory(pairs) => IterSource::Memory(pairs.each()),
            },
        }
    }
}

impl<K, V> Default for MapView<'_, K, V> {
    fn default() -> Self {
        Self {
            source: Source::Empty,
        }
    }
}

impl<K, V> Clone for MapView<'_, K, V> {
    fn clone(&self) -> Self {
        Self {
            source: match self.source {
                Source::Empty => Source::Empty,
                Source::Message { first, len, read } => Source::Message { first, len, read },
                Source::Memory(pairs) => Source::Memory(pairs),
            },
        }
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for MapView<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for pair in self {
            match pair {
                Ok((key, value)) => map.entry(&key, &value),
                Err(error) => map.entry(&"", &error),
            };
        }
        map.finish()
    }
}

impl<'de, K, V> IntoIterator for &MapView<'de, K, V> {
    type Item = Result<(K, V)>;
    type IntoIter = MapIter<'de, K, V>;

    fn into_iter(self) -> MapIter<'de, K, V> {
        self.iter()
    }
}

/// The pairs of a [`MapView`].
pub struct MapIter<'de, K, V> {
    source: IterSource<'de, K, V>,
}

enum IterSource<'de, K, V> {
    Empty,
    Message {
        next: Place<'de>,
        index: usize,
        len: usize,
        read: Read<'de, K, V>,
    },
    Memory(Box<dyn Iterator<Item = (K, V)> + 'de>),
}

impl<K, V> Iterator for MapIter<'_, K, V> {
    type Item = Result<(K, V)>;

    #[inline]
    fn next(&mut self) -> Option<Result<(K, V)>> {
        match &mut self.source {
            IterSource::Empty => None,
            IterSource::Message {
                next,
                index,
                len,
                read,
            } => {
                if index == len {
                    return None;
                }
                let pair = read(next, *index);
                *index = if pair.is_ok() { *index + 1 } else { *len };
                Some(pair)
            }
            IterSource::Memory(pairs) => pairs.next().map(Ok),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.source {
            IterSource::Empty => (0, Some(0)),
            // Fewer when one cannot be read.
            IterSource::Message { index, len, .. } => (0, Some(len - index)),
            IterSource::Memory(pairs) => pairs.size_hint(),
        }
    }
}

impl<K, V> fmt::Debug for MapIter<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapIter").finish_non_exhaustive()
    }
}

impl<'de, K: Decode<'de>, V: Decode<'de>> Decode<'de> for MapView<'de, K, V> {
    const TYPE: WireType = WireType::Map;

    fn decode_into<I: Input<'de>>(&mut self, input: &mut I) -> Result<()> {
        let header = input.map_begin()?;
        self.source = if header.len == 0 || (header.key, header.value) != (K::TYPE, V::TYPE) {
            Source::Empty
        } else {
            Source::Message {
                first: input.place(),
                len: header.len,
                read: read::<K, V, I>,
            }
        };
        input.skip_pairs(header)?;
        input.map_end()
    }

    #[inline]
    fn reset(&mut self) {
        self.source = Source::Empty;
    }
}
