//! Lists and sets whose elements are read when they are iterated.

use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::ops::Deref;

use crate::codec::Decode;
use crate::codec::views::View;
use crate::error::{Error, Result, Step};
use crate::protocol::{Input, ListHeader, Place};
use crate::wire::WireType;

/// A list whose elements are read from the message when they are iterated, each time again.
///
/// The bytes of the list have been walked when its struct was read, so that its length is that of
/// the elements which are there. What is inside an element, such as text that is not UTF-8, is
/// checked when it is read, and so every element is a [`Result`].
pub struct ListView<'de, V> {
    source: Source<'de, V>,
}

enum Source<'de, V> {
    Empty,
    Message {
        first: Place<'de>,
        len: usize,
        read: Read<'de, V>,
    },
    Memory(&'de dyn Elements<'de, V>),
}

/// Reads the element of this index, which starts at this place, and moves the place behind it.
///
/// A pointer to a function is what remains of the protocol, so that views need not name it.
type Read<'de, V> = fn(&mut Place<'de>, usize) -> Result<V>;

fn read<'de, V: Decode<'de>, I: Input<'de>>(place: &mut Place<'de>, index: usize) -> Result<V> {
    let mut input = I::at(place);
    input.element(index)?;
    let mut value = V::default();
    value.decode_into(&mut input)?;
    place.offset = input.offset();
    Ok(value)
}

/// A collection in memory, seen as a list of views.
trait Elements<'de, V>: Sync {
    fn len(&self) -> usize;
    fn each(&'de self) -> Box<dyn Iterator<Item = V> + 'de>;
}

macro_rules! elements {
    ($($collection:ident $(, $hasher:ident)?;)*) => {$(
        impl<'de, V: View<'de, T> + 'de, T: Sync $(, $hasher: Sync)?> Elements<'de, V>
            for $collection<T $(, $hasher)?>
        {
            fn len(&self) -> usize {
                self.len()
            }

            fn each(&'de self) -> Box<dyn Iterator<Item = V> + 'de> {
                Box::new(self.iter().map(V::of))
            }
        }
    )*};
}

elements! {
    Vec;
    BTreeSet;
    HashSet, S;
}

impl<'de, V> ListView<'de, V> {
    /// How many elements there are.
    pub fn len(&self) -> usize {
        match &self.source {
            Source::Empty => 0,
            Source::Message { len, .. } => *len,
            Source::Memory(elements) => elements.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads one element after the other, and stops after one that cannot be read.
    pub fn iter(&self) -> ListIter<'de, V> {
        ListIter {
            source: match self.source {
                Source::Empty => IterSource::Empty,
                Source::Message { first, len, read } => IterSource::Message {
                    next: first,
                    index: 0,
                    len,
                    read,
                },
                Source::Memory(elements) => IterSource::Memory(elements.each()),
            },
        }
    }

    fn owned<T, C: FromIterator<T>>(&self) -> Result<C>
    where
        V: View<'de, T>,
    {
        self.iter()
            .map(|element| element.and_then(V::into_owned))
            .collect()
    }

    /// Reads the elements up to the end, without keeping any.
    #[inline]
    fn scan<I: Input<'de>>(header: ListHeader, input: &mut I) -> Result<Self>
    where
        V: Decode<'de>,
    {
        let source = if header.len == 0 || header.element != V::TYPE {
            Source::Empty
        } else {
            Source::Message {
                first: input.place(),
                len: header.len,
                read: read::<V, I>,
            }
        };
        input.skip_elements(header)?;
        input.list_end()?;
        Ok(Self { source })
    }
}

impl<V> Default for ListView<'_, V> {
    fn default() -> Self {
        Self {
            source: Source::Empty,
        }
    }
}

impl<V> Clone for ListView<'_, V> {
    fn clone(&self) -> Self {
        Self {
            source: match self.source {
                Source::Empty => Source::Empty,
                Source::Message { first, len, read } => Source::Message { first, len, read },
                Source::Memory(elements) => Source::Memory(elements),
            },
        }
    }
}

impl<V: fmt::Debug> fmt::Debug for ListView<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = f.debug_list();
        for element in self {
            match element {
                Ok(element) => list.entry(&element),
                Err(error) => list.entry(&error),
            };
        }
        list.finish()
    }
}

impl<'de, V> IntoIterator for &ListView<'de, V> {
    type Item = Result<V>;
    type IntoIter = ListIter<'de, V>;

    fn into_iter(self) -> ListIter<'de, V> {
        self.iter()
    }
}

/// The elements of a [`ListView`] or [`SetView`].
pub struct ListIter<'de, V> {
    source: IterSource<'de, V>,
}

enum IterSource<'de, V> {
    Empty,
    Message {
        next: Place<'de>,
        index: usize,
        len: usize,
        read: Read<'de, V>,
    },
    Memory(Box<dyn Iterator<Item = V> + 'de>),
}

impl<V> Iterator for ListIter<'_, V> {
    type Item = Result<V>;

    #[inline]
    fn next(&mut self) -> Option<Result<V>> {
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
                let value = read(next, *index).map_err(|error| at(error, *index).late());
                *index = if value.is_ok() { *index + 1 } else { *len };
                Some(value)
            }
            IterSource::Memory(elements) => elements.next().map(Ok),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.source {
            IterSource::Empty => (0, Some(0)),
            // Fewer when one cannot be read.
            IterSource::Message { index, len, .. } => (0, Some(len - index)),
            IterSource::Memory(elements) => elements.size_hint(),
        }
    }
}

impl<V> fmt::Debug for ListIter<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListIter").finish_non_exhaustive()
    }
}

#[cold]
fn at(error: Error, index: usize) -> Error {
    error.within(Step::Index(index))
}

impl<'de, V: Decode<'de>> Decode<'de> for ListView<'de, V> {
    const TYPE: WireType = WireType::List;

    fn decode_into<I: Input<'de>>(&mut self, input: &mut I) -> Result<()> {
        let header = input.list_begin()?;
        *self = Self::scan(header, input)?;
        Ok(())
    }

    #[inline]
    fn reset(&mut self) {
        self.source = Source::Empty;
    }
}

impl<'de, V: View<'de, T> + 'de, T: Sync> View<'de, Vec<T>> for ListView<'de, V> {
    fn of(owned: &'de Vec<T>) -> Self {
        Self {
            source: Source::Memory(owned),
        }
    }

    fn into_owned(self) -> Result<Vec<T>> {
        self.owned()
    }
}

/// A set whose elements are read when they are iterated, as those of a [`ListView`] are. A message
/// may hold an element twice.
#[derive(Clone, Debug)]
pub struct SetView<'de, V>(ListView<'de, V>);

impl<V> Default for SetView<'_, V> {
    fn default() -> Self {
        Self(ListView::default())
    }
}

impl<'de, V> Deref for SetView<'de, V> {
    type Target = ListView<'de, V>;

    fn deref(&self) -> &ListView<'de, V> {
        &self.0
    }
}

impl<'de, V> IntoIterator for &SetView<'de, V> {
    type Item = Result<V>;
    type IntoIter = ListIter<'de, V>;

    fn into_iter(self) -> ListIter<'de, V> {
        self.iter()
    }
}

impl<'de, V: Decode<'de>> Decode<'de> for SetView<'de, V> {
    const TYPE: WireType = WireType::Set;

    fn decode_into<I: Input<'de>>(&mut self, input: &mut I) -> Result<()> {
        self.0.decode_into(input)
    }

    fn reset(&mut self) {
        self.0.reset();
    }
}

impl<'de, V, T> View<'de, BTreeSet<T>> for SetView<'de, V>
where
    V: View<'de, T> + 'de,
    T: Ord + Sync,
{
    fn of(owned: &'de BTreeSet<T>) -> Self {
        Self(ListView {
            source: Source::Memory(owned),
        })
    }

    fn into_owned(self) -> Result<BTreeSet<T>> {
        self.owned()
    }
}

impl<'de, V, T, S> View<'de, HashSet<T, S>> for SetView<'de, V>
where
    V: View<'de, T> + 'de,
    T: Eq + Hash + Sync,
    S: BuildHasher + Default + Sync,
{
    fn of(owned: &'de HashSet<T, S>) -> Self {
        Self(ListView {
            source: Source::Memory(owned),
        })
    }

    fn into_owned(self) -> Result<HashSet<T, S>> {
        self.owned()
    }
}
