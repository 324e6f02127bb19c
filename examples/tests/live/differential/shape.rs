//! What the IDL says of the struct that has everything, and a walk over bytes that compares.

use std::collections::HashSet;

use seapink::protocol::Input;
use seapink::{Limits, Protocol, Result, WireType};

use super::taken::name;

/// A type of `interop.thrift`.
enum Shape {
    Of(WireType),
    Struct(&'static [(i16, &'static Shape)]),
    List(&'static Shape),
    Set(&'static Shape),
    Map(&'static Shape, &'static Shape),
}

impl Shape {
    fn ty(&self) -> WireType {
        match self {
            Self::Of(ty) => *ty,
            Self::Struct(_) => WireType::Struct,
            Self::List(_) => WireType::List,
            Self::Set(_) => WireType::Set,
            Self::Map(..) => WireType::Map,
        }
    }
}

use Shape::{List, Map, Of, Set, Struct};

static BOOL: Shape = Of(WireType::Bool);
static I32: Shape = Of(WireType::I32);
static I64: Shape = Of(WireType::I64);
static DOUBLE: Shape = Of(WireType::Double);
static STRING: Shape = Of(WireType::String);
static SCALARS: Shape = Struct(&[
    (1, &BOOL),
    (2, &Of(WireType::I8)),
    (3, &Of(WireType::I16)),
    (4, &I32),
    (5, &I64),
    (6, &DOUBLE),
    (7, &STRING),
    (8, &STRING),
    (9, &I32),
]);
static FIELDS: Shape = Struct(&[
    (1, &I32),
    (2, &STRING),
    (3, &I32),
    (4, &I32),
    (20, &STRING),
    (21, &BOOL),
    (300, &SCALARS),
    (32767, &List(&STRING)),
]);
static CONTAINERS: Shape = Struct(&[
    (1, &List(&I32)),
    (2, &Set(&STRING)),
    (3, &Map(&I32, &STRING)),
    (4, &Map(&STRING, &List(&Map(&I32, &Set(&I64))))),
    (5, &List(&BOOL)),
    (6, &Map(&I32, &SCALARS)),
    (7, &List(&List(&DOUBLE))),
    (8, &Map(&DOUBLE, &STRING)),
    (9, &List(&STRING)),
    (10, &Map(&BOOL, &BOOL)),
    (11, &List(&FIELDS)),
]);
static CHOICE: Shape = Struct(&[
    (1, &I64),
    (2, &STRING),
    (3, &List(&CHOICE)),
    (4, &SCALARS),
    (5, &BOOL),
]);
static TREE: Shape = Struct(&[(1, &STRING), (2, &List(&TREE))]);
static EVERYTHING: Shape = Struct(&[
    (1, &SCALARS),
    (2, &FIELDS),
    (3, &CONTAINERS),
    (4, &CHOICE),
    (5, &TREE),
]);

/// What is unusual about bytes.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is one finding")]
pub struct Found {
    /// A field comes twice in a struct.
    pub field_twice: bool,
    /// A map has a key twice.
    pub key_twice: bool,
    /// A field has an id below zero.
    pub negative_id: bool,
    /// Something is a `uuid`, which the IDL has none of.
    pub uuid: bool,
    /// An empty container says a type for its elements that there is not, or `uuid`.
    pub empty_of_nothing: bool,
    /// The first container with elements of another type than the declared one.
    pub other_elements: Option<Header>,
}

/// The header of a container.
#[derive(Clone, Copy, Debug)]
pub struct Header {
    pub offset: usize,
    pub is_map: bool,
    /// What the IDL says of keys or elements, and of values if it is a map.
    pub declared: [Option<WireType>; 2],
}

impl Header {
    /// The types that the header has, as the protocol writes them.
    pub fn types<'b, P: Protocol>(&self, bytes: &'b mut [u8]) -> Option<&'b mut [u8]> {
        let bytes = bytes.get_mut(self.offset..)?;
        match P::NAME {
            "binary" => bytes.get_mut(..1 + usize::from(self.is_map)),
            // Those of a map stand behind its length.
            "compact" if self.is_map => {
                let length = bytes.iter().take_while(|byte| **byte >= 0x80).count();
                bytes.get_mut(length + 1..length + 2)
            }
            "compact" => bytes.get_mut(..1),
            _ => None,
        }
    }

    /// Whether it has a type that the other side refuses: one that there is not, or `uuid`. 0, which
    /// ends structs, is none of these.
    pub fn is_of_nothing<P: Protocol>(&self, bytes: &[u8]) -> bool {
        if P::NAME == "json" {
            return self.names_nothing(bytes);
        }
        let mut bytes = bytes.to_vec();
        let types = self.types::<P>(&mut bytes).unwrap_or_default();
        types.iter().any(|ty| match P::NAME {
            "binary" => *ty > 15 || [5, 7, 9].contains(ty),
            // Both types of a map are in one byte.
            _ => ty & 0x0f > 12 || self.is_map && ty >> 4 > 12,
        })
    }

    /// Whether a header of JSON, `["map","rec",`, has something between quotes that is no type.
    fn names_nothing(&self, bytes: &[u8]) -> bool {
        let bytes = bytes.get(self.offset..).unwrap_or_default();
        let count = 1 + usize::from(self.is_map);
        let names = bytes
            .split(|byte| *byte == b'"')
            .skip(1)
            .step_by(2)
            .take(count);
        let known = |text: &[u8]| {
            let mut types = WireType::ALL.iter().filter(|ty| **ty != WireType::Uuid);
            types.any(|ty| name(*ty).as_bytes() == text)
        };
        !names.into_iter().all(known)
    }
}

/// Walks as far as the bytes can be read.
pub fn walk<P: Protocol>(bytes: &[u8]) -> Found {
    let mut walk = Walk {
        bytes,
        found: Found::default(),
    };
    let mut input = P::input(bytes, 0, &Limits::default());
    // What comes behind an error, nobody reads.
    let _ = walk.value(Some(&EVERYTHING), WireType::Struct, &mut input);
    walk.found
}

struct Walk<'b> {
    bytes: &'b [u8],
    found: Found,
}

impl Walk<'_> {
    /// A value, of which the IDL may know nothing.
    fn value<'de, I: Input<'de>>(
        &mut self,
        shape: Option<&Shape>,
        ty: WireType,
        input: &mut I,
    ) -> Result<()> {
        self.found.uuid |= ty == WireType::Uuid;
        let (key, item) = match shape {
            Some(List(element) | Set(element)) => (Some(*element), None),
            Some(Map(key, item)) => (Some(*key), Some(*item)),
            _ => (None, None),
        };
        let header = Header {
            offset: input.offset(),
            is_map: ty == WireType::Map,
            declared: [key, item].map(|shape| shape.map(Shape::ty)),
        };
        match ty {
            WireType::Struct => self.fields(shape, input)?,
            WireType::List | WireType::Set => {
                let read = input.list_begin();
                self.check::<I::Protocol>(
                    header,
                    read.as_ref()
                        .ok()
                        .map(|it| (it.len, [Some(it.element), None])),
                );
                let read = read?;
                let key = key.filter(|key| key.ty() == read.element);
                for index in 0..read.len {
                    input.element(index)?;
                    self.value(key, read.element, input)?;
                }
                input.list_end()?;
            }
            WireType::Map => {
                let read = input.map_begin();
                self.check::<I::Protocol>(
                    header,
                    read.as_ref()
                        .ok()
                        .map(|it| (it.len, [Some(it.key), Some(it.value)])),
                );
                let read = read?;
                let fits = [Some(read.key), Some(read.value)] == header.declared;
                let mut keys = HashSet::new();
                for index in 0..read.len {
                    input.key(index)?;
                    let start = input.offset();
                    self.value(key.filter(|_| fits), read.key, input)?;
                    let key = self.bytes.get(start..input.offset());
                    self.found.key_twice |= !keys.insert(key);
                    input.value()?;
                    self.value(item.filter(|_| fits), read.value, input)?;
                }
                input.map_end()?;
            }
            ty => {
                input.skip(ty)?;
            }
        }
        Ok(())
    }

    /// Looks at the header of a container: its length and types, if it can be read.
    fn check<P: Protocol>(&mut self, header: Header, read: Option<(usize, [Option<WireType>; 2])>) {
        if let Some((0, _)) = read {
            self.found.empty_of_nothing |= header.is_of_nothing::<P>(self.bytes);
            return;
        }
        if header.declared[0].is_some() && read.is_none_or(|(_, types)| types != header.declared) {
            self.found.other_elements.get_or_insert(header);
        }
    }

    fn fields<'de, I: Input<'de>>(&mut self, shape: Option<&Shape>, input: &mut I) -> Result<()> {
        let known = match shape {
            Some(Struct(fields)) => fields,
            _ => &[][..],
        };
        input.struct_begin()?;
        let (mut last, mut seen) = (0, Vec::new());
        while let Some(field) = input.field(last)? {
            last = field.id;
            self.found.negative_id |= last < 0;
            let shape = known
                .iter()
                .find(|(id, shape)| (*id, shape.ty()) == (field.id, field.ty));
            if shape.is_some() {
                self.found.field_twice |= seen.contains(&last);
                seen.push(last);
            }
            if field.bool_value.is_none() {
                self.value(shape.map(|(_, shape)| *shape), field.ty, input)?;
            }
            input.field_end()?;
        }
        input.struct_end()
    }
}
