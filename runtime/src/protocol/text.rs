//! Writes text for logs and for people who look for a mistake; `TDebugProtocol` of C++ is the model.
//!
//! However large a value is, its text is not: strings, binaries and containers are cut, and so is the
//! whole. Nobody can read it back.

use std::fmt::Write as _;

use uuid::Uuid;

use crate::limits::Limits;
use crate::protocol::writer::Depth;
use crate::protocol::{MessageHead, Number, Output, Written};
use crate::wire::{MessageKind, WireType};

/// How much of a value debug text shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TextLimits {
    /// Characters of one `string`. Default 256.
    pub string_chars_max: usize,
    /// Bytes of one `binary`, each two characters. Default 64.
    pub binary_bytes_max: usize,
    /// Elements of one list or set, pairs of one map. Default 16.
    pub elements_max: usize,
    /// Bytes of all of the text, without the `…` at its end. Default 4096.
    pub text_bytes_max: usize,
}

impl Default for TextLimits {
    fn default() -> Self {
        Self {
            string_chars_max: 256,
            binary_bytes_max: 64,
            elements_max: 16,
            text_bytes_max: 4096,
        }
    }
}

impl TextLimits {
    /// All of a value, however large it is.
    pub fn everything() -> Self {
        Self {
            string_chars_max: usize::MAX,
            binary_bytes_max: usize::MAX,
            elements_max: usize::MAX,
            text_bytes_max: usize::MAX,
        }
    }

    /// The same with another [`string_chars_max`](Self::string_chars_max).
    #[must_use]
    pub fn string_chars_max(mut self, chars: usize) -> Self {
        self.string_chars_max = chars;
        self
    }

    /// The same with another [`binary_bytes_max`](Self::binary_bytes_max).
    #[must_use]
    pub fn binary_bytes_max(mut self, bytes: usize) -> Self {
        self.binary_bytes_max = bytes;
        self
    }

    /// The same with another [`elements_max`](Self::elements_max).
    #[must_use]
    pub fn elements_max(mut self, elements: usize) -> Self {
        self.elements_max = elements;
        self
    }

    /// The same with another [`text_bytes_max`](Self::text_bytes_max).
    #[must_use]
    pub fn text_bytes_max(mut self, bytes: usize) -> Self {
        self.text_bytes_max = bytes;
        self
    }
}

/// Writes values as debug text.
#[derive(Debug)]
pub struct TextOutput {
    text: String,
    limits: TextLimits,
    depth: Depth,
    /// Each field and element has a line of its own.
    pretty: bool,
    levels: Vec<Level>,
    /// The level from which on nothing is shown, because enough of it was.
    hidden: Option<usize>,
    /// Nothing more is shown at all.
    full: bool,
}

/// A struct or container that is open.
#[derive(Clone, Copy, Debug)]
struct Level {
    /// What it has, if that is known.
    len: usize,
    is_empty: bool,
}

impl TextOutput {
    /// A writer. Values that nest deeper than the default
    /// [`depth_max`](Limits::depth_max) are shown as `…`.
    pub fn new(limits: TextLimits) -> Self {
        Self::within(limits, &Limits::default())
    }

    pub(crate) fn within(limits: TextLimits, depth: &Limits) -> Self {
        Self {
            text: String::new(),
            limits,
            depth: Depth::new(depth),
            pretty: false,
            levels: Vec::new(),
            hidden: None,
            full: false,
        }
    }

    /// The same with a line for each field and element, indented by two spaces for each level.
    #[must_use]
    pub fn pretty(mut self) -> Self {
        self.pretty = true;
        self
    }

    /// What was written.
    pub fn into_text(self) -> String {
        self.text
    }

    /// Appends as it is, as far as there is room.
    pub(crate) fn put(&mut self, text: &str) {
        if self.is_muted() {
            return;
        }
        let room = self.limits.text_bytes_max.saturating_sub(self.text.len());
        if text.len() <= room {
            self.text.push_str(text);
            return;
        }
        self.text.push_str(&text[..text.floor_char_boundary(room)]);
        self.text.push('…');
        self.full = true;
    }

    fn is_muted(&self) -> bool {
        self.full || self.hidden.is_some()
    }

    /// Comes before each field and element.
    fn item(&mut self) {
        let first = match self.levels.last_mut() {
            Some(level) => std::mem::replace(&mut level.is_empty, false),
            None => return,
        };
        if !first {
            self.put(",");
        }
        self.space(self.levels.len());
    }

    fn space(&mut self, level: usize) {
        if self.is_muted() {
        } else if self.pretty {
            self.put("\n");
            self.put(&"  ".repeat(level));
        } else {
            self.put(" ");
        }
    }

    fn open(&mut self, len: usize, head: impl FnOnce() -> String) -> bool {
        if !self.depth.enter() {
            self.put("…");
            return false;
        }
        if !self.is_muted() {
            self.put(&head());
        }
        self.levels.push(Level {
            len,
            is_empty: true,
        });
        true
    }

    fn close(&mut self) {
        self.depth.leave();
        let Some(level) = self.levels.pop() else {
            return;
        };
        if self.hidden == Some(self.levels.len()) {
            self.hidden = None;
        }
        if !level.is_empty {
            self.space(self.levels.len());
        }
        self.put("}");
    }

    /// An element or pair of a container, which is shown or only counted.
    fn counted_item(&mut self, index: usize) {
        if self.is_muted() {
            return;
        }
        self.item();
        let len = self.levels.last().map_or(0, |level| level.len);
        if index >= self.limits.elements_max {
            self.put(&format!("… {} more", len.saturating_sub(index)));
            self.hidden = self.levels.len().checked_sub(1);
        }
    }

    fn show(&mut self, value: impl ToString + Copy) {
        if !self.is_muted() {
            self.put(&value.to_string());
        }
    }
}

impl<'v> Output<'v> for TextOutput {
    const WRITES_NAMES: bool = true;

    fn message_begin(&mut self, head: &MessageHead<'_>) {
        self.put(match head.kind {
            MessageKind::Call => "call ",
            MessageKind::Reply => "reply ",
            MessageKind::Exception => "exception ",
            MessageKind::Oneway => "oneway ",
        });
        self.string(&head.name);
        self.put(&format!(" #{} ", head.sequence_id));
    }

    fn message_end(&mut self) {}

    fn struct_begin(&mut self, name: &'static str) -> bool {
        self.open(0, || match name {
            "" => String::from("{"),
            name => format!("{name} {{"),
        })
    }

    fn struct_end(&mut self) {
        self.close();
    }

    fn field(&mut self, _: i16, id: i16, ty: WireType, name: &'static str) {
        if self.is_muted() {
            return;
        }
        self.item();
        let space = if name.is_empty() { "" } else { " " };
        self.put(&format!("{id}: {name}{space}({ty}) = "));
    }

    fn bool_field(&mut self, last: i16, id: i16, name: &'static str, value: bool) {
        self.field(last, id, WireType::Bool, name);
        self.bool(value);
    }

    fn bool(&mut self, value: bool) {
        self.show(value);
    }

    fn i8(&mut self, value: i8) {
        self.show(value);
    }

    fn i16(&mut self, value: i16) {
        self.show(value);
    }

    fn i32(&mut self, value: i32) {
        self.show(value);
    }

    fn i64(&mut self, value: i64) {
        self.show(value);
    }

    fn enumerator(&mut self, number: i32, name: &'static str) {
        if name.is_empty() {
            self.show(number);
        } else {
            self.show(format_args!("{name} ({number})"));
        }
    }

    fn double(&mut self, value: f64) {
        self.show(format_args!("{value:?}"));
    }

    fn uuid(&mut self, value: Uuid) {
        self.show(value);
    }

    fn string(&mut self, value: &str) {
        if self.is_muted() {
            return;
        }
        let max = self.limits.string_chars_max;
        let end = value.char_indices().nth(max).map(|(end, _)| end);
        // No more is escaped than there is room for.
        let shown = &value[..end.unwrap_or(value.len())];
        let room = self.limits.text_bytes_max.saturating_sub(self.text.len());
        let shown = &shown[..shown.floor_char_boundary(room)];
        self.put(&format!("\"{}", shown.escape_debug()));
        match end {
            Some(_) => self.put(&format!("…\" ({} bytes)", value.len())),
            None => self.put("\""),
        }
    }

    fn binary(&mut self, value: &[u8]) {
        if self.is_muted() {
            return;
        }
        let max = self.limits.binary_bytes_max;
        let room = self.limits.text_bytes_max.saturating_sub(self.text.len());
        let mut text = String::from("0x");
        for byte in value.iter().take(max.min(room)) {
            let _ = write!(text, "{byte:02x}");
        }
        if value.len() > max {
            let _ = write!(text, "… ({} bytes)", value.len());
        }
        self.put(&text);
    }

    fn list_begin(&mut self, element: WireType, len: usize) -> bool {
        self.open(len, || format!("list<{element}>[{len}] {{"))
    }

    fn set_begin(&mut self, element: WireType, len: usize) -> bool {
        self.open(len, || format!("set<{element}>[{len}] {{"))
    }

    fn element(&mut self, index: usize) {
        self.counted_item(index);
    }

    fn numbers<T: Number>(&mut self, values: &[T]) {
        for (index, &value) in values.iter().enumerate() {
            if self.is_muted() {
                break;
            }
            self.element(index);
            value.write(self);
        }
    }

    fn list_end(&mut self) {
        self.close();
    }

    fn map_begin(&mut self, key: WireType, value: WireType, len: usize) -> bool {
        self.open(len, || format!("map<{key},{value}>[{len}] {{"))
    }

    fn key(&mut self, index: usize) {
        self.counted_item(index);
    }

    fn value(&mut self) {
        self.put(" -> ");
    }

    fn map_end(&mut self) {
        self.close();
    }

    fn finish(self) -> Written<'v> {
        Written {
            bytes: self.text.into_bytes(),
            blobs: Vec::new(),
            result: self.depth.finish(),
        }
    }
}
