//! Bytes as the C++ library takes them, where it does not look at what they say: changed so that we
//! read in them what it does.

use seapink::{Protocol, WireType, from_slice};

use super::interop::idl::interop::Everything;
use super::shape::{Header, walk};

/// The bytes after so many changes are left as they are.
const CHANGES_MAX: usize = 200;

/// The changed bytes, and why the first of them had to be changed.
pub struct Taken {
    pub bytes: Vec<u8>,
    pub reason: Option<&'static str>,
    /// The other side refuses them at a type that there is not.
    pub is_refused: bool,
}

impl Taken {
    pub fn of<P: Protocol>(bytes: &[u8]) -> Self {
        let mut taken = Self {
            bytes: bytes.to_vec(),
            reason: None,
            is_refused: false,
        };
        if P::NAME == "json" {
            taken.without_zeros();
        }
        for _ in 0..CHANGES_MAX {
            let header = walk::<P>(&taken.bytes).other_elements;
            taken.is_refused = header.is_some_and(|it| it.is_of_nothing::<P>(&taken.bytes));
            if taken.is_refused {
                break;
            }
            let Some((reason, bytes)) = changed::<P>(&taken.bytes, header) else {
                break;
            };
            taken.bytes = bytes;
            taken.reason.get_or_insert(reason);
        }
        taken
    }

    /// Escapes of U+0000 stand for nothing.
    fn without_zeros(&mut self) {
        let mut kept = Vec::new();
        let mut rest = &self.bytes[..];
        while let Some((&first, more)) = rest.split_first() {
            if let Some(more) = rest.strip_prefix(br"\u0000") {
                self.reason = Some("they lose U+0000 in a string");
                rest = more;
                continue;
            }
            // What follows a backslash is no escape of its own.
            let count = if first == b'\\' && !more.is_empty() {
                2
            } else {
                1
            };
            kept.extend(&rest[..count]);
            rest = &rest[count..];
        }
        self.bytes = kept;
    }
}

/// The next change, if there is one to make.
fn changed<P: Protocol>(bytes: &[u8], other: Option<Header>) -> Option<(&'static str, Vec<u8>)> {
    let mut changed = bytes.to_vec();
    let error = from_slice::<P, Everything>(bytes).err();
    let place = error.as_ref().and_then(seapink::Error::offset);
    let before = place.and_then(|place| place.checked_sub(1));
    // What comes first in the bytes comes first here.
    if let Some(header) = other
        && before.is_none_or(|place| header.offset <= place)
    {
        mend::<P>(&header, &mut changed)?;
        return Some(("they do not look at the types of elements", changed));
    }
    if P::NAME != "compact" {
        return None;
    }
    let byte = before.and_then(|place| changed.get_mut(place))?;
    match error.as_ref()?.message() {
        "the type of a value is none of Thrift's types" if *byte > 0 && *byte % 16 == 0 => {
            *byte = 0;
            Some(("to them, a field of type 0 is the end of a struct", changed))
        }
        "a bool is neither 1 (true) nor 2 (false)" => {
            *byte = 2;
            Some(("to them, a bool that is not 1 is false", changed))
        }
        _ => None,
    }
}

/// Writes the declared types into a header.
fn mend<P: Protocol>(header: &Header, bytes: &mut Vec<u8>) -> Option<()> {
    let declared: Vec<_> = header.declared.iter().flatten().copied().collect();
    if P::NAME == "json" {
        // `["map","rec",` has its types between quotes.
        for (index, ty) in declared.iter().enumerate() {
            let quotes = |(at, byte): (usize, &u8)| (*byte == b'"').then_some(at);
            let quotes: Vec<_> = bytes[header.offset..]
                .iter()
                .enumerate()
                .filter_map(quotes)
                .take(4)
                .collect();
            let (start, end) = (quotes.get(2 * index)? + 1, *quotes.get(2 * index + 1)?);
            bytes.splice(
                header.offset + start..header.offset + end,
                name(*ty).bytes(),
            );
        }
        return Some(());
    }
    let types = header.types::<P>(bytes)?;
    match (P::NAME, &declared[..]) {
        ("compact", [key, value]) => *types.first_mut()? = code(*key) << 4 | code(*value),
        ("compact", [element]) => {
            let first = types.first_mut()?;
            *first = *first & 0xf0 | code(*element);
        }
        _ => {
            for (ty, declared) in types.iter_mut().zip(declared) {
                *ty = declared.byte();
            }
        }
    }
    Some(())
}

/// The number of a type in the compact protocol.
fn code(ty: WireType) -> u8 {
    match ty {
        WireType::Bool => 1,
        WireType::I8 => 3,
        WireType::I16 => 4,
        WireType::I32 => 5,
        WireType::I64 => 6,
        WireType::Double => 7,
        WireType::String => 8,
        WireType::List => 9,
        WireType::Set => 10,
        WireType::Map => 11,
        WireType::Struct => 12,
        WireType::Uuid => 13,
    }
}

/// The name of a type in the JSON protocol.
pub fn name(ty: WireType) -> &'static str {
    match ty {
        WireType::Bool => "tf",
        WireType::I8 => "i8",
        WireType::I16 => "i16",
        WireType::I32 => "i32",
        WireType::I64 => "i64",
        WireType::Double => "dbl",
        WireType::String => "str",
        WireType::List => "lst",
        WireType::Set => "set",
        WireType::Map => "map",
        WireType::Struct => "rec",
        WireType::Uuid => "uid",
    }
}
