//! One connected stream, taken apart: what is to be sent, and who may read and write.

use std::io;
use std::mem;
use std::net::Shutdown;
use std::time::{Duration, Instant};

use super::links::Numbered;
use crate::client::CallOptions;
use crate::error::{Error, Result};
use crate::peer::Peer;
use crate::transport::{
    Closer, Decoder, Encoder, Inbox, ReadHalf, Setup, Split, Stream, Transport, WriteHalf, append,
    shrink_out, whole,
};

/// A connection, as long as it is good for calls.
///
/// Each half is either here or in the hands of the one thread that reads or writes for all.
pub(in crate::client) struct Link {
    /// Tells it from every other link of the client.
    pub(super) number: u64,
    pub(super) encoder: Box<dyn Encoder>,
    pub(super) reader: Option<Box<Reader>>,
    pub(super) writer: Option<Box<dyn WriteHalf>>,
    /// Only one call at a time: reading would keep others from writing, or the transport has it so.
    pub(super) whole: bool,
    /// Oneway calls are answered, too, by empty messages.
    pub(super) acknowledged: bool,
    closer: Closer,
    /// When it is as old as links may get.
    ends: Option<Instant>,
    /// Bytes that a write did not take, and how many of them it did.
    started: Option<(Vec<u8>, usize)>,
    /// What comes behind them.
    pub(super) out: Vec<u8>,
    /// How many bytes of the stream have left, and how many were appended.
    pub(super) sent: u64,
    pub(super) appended: u64,
    /// Of those behind what has left, so many may have arrived.
    begun: u64,
    /// Where the bytes end that a thread is writing.
    taken: u64,
    /// Why nothing more can be written. What the server answered before that can still be read.
    pub(super) broken: Option<Error>,
    /// How many replies have come.
    pub(super) replies: u64,
    /// No reply has been understood yet, so the server may speak anything.
    pub(super) first: bool,
    pub(super) peer: Peer,
}

pub(super) struct Reader {
    pub(super) half: Box<dyn ReadHalf>,
    pub(super) decoder: Box<dyn Decoder>,
    pub(super) inbox: Inbox,
}

impl Link {
    pub(in crate::client) fn new(
        number: u64,
        stream: Box<dyn Stream>,
        transport: &dyn Transport,
        setup: &Setup<'_>,
        ends: Option<Instant>,
    ) -> Self {
        let (decoder, encoder) = transport.open(setup);
        let acknowledged = transport.is_exclusive();
        let (closer, peer) = (stream.closer(), stream.peer());
        let (whole, (half, writer)) = match stream.split() {
            Split::Halves(reader, writer) => (false, (reader, writer)),
            Split::Whole(stream) => (true, whole(stream)),
        };
        let reader = Reader {
            half,
            decoder,
            inbox: Inbox::default(),
        };
        Self {
            number,
            encoder,
            reader: Some(Box::new(reader)),
            writer: Some(writer),
            whole: whole || acknowledged,
            acknowledged,
            closer,
            ends,
            started: None,
            out: Vec::new(),
            sent: 0,
            appended: 0,
            begun: 0,
            taken: 0,
            broken: None,
            replies: 0,
            first: true,
            peer,
        }
    }

    /// Whether it carries datagrams: they may be lost, come twice or late, or be forged, and whatever is
    /// wrong with one says nothing of the next.
    pub(super) fn is_lossy(&self) -> bool {
        matches!(self.peer, Peer::Udp(_))
    }

    /// Whether it should get no more calls.
    pub(super) fn is_aged(&self, now: Instant) -> bool {
        self.ends.is_some_and(|ends| ends <= now)
    }

    /// Appends a message, and returns where in the stream it starts and ends.
    pub(super) fn append(
        &mut self,
        options: &CallOptions,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<()>,
    ) -> Result<(u64, u64)> {
        let headers = options.headers_over(&*self.encoder);
        let bytes = append(&mut *self.encoder, &mut self.out, &headers, encode)?;
        let place = self.appended;
        self.appended += bytes as u64;
        Ok((place, self.appended))
    }

    /// Takes a message out of what is to be sent. `false` when it may have left in part.
    pub(super) fn cut(&mut self, (start, end): (u64, u64)) -> bool {
        let first = self.appended - self.out.len() as u64;
        let place = |at: u64| at.checked_sub(first).map(usize::try_from);
        let (Some(Ok(start)), Some(Ok(end))) = (place(start), place(end)) else {
            return false;
        };
        self.appended -= (end - start) as u64;
        self.out.drain(start..end);
        true
    }

    /// Takes the half that writes, and what it is to write.
    pub(super) fn take_writer(&mut self) -> Option<Writing> {
        let half = self.writer.take()?;
        let (bytes, written) = self
            .started
            .take()
            .unwrap_or_else(|| (mem::take(&mut self.out), 0));
        self.taken = self.sent + (bytes.len() - written) as u64;
        Some(Writing {
            half,
            bytes,
            written,
        })
    }

    /// Puts it back. `before` is how much of it was written when it was taken.
    pub(super) fn put_writer(&mut self, writing: Writing, before: usize) {
        let Writing {
            half,
            mut bytes,
            written,
        } = writing;
        self.sent += (written - before) as u64;
        self.begun = half.begun() as u64;
        self.writer = Some(half);
        if written < bytes.len() {
            self.started = Some((bytes, written));
            return;
        }
        if self.out.is_empty() && self.out.capacity() < bytes.capacity() {
            shrink_out(&mut bytes);
            self.out = bytes;
        }
    }

    /// Nothing more can be written. Whoever reads finds what had come, and then the end.
    #[cold]
    pub(super) fn end_writing(&mut self, error: Error) {
        (self.writer, self.taken) = (None, self.sent + self.begun);
        self.broken = Some(error);
        self.close();
    }

    /// How many bytes of the stream may have left.
    pub(super) fn may_have_sent(&self) -> u64 {
        if self.writer.is_some() {
            self.sent + self.begun
        } else {
            self.taken
        }
    }

    /// Ends the connection, and wakes whoever reads or writes.
    pub(super) fn close(&self) {
        self.closer.shutdown(Shutdown::Both);
    }
}

/// The half that writes, and bytes, in the hands of a thread.
pub(super) struct Writing {
    half: Box<dyn WriteHalf>,
    bytes: Vec<u8>,
    pub(super) written: usize,
}

impl Writing {
    /// Writes once. `true` when everything is written.
    pub(super) fn step(&mut self, timeout: Duration) -> io::Result<bool> {
        let rest = &self.bytes[self.written..];
        if rest.is_empty() {
            return Ok(true);
        }
        match self.half.write(rest, timeout) {
            Ok(0) => Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                self.written += written;
                Ok(self.written == self.bytes.len())
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl Numbered for Link {
    fn number(&self) -> u64 {
        self.number
    }
}
