//! Why two libraries may take different views of the same bytes. Where it can be, a reason is proved:
//! the bytes are changed into what the other side takes them for, and must then mean the same here.

use std::fmt::{self, Write as _};

use seapink::{Protocol, from_slice};

use super::interop::idl::interop::{Choice, Everything};
use super::peer::{Answer, DIED};
use super::shape::{Found, walk};
use super::sorted::{alike, sorted};
use super::taken::Taken;

type Read = std::result::Result<Everything, seapink::Error>;

/// Bytes that both sides do not see alike.
pub struct Difference {
    protocol: &'static str,
    bytes: Vec<u8>,
    ours: Read,
    theirs: Theirs,
    found: Found,
    /// The same of the bytes that are changed into what the other side takes these for, and why they
    /// are changed.
    taken: (Read, Found, Option<&'static str>),
    /// The other side comes to a type that there is not, where it looks at it.
    is_refused: bool,
}

/// What the other side says.
enum Theirs {
    Value(Box<Everything>),
    /// A value that we cannot read.
    Unreadable(seapink::Error),
    Refused(String),
}

/// Why the other side takes what we refuse with an error of this message.
const TAKEN_THERE: [(&str, &str); 14] = [
    ("a string is not UTF-8", "they take text that is not UTF-8"),
    (
        "union with more than one member",
        "they take a union with several members",
    ),
    (
        "a variable-width integer is longer than its type",
        "they cut off integers that are too long",
    ),
    (
        "a field id is more than 32767",
        "they let field ids overflow",
    ),
    ("the type of a value is none of Thrift's types", JSON_TYPES),
    (
        "half of a surrogate pair stands alone",
        "they take half of a surrogate pair",
    ),
    (
        "a binary is not written in base64",
        "they take base64 that is none",
    ),
    ("does not fit into", JSON_NUMBERS),
    ("is not written as an integer", JSON_NUMBERS),
    ("is not written as JSON writes a number", JSON_NUMBERS),
    ("a bool is neither 0 nor 1", JSON_NUMBERS),
    // Behind the 0 of `0123`.
    ("is missing in the end of a field", JSON_NUMBERS),
    ("is missing in a list", JSON_NUMBERS),
    ("is missing in a map", JSON_NUMBERS),
];

const JSON_TYPES: &str = "they look only at the beginning of a type's name";
const JSON_NUMBERS: &str = "they take for a number what JSON does not";

/// Why the other side refuses with an error that has these words.
const REFUSED_THERE: [(&str, &str); 3] = [
    (
        "Expected control char, got '/'",
        r"they do not know the escape \/",
    ),
    (
        "Expected hex val",
        "they do not know capital hexadecimal digits",
    ),
    (
        "Exceeded size limit",
        "they refuse field ids below zero in JSON",
    ),
];

impl Difference {
    pub fn new<P: Protocol>(bytes: &[u8], theirs: &Answer) -> Self {
        let taken = Taken::of::<P>(bytes);
        Self {
            protocol: P::NAME,
            bytes: bytes.to_vec(),
            ours: from_slice::<P, _>(bytes),
            theirs: match theirs.as_ref().map(|bytes| from_slice::<P, _>(bytes)) {
                Ok(Ok(value)) => Theirs::Value(Box::new(value)),
                Ok(Err(error)) => Theirs::Unreadable(error),
                Err(error) => Theirs::Refused(error.clone()),
            },
            found: walk::<P>(bytes),
            taken: (
                from_slice::<P, _>(&taken.bytes),
                walk::<P>(&taken.bytes),
                taken.reason,
            ),
            is_refused: taken.is_refused,
        }
    }

    /// Why that is.
    pub fn reason(&self) -> Option<&'static str> {
        let (read, found, changed) = &self.taken;
        // The changed bytes are to us what the others are to the other side, or there is a reason.
        let is_proved = || match (read, &self.theirs) {
            (Ok(value), Theirs::Value(theirs)) if alike(value, theirs) => true,
            (read, Theirs::Refused(_)) if read.is_err() || self.is_refused => true,
            _ => self.reason_of(read, found).is_some(),
        };
        match changed {
            Some(changed) if is_proved() => Some(changed),
            _ => self.reason_of(&self.ours, &self.found),
        }
    }

    fn reason_of(&self, ours: &Read, found: &Found) -> Option<&'static str> {
        match (ours, &self.theirs) {
            (Ok(ours), Theirs::Value(theirs)) => value(ours, theirs, found),
            (Ok(_), Theirs::Refused(error)) => self.refused_there(error, found),
            (Err(error), Theirs::Value(_) | Theirs::Unreadable(_)) => self.taken_there(error),
            _ => None,
        }
    }

    fn taken_there(&self, error: &seapink::Error) -> Option<&'static str> {
        let reason = TAKEN_THERE
            .iter()
            .find(|(words, _)| error.message().contains(words))?
            .1;
        let of_json =
            error.message().starts_with('`') || [JSON_TYPES, JSON_NUMBERS].contains(&reason);
        (!of_json || self.protocol == "json").then_some(reason)
    }

    fn refused_there(&self, error: &str, found: &Found) -> Option<&'static str> {
        let type_unknown = [
            "unrecognized type",
            "Unrecognized type",
            "invalid TType",
            "don't know what type",
        ];
        let is_type = type_unknown.iter().any(|start| error.starts_with(start));
        if is_type && found.uuid {
            return Some("they have no uuid");
        }
        // In JSON it is the name of a type that they stumble over, for whatever is wrong with it.
        if found.empty_of_nothing && (is_type || self.protocol == "json") {
            return Some("they look at the types of what is empty");
        }
        if error == DIED {
            return Some("they die of it");
        }
        let (_, reason) = REFUSED_THERE
            .iter()
            .find(|(words, _)| error.contains(words))?;
        (self.protocol == "json" && (!error.contains("size limit") || found.negative_id))
            .then_some(reason)
    }
}

/// Why the other side reads another value.
fn value(ours: &Everything, theirs: &Everything, found: &Found) -> Option<&'static str> {
    if alike(&known(ours), &known(theirs)) {
        return Some("they drop a union's member that they do not know");
    }
    if alike(&filled(ours), &filled(theirs)) {
        return Some("they fill in the default of an optional field");
    }
    let keys = &ours.containers.by_double;
    if keys.keys().any(|key| key.0.is_nan() || key.0 == 0.0)
        && alike(&without_doubles(ours), &without_doubles(theirs))
    {
        return Some("to them, NaN is any key, and 0 is -0");
    }
    if found.field_twice || found.key_twice {
        return Some("they add to a struct that comes twice, we replace it");
    }
    None
}

/// With the defaults that the other side fills in.
fn filled(value: &Everything) -> Everything {
    let mut value = value.clone();
    value.fields.may_be_filled.get_or_insert(7);
    for fields in &mut value.containers.fields {
        fields.may_be_filled.get_or_insert(7);
    }
    value
}

/// Without the members of unions that the IDL does not know.
fn known(value: &Everything) -> Everything {
    fn choice(value: &mut Choice) {
        match value {
            Choice::Unknown(_) => *value = Choice::default(),
            Choice::Many(values) => values.iter_mut().for_each(choice),
            _ => {}
        }
    }
    let mut value = value.clone();
    value.choice.iter_mut().for_each(choice);
    value
}

fn without_doubles(value: &Everything) -> Everything {
    let mut value = value.clone();
    value.containers.by_double.clear();
    value
}

/// Both views, from where they differ, and the bytes.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |value: &Everything| sorted(value).unwrap_or_default();
        let mut ours = match &self.ours {
            Ok(value) => text(value),
            Err(error) => format!("refused: {error}"),
        };
        let mut theirs = match &self.theirs {
            Theirs::Value(value) => text(value),
            Theirs::Unreadable(error) => format!("a value that we cannot read: {error}"),
            Theirs::Refused(error) => format!("refused: {error}"),
        };
        let pairs = ours.bytes().zip(theirs.bytes());
        let same = pairs.take_while(|(a, b)| a == b).count();
        let from = same.saturating_sub(40);
        for text in [&mut ours, &mut theirs] {
            *text = text.chars().skip(from).take(200).collect();
        }
        let mut bytes = String::new();
        for byte in &self.bytes {
            write!(bytes, "{byte:02x}")?;
        }
        let Self {
            protocol, found, ..
        } = self;
        write!(
            f,
            "{protocol}: ours: {ours}\n  theirs: {theirs}\n  {found:?}\n  {bytes}"
        )
    }
}
