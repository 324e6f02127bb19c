//! One direction: a ring of bytes, with one process that writes and one that reads.
//!
//! Each side keeps its own position to itself and only publishes it. What the other side has published
//! is checked against that at each look: positions count all bytes ever, so one that goes back, or
//! farther than the ring allows, is found by one subtraction.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::memory::{HEAD_BYTES, Memory};
use crate::error::{Error, ErrorKind};

/// Where a direction's numbers and flags stand in the head.
const WRITTEN: usize = 0;
const READ: usize = 128;
const READER_WAITS: usize = 256;
const WRITER_WAITS: usize = 384;
const NEXT: usize = 512;

/// Which of the two rings.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    ToServer,
    ToClient,
}

/// What the whole memory takes.
pub(super) fn bytes_with(ring_bytes: usize) -> usize {
    HEAD_BYTES + 2 * ring_bytes
}

#[derive(Clone)]
struct Ring {
    memory: Arc<Memory>,
    direction: Direction,
    /// A power of two.
    bytes: usize,
}

impl Ring {
    fn new(memory: &Arc<Memory>, direction: Direction, bytes: usize) -> Self {
        Self {
            memory: Arc::clone(memory),
            direction,
            bytes,
        }
    }

    fn place(&self, of: usize) -> usize {
        match self.direction {
            Direction::ToServer => of,
            Direction::ToClient => NEXT + of,
        }
    }

    fn written(&self) -> &AtomicU64 {
        self.memory.number(self.place(WRITTEN))
    }

    fn read(&self) -> &AtomicU64 {
        self.memory.number(self.place(READ))
    }

    fn reader_waits(&self) -> &AtomicU32 {
        self.memory.flag(self.place(READER_WAITS))
    }

    fn writer_waits(&self) -> &AtomicU32 {
        self.memory.flag(self.place(WRITER_WAITS))
    }

    /// The two pieces in memory of `count` bytes from a position: where the first stands, how long it
    /// is, and where the second stands.
    fn pieces(&self, position: u64, count: usize) -> (usize, usize, usize) {
        let start = match self.direction {
            Direction::ToServer => HEAD_BYTES,
            Direction::ToClient => HEAD_BYTES + self.bytes,
        };
        // What is masked always fits.
        let offset = usize::try_from(position & (self.bytes as u64 - 1)).unwrap_or(0);
        (start + offset, count.min(self.bytes - offset), start)
    }
}

/// How far a position has moved, unless it has moved more than it may.
fn moved(from: u64, to: u64, most: usize) -> io::Result<usize> {
    let moved = usize::try_from(to.wrapping_sub(from)).ok();
    moved.filter(|moved| *moved <= most).ok_or_else(|| {
        let text = "the peer has put a position into the shared memory that it cannot be at";
        io::Error::new(
            io::ErrorKind::InvalidData,
            Error::new(ErrorKind::Malformed, text),
        )
    })
}

/// The side that writes.
pub(super) struct Producer {
    ring: Ring,
    /// How many bytes it has written, ever.
    written: u64,
    /// How many the other side has read, as last seen.
    read: u64,
}

impl Producer {
    pub(super) fn new(memory: &Arc<Memory>, direction: Direction, ring_bytes: usize) -> Self {
        Self {
            ring: Ring::new(memory, direction, ring_bytes),
            written: 0,
            read: 0,
        }
    }

    /// Writes as much as there is room for, and says how much.
    ///
    /// # Errors
    /// When the other side's position makes no sense.
    pub(super) fn put(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let used = usize::try_from(self.written.wrapping_sub(self.read)).unwrap_or(0);
        let mut room = self.ring.bytes - used;
        if room < bytes.len() {
            let read = self.ring.read().load(Ordering::Acquire);
            room += moved(self.read, read, used)?;
            self.read = read;
        }
        let count = room.min(bytes.len());
        if count == 0 {
            return Ok(0);
        }
        let (first, length, second) = self.ring.pieces(self.written, count);
        self.ring.memory.copy_in(first, &bytes[..length]);
        self.ring.memory.copy_in(second, &bytes[length..count]);
        self.written = self.written.wrapping_add(count as u64);
        self.ring.written().store(self.written, Ordering::Release);
        Ok(count)
    }

    /// Whether there is no room. Nonsense counts as room, of which the write tells.
    pub(super) fn is_full(&self) -> bool {
        let read = self.ring.read().load(Ordering::Acquire);
        self.written.wrapping_sub(read) == self.ring.bytes as u64
    }

    /// Says that it waits for room.
    pub(super) fn own_flag(&self) -> &AtomicU32 {
        self.ring.writer_waits()
    }

    /// By which the other side says that it waits for bytes.
    pub(super) fn their_flag(&self) -> &AtomicU32 {
        self.ring.reader_waits()
    }
}

/// The side that reads.
pub(super) struct Consumer {
    ring: Ring,
    /// How many bytes it has read, ever.
    read: u64,
    /// How many the other side has written, as last seen.
    written: u64,
}

impl Consumer {
    pub(super) fn new(memory: &Arc<Memory>, direction: Direction, ring_bytes: usize) -> Self {
        Self {
            ring: Ring::new(memory, direction, ring_bytes),
            read: 0,
            written: 0,
        }
    }

    /// Reads what there is, as far as it fits, and says how much.
    ///
    /// # Errors
    /// When the other side's position makes no sense.
    pub(super) fn take(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut there = usize::try_from(self.written.wrapping_sub(self.read)).unwrap_or(0);
        if there < buffer.len() {
            let written = self.ring.written().load(Ordering::Acquire);
            there += moved(self.written, written, self.ring.bytes - there)?;
            self.written = written;
        }
        let count = there.min(buffer.len());
        if count == 0 {
            return Ok(0);
        }
        let (first, length, second) = self.ring.pieces(self.read, count);
        self.ring.memory.copy_out(first, &mut buffer[..length]);
        self.ring
            .memory
            .copy_out(second, &mut buffer[length..count]);
        self.read = self.read.wrapping_add(count as u64);
        self.ring.read().store(self.read, Ordering::Release);
        Ok(count)
    }

    /// Whether a read would bring nothing. Nonsense counts as something, of which the read tells.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.ring.written().load(Ordering::Acquire) == self.read
    }

    /// Says that it waits for bytes.
    pub(super) fn own_flag(&self) -> &AtomicU32 {
        self.ring.reader_waits()
    }

    /// By which the other side says that it waits for room.
    pub(super) fn their_flag(&self) -> &AtomicU32 {
        self.ring.writer_waits()
    }
}
