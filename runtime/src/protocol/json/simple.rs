//! Writes JSON for people and scripts: names instead of ids, and no types.
//!
//! What `TSimpleJSONProtocol` of Java and Python writes, where that is JSON, but for a `bool`, which is a
//! number to them. Go's writes containers in another way; see `docs/protocols.md`.
//!
//! Why can't it be read back? Because a number does not say which type it has, and a name is known only
//! to the IDL. For that there is [`Json`](super::Json).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

use super::{number, text};
use crate::limits::Limits;
use crate::protocol::writer::Depth;
use crate::protocol::{MessageHead, Output, Written};
use crate::wire::WireType;

/// Appends values as simple JSON to a buffer. Always valid JSON, unless
/// [`finish`](Output::finish) says that a value was too deep.
#[derive(Debug)]
pub struct SimpleJsonOutput {
    buffer: Vec<u8>,
    depth: Depth,
    /// The next scalar is the key of an object, so it is quoted.
    is_key: bool,
    /// For each map that is open: it is written as a list of pairs.
    maps: Vec<bool>,
    /// How many brackets are open, if each is to have a line of its own.
    indent: Option<usize>,
}

impl SimpleJsonOutput {
    /// A writer that appends to a buffer, all in one line.
    pub fn new(buffer: Vec<u8>, limits: &Limits) -> Self {
        Self {
            buffer,
            depth: Depth::new(limits),
            is_key: false,
            maps: Vec::new(),
            indent: None,
        }
    }

    /// The same with a line for each field and element, indented by two spaces for each level.
    #[must_use]
    pub fn pretty(mut self) -> Self {
        self.indent = Some(0);
        self
    }

    fn put(&mut self, text: &str) {
        self.buffer.extend_from_slice(text.as_bytes());
    }

    fn new_line(&mut self) {
        if let Some(level) = self.indent {
            self.buffer.push(b'\n');
            self.buffer.resize(self.buffer.len() + 2 * level, b' ');
        }
    }

    fn open(&mut self, bracket: u8) {
        self.buffer.push(bracket);
        self.indent = self.indent.map(|level| level + 1);
    }

    fn close(&mut self, bracket: u8) {
        self.indent = self.indent.map(|level| level.saturating_sub(1));
        // What has just been opened is empty. A string cannot end so: it ends with a quote.
        if !matches!(self.buffer.last(), Some(b'{' | b'[')) {
            self.new_line();
        }
        self.buffer.push(bracket);
    }

    fn enter(&mut self, bracket: u8) -> bool {
        let entered = self.depth.enter();
        if entered {
            self.open(bracket);
        }
        entered
    }

    fn leave(&mut self, bracket: u8) {
        self.depth.leave();
        self.close(bracket);
    }

    /// Comes before each thing in brackets.
    fn item(&mut self) {
        if !matches!(self.buffer.last(), Some(b'{' | b'[')) {
            self.buffer.push(b',');
        }
        self.new_line();
    }

    /// `"name":`
    fn name(&mut self, name: &str) {
        self.item();
        text::write(name, &mut self.buffer);
        self.colon();
    }

    fn colon(&mut self) {
        self.put(if self.indent.is_some() { ": " } else { ":" });
    }

    /// A value that is no string, unless it is a key.
    fn bare(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        if self.is_key {
            self.buffer.push(b'"');
        }
        write(&mut self.buffer);
        if self.is_key {
            self.buffer.push(b'"');
        }
    }

    fn integer(&mut self, value: i64) {
        self.bare(|buffer| number::write_integer(value, buffer));
    }

    /// `"text"`, for text without escapes.
    fn quoted(&mut self, plain: &str) {
        self.buffer.push(b'"');
        self.put(plain);
        self.buffer.push(b'"');
    }

    fn is_list_of_pairs(&self) -> bool {
        self.maps.last() == Some(&true)
    }
}

impl<'v> Output<'v> for SimpleJsonOutput {
    const WRITES_NAMES: bool = true;

    fn message_begin(&mut self, head: &MessageHead<'_>) {
        self.open(b'[');
        self.item();
        self.string(&head.name);
        self.item();
        self.integer(head.kind.byte().into());
        self.item();
        self.integer(head.sequence_id.into());
        self.item();
    }

    fn message_end(&mut self) {
        self.close(b']');
    }

    fn struct_begin(&mut self, _: &'static str) -> bool {
        self.enter(b'{')
    }

    fn struct_end(&mut self) {
        self.leave(b'}');
    }

    fn field(&mut self, _: i16, id: i16, _: WireType, name: &'static str) {
        if name.is_empty() {
            self.name(&id.to_string());
        } else {
            self.name(name);
        }
    }

    fn bool_field(&mut self, last: i16, id: i16, name: &'static str, value: bool) {
        self.field(last, id, WireType::Bool, name);
        self.bool(value);
    }

    fn bool(&mut self, value: bool) {
        let text: &[u8] = if value { b"true" } else { b"false" };
        self.bare(|buffer| buffer.extend_from_slice(text));
    }

    fn i8(&mut self, value: i8) {
        self.integer(value.into());
    }

    fn i16(&mut self, value: i16) {
        self.integer(value.into());
    }

    fn i32(&mut self, value: i32) {
        self.integer(value.into());
    }

    fn i64(&mut self, value: i64) {
        self.integer(value);
    }

    fn double(&mut self, value: f64) {
        if value.is_finite() {
            // The fewest digits that read back the same; `1e300`, not three hundred zeros.
            self.bare(|buffer| buffer.extend_from_slice(format!("{value:?}").as_bytes()));
        } else {
            self.quoted(number::not_finite(value));
        }
    }

    fn uuid(&mut self, value: Uuid) {
        let mut space = Uuid::encode_buffer();
        self.quoted(value.hyphenated().encode_lower(&mut space));
    }

    fn string(&mut self, value: &str) {
        text::write(value, &mut self.buffer);
    }

    fn binary(&mut self, value: &[u8]) {
        self.quoted(&STANDARD.encode(value));
    }

    fn list_begin(&mut self, _: WireType, _: usize) -> bool {
        self.enter(b'[')
    }

    fn element(&mut self, _: usize) {
        self.item();
    }

    fn list_end(&mut self) {
        self.leave(b']');
    }

    /// An object, if the keys can be those of one.
    ///
    /// Why can't other keys be strings with JSON in them? Because a quote in a key that is a map with
    /// such keys would be escaped once for each level: the text of a few hundred bytes could fill the
    /// memory.
    fn map_begin(&mut self, key: WireType, _: WireType, _: usize) -> bool {
        let pairs = matches!(
            key,
            WireType::Struct | WireType::List | WireType::Set | WireType::Map
        );
        let entered = self.enter(if pairs { b'[' } else { b'{' });
        if entered {
            self.maps.push(pairs);
        }
        entered
    }

    fn key(&mut self, index: usize) {
        if !self.is_list_of_pairs() {
            self.item();
            self.is_key = true;
            return;
        }
        if index > 0 {
            self.close(b'}');
        }
        self.item();
        self.open(b'{');
        self.name("key");
    }

    fn value(&mut self) {
        self.is_key = false;
        if self.is_list_of_pairs() {
            self.name("value");
        } else {
            self.colon();
        }
    }

    fn map_end(&mut self) {
        match self.maps.pop() {
            Some(true) => {
                if self.buffer.last() != Some(&b'[') {
                    self.close(b'}');
                }
                self.leave(b']');
            }
            _ => self.leave(b'}'),
        }
    }

    fn finish(self) -> Written<'v> {
        Written {
            bytes: self.buffer,
            blobs: Vec::new(),
            result: self.depth.finish(),
        }
    }
}
