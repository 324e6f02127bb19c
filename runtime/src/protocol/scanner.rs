//! Finds the end of a message by walking over its values, a piece at a time.
//!
//! The binary and the compact protocol share the [`Walker`]; they differ in how headers look, which
//! is their [`Grammar`]. Values whose length is known are passed over before they have arrived, and
//! containers of them at once, so that the work is bounded by the bytes that a peer really sends.
//!
//! Why can't we just try to decode, and wait when the bytes end? Because a peer that sends a byte at
//! a time would have its message decoded once for each byte.

use std::marker::PhantomData;

use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;
use crate::protocol::Scanner;
use crate::wire::{MessageKind, WireType};

/// Why a scan stops before the end of the message.
#[derive(Debug)]
pub(super) enum Stop {
    /// The message's first so many bytes are needed to go on.
    Bytes(usize),
    /// These bytes start no message.
    Refused(Error),
}

pub(super) type Scan<T> = Result<T, Stop>;

/// What comes next in a struct.
#[derive(Clone, Copy, Debug)]
pub(super) enum Next {
    /// A field with a value of this type.
    Value(WireType),
    /// A field whose header is all of it.
    Header,
    /// The end of the struct.
    End,
}

/// How a protocol writes headers. Each function reads one of them, whole or not at all.
pub(super) trait Grammar: Send + 'static {
    /// Reads the head of a message.
    fn head(cursor: &mut Cursor<'_>) -> Scan<()>;
    /// Reads a field header or the end of a struct.
    fn field(cursor: &mut Cursor<'_>) -> Scan<Next>;
    /// Reads a length or count.
    fn length(cursor: &mut Cursor<'_>) -> Scan<usize>;
    /// Reads the element type and count of a list or set.
    fn list(cursor: &mut Cursor<'_>) -> Scan<(WireType, usize)>;
    /// Reads the types and count of a map.
    fn map(cursor: &mut Cursor<'_>) -> Scan<([WireType; 2], usize)>;
    /// Reads an integer whose width varies.
    fn integer(ty: WireType, cursor: &mut Cursor<'_>) -> Scan<()>;
    /// The fewest bytes of a value in a container.
    fn bytes_min(ty: WireType) -> usize;
    /// Whether values of this type always have [`bytes_min`](Self::bytes_min) bytes.
    fn is_fixed(ty: WireType) -> bool;
}

/// A place in a message of which the first bytes have arrived.
#[derive(Debug)]
pub(super) struct Cursor<'b> {
    bytes: &'b [u8],
    offset: usize,
    limits: &'b Limits,
}

impl<'b> Cursor<'b> {
    #[inline]
    fn new(bytes: &'b [u8], offset: usize, limits: &'b Limits) -> Self {
        Self {
            bytes,
            offset,
            limits,
        }
    }

    /// The bytes from here on that have arrived.
    #[inline]
    pub(super) fn rest(&self) -> &'b [u8] {
        self.bytes.get(self.offset..).unwrap_or_default()
    }

    /// Reads a fixed number of bytes.
    #[inline]
    pub(super) fn array<const N: usize>(&mut self) -> Scan<[u8; N]> {
        if let Some(bytes) = self.rest().first_chunk() {
            self.offset += N;
            return Ok(*bytes);
        }
        Err(self.missing(N))
    }

    #[inline]
    pub(super) fn byte(&mut self) -> Scan<u8> {
        self.array().map(|[byte]| byte)
    }

    /// Passes over bytes that were looked at in [`rest`](Self::rest).
    #[inline]
    pub(super) fn advance(&mut self, count: usize) {
        self.offset += count;
    }

    /// Passes over bytes, whether they have arrived or not.
    #[inline]
    pub(super) fn pass(&mut self, count: usize) -> Scan<()> {
        let offset = self.offset.saturating_add(count);
        if offset > self.limits.message_bytes_max {
            return Err(self.too_long(offset));
        }
        self.offset = offset;
        Ok(())
    }

    /// Passes over a string of a declared length.
    #[inline]
    pub(super) fn pass_string(&mut self, length: usize) -> Scan<()> {
        let max = self.limits.string_bytes_max;
        if length > max {
            return Err(self.over("string_bytes_max", max, length));
        }
        self.pass(length)
    }

    /// Checks a declared count of elements, each at least so many bytes long.
    #[inline]
    fn check_count(&self, count: usize, bytes_each_min: usize) -> Scan<()> {
        let max = self.limits.container_elements_max;
        if count > max {
            return Err(self.over("container_elements_max", max, count));
        }
        let end = self
            .offset
            .saturating_add(count.saturating_mul(bytes_each_min));
        if end > self.limits.message_bytes_max {
            return Err(self.too_long(end));
        }
        Ok(())
    }

    /// What to do when so many bytes are needed here and have not arrived.
    #[cold]
    pub(super) fn missing(&self, count: usize) -> Stop {
        let end = self.offset.saturating_add(count);
        if end > self.limits.message_bytes_max {
            return self.too_long(end);
        }
        Stop::Bytes(end)
    }

    /// Refuses the message.
    #[cold]
    pub(super) fn malformed(&self, message: &'static str) -> Stop {
        Stop::Refused(Error::new(ErrorKind::Malformed, message).at(self.offset))
    }

    /// The type that a number stands for.
    pub(super) fn known(&self, ty: Option<WireType>) -> Scan<WireType> {
        ty.ok_or_else(|| self.malformed("the type of a value is none of Thrift's types"))
    }

    /// A length or count that must not be negative.
    #[inline]
    pub(super) fn not_negative(&self, length: i32) -> Scan<usize> {
        usize::try_from(length).map_err(|_| self.malformed("a length or count is negative"))
    }

    pub(super) fn check_kind(&self, byte: u8) -> Scan<()> {
        match MessageKind::from_byte(byte) {
            Some(_) => Ok(()),
            None => Err(self.malformed("a message is no call, reply or exception")),
        }
    }

    #[cold]
    fn too_long(&self, found: usize) -> Stop {
        self.over("message_bytes_max", self.limits.message_bytes_max, found)
    }

    #[cold]
    fn over(&self, limit: &'static str, max: usize, found: usize) -> Stop {
        Stop::Refused(over(limit, max, found).at(self.offset))
    }
}

/// The error for something over a limit.
#[cold]
pub(super) fn over(limit: &'static str, max: usize, found: usize) -> Error {
    let text = format!("at least {found} is over the limit {limit} = {max}");
    Error::new(ErrorKind::Limit, text)
}

/// The error for a message that nests too deep.
#[cold]
pub(super) fn too_deep() -> Error {
    let text = "structs and containers nest deeper than the limit depth_max";
    Error::new(ErrorKind::Limit, text)
}

/// What is open around the place.
#[derive(Clone, Copy, Debug)]
enum Frame {
    Struct,
    /// Values to come, and their types in turn: that of an even number to come, that of an odd one.
    Values {
        types: [WireType; 2],
        left: usize,
    },
}

/// The scanner of protocols with typed values.
pub(super) struct Walker<G> {
    limits: Limits,
    offset: usize,
    /// How many bytes must have arrived for the next step.
    needed: usize,
    /// Whether the head was read.
    inside: bool,
    frames: Vec<Frame>,
    grammar: PhantomData<G>,
}

impl<G: Grammar> Walker<G> {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            limits: *limits,
            offset: 0,
            needed: 0,
            inside: false,
            frames: Vec::new(),
            grammar: PhantomData,
        }
    }

    /// Walks to the end of the message, or as far as the bytes reach.
    ///
    /// The place moves on only over whole headers, so one that lacks bytes is tried again later.
    fn walk(&mut self, bytes: &[u8]) -> Scan<()> {
        if !self.inside {
            let mut cursor = Cursor::new(bytes, self.offset, &self.limits);
            G::head(&mut cursor)?;
            let opened = open(&self.frames, Frame::Struct, &cursor)?;
            self.offset = cursor.offset;
            self.inside = true;
            self.frames.extend(opened);
        }
        while let Some(&frame) = self.frames.last() {
            match frame {
                Frame::Struct => self.fields(bytes)?,
                Frame::Values { types, left } => self.values(types, left, bytes)?,
            }
        }
        match self.offset.checked_sub(bytes.len()) {
            None | Some(0) => Ok(()),
            // Only bytes passed over are left to wait for.
            Some(_) => Err(Stop::Bytes(self.offset)),
        }
    }

    /// Passes over fields, until their struct ends or a value must be entered.
    fn fields(&mut self, bytes: &[u8]) -> Scan<()> {
        let mut cursor = Cursor::new(bytes, self.offset, &self.limits);
        loop {
            let opened = match G::field(&mut cursor)? {
                Next::Value(ty) => pass_value::<G>(&self.frames, ty, &mut cursor)?,
                Next::Header => None,
                Next::End => {
                    self.offset = cursor.offset;
                    self.frames.pop();
                    return Ok(());
                }
            };
            self.offset = cursor.offset;
            if let Some(frame) = opened {
                self.frames.push(frame);
                return Ok(());
            }
        }
    }

    /// Passes over the values of a container, until they end or one must be entered.
    fn values(&mut self, types: [WireType; 2], mut left: usize, bytes: &[u8]) -> Scan<()> {
        let mut cursor = Cursor::new(bytes, self.offset, &self.limits);
        let opened = loop {
            if left == 0 {
                self.frames.pop();
                return Ok(());
            }
            match pass_value::<G>(&self.frames, types[left % 2], &mut cursor) {
                Ok(opened) => {
                    self.offset = cursor.offset;
                    left -= 1;
                    if opened.is_some() {
                        break Ok(opened);
                    }
                }
                Err(stop) => break Err(stop),
            }
        };
        if let Some(Frame::Values { left: noted, .. }) = self.frames.last_mut() {
            *noted = left;
        }
        self.frames.extend(opened?);
        Ok(())
    }
}

/// Passes over a value, or over the header of one that the walk must enter.
#[inline]
fn pass_value<G: Grammar>(
    frames: &[Frame],
    ty: WireType,
    cursor: &mut Cursor<'_>,
) -> Scan<Option<Frame>> {
    let (types, count, in_turn) = match ty {
        WireType::String => {
            let length = G::length(cursor)?;
            return cursor.pass_string(length).map(|()| None);
        }
        WireType::Struct => return open(frames, Frame::Struct, cursor),
        WireType::List | WireType::Set => {
            let (element, count) = G::list(cursor)?;
            ([element; 2], count, 1)
        }
        WireType::Map => {
            let (types, count) = G::map(cursor)?;
            (types, count, 2)
        }
        ty if G::is_fixed(ty) => return cursor.pass(G::bytes_min(ty)).map(|()| None),
        ty => return G::integer(ty, cursor).map(|()| None),
    };
    let read = &types[..in_turn];
    let each = read.iter().map(|&ty| G::bytes_min(ty)).sum();
    cursor.check_count(count, each)?;
    let left = count * in_turn;
    let opened = open(frames, Frame::Values { types, left }, cursor)?;
    if read.iter().all(|&ty| G::is_fixed(ty)) {
        cursor.pass(count.saturating_mul(each))?;
        return Ok(None);
    }
    Ok(opened)
}

/// Checks that one more may be open.
#[inline]
fn open(frames: &[Frame], frame: Frame, cursor: &Cursor<'_>) -> Scan<Option<Frame>> {
    if frames.len() >= cursor.limits.depth() as usize {
        return Err(Stop::Refused(too_deep().at(cursor.offset)));
    }
    Ok(Some(frame))
}

impl<G: Grammar> Scanner for Walker<G> {
    fn scan(&mut self, buffer: &[u8]) -> Result<Option<usize>> {
        if buffer.len() < self.needed {
            return Ok(None);
        }
        // What is behind the limit is not looked at.
        let window = &buffer[..buffer.len().min(self.limits.message_bytes_max)];
        match self.walk(window) {
            Ok(()) => {
                let length = self.offset;
                self.offset = 0;
                self.needed = 0;
                self.inside = false;
                Ok(Some(length))
            }
            Err(Stop::Bytes(needed)) => {
                self.needed = needed;
                Ok(None)
            }
            Err(Stop::Refused(error)) => Err(error),
        }
    }
}

/// Stands in for the scanner of a protocol that has none.
pub(super) struct NoScanner(pub(super) &'static str);

impl Scanner for NoScanner {
    fn scan(&mut self, _: &[u8]) -> Result<Option<usize>> {
        let name = self.0;
        let text = format!("the protocol {name} cannot be used on a transport without frames");
        Err(Error::new(ErrorKind::Config, text))
    }
}
