//! What a call costs its client.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::io::{self, Read, Write};
use std::time::Duration;

use allocation_counter::measure;
use seapink::transport::{Closer, Split, Stream};
use seapink::{Client, ClientConfig, Error, Peer, Standard};

/// A server in the stream itself: the reply to `next(i64)` is the same number, and needs no memory.
#[derive(Default)]
struct Mirror {
    reply: [u8; REPLY],
    read: usize,
}

/// Length, head (version and kind, name, sequence id), field header, number, stop.
const REPLY: usize = 4 + (4 + 4 + 4 + 4) + 3 + 8 + 1;

impl Read for Mirror {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = (&self.reply[self.read..]).read(buffer)?;
        self.read += bytes;
        Ok(bytes)
    }
}

impl Write for Mirror {
    fn write(&mut self, call: &[u8]) -> io::Result<usize> {
        self.reply.copy_from_slice(call);
        // A reply instead of a call, and the result instead of the first argument.
        self.reply[7] = 2;
        self.reply[22] = 0;
        self.read = 0;
        Ok(call.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for Mirror {
    fn peer(&self) -> Peer {
        Peer::Local
    }

    fn set_read_timeout(&mut self, _: Option<Duration>) -> io::Result<()> {
        Ok(())
    }

    fn set_write_timeout(&mut self, _: Option<Duration>) -> io::Result<()> {
        Ok(())
    }

    fn closer(&self) -> Closer {
        Closer::new(|_| {})
    }

    fn is_quiet(&mut self) -> bool {
        true
    }

    fn split(self: Box<Self>) -> Split {
        Split::Whole(self)
    }
}

enum Failure {
    Other(#[allow(dead_code, reason = "for `Debug`")] Error),
}

seapink::impl_method_error!(Failure {});

#[test]
fn a_call_without_strings_allocates_nothing() {
    let client: Client<Standard> = Client::over(Mirror::default(), &ClientConfig::new("")).unwrap();
    let next = |number: i64| {
        let result: Result<i64, Failure> = client.call("next", &[(1, "number")], (&number,));
        assert_eq!(result.unwrap(), number);
    };
    // The first call makes the buffers.
    next(1);
    let allocations = measure(|| (0..100).for_each(next));
    assert_eq!(allocations.count_total, 0);
}
