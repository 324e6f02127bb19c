//! Finds the end of a JSON message.
//!
//! Follows brackets, strings and numbers, and knows from the brackets around a place what may stand
//! there; it does not know the types of values.

use super::{NUMBER_BYTES_MAX, VERSION, number, text, text_bytes_max};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;
use crate::protocol::Scanner;
use crate::protocol::scanner::{over, too_deep};
use crate::wire::MessageKind;

/// What is open around the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// `[1,"name",kind,id,{}]`
    Message,
    /// `{"1":{},"2":{}}`
    Struct,
    /// `{"i32":42}`
    Field,
    /// `["i32",…`, which becomes one of the next two.
    Container,
    /// `["i32",2,1,2]`
    List,
    /// `["i32","i32",1,{}]`
    Map,
    /// `{"1":42}`
    Pairs,
}

#[derive(Clone, Copy, Debug)]
struct Frame {
    kind: Kind,
    /// How many values were passed; keys of objects count.
    passed: usize,
    /// How many values there will be, where it is known.
    total: Option<usize>,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A value.
    Value,
    /// The first key of an object, or its end.
    FirstKey,
    /// The rest of a string that starts at this offset.
    Text(usize),
    /// A comma, colon or closing bracket.
    Punctuation,
}

pub(super) struct JsonScanner {
    limits: Limits,
    offset: usize,
    state: State,
    frames: Vec<Frame>,
    depth: u32,
}

impl JsonScanner {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            limits: *limits,
            offset: 0,
            state: State::Value,
            frames: Vec::new(),
            depth: 0,
        }
    }

    #[cold]
    fn malformed(&self, message: &'static str) -> Error {
        Error::new(ErrorKind::Malformed, message).at(self.offset)
    }

    #[cold]
    fn misplaced(&self) -> Error {
        self.malformed("a character stands where the JSON protocol has another")
    }

    /// One step: a bracket, separator, number, or part of a string. `false` when bytes are missing.
    fn step(&mut self, buffer: &[u8]) -> Result<bool> {
        if let State::Text(start) = self.state {
            return self.text(start, buffer);
        }
        let Some(&byte) = buffer.get(self.offset) else {
            return Ok(false);
        };
        match (byte, self.state) {
            (b',' | b':' | b'}' | b']', State::Punctuation) => self.punctuation(byte)?,
            (b'}', State::FirstKey) => self.close(byte)?,
            (_, State::Punctuation) => return Err(self.misplaced()),
            (b'"', _) => {
                self.check_start(byte)?;
                self.state = State::Text(self.offset + 1);
            }
            (b'{' | b'[', _) => self.open(byte)?,
            _ => return self.number(buffer),
        }
        self.offset += 1;
        Ok(true)
    }

    /// Checks that a value which starts like this may stand here.
    fn check_start(&mut self, byte: u8) -> Result<()> {
        let Some(frame) = self.frames.last_mut() else {
            // The message itself.
            return match byte {
                b'[' => Ok(()),
                _ => Err(self.malformed("a message does not start with `[`")),
            };
        };
        if frame.kind == Kind::Container && frame.passed == 1 {
            frame.kind = match byte {
                b'"' => Kind::Map,
                _ => Kind::List,
            };
        }
        let fits = match (frame.kind, frame.passed) {
            (Kind::Message, 0 | 2 | 3) | (Kind::List, 1) | (Kind::Map, 2) => is_number(byte),
            (Kind::Message | Kind::Map, 1) | (Kind::Field | Kind::Container, 0) => byte == b'"',
            (Kind::Struct, passed) if passed % 2 == 0 => byte == b'"',
            (Kind::Message, 4) | (Kind::Map, 3) | (Kind::Struct, _) => byte == b'{',
            (Kind::Field, 1) => true,
            (Kind::List, passed) => Some(passed) < frame.total,
            (Kind::Pairs, passed) => {
                Some(passed) < frame.total && (passed % 2 == 1 || !is_number(byte))
            }
            _ => false,
        };
        if fits { Ok(()) } else { Err(self.misplaced()) }
    }

    fn open(&mut self, byte: u8) -> Result<()> {
        self.check_start(byte)?;
        let parent = self.frames.last().copied();
        let (kind, total) = match (byte, parent) {
            (_, None) => (Kind::Message, Some(5)),
            (b'[', _) => (Kind::Container, None),
            (
                _,
                Some(Frame {
                    kind: Kind::Struct, ..
                }),
            ) => (Kind::Field, Some(2)),
            (
                _,
                Some(Frame {
                    kind: Kind::Map,
                    total,
                    ..
                }),
            ) => (Kind::Pairs, total),
            _ => (Kind::Struct, None),
        };
        if matches!(kind, Kind::Struct | Kind::Container) {
            if self.depth >= self.limits.depth() {
                return Err(too_deep().at(self.offset));
            }
            self.depth += 1;
        }
        self.state = match kind {
            Kind::Struct | Kind::Pairs => State::FirstKey,
            _ => State::Value,
        };
        self.frames.push(Frame {
            kind,
            passed: 0,
            total,
        });
        Ok(())
    }

    fn punctuation(&mut self, byte: u8) -> Result<()> {
        let Some(frame) = self.frames.last() else {
            return Err(self.misplaced());
        };
        let separator = match frame.kind {
            Kind::Struct | Kind::Field | Kind::Pairs if frame.passed % 2 == 1 => b':',
            _ => b',',
        };
        if byte == separator {
            self.state = State::Value;
            Ok(())
        } else {
            self.close(byte)
        }
    }

    fn close(&mut self, byte: u8) -> Result<()> {
        let Some(frame) = self.frames.last() else {
            return Err(self.misplaced());
        };
        let complete = match (frame.kind, byte) {
            (Kind::Message, b']') => frame.passed == 5,
            (Kind::Map, b']') => frame.passed == 4,
            (Kind::Field, b'}') => frame.passed == 2,
            (Kind::Struct, b'}') => frame.passed % 2 == 0,
            (Kind::List, b']') | (Kind::Pairs, b'}') => Some(frame.passed) == frame.total,
            _ => false,
        };
        if !complete {
            return Err(self.misplaced());
        }
        if matches!(frame.kind, Kind::Struct | Kind::List | Kind::Map) {
            self.depth -= 1;
        }
        self.frames.pop();
        self.passed();
        Ok(())
    }

    /// Notes that a value was passed.
    fn passed(&mut self) {
        if let Some(frame) = self.frames.last_mut() {
            frame.passed += 1;
        }
        self.state = State::Punctuation;
    }

    /// Goes on in a string that started at an offset.
    fn text(&mut self, start: usize, buffer: &[u8]) -> Result<bool> {
        let rest = buffer.get(self.offset..).unwrap_or_default();
        let at = text::find_delimiter(rest);
        let found = self.offset + at.unwrap_or(rest.len());
        let max = text_bytes_max(self.limits.string_bytes_max);
        if found - start > max {
            let found = (found - start).div_ceil(6);
            return Err(over("string_bytes_max", self.limits.string_bytes_max, found).at(start));
        }
        self.offset = found;
        match at.map(|at| &rest[at..]) {
            Some([b'"', ..]) => {
                self.offset += 1;
                self.passed();
                Ok(true)
            }
            // A backslash, and what it escapes.
            Some([_, _, ..]) => {
                self.offset += 2;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Passes over a number, once the character behind it has arrived.
    fn number(&mut self, buffer: &[u8]) -> Result<bool> {
        let rest = &buffer[self.offset..];
        self.check_start(rest[0])?;
        let window = &rest[..rest.len().min(NUMBER_BYTES_MAX + 1)];
        let len = window
            .iter()
            .take_while(|&&byte| number::is_numeric(byte))
            .count();
        if len == 0 {
            return Err(self.misplaced());
        }
        if len > NUMBER_BYTES_MAX {
            let text = "a number is written with more than 64 characters";
            return Err(Error::new(ErrorKind::Limit, text).at(self.offset));
        }
        if len == rest.len() {
            return Ok(false);
        }
        self.check_integer(&rest[..len])?;
        self.offset += len;
        self.passed();
        Ok(true)
    }

    /// Checks a number on which the shape of the message depends.
    fn check_integer(&mut self, digits: &[u8]) -> Result<()> {
        let Some(&frame) = self.frames.last() else {
            return Ok(());
        };
        let integer = match number::read_integer(digits) {
            Ok((integer, len)) if len == digits.len() => Some(integer),
            _ => None,
        };
        let each = match (frame.kind, frame.passed) {
            (Kind::Message, 0) => {
                return match integer {
                    Some(VERSION) => Ok(()),
                    _ => Err(self
                        .malformed("a message is of another version of the JSON protocol than 1")),
                };
            }
            (Kind::Message, 2) => {
                let kind = integer.and_then(|kind| u8::try_from(kind).ok());
                return match kind.and_then(MessageKind::from_byte) {
                    Some(_) => Ok(()),
                    None => Err(self.malformed("a message is no call, reply or exception")),
                };
            }
            (Kind::List, 1) => 1,
            (Kind::Map, 2) => 2,
            _ => return Ok(()),
        };
        let count = integer.and_then(|count| i32::try_from(count).ok());
        let Some(count) = count.and_then(|count| usize::try_from(count).ok()) else {
            return Err(self.malformed("a count is negative, or no 32-bit integer"));
        };
        let max = self.limits.container_elements_max;
        if count > max {
            return Err(over("container_elements_max", max, count).at(self.offset));
        }
        // A value is at least one character long, and one more stands beside it.
        let max = self.limits.message_bytes_max;
        let end = self.offset.saturating_add(count.saturating_mul(2 * each));
        if end > max {
            return Err(over("message_bytes_max", max, end).at(self.offset));
        }
        if let Some(frame) = self.frames.last_mut() {
            // The type and the count of a list come before its elements, in the same brackets.
            frame.total = Some(if each == 1 { count + 2 } else { 2 * count });
        }
        Ok(())
    }
}

/// Whether a value that starts like this is none of the others, and so a number.
fn is_number(byte: u8) -> bool {
    !matches!(byte, b'"' | b'{' | b'[')
}

impl Scanner for JsonScanner {
    fn scan(&mut self, buffer: &[u8]) -> Result<Option<usize>> {
        let max = self.limits.message_bytes_max;
        // What is behind the limit is not looked at.
        let window = &buffer[..buffer.len().min(max)];
        while self.step(window)? {
            if self.frames.is_empty() {
                let length = self.offset;
                *self = Self::new(&self.limits);
                return Ok(Some(length));
            }
        }
        if window.len() == max {
            return Err(over("message_bytes_max", max, max.saturating_add(1)).at(max));
        }
        Ok(None)
    }
}
