//! The bytes that have arrived on a connection and are not consumed yet.

use std::io::{self, Read};
use std::mem;

/// What a buffer starts with, and how much of it an idle connection may keep.
const BYTES_MIN: usize = 8 * 1024;
const BYTES_KEPT: usize = 64 * 1024;

/// What is lent to a connection that has something to read.
const ROOM: usize = 64 * 1024;

/// The beginning of a message up to this size moves to memory of its own size while the rest of it
/// is awaited, so that peers which send no more than a beginning keep nothing that is lent.
const MOVED: usize = ROOM / 4;

/// A buffer that grows only when it is full of bytes that really arrived, and at most to twice
/// as many. It is used again for every message.
#[derive(Default)]
pub(crate) struct Inbox {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Inbox {
    /// What is not consumed yet.
    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Forgets bytes at the front.
    #[inline]
    pub(crate) fn consume(&mut self, bytes: usize) {
        self.start = (self.start + bytes).min(self.end);
    }

    /// Reads once, and says how many bytes came: 0 at the end of the stream. `missing` is how many
    /// bytes are needed at least.
    pub(crate) fn fill(
        &mut self,
        from: &mut (impl Read + ?Sized),
        missing: usize,
    ) -> io::Result<usize> {
        self.fill_with(missing, |buffer| from.read(buffer))
    }

    /// The same with another way of reading.
    pub(crate) fn fill_with(
        &mut self,
        missing: usize,
        mut read: impl FnMut(&mut [u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        self.make_room(missing);
        loop {
            match read(&mut self.bytes[self.end..]) {
                Ok(bytes) => {
                    self.end += bytes;
                    return Ok(bytes);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn make_room(&mut self, missing: usize) {
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.bytes.len() {
            let more = missing.clamp(self.end / 4, self.end.max(1));
            self.bytes.resize((self.end + more).max(BYTES_MIN), 0);
        }
    }

    /// One that takes so many bytes with the first read.
    pub(crate) fn with_room(bytes: usize) -> Self {
        Self {
            bytes: vec![0; bytes],
            ..Self::default()
        }
    }

    /// Whether the last read may have left something: it filled all the room there was.
    pub(crate) fn is_full(&self) -> bool {
        self.end == self.bytes.len()
    }

    /// How many bytes of memory it holds.
    pub(crate) fn room(&self) -> usize {
        self.bytes.len()
    }

    /// Moves what is not consumed into another one, which is empty.
    pub(crate) fn move_to(&mut self, other: &mut Self) {
        let rest = self.start..self.end;
        if other.bytes.len() < rest.len() {
            other.bytes = vec![0; rest.len()];
        }
        (other.start, other.end) = (0, rest.len());
        other.bytes[..rest.len()].copy_from_slice(&self.bytes[rest]);
        (self.start, self.end) = (0, 0);
    }

    /// Takes the memory of one that is empty, unless it has much itself. What it holds goes along.
    pub(crate) fn borrow(&mut self, lent: &mut Self) {
        if self.room() <= MOVED {
            if lent.room() == 0 {
                *lent = Self::with_room(ROOM);
            }
            self.move_to(lent);
            *self = mem::take(lent);
        }
    }

    /// Gives that back, and keeps no more than what it holds. Without memory if that is much.
    pub(crate) fn give_back(&mut self) -> Self {
        self.shrink();
        if self.bytes().len() > MOVED {
            return Self::default();
        }
        let mut rest = Self::default();
        self.move_to(&mut rest);
        mem::replace(self, rest)
    }

    /// Gives memory back after a big message.
    pub(crate) fn shrink(&mut self) {
        if self.bytes.len() > BYTES_KEPT && self.is_empty() {
            self.clear();
        }
    }

    /// Forgets everything, memory included.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// The same for a buffer of bytes to send, which is empty by now.
pub(crate) fn shrink_out(out: &mut Vec<u8>) {
    out.clear();
    if out.capacity() > BYTES_KEPT {
        *out = Vec::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_follows_what_arrived_not_what_was_declared() {
        let mut inbox = Inbox::default();
        inbox.fill(&mut &[1; 6][..], i32::MAX as usize).unwrap();
        assert_eq!(inbox.bytes.len(), BYTES_MIN);
        let mut endless = io::repeat(1);
        while inbox.bytes().len() < 1_000_000 {
            inbox.fill(&mut endless, i32::MAX as usize).unwrap();
            assert!(inbox.bytes.len() <= 2 * inbox.bytes().len());
        }
        inbox.consume(1_000_000_000);
        inbox.shrink();
        assert_eq!(inbox.bytes.capacity(), 0);
    }

    #[test]
    fn moves_what_is_left_into_memory_of_its_size() {
        let (mut inbox, mut own) = (Inbox::with_room(1000), Inbox::default());
        inbox.fill(&mut &b"first sec"[..], 1).unwrap();
        assert!(!inbox.is_full());
        inbox.consume(6);
        inbox.move_to(&mut own);
        assert!(inbox.is_empty() && inbox.room() == 1000);
        assert_eq!((own.bytes(), own.room()), (&b"sec"[..], 3));
        assert!(own.is_full());
        own.move_to(&mut inbox);
        inbox.fill(&mut &b"ond"[..], 3).unwrap();
        assert_eq!((inbox.bytes(), own.bytes()), (&b"second"[..], &b""[..]));
    }

    #[test]
    fn keeps_a_partial_message_at_the_front() {
        let mut inbox = Inbox::default();
        inbox.fill(&mut &b"first sec"[..], 1).unwrap();
        inbox.consume(6);
        inbox.fill(&mut &b"ond"[..], 3).unwrap();
        assert_eq!(inbox.bytes(), b"second");
    }
}
